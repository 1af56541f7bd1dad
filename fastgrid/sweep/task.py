"""One task: all cost vectors of one Gram matrix of one fold. A pure function of arrays.

Tasks on the same feature set and fold travel together as a batch: scaling and the pairwise base product are computed
once for all of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import one_line
from fastgrid.common.threads import single_threaded_blas
from fastgrid.kernels import fill_gram, inner_products, squared_distances
from fastgrid.solvers import ClassOrderedGram, Stopping, get_solver, path_votes
from fastgrid.sweep.combinations import FeatureSet
from fastgrid.transforms.scaling import fit_scaling


@dataclass(frozen=True, eq=False)
class Task:
    """The problems that share one Gram matrix.

    Attributes
    ----------
    kernel, gamma, degree, coef0
        The kernel that is computed, which may stand for several of the asked ones (polynomial scale).
    costs : ndarray of float64, shape (n_problems, n_present)
        C per class that occurs in the training part, in LIBSVM's order of the classes (first appearance).
    """

    kernel: str
    gamma: float
    degree: int
    coef0: float
    costs: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Batch:
    """Tasks on one feature set and fold.

    Attributes
    ----------
    features : FeatureSet
        Its `values` are left out (empty) where its `path` can be mapped instead.
    fold : int
    labels, folds : ndarray of int16, shape (n_items,)
    tasks : tuple of Task
    indices : tuple of int
        What the caller calls these tasks.
    solver : str
    tol : float
    """

    features: FeatureSet
    fold: int
    labels: npt.NDArray[np.int16]
    folds: npt.NDArray[np.int16]
    tasks: tuple[Task, ...]
    indices: tuple[int, ...]
    solver: str
    tol: float

    def only(self, indices: frozenset[int]) -> Batch:
        """Return the batch with only the tasks called `indices`."""
        kept = [position for position, index in enumerate(self.indices) if index in indices]
        return replace(
            self,
            tasks=tuple(self.tasks[position] for position in kept),
            indices=tuple(self.indices[position] for position in kept),
        )


@dataclass(frozen=True, eq=False)
class TaskResult:
    """What became of one task.

    Attributes
    ----------
    index : int
        What the caller calls the task.
    predicted : ndarray of int16, shape (n_problems, n_test)
        Class codes of the fold's test items, in row order.
    iterations : ndarray of int64, shape (n_problems,)
        Summed over the pairs.
    converged : ndarray of bool, shape (n_problems,)
    error : str
        Empty, or why the task failed; the arrays are empty then.
    """

    index: int
    predicted: npt.NDArray[np.int16]
    iterations: npt.NDArray[np.int64]
    converged: npt.NDArray[np.bool_]
    error: str = ""


def present_classes(training_labels: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Return the class codes that occur, in order of first appearance: LIBSVM's own order."""
    codes, first = np.unique(training_labels, return_index=True)
    return codes[np.argsort(first)]


def solve_batch(batch: Batch) -> list[TaskResult]:
    """Solve all tasks of `batch`; an error inside a task becomes its result.

    Returns
    -------
    list of TaskResult
        One per task, in order.
    """
    with single_threaded_blas():
        try:
            prepared = _prepare(batch)
        except Exception as error:  # one bad feature set must not end the sweep
            return [failed_task(index, error) for index in batch.indices]
        results = []
        for index, task in zip(batch.indices, batch.tasks, strict=True):
            try:
                results.append(_solve_task(index, task, prepared, batch))
            except Exception as error:  # named in the report; the other tasks go on
                results.append(failed_task(index, error))
    return results


def failed_task(index: int, error: Exception) -> TaskResult:
    """Return the result of a task that `error` ended."""
    reason = one_line(error) or type(error).__name__
    nothing = np.empty((0, 0), dtype=np.int16)
    return TaskResult(index, nothing, np.empty(0, np.int64), np.empty(0, np.bool_), reason)


@dataclass(frozen=True, eq=False)
class _Prepared:
    # Rows ordered by class, then the test rows; `base(kernel)` is what all Gram matrices of that kernel share.
    base: Callable[[str], npt.NDArray[np.float64]]
    labels: npt.NDArray[np.int64]
    classes: npt.NDArray[np.int16]
    n_test: int


def _prepare(batch: Batch) -> _Prepared:
    values = _values(batch.features)
    test_rows = np.flatnonzero(batch.folds == batch.fold)
    training_rows = np.flatnonzero(batch.folds != batch.fold)
    if len(training_rows) < 2:
        raise ValueError(f"fold {batch.fold} leaves {len(training_rows)} items to train on; use fewer folds")
    training_labels = batch.labels[training_rows]
    classes = present_classes(training_labels)
    position_of_class = np.empty(int(classes.max()) + 1, dtype=np.int64)
    position_of_class[classes] = np.arange(len(classes))
    local_labels = position_of_class[training_labels]
    by_class = np.argsort(local_labels, kind="stable")
    scaling = fit_scaling(
        np.asarray(values[training_rows]), batch.features.descriptor_of_dimension, batch.features.enumerated
    )
    if len(scaling.columns) == 0:
        raise ValueError(f"no descriptor varies in the training part of fold {batch.fold}")
    scaled = scaling.apply(np.asarray(values[np.concatenate([training_rows[by_class], test_rows])]))
    products = inner_products(scaled, scaled)

    @functools.cache
    def base(kernel: str) -> npt.NDArray[np.float64]:
        return squared_distances(products) if kernel == "rbf" else products

    return _Prepared(base, local_labels[by_class], classes, len(test_rows))


def _solve_task(index: int, task: Task, prepared: _Prepared, batch: Batch) -> TaskResult:
    n_train = len(prepared.labels)
    base = prepared.base(task.kernel)
    gram = ClassOrderedGram.from_gram(_kernel_of(task, base[:n_train, :n_train]), prepared.labels)
    test_gram = _kernel_of(task, base[n_train:, :n_train])
    path = get_solver(batch.solver).solve_path(gram, task.costs, Stopping(batch.tol))
    return TaskResult(
        index,
        prepared.classes[path_votes(test_gram, gram.class_starts, path)],
        path.iterations.sum(axis=1),
        np.asarray(path.converged.all(axis=1)),
    )


def _kernel_of(task: Task, base: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    gram = np.empty(base.shape)
    fill_gram(task.kernel, base, gram, task.gamma, task.degree, task.coef0)
    # Solvers keep kernel values in float32. NaN fails the comparison too.
    if task.kernel != "rbf" and not np.abs(gram).max(initial=0.0) <= np.finfo(np.float32).max:
        raise ValueError(f"the values of the kernel overflow with gamma = {task.gamma:g}; choose a smaller gamma")
    return gram


def _values(features: FeatureSet) -> npt.NDArray[np.float32]:
    if features.path is None:
        return features.values
    status = features.path.stat()
    return _mapped(features.path, status.st_ino, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=16)
def _mapped(path: Path, *_version: int) -> npt.NDArray[np.float32]:
    # The file's inode, time and size are part of the key: a replaced file is mapped anew.
    mapped: npt.NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped
