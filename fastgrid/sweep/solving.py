"""A batch solved: a pure function of arrays, run in a worker."""

from __future__ import annotations

import numpy as np

from fastgrid.common.stopwatch import phase, recording
from fastgrid.common.threads import single_threaded_blas
from fastgrid.kernels import Scratch, kept_scratch
from fastgrid.solvers import get_solver
from fastgrid.sweep.fold_base import FoldBase, forget_products, make_fold_base
from fastgrid.sweep.kept import forget_kept
from fastgrid.sweep.memory import task_size
from fastgrid.sweep.task import Batch, Task, TaskResult, failed_task
from fastgrid.sweep.ways import predict


def solve_batch(batch: Batch) -> tuple[list[TaskResult], dict[str, float]]:
    """Solve all tasks of `batch`; an error inside a task becomes its result.

    Returns
    -------
    results : list of TaskResult
        One per task, in order.
    seconds : dict of str to float
        What each phase of the work took.
    """
    get_solver(batch.solver)  # loads its libraries: only those that are there can be held to one thread
    with recording() as timings, single_threaded_blas():
        results = _solve(batch)
    return results, timings.seconds


def _solve(batch: Batch) -> list[TaskResult]:
    bases: dict[bool, FoldBase] = {}
    scratch = kept_scratch() if batch.keep else Scratch()
    results = []
    for index, task in zip(batch.indices, batch.tasks, strict=True):
        try:
            results.append(_solve_task(index, task, bases, batch, scratch))
        except Exception as error:  # named in the report; the other tasks go on
            results.append(failed_task(index, error))
    if not batch.keep:
        forget_kept()
    return results


def _solve_task(index: int, task: Task, bases: dict[bool, FoldBase], batch: Batch, scratch: Scratch) -> TaskResult:
    n_features = len(batch.features.enumerated)
    size = task_size(
        batch.labels, batch.splits, batch.fold, n_features, len(task.costs), batch.solver, decisions=batch.decisions
    )
    way = "whole" if batch.features.kind == "gram" else size.way(batch.memory)
    with_products = way == "whole"
    if with_products not in bases:
        # What the other ways worked on is not in their account.
        bases.clear()
        if not with_products:
            forget_products()
            scratch.release()
        with phase("Gram"):
            bases[with_products] = make_fold_base(
                batch.features,
                batch.labels,
                batch.splits,
                batch.fold,
                with_products=with_products,
                keep=batch.keep,
                class_order=batch.class_order,
            )
    base = bases[with_products]
    found = predict(task, base, way, batch, scratch)
    iterations, converged = found.path.iterations.sum(axis=1), np.asarray(found.path.converged.all(axis=1))
    return TaskResult(index, base.classes[found.classes], iterations, converged, found.work, decisions=found.decisions)
