"""What is handed to a worker and what comes back.

A task is all cost vectors of one Gram matrix of one fold. Tasks on the same feature set and fold travel together as a
batch: scaling and inner products are computed once for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import one_line
from fastgrid.solvers import Stopping
from fastgrid.sweep.combinations import FeatureSet
from fastgrid.sweep.splits import Splits

#: Bytes that no task needs.
UNLIMITED = 2**62


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
    labels : ndarray of int16, shape (n_items,)
    splits : Splits
    tasks : tuple of Task
    indices : tuple of int
        What the caller calls these tasks.
    solver : str
    stopping : Stopping
    memory : int
        Bytes that solving it may take.
    keep : bool
        Whether this process may keep what other batches on the same feature set can use.
    class_order : str
    item_weights : ndarray of float64, shape (n_items,), optional
        As of `SweepInput`.
    decisions : bool
        Likewise.
    """

    features: FeatureSet
    fold: int
    labels: npt.NDArray[np.int16]
    splits: Splits
    tasks: tuple[Task, ...]
    indices: tuple[int, ...]
    solver: str
    stopping: Stopping
    memory: int = UNLIMITED
    keep: bool = True
    class_order: str = "appearance"
    item_weights: npt.NDArray[np.float64] | None = None
    decisions: bool = False

    def only(self, indices: frozenset[int]) -> Batch:
        """Return the batch with only the tasks called `indices`."""
        kept = [position for position, index in enumerate(self.indices) if index in indices]
        return replace(
            self,
            tasks=tuple(self.tasks[position] for position in kept),
            indices=tuple(self.indices[position] for position in kept),
        )


@dataclass(frozen=True)
class Work:
    """What solving a task took; deterministic.

    Attributes
    ----------
    iterations : int
        Iterations that were made.
    pairs_solved : int
        Pair problems that were solved; the others of the task had the same answer.
    warm_starts : int
        Pair problems that began where one with smaller costs had ended.
    gram_bytes : int
        Bytes of kernel values computed.
    """

    iterations: int = 0
    pairs_solved: int = 0
    warm_starts: int = 0
    gram_bytes: int = 0


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
        That LIBSVM needs, summed over the pairs; also where another problem's run was the answer.
    converged : ndarray of bool, shape (n_problems,)
    work : Work
    error : str
        Empty, or why the task failed; the arrays are empty then.
    decisions : ndarray of float64, shape (n_problems, n_pairs, n_test), optional
        Decision values of the pairs of classes, in the order of the fold base's; where they were asked for.
    fit_seconds, score_seconds : float
        What Gram matrices and solving took, and predicting; with its share of what was made for several tasks. Zero
        where it is not known: from a journal, or from a process of its own.
    died : bool
        Whether it failed because its process ended.
    out_of_memory : bool
        Whether it failed for want of memory.
    """

    index: int
    predicted: npt.NDArray[np.int16]
    iterations: npt.NDArray[np.int64]
    converged: npt.NDArray[np.bool_]
    work: Work = field(default_factory=Work)
    error: str = ""
    decisions: npt.NDArray[np.float64] | None = None
    fit_seconds: float = 0.0
    score_seconds: float = 0.0
    died: bool = False
    out_of_memory: bool = False


def failed_task(index: int, error: Exception, *, died: bool = False) -> TaskResult:
    """Return the result of a task that `error` ended, and its process with it where it `died`."""
    reason = one_line(error) or type(error).__name__
    nothing = np.empty((0, 0), dtype=np.int16)
    return TaskResult(
        index,
        nothing,
        np.empty(0, np.int64),
        np.empty(0, np.bool_),
        error=reason,
        died=died,
        out_of_memory=isinstance(error, MemoryError),
    )
