"""The default solver: LIBSVM's iterates at a fraction of its cost, over all cost vectors of a pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import smo
from fastgrid.solvers.interface import MAXIMUM_ITERATIONS, OneVsOneSolution
from fastgrid.solvers.one_vs_one import pairs

Float64Vector = npt.NDArray[np.float64]


class SmoSolver:
    """Sequential minimal optimization with LIBSVM's iterates; see `fastgrid.solvers.Solver`.

    Each pair is solved once per distinct pair of costs, in ascending order. A run in which no dual ever reached its C
    is, step by step, the run for every larger C: it is not repeated.
    """

    def solve(
        self,
        gram: npt.NDArray[np.float64],
        labels: npt.NDArray[np.int64],
        class_costs: npt.NDArray[np.float64],
        tol: float = 1e-3,
    ) -> list[OneVsOneSolution]:
        """Solve every pair for every cost vector; see `fastgrid.solvers.Solver.solve`."""
        n_problems, n_classes = class_costs.shape
        n_pairs = n_classes * (n_classes - 1) // 2
        coefficients = np.zeros((n_problems, n_pairs, len(labels)))
        bias = np.zeros((n_problems, n_pairs))
        iterations = np.zeros((n_problems, n_pairs), dtype=np.int64)
        converged = np.ones(n_problems, dtype=np.bool_)
        for index, (first, second) in enumerate(pairs(n_classes)):
            members = np.concatenate([np.flatnonzero(labels == first), np.flatnonzero(labels == second)])
            pair = _Pair(gram, members, int(np.count_nonzero(labels == first)), tol)
            costs = class_costs[:, [first, second]]
            for problem in np.lexsort((costs[:, 1], costs[:, 0])):
                run = pair.solve(float(costs[problem, 0]), float(costs[problem, 1]))
                coefficients[problem, index, members] = run.coefficients
                bias[problem, index] = run.bias
                iterations[problem, index] = run.iterations
                converged[problem] &= run.converged
        return [
            OneVsOneSolution(coefficients[row], bias[row], iterations[row], bool(converged[row]))
            for row in range(n_problems)
        ]


@dataclass(frozen=True, eq=False)
class _Run:
    costs: tuple[float, float]
    coefficients: Float64Vector
    bias: float
    iterations: int
    converged: bool
    clipped: bool

    def stands_for(self, costs: tuple[float, float]) -> bool:
        if costs == self.costs:
            return True
        larger = costs[0] >= self.costs[0] and costs[1] >= self.costs[1]
        return larger and self.converged and not self.clipped


class _Pair:
    # One binary problem with its Gram block and workspace; runs are kept for the costs that they stand for.

    def __init__(self, gram: npt.NDArray[np.float64], members: npt.NDArray[np.intp], n_first: int, tol: float) -> None:
        n = len(members)
        self._gram = _block(gram, members)
        self._diagonal = gram.diagonal()[members]
        self._is_first = np.arange(n) < n_first
        self._signs = np.where(self._is_first, 1.0, -1.0)
        self._tol = tol
        self._state = np.empty((smo.STATE_ROWS, n))
        self._rows = np.empty((n, n), dtype=np.float32)
        self._row_epochs = np.empty(n, dtype=np.int64)
        self._runs: list[_Run] = []

    def solve(self, cost_first: float, cost_second: float) -> _Run:
        costs = (cost_first, cost_second)
        for run in self._runs:
            if run.stands_for(costs):
                return run
        costs_of_items = np.where(self._is_first, cost_first, cost_second)
        smo._initialise(self._diagonal, self._signs, costs_of_items, self._state)
        self._row_epochs[:] = 0
        order = np.arange(len(self._signs), dtype=np.uint32)
        rho, iterations, converged, clipped = smo._solve_binary(
            self._gram, self._state, order, self._rows, self._row_epochs, self._tol, MAXIMUM_ITERATIONS, True
        )
        coefficients = np.empty(len(order))
        coefficients[order] = self._state[smo.ALPHA] * self._state[smo.SIGN]
        run = _Run(costs, coefficients, -rho, iterations, converged, clipped)
        self._runs.append(run)
        return run


def _block(gram: npt.NDArray[np.float64], members: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    # Rows ordered by class make a pair four contiguous blocks; only unordered rows are gathered one by one.
    breaks = np.flatnonzero(np.diff(members) != 1) + 1
    runs = np.split(members, breaks)
    block = np.empty((len(members), len(members)), dtype=np.float32)
    if len(runs) > 8:
        block[...] = gram[np.ix_(members, members)]
        return block
    starts = np.concatenate([[0], np.cumsum([len(run) for run in runs])])
    for row, rows in enumerate(runs):
        for column, columns in enumerate(runs):
            source = gram[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            block[starts[row] : starts[row + 1], starts[column] : starts[column + 1]] = source
    return block
