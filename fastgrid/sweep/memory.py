"""How much memory a task takes in each way of solving it, and which way fits.

With n items of which n_train are trained on, d used features, k classes, m items in the two largest classes, and p
cost vectors (bytes; rows of a Gram matrix are padded to a multiple of 16):

    features   4 n d
    whole      28 n d + 16 n^2                       inner products of the fold, and of the whole data for other folds
             + 4 n_train^2 + 8 n_test n_train        Gram matrices
             + (4 + 2) m^2                           a pair's block and its gathered rows; no block where k = 2
    gram       4 n d + 12 n_train d                  the features, and those of the training part in float64
             + 4 n_train^2 + 3 strips                the Gram matrix, from inner products that are computed in strips
             + (4 + 2) m^2                           as above
    pairs      4 n d + 12 n_train d                  the features, and those of the training part in float64
             + (4 + 2) m^2 + 3 strips                its Gram matrix, computed in strips
    rows       8 n d + 8 n_train d + 6 (m + 90) d    the features of all, of the training part, of a pair in tiles
             + cache + 2 strips + 288 m              as many rows of a pair's Gram matrix as fit, two at least
    each     + 8 p (k - 1) n_train + 160 MiB         dual coefficients; votes, code and what Python needs
    decisions + 4 p k (k - 1) n_test                 decision values of all pairs, where they are asked for
    smo-fast + 24 p m + 8 m^2                        duals, gradients and costs; the system of a Newton step
    libsvm   + 20 l^2                                copies in float64, its cache; l = n_train, m in pairs

Where there are several workers, 160 MiB are set aside for the process that gives them their work, and for each worker
that has to wait. Answers stay until the sweep ends: 6 bytes for each combination and tested item are set aside too, and
the decision values of all tasks, twice where they travel from several workers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.sweep.splits import Splits

#: The ways, the fastest first.
WAYS = ("whole", "gram", "pairs", "rows")

#: About how fast they are, beside the first one: measured with 8000 items of 11 classes and 57 features
#: (docs/scaling.md). Where all of them fit, the first is taken; else the one that gets most done with its workers.
SPEED = {"whole": 1.0, "gram": 0.97, "pairs": 0.85, "rows": 0.2}

#: Bytes of the inner products that are computed at a time where there is no room for all.
STRIP_BYTES = 2**25

_FIXED = 160 * 2**20


@dataclass(frozen=True)
class TaskSize:
    """The numbers that a task's memory depends on.

    Attributes
    ----------
    n_items, n_train : int
        Items in all, and those trained on.
    n_features : int
        Used features.
    n_classes : int
        Classes that occur in the training part.
    n_largest : int
        Training items of the two largest classes together.
    n_problems : int
        Cost vectors.
    solver : str
        One of `fastgrid.solvers.SOLVERS`.
    n_decisions : int
        Decision values of a cost vector that are handed back; 0 where they are not asked for.
    n_more_tests : int
        Items tested beyond n_items - n_train: a splitter may test what it trains on.
    """

    n_items: int
    n_train: int
    n_features: int
    n_classes: int
    n_largest: int
    n_problems: int
    solver: str = "smo"
    n_decisions: int = 0
    n_more_tests: int = 0

    def bytes_needed(self, way: str) -> int:
        """Return the bytes that the task takes at most, done in that way (formula above)."""
        coefficients = 8 * self.n_problems * max(1, self.n_classes - 1) * self.n_train + _FIXED + self.decision_bytes
        features = 4 * self.n_items * self.n_features
        largest = self.n_largest + 16
        gram = 4 * self.n_train * (self.n_train + 16)
        block = (4 if self.n_classes > 2 else 0) * largest**2 + 2 * largest**2
        if way == "whole":
            test = 8 * (self.n_items - self.n_train + self.n_more_tests) * self.n_train
            own = 16 * self.n_items**2 + gram + test + block + self._solver_bytes(self.n_train)
            return coefficients + 7 * features + own
        training = 12 * self.n_train * self.n_features
        if way == "gram":
            own = gram + block + self._solver_bytes(self.n_train)
            return coefficients + features + training + own + 3 * STRIP_BYTES
        if way == "pairs":
            own = 6 * largest**2 + self._solver_bytes(self.n_largest)
            return coefficients + features + training + own + 3 * STRIP_BYTES
        solver = 6 * (largest + 90) * self.n_features + 288 * largest
        return coefficients + 2 * features + solver + 8 * self.n_train * self.n_features + 2 * STRIP_BYTES

    @property
    def decision_bytes(self) -> int:
        """Bytes of the decision values that are handed back."""
        return 8 * self.n_problems * self.n_decisions

    def _solver_bytes(self, n_rows: int) -> int:
        # What a solver takes beside what the default takes, on a Gram matrix of so many rows.
        if self.solver == "smo-fast":
            return 24 * self.n_problems * self.n_largest + 8 * self.n_largest**2
        return 20 * n_rows**2 if self.solver == "libsvm" else 0

    def way(self, budget: int) -> str:
        """Return the fastest way that takes at most `budget` bytes; "rows" where none does."""
        # With two classes all training items are a pair.
        ways = WAYS if self.n_classes > 2 else tuple(way for way in WAYS if way != "gram")
        return next((way for way in ways if self.bytes_needed(way) <= budget), WAYS[-1])


def task_size(
    labels: npt.NDArray[np.int16],
    splits: Splits,
    fold: int,
    n_features: int,
    n_problems: int,
    solver: str = "smo",
    *,
    decisions: bool = False,
) -> TaskSize:
    """Return what the memory of a task depends on; with `decisions`, one that hands back decision values."""
    trained = labels[splits.training[fold]]
    counts = np.sort(np.unique(trained, return_counts=True)[1])
    n_test = len(splits.test[fold])
    n_decisions = math.comb(len(counts), 2) * n_test if decisions else 0
    more = max(0, n_test - (len(labels) - len(trained)))
    largest = int(counts[-2:].sum())
    return TaskSize(len(labels), len(trained), n_features, len(counts), largest, n_problems, solver, n_decisions, more)


def workers_that_fit(size: TaskSize, jobs: int, limit: int) -> int:
    """Return how many workers get most done on tasks of `size` within `limit` bytes, of `jobs` that there are.

    Fewer workers may each go a faster way (`SPEED`); where both come to the same, fewer are taken. One, where there is
    too little memory for any.
    """

    def done(workers: int) -> float:
        room = memory_of_each(workers, jobs, limit)
        way = size.way(room)
        return workers * SPEED[way] if size.bytes_needed(way) <= room else 0.0

    return max(range(1, jobs + 1), key=lambda workers: (done(workers), -workers))


def least_limit(size: TaskSize, jobs: int) -> int:
    """Return the bytes without which a task of `size` cannot be solved, one at a time in a pool of `jobs` workers."""
    return min(map(size.bytes_needed, WAYS)) + (0 if jobs == 1 else jobs * _FIXED)


def fixed_bytes(processes: int) -> int:
    """Return the bytes that processes take which do nothing yet."""
    return processes * _FIXED


def memory_of_each(workers: int, jobs: int, limit: int) -> int:
    """Return how many of `limit` bytes each of `workers` may take where there are `jobs` of them in all."""
    others = 0 if jobs == 1 else jobs - workers + 1
    return max(0, limit - others * _FIXED) // workers
