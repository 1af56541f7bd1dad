"""The data sets, and the distinct problems of their grids, Gram matrix by Gram matrix."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from peers import sets
from peers.work import DEGREE, Work

from fastgrid.kernels import aligned_empty, fill_gram_between, fill_symmetric_gram, inner_products, padded_length
from fastgrid.solvers import ClassOrderedGram
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.plan import make_plan
from fastgrid.sweep.splits import Splits

#: Name: generator, folds. All have the grid `sets.FULL`.
SETS: dict[str, tuple[Callable[[], sets.Table], int]] = {
    "digits": (sets.digits, 5),
    "gtzan": (sets.gtzan, 5),
    "segment": (sets.segment, 5),
    "satimage": (sets.satimage, 5),
    "synthetic": (sets.synthetic, 5),
    "tiny": (sets.small, 3),
}


@dataclass(frozen=True, eq=False)
class GramProblem:
    """The distinct problems on one Gram matrix of a set.

    `costs` (p, k) is the C of each class, `n_answered` (p,) how many combinations of the grid each of them answers.
    `products` are the inner products of all rows of the set.
    """

    work: Work
    products: npt.NDArray[np.float64]
    kernel: str
    gamma: float
    fold: int
    costs: npt.NDArray[np.float64]
    n_answered: npt.NDArray[np.int64]

    @property
    def key(self) -> tuple[str, str, float, int]:
        return self.work.name, self.kernel, self.gamma, self.fold

    def digest(self) -> str:
        """Return a name of all that determines the problems."""
        work = self.work
        parts = (work.features, work.labels, work.folds, self.costs, self.n_answered)
        content = hashlib.sha256(repr((*self.key, DEGREE)).encode())
        for part in parts:
            content.update(np.ascontiguousarray(part).tobytes())
        return content.hexdigest()[:16]

    def build(self) -> Matrices:
        """Compute the Gram matrices of the training rows, float32, and between test and training rows, float64."""
        training, tested = self.work.splits()[self.fold]
        n = len(training)
        values = aligned_empty((n, padded_length(n)), np.float32)
        values[:, n:] = 0.0
        parameters = {"gamma": self.gamma, "degree": DEGREE, "coef0": 0.0}
        largest = fill_symmetric_gram(self.kernel, self.products, values[:, :n], **parameters, rows=training)
        if not largest <= np.finfo(np.float32).max:
            raise SystemExit(f"{self.key}: the values of the kernel overflow")
        between = np.empty((len(tested), n))
        fill_gram_between(self.kernel, self.products, tested, training, between, **parameters)
        labels = self.work.labels[training]
        starts = np.searchsorted(labels, np.arange(self.work.n_classes + 1)).astype(np.int64)
        # The diagonal as everything else is in float32, so that both solvers see the same numbers.
        return Matrices(ClassOrderedGram(values, values.diagonal().astype(np.float64), starts), between)


@dataclass(frozen=True, eq=False)
class Matrices:
    """The Gram matrix of training rows, ordered by class, and the one of test rows with them, float64 (m, n)."""

    gram: ClassOrderedGram
    between: npt.NDArray[np.float64]


def make_set(name: str) -> Work:
    """Return the work of a set.

    Raises
    ------
    peers.sets.NoDataError
        Where its file is not there.
    """
    generator, n_folds = SETS[name]
    return sets.scaled_work(name, *generator(), sets.FULL, n_folds)


def gram_problems(work: Work) -> list[GramProblem]:
    """Return the Gram matrices of all folds and combinations of a work, the longest ones first.

    fastgrid's own plan says which combinations are the same problem: those with equal weights, and, since every gamma
    is a power of two, all polynomial ones with equal C gamma^degree.
    """
    n_dimensions = work.features.shape[1]
    # Dimensions that are "enumerated" are neither cleaned nor scaled: they are scaled already.
    every = np.ones(n_dimensions, dtype=np.bool_)
    features = FeatureSet("all", work.features, np.arange(n_dimensions, dtype=np.intp), every)
    combinations = [Combination("all", cell.kernel, cell.C, cell.gamma, cell.balanced) for cell in work.grid.cells()]
    plan = make_plan(
        SweepInput({"all": features}, combinations, work.labels, Splits.of_folds(work.folds, work.n_folds))
    )
    n_answered = Counter(plan.answers.values())
    products = inner_products(work.features, work.features)
    problems = []
    for index, (key, task) in enumerate(zip(plan.keys, plan.tasks, strict=True)):
        answered = np.array([n_answered[index, row] for row in range(len(task.costs))], dtype=np.int64)
        problems.append(GramProblem(work, products, key.kernel, key.gamma, key.fold, task.costs, answered))
    return sorted(problems, key=lambda problem: (problem.kernel != "poly", problem.gamma, problem.fold))


def sample(problems: list[GramProblem], fraction: float) -> list[GramProblem]:
    """Return a part of `problems`, at least one: always the same ones, and a larger part holds a smaller one."""
    drawn = sorted(problems, key=lambda problem: hashlib.sha256(repr(problem.key).encode()).digest())
    chosen = {problem.key for problem in drawn[: math.ceil(fraction * len(problems))]}
    return [problem for problem in problems if problem.key in chosen]
