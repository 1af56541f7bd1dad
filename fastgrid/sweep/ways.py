"""The ways of solving a task, by the memory that they take; the answers are the same.

* whole: one Gram matrix of all training items, from inner products that the tasks of a fold share;
* gram: one Gram matrix of all training items, from inner products that are computed strip by strip and not kept;
* pairs: one Gram matrix per pair of classes, from inner products that are computed strip by strip and not kept;
* rows: Gram rows computed when the solver asks for them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fastgrid.common.stopwatch import phase
from fastgrid.kernels import (
    Scratch,
    added_kernel,
    aligned_empty,
    fill_gram,
    fill_gram_between,
    fill_symmetric_gram,
    gram_from_features,
    gram_matrix,
    padded_length,
)
from fastgrid.kernels.definition import KernelParameters
from fastgrid.solvers import ClassOrderedGram, OneVsOnePath, get_solver, path_votes
from fastgrid.sweep.fold_base import FoldBase
from fastgrid.sweep.memory import STRIP_BYTES, task_size
from fastgrid.sweep.task import Batch, Task, Work

Float64Matrix = npt.NDArray[np.float64]


class Predicted(NamedTuple):
    """What solving a task gives.

    Attributes
    ----------
    classes : ndarray of int16, shape (n_problems, n_test)
        Positions in ``FoldBase.classes``.
    decisions : ndarray of float64, shape (n_problems, n_pairs, n_test), or None
        Decision values of the pairs of these positions; None where they are not wanted.
    path : OneVsOnePath
    work : Work
    """

    classes: npt.NDArray[np.int16]
    decisions: npt.NDArray[np.float64] | None
    path: OneVsOnePath
    work: Work


def possible_way(kernel: str, way: str, n_classes: int) -> str:
    """Return the way in which a task is solved that would be by `way`.

    A kernel that was added has no rows on demand, so that a pair's whole Gram matrix is the least that it takes; one of
    the rows themselves has no inner products to share.
    """
    added = added_kernel(kernel)
    if added is None:
        return way
    if way == "whole" and added.of_products is None:
        return "gram" if n_classes > 2 else "pairs"
    return "pairs" if way == "rows" else way


def predict(task: Task, base: FoldBase, way: str, batch: Batch, scratch: Scratch) -> Predicted:
    """Solve `task` and predict the fold's test items.

    Parameters
    ----------
    task : Task
    base : FoldBase
        With products for the way "whole".
    way : {"whole", "gram", "pairs", "rows"}
    batch : Batch
        Which solver is to be used, when it stops, how much memory it may take, whether decision values are wanted.
    scratch : Scratch
        Where the ways "whole" and "gram" keep their Gram matrices; nothing of it is in the result.

    Returns
    -------
    Predicted

    Raises
    ------
    ValueError
        When kernel values leave float32.
    """
    if way == "whole":
        return _by_whole_matrix(task, base, batch, scratch)
    if way == "gram":
        return _by_gram(task, base, batch, scratch)
    return _by_pairs(task, base, batch) if way == "pairs" else _by_rows(task, base, batch)


def _by_whole_matrix(task: Task, base: FoldBase, batch: Batch, scratch: Scratch) -> Predicted:
    assert base.products is not None
    n_train, n_test = len(base.training), len(base.test)
    with phase("Gram"):
        values = scratch.take("gram", (n_train, padded_length(n_train)), np.float32)
        values[:, n_train:] = 0.0
        parameters = (task.gamma, task.degree, task.coef0)
        largest = fill_symmetric_gram(task.kernel, base.products, values, *parameters, rows=base.training)
        _refuse_overflow(largest, task)
        norms = base.products[base.training, base.training]
        gram = ClassOrderedGram(values, _diagonal(task, norms, base.values[base.training]), base.class_starts)
        test_gram = scratch.take("test gram", (n_test, n_train), np.float64)
        largest = fill_gram_between(task.kernel, base.products, base.test, base.training, test_gram, *parameters)
        _refuse_overflow(largest, task)
    with phase("solving"):
        path = get_solver(batch.solver).solve_path(gram, task.costs, batch.stopping, _weights(base, batch), scratch)
    with phase("predicting"):
        decisions = _room_for_decisions(path, base, batch)
        predicted = path_votes(test_gram, base.class_starts, path, scratch, decisions)
    return Predicted(predicted, decisions, path, _work(path, values.nbytes + test_gram.nbytes))


def _by_gram(task: Task, base: FoldBase, batch: Batch, scratch: Scratch) -> Predicted:
    n_train = len(base.training)
    with phase("Gram"):
        values = scratch.take("gram", (n_train, padded_length(n_train)), np.float32)
        gram = _gram_in_strips(task, base.values[base.training], values, base.class_starts)
    with phase("solving"):
        path = get_solver(batch.solver).solve_path(gram, task.costs, batch.stopping, _weights(base, batch), scratch)
    work = _work(path, values.nbytes + 8 * len(base.test) * n_train)
    return Predicted(*_predict_in_strips(task, base, path, batch), path, work)


def _gram_in_strips(
    task: Task, rows: npt.NDArray[np.floating], values: npt.NDArray[np.float32], starts: npt.NDArray[np.int64]
) -> ClassOrderedGram:
    # Into `values`.
    largest, norms = gram_from_features(
        task.kernel, rows.astype(np.float64), values, task.gamma, task.degree, task.coef0, strip_bytes=STRIP_BYTES
    )
    _refuse_overflow(largest, task)
    return ClassOrderedGram(values, _diagonal(task, norms, rows), starts)


def _by_pairs(task: Task, base: FoldBase, batch: Batch) -> Predicted:
    n_classes = len(base.classes)
    path = OneVsOnePath.empty(len(task.costs), n_classes, len(base.training))
    solver, starts, gram_bytes = get_solver(batch.solver), base.class_starts, 0
    weights = _weights(base, batch)
    for pair, (first, second) in enumerate(itertools.combinations(range(n_classes), 2)):
        rows = [slice(starts[code], starts[code + 1]) for code in (first, second)]
        with phase("Gram"):
            gram = _pair_gram(task, base, rows)
        gram_bytes += gram.values.nbytes
        own_weights = None if weights is None else np.concatenate([weights[part] for part in rows])
        with phase("solving"):
            own = solver.solve_path(gram, task.costs[:, [first, second]], batch.stopping, own_weights)
        n_first = int(gram.class_starts[1])
        path.coefficients[:, second - 1, rows[0]] = own.coefficients[:, 0, :n_first]
        path.coefficients[:, first, rows[1]] = own.coefficients[:, 0, n_first:]
        path.put_pair(pair, own)
        del gram
    work = _work(path, gram_bytes + 8 * len(base.test) * len(base.training))
    return Predicted(*_predict_in_strips(task, base, path, batch), path, work)


def _pair_gram(task: Task, base: FoldBase, rows: list[slice]) -> ClassOrderedGram:
    items = np.concatenate([base.training[part] for part in rows])
    values = aligned_empty((len(items), padded_length(len(items))), np.float32)
    starts = np.array([0, rows[0].stop - rows[0].start, len(items)], dtype=np.int64)
    return _gram_in_strips(task, base.values[items], values, starts)


def _by_rows(task: Task, base: FoldBase, batch: Batch) -> Predicted:
    # LIBSVM's iterates, whatever the solver: of its Gram matrix nothing is there to work on otherwise.
    from fastgrid.solvers.on_demand import solve_on_demand
    from fastgrid.solvers.smo_fast import tighter

    # What smo-fast promises holds here too.
    stopping = (
        replace(batch.stopping, tol=tighter(batch.stopping.tol)) if batch.solver == "smo-fast" else batch.stopping
    )
    size = task_size(
        batch.labels, batch.splits, batch.fold, base.values.shape[1], len(task.costs), decisions=batch.decisions
    )
    with phase("solving"):
        path = solve_on_demand(
            base.values[base.training], base.class_starts, task.kernel, task.gamma, task.costs, stopping,
            cache_bytes=max(0, batch.memory - size.bytes_needed("rows")), degree=task.degree, coef0=task.coef0,
            item_weights=_weights(base, batch),
        )  # fmt: skip
    pair_sizes = [sum(pair) for pair in itertools.combinations(np.diff(base.class_starts).tolist(), 2)]
    row_bytes = 4 * sum(int(misses) * n for misses, n in zip(path.misses, pair_sizes, strict=True))
    work = _work(path, row_bytes + 8 * len(base.test) * len(base.training))
    return Predicted(*_predict_in_strips(task, base, path, batch), path, work)


def _room_for_decisions(path: OneVsOnePath, base: FoldBase, batch: Batch) -> Float64Matrix | None:
    return np.empty((*path.bias.shape, len(base.test))) if batch.decisions else None


def _predict_in_strips(
    task: Task, base: FoldBase, path: OneVsOnePath, batch: Batch
) -> tuple[npt.NDArray[np.int16], Float64Matrix | None]:
    decisions = _room_for_decisions(path, base, batch)
    predicted = np.empty((len(path.bias), len(base.test)), dtype=np.int16)
    training = base.values[base.training].astype(np.float64)
    for strip in _strips(len(base.test), *training.shape):
        with phase("Gram"):
            test = base.values[base.test[strip]]
            test_gram = gram_matrix(task.kernel, test, training, task.gamma, task.degree, task.coef0)
            _refuse_overflow(float(np.maximum(test_gram.max(), -test_gram.min())), task)
        with phase("predicting"):
            own = None if decisions is None else decisions[:, :, strip]
            predicted[:, strip] = path_votes(test_gram, base.class_starts, path, decisions=own)
    return predicted, decisions


def _strips(n_rows: int, n_columns: int, n_features: int) -> Iterator[slice]:
    # Of kernel values, and the features of the rows, which are also widened.
    step = max(1, STRIP_BYTES // (8 * n_columns + 20 * n_features))
    return (slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step))


def _weights(base: FoldBase, batch: Batch) -> npt.NDArray[np.float64] | None:
    return None if batch.item_weights is None else batch.item_weights[base.training]


def _diagonal(task: Task, norms: npt.NDArray[np.float64], rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    # Kernel values of items with themselves, in float64, as LIBSVM keeps them.
    added = added_kernel(task.kernel)
    if added is not None:
        return added.diagonal(rows, KernelParameters(task.gamma, task.degree, task.coef0))
    if task.kernel == "rbf":
        return np.ones(len(norms))
    diagonal = np.empty((1, len(norms)))
    fill_gram(task.kernel, norms[np.newaxis], diagonal, task.gamma, task.degree, task.coef0)
    return np.asarray(diagonal[0])


def _refuse_overflow(largest: float, task: Task) -> None:
    # Solvers keep kernel values in float32. NaN fails the second comparison too.
    if math.isnan(largest) and added_kernel(task.kernel) is not None:
        raise ValueError(f"kernel {task.kernel} gave NaN with gamma = {task.gamma:g}")
    if not largest <= float(np.finfo(np.float32).max):
        raise ValueError(
            f"the values of the kernel overflow with gamma = {task.gamma:g}; scale the features, or choose a smaller "
            "gamma"
        )


def _work(path: OneVsOnePath, gram_bytes: int) -> Work:
    return Work(int(path.iterations[path.solved].sum()), int(path.solved.sum()), int(path.warm.sum()), gram_bytes)
