"""What every solver takes and gives."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import Scratch, aligned_empty, padded_length
from fastgrid.solvers.validation import check_gram, check_labels, check_weights

SOLVERS = ("smo", "smo-fast", "libsvm")

#: LIBSVM's iterations are unbounded by default; Gaia's cap keeps a hopeless problem from running for ever.
MAXIMUM_ITERATIONS = 10_000_000


@dataclass(frozen=True)
class Stopping:
    """When a pair problem is done.

    Attributes
    ----------
    tol : float
        LIBSVM's stopping tolerance.
    maximum_iterations : int
        Iterations after which a problem is given up.
    relaxations : int
        How often, instead, the tolerance is multiplied by ten and counting starts again; Gaia does so four times.
        LIBSVM never does.

    Raises
    ------
    ValueError
        For a tolerance that is not positive and finite, no iterations, or fewer than no relaxations.
    """

    tol: float = 1e-3
    maximum_iterations: int = MAXIMUM_ITERATIONS
    relaxations: int = 0

    def __post_init__(self) -> None:
        if not 0.0 < self.tol < math.inf:
            raise ValueError(f"tol {self.tol} is not positive and finite")
        if self.maximum_iterations < 1:
            raise ValueError(f"maximum_iterations {self.maximum_iterations} is not positive")
        if self.relaxations < 0:
            raise ValueError(f"relaxations {self.relaxations} is below 0")


@dataclass(frozen=True, eq=False)
class ClassOrderedGram:
    """A Gram matrix whose rows are ordered by class, so that a pair of classes is four contiguous blocks.

    Attributes
    ----------
    values : ndarray of float32, shape (n, width)
        C-contiguous, aligned, `width` = `fastgrid.kernels.padded_length` (n); columns from n on hold zeros.
    diagonal : ndarray of float64, shape (n,)
    class_starts : ndarray of int64, shape (k + 1,)
        Rows of class c are ``class_starts[c] : class_starts[c + 1]``, at least one each.
    """

    values: npt.NDArray[np.float32]
    diagonal: npt.NDArray[np.float64]
    class_starts: npt.NDArray[np.int64]

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_starts) - 1

    @staticmethod
    def from_gram(gram: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> ClassOrderedGram:
        """Return the Gram matrix of rows that are ordered by class already.

        Parameters
        ----------
        gram : ndarray of float64, shape (n, n)
        labels : ndarray of int64, shape (n,)
            Ascending class codes 0..k-1; each code occurs.

        Raises
        ------
        ValueError
            For other labels, or a Gram matrix that is not square and finite in float32.
        """
        gram = check_gram(gram)
        labels = check_labels(labels, len(gram))
        if (np.diff(labels) < 0).any():
            raise ValueError("labels are not ascending; order the rows by class")
        n = len(labels)
        values = aligned_empty((n, padded_length(n)), np.float32)
        values[:, :n] = gram
        values[:, n:] = 0.0
        starts = np.searchsorted(labels, np.arange(int(labels[-1]) + 2)).astype(np.int64)
        return ClassOrderedGram(values, gram.diagonal().astype(np.float64), starts)


@dataclass(frozen=True)
class OneVsOneSolution:
    """The solved pair problems of one cost vector.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (n_pairs, n)
        Signed dual coefficients y_i alpha_i over the training rows, zero outside the pair. The decision value of the
        pair (a, b), a < b, is ``gram @ coefficients + bias``; positive means a.
    bias : ndarray of float64, shape (n_pairs,)
    iterations : ndarray of int64, shape (n_pairs,)
    converged : bool
        False when a pair hit the iteration cap.
    """

    coefficients: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    iterations: npt.NDArray[np.int64]
    converged: bool = True


@dataclass(frozen=True, eq=False)
class OneVsOnePath:
    """The solved pair problems of several cost vectors on one Gram matrix, in LIBSVM's compact layout.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (p, k - 1, n)
        Signed dual coefficients over rows ordered by class: of a row of class c, against class d, in row d where
        d < c, else in row d - 1. As ``SVC.dual_coef_``.
    bias, iterations : ndarray of float64 and int64, shape (p, n_pairs)
    converged : ndarray of bool, shape (p, n_pairs)
    sources : ndarray of int64, shape (p, n_pairs)
        The problem whose run is the answer: another one where its costs are equal, or where none of its duals ever came
        to its C and these costs are larger. Coefficients, bias and iterations are copies of that problem's.
    warm : ndarray of bool, shape (p, n_pairs)
        Whether the problem began where one with smaller costs had ended.
    """

    coefficients: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    iterations: npt.NDArray[np.int64]
    converged: npt.NDArray[np.bool_]
    sources: npt.NDArray[np.int64]
    warm: npt.NDArray[np.bool_]

    @property
    def solved(self) -> npt.NDArray[np.bool_]:
        """Whether a problem was run itself; bool, shape (p, n_pairs)."""
        return np.equal(self.sources, np.arange(len(self.sources))[:, np.newaxis])

    @staticmethod
    def empty(n_problems: int, n_classes: int, n_rows: int, scratch: Scratch | None = None) -> OneVsOnePath:
        """Return a path to be filled; each problem is its own source.

        Coefficients are zero, or, with `scratch`, in its memory and anything.
        """
        n_pairs = n_classes * (n_classes - 1) // 2
        shape = n_problems, n_classes - 1, n_rows
        return OneVsOnePath(
            np.zeros(shape) if scratch is None else scratch.take("coefficients", shape, np.float64),
            np.zeros((n_problems, n_pairs)),
            np.zeros((n_problems, n_pairs), dtype=np.int64),
            np.ones((n_problems, n_pairs), dtype=np.bool_),
            np.repeat(np.arange(n_problems, dtype=np.int64)[:, np.newaxis], n_pairs, axis=1),
            np.zeros((n_problems, n_pairs), dtype=np.bool_),
        )

    def put_pair(self, pair: int, own: OneVsOnePath) -> None:
        """Take over all but the coefficients of a path of that pair alone."""
        for mine, other in (
            (self.bias, own.bias),
            (self.iterations, own.iterations),
            (self.converged, own.converged),
            (self.sources, own.sources),
            (self.warm, own.warm),
        ):
            mine[:, pair] = other[:, 0]

    def solution(self, row: int, class_starts: npt.NDArray[np.int64]) -> OneVsOneSolution:
        """Return one cost vector's solution with the coefficients of each pair over all rows."""
        n_classes = len(class_starts) - 1
        rows_of = [slice(class_starts[code], class_starts[code + 1]) for code in range(n_classes)]
        coefficients = np.zeros((self.bias.shape[1], self.coefficients.shape[2]))
        for index, (first, second) in enumerate(itertools.combinations(range(n_classes), 2)):
            coefficients[index, rows_of[first]] = self.coefficients[row, second - 1, rows_of[first]]
            coefficients[index, rows_of[second]] = self.coefficients[row, first, rows_of[second]]
        return OneVsOneSolution(coefficients, self.bias[row], self.iterations[row], bool(self.converged[row].all()))


class Solver(ABC):
    """A C-SVC solver for all pairs of classes of one Gram matrix."""

    @abstractmethod
    def solve_path(
        self,
        gram: ClassOrderedGram,
        class_costs: npt.NDArray[np.float64],
        stopping: Stopping,
        item_weights: npt.NDArray[np.float64] | None = None,
        scratch: Scratch | None = None,
    ) -> OneVsOnePath:
        """Solve every pair problem for every row of `class_costs`.

        Parameters
        ----------
        gram : ClassOrderedGram
        class_costs : ndarray of float64, shape (p, k)
            C of each class, p cost vectors; all positive.
        stopping : Stopping
        item_weights : ndarray of float64, shape (n,), optional
            Factor of the C of each row; all positive.
        scratch : Scratch, optional
            Memory to work in; the coefficients of the result are in it, and valid until it is used again.

        Returns
        -------
        OneVsOnePath

        Raises
        ------
        ValueError
            When costs or weights have another shape, or are not positive and finite.
        """

    def solve(
        self,
        gram: npt.NDArray[np.float64],
        labels: npt.NDArray[np.int64],
        class_costs: npt.NDArray[np.float64],
        tol: float = 1e-3,
        *,
        stopping: Stopping | None = None,
        item_weights: npt.NDArray[np.float64] | None = None,
    ) -> list[OneVsOneSolution]:
        """Solve every pair problem for every row of `class_costs`; rows may come in any order.

        Parameters
        ----------
        gram : ndarray of float64, shape (n, n)
            Solvers keep its diagonal in float64 and the rest in float32, as LIBSVM does.
        labels : ndarray of int64, shape (n,)
            Class codes 0..k-1 in LIBSVM's order of the classes; each code occurs.
        class_costs : ndarray of float64, shape (p, k)
            C of each class, p cost vectors; all positive.
        tol : float
            LIBSVM's stopping tolerance, where `stopping` is not given.
        stopping : Stopping, optional
        item_weights : ndarray of float64, shape (n,), optional
            Factor of the C of each row; all positive.

        Returns
        -------
        list of OneVsOneSolution
            One per cost vector. With one class, no pairs.

        Raises
        ------
        ValueError
            Naming the argument that is not as described.
        """
        gram = check_gram(gram)
        labels = check_labels(labels, len(gram))
        weights = check_weights(item_weights, len(labels))
        by_class = np.argsort(labels, kind="stable")
        if not np.array_equal(by_class, np.arange(len(labels))):
            gram, labels = gram[np.ix_(by_class, by_class)], labels[by_class]
        ordered = ClassOrderedGram.from_gram(gram, labels)
        path = self.solve_path(ordered, class_costs, stopping or Stopping(tol), weights[by_class])
        solutions = [path.solution(row, ordered.class_starts) for row in range(len(path.bias))]
        for solution in solutions:
            solution.coefficients[:, by_class] = solution.coefficients.copy()
        return solutions


def get_solver(name: str) -> Solver:
    """Return the solver called `name`.

    Raises
    ------
    ValueError
        For a name that is not in `SOLVERS`.
    """
    if name == "smo":
        from fastgrid.solvers.smo import SmoSolver

        return SmoSolver()
    if name == "smo-fast":
        from fastgrid.solvers.smo_fast import SmoFastSolver

        return SmoFastSolver()
    if name == "libsvm":
        from fastgrid.solvers.libsvm import LibsvmSolver

        return LibsvmSolver()
    raise ValueError(f"solver {name!r} is not one of {', '.join(SOLVERS)}")
