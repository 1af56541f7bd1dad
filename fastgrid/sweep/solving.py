"""A batch solved: a pure function of arrays, run in a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fastgrid.common.stopwatch import Timings, phase, recording
from fastgrid.common.threads import single_threaded_blas
from fastgrid.kernels import Scratch, kept_scratch
from fastgrid.solvers import get_solver
from fastgrid.sweep.fold_base import FoldBase, forget_products, make_fold_base
from fastgrid.sweep.kept import forget_kept
from fastgrid.sweep.memory import task_size
from fastgrid.sweep.task import Batch, Task, TaskResult, failed_task
from fastgrid.sweep.ways import possible_way, predict


def solve_batch(
    batch: Batch, finished: Callable[[TaskResult], None] | None = None
) -> tuple[list[TaskResult], dict[str, float]]:
    """Solve all tasks of `batch`; an error inside a task becomes its result.

    Parameters
    ----------
    batch : Batch
    finished : callable, optional
        Called with the result of each task as soon as it is there, but for its seconds.

    Returns
    -------
    results : list of TaskResult
        One per task, in order.
    seconds : dict of str to float
        What each phase of the work took.
    """
    get_solver(batch.solver)  # loads its libraries: only those that are there can be held to one thread
    with recording() as timings, single_threaded_blas():
        results = _solve(batch, timings, finished)
    return results, timings.seconds


class _Shared:
    # The fold base that the tasks of a batch share, one at a time: the ways of solving need it with products or
    # without. What making it took is divided among the tasks that asked for it.

    def __init__(self, batch: Batch, scratch: Scratch, timings: Timings) -> None:
        self._batch, self._scratch, self._timings = batch, scratch, timings
        self._base: dict[bool, FoldBase] = {}
        self._users: list[list[int]] = []
        self._seconds: list[float] = []

    def base(self, index: int, *, with_products: bool) -> FoldBase:
        """Return the fold base for the task called `index`."""
        if with_products not in self._base:
            # What the other ways worked on is not in their account.
            self._base.clear()
            if not with_products:
                forget_products()
                self._scratch.release()
            before = self._timings.seconds.get("Gram", 0.0)
            self._base[with_products] = self._make(with_products)
            self._users.append([])
            self._seconds.append(self._timings.seconds["Gram"] - before)
        self._users[-1].append(index)
        return self._base[with_products]

    @phase("Gram")
    def _make(self, with_products: bool) -> FoldBase:
        batch = self._batch
        return make_fold_base(
            batch.features,
            batch.labels,
            batch.splits,
            batch.fold,
            with_products=with_products,
            keep=batch.keep,
            class_order=batch.class_order,
        )

    def own_seconds(self) -> tuple[float, float]:
        """Return the seconds of fitting so far, without those of fold bases, and of scoring."""
        seconds = self._timings.seconds
        fit = seconds.get("Gram", 0.0) + seconds.get("solving", 0.0) - sum(self._seconds)
        return fit, seconds.get("predicting", 0.0)

    def share(self, index: int) -> float:
        """Return the share of the task called `index` in the seconds of fold bases, once all tasks are solved."""
        return sum(
            seconds / len(users) for seconds, users in zip(self._seconds, self._users, strict=True) if index in users
        )


def _solve(batch: Batch, timings: Timings, finished: Callable[[TaskResult], None] | None) -> list[TaskResult]:
    scratch = kept_scratch() if batch.keep else Scratch()
    shared = _Shared(batch, scratch, timings)
    results = []
    for index, task in zip(batch.indices, batch.tasks, strict=True):
        fit, score = shared.own_seconds()
        try:
            result = _solve_task(index, task, shared, batch, scratch)
        except Exception as error:  # named in the report; the other tasks go on  # noqa: BLE001
            result = failed_task(index, error)
        if finished is not None:
            finished(result)
        now_fit, now_score = shared.own_seconds()
        # A difference of sums may be a rounding error below zero.
        results.append(replace(result, fit_seconds=max(0.0, now_fit - fit), score_seconds=now_score - score))
    if not batch.keep:
        forget_kept()
    return [replace(result, fit_seconds=result.fit_seconds + shared.share(result.index)) for result in results]


def _solve_task(index: int, task: Task, shared: _Shared, batch: Batch, scratch: Scratch) -> TaskResult:
    n_features = len(batch.features.enumerated)
    size = task_size(
        batch.labels, batch.splits, batch.fold, n_features, len(task.costs), batch.solver, decisions=batch.decisions
    )
    way = "whole" if batch.features.kind == "gram" else size.way(batch.memory)
    way = possible_way(task.kernel, way, size.n_classes)
    base = shared.base(index, with_products=way == "whole")
    found = predict(task, base, way, batch, scratch)
    iterations, converged = found.path.iterations.sum(axis=1), np.asarray(found.path.converged.all(axis=1))
    return TaskResult(index, base.classes[found.classes], iterations, converged, found.work, decisions=found.decisions)
