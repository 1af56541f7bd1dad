"""The items of a pair of classes, of which machines are trained on some and tried on others."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import added_kernel, aligned_empty, gram_from_features, padded_length
from fastgrid.kernels.definition import KernelParameters
from fastgrid.model.classifier import Kernel
from fastgrid.solvers import ClassOrderedGram, OneVsOneSolution, Solver, Stopping, get_solver

Float32Matrix = npt.NDArray[np.float32]
Float64Matrix = npt.NDArray[np.float64]
Float64Vector = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

#: Bytes of Gram rows that are kept where the whole matrix is not.
CACHE_BYTES = 2**28

#: Kernel values that are computed at a time to try a machine.
STRIP_NUMBERS = 2**22


class PairProblem(Protocol):
    """The items of a pair of classes."""

    def solve(self, training: Positions, codes: npt.NDArray[np.int64], costs: Float64Vector) -> OneVsOneSolution:
        """Train on some items.

        Parameters
        ----------
        training : ndarray of intp, shape (m,)
            Their positions, ordered by class.
        codes : ndarray of int64, shape (m,)
            0 and 1, ascending; both occur.
        costs : ndarray of float64, shape (2,)
        """
        ...

    def decide(self, held_out: Positions, training: Positions, solution: OneVsOneSolution) -> Float64Vector:
        """Return the decision values of items by a machine trained on others; positive for code 0."""
        ...


class GramProblem:
    """A pair problem on the Gram matrix of its items.

    Parameters
    ----------
    gram : ndarray of float64, shape (n, n)
    solver : Solver
    stopping : Stopping
    """

    def __init__(self, gram: Float64Matrix, solver: Solver, stopping: Stopping) -> None:
        self._gram, self._solver, self._stopping = gram, solver, stopping

    def solve(self, training: Positions, codes: npt.NDArray[np.int64], costs: Float64Vector) -> OneVsOneSolution:
        """Train on some items; see `PairProblem`."""
        gram = self._gram[np.ix_(training, training)]
        (solution,) = self._solver.solve(gram, codes, costs[np.newaxis], stopping=self._stopping)
        return solution

    def decide(self, held_out: Positions, training: Positions, solution: OneVsOneSolution) -> Float64Vector:
        """Return decision values; see `PairProblem`."""
        values = self._gram[np.ix_(held_out, training)] @ solution.coefficients[0] + solution.bias[0]
        return np.asarray(values)


class FeatureProblem:
    """A pair problem on the features of its items: Gram rows are computed when they are wanted.

    Parameters
    ----------
    kernel : Kernel
    features : ndarray of float32, shape (n, d)
    stopping : Stopping
    """

    def __init__(self, kernel: Kernel, features: Float32Matrix, stopping: Stopping) -> None:
        self._kernel, self._features, self._stopping = kernel, features, stopping

    def solve(self, training: Positions, codes: npt.NDArray[np.int64], costs: Float64Vector) -> OneVsOneSolution:
        """Train on some items; see `PairProblem`."""
        from fastgrid.solvers.on_demand import solve_on_demand

        if added_kernel(self._kernel.name) is not None:
            return self._solve_on_matrix(self._features[training], codes, costs)
        starts = np.array([0, np.count_nonzero(codes == 0), len(codes)], dtype=np.int64)
        kernel = self._kernel
        path = solve_on_demand(
            self._features[training], starts, kernel.name, kernel.gamma, costs[np.newaxis], self._stopping,
            cache_bytes=CACHE_BYTES, degree=kernel.degree, coef0=kernel.coef0,
        )  # fmt: skip
        return path.solution(0, starts)

    def _solve_on_matrix(
        self, rows: Float32Matrix, codes: npt.NDArray[np.int64], costs: Float64Vector
    ) -> OneVsOneSolution:
        # A kernel that was added has no rows on demand: its Gram matrix, in float32, is computed in strips.
        kernel = self._kernel
        gram = aligned_empty((len(rows), padded_length(len(rows))), np.float32)
        parameters = KernelParameters(kernel.gamma, kernel.degree, kernel.coef0)
        gram_from_features(kernel.name, rows.astype(np.float64), gram, *parameters, strip_bytes=8 * STRIP_NUMBERS)
        added = added_kernel(kernel.name)
        assert added is not None
        starts = np.array([0, np.count_nonzero(codes == 0), len(codes)], dtype=np.int64)
        ordered = ClassOrderedGram(gram, added.diagonal(rows, parameters), starts)
        return get_solver("smo").solve_path(ordered, costs[np.newaxis], self._stopping).solution(0, starts)

    def decide(self, held_out: Positions, training: Positions, solution: OneVsOneSolution) -> Float64Vector:
        """Return decision values; see `PairProblem`."""
        coefficients = solution.coefficients[0]
        used = np.flatnonzero(coefficients)
        vectors, weights = self._features[training[used]].astype(np.float64), coefficients[used]
        step = max(1, STRIP_NUMBERS // max(1, len(used)))
        values = np.empty(len(held_out))
        for start in range(0, len(held_out), step):
            strip = slice(start, start + step)
            values[strip] = self._kernel.gram(self._features[held_out[strip]], vectors) @ weights + solution.bias[0]
        return values
