"""The fast solver: the optimum within LIBSVM's tolerance, by the shortest way."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import aligned_empty, padded_length
from fastgrid.kernels.smo_fast import _begin, _optimise
from fastgrid.kernels.smo_fast_pairs import _keep, _solve_pair_fast
from fastgrid.kernels.smo_pairs import _copy_pair
from fastgrid.kernels.smo_state import ALPHA, COST, GRADIENT, STATE_ROWS
from fastgrid.solvers.active_set import Iterate, newton, step_seconds
from fastgrid.solvers.interface import ClassOrderedGram, OneVsOnePath, Solver, Stopping

Float64Vector = npt.NDArray[np.float64]
Float64Matrix = npt.NDArray[np.float64]

#: Iterations per item before anything but SMO is thought of.
PATIENCE = 4
#: Of the asked tolerance: another way to the same tolerance ends elsewhere within it, and half of it brings predictions
#: as near to the optimum's as LIBSVM's are (docs/agreement.md).
TIGHTER = 0.5
#: Not below this for that reason: float32 kernel values may resolve no more.
FINEST = 1e-5
#: Newton steps in a row.
STEPS = 12
#: Newton steps begin once SMO has taken so many times what one of them takes.
SHARE = 1.0


def tighter(tol: float) -> float:
    """Return the tolerance that is gone to where `tol` is asked for."""
    return min(tol, max(TIGHTER * tol, FINEST))


class SmoFastSolver(Solver):
    """Sequential minimal optimization with LIBSVM's stopping rule and no regard for its iterates.

    Costs of a pair are solved in ascending order, each beginning where an earlier one ended if that is expected to pay.
    A problem that takes many iterations is continued with Newton steps on its free duals (`active_set`).
    """

    def solve_path(
        self,
        gram: ClassOrderedGram,
        class_costs: npt.NDArray[np.float64],
        stopping: Stopping,
        item_weights: npt.NDArray[np.float64] | None = None,
    ) -> OneVsOnePath:
        """Solve every pair for every cost vector; see `fastgrid.solvers.Solver.solve_path`."""
        n_rows, n_classes = len(gram.diagonal), gram.n_classes
        path = OneVsOnePath.empty(len(class_costs), n_classes, n_rows)
        weights = np.ones(n_rows) if item_weights is None else item_weights
        costs = np.ascontiguousarray(class_costs, dtype=np.float64)
        workspace = _Workspace(gram, len(costs))
        for index, (first, second) in enumerate(itertools.combinations(range(n_classes), 2)):
            pair = workspace.pair(gram, first, second, costs, weights)
            pair.solve(replace(stopping, tol=tighter(stopping.tol)))
            pair.put(path, index)
        return path


class _Workspace:
    # Memory for one pair at a time.

    def __init__(self, gram: ClassOrderedGram, n_problems: int) -> None:
        self._n_largest = int(np.sort(np.diff(gram.class_starts))[-2:].sum())
        width = padded_length(self._n_largest)
        rows = self._n_largest if gram.n_classes > 2 else 0
        self._block = aligned_empty((rows * width,), np.float32)
        # Rows are touched only where a large problem is shrunk, and take no memory before.
        self._rows = aligned_empty((self._n_largest * (width // 2 + 16),), np.float32)
        self._state = aligned_empty((2, STATE_ROWS * width), np.float64)
        self._numbers = np.empty((3, n_problems * self._n_largest))

    def pair(
        self, gram: ClassOrderedGram, first: int, second: int, costs: Float64Matrix, weights: Float64Vector
    ) -> _Pair:
        starts = gram.class_starts
        rows = slice(starts[first], starts[first + 1]), slice(starts[second], starts[second + 1])
        n_first = int(rows[0].stop - rows[0].start)
        n = n_first + int(rows[1].stop - rows[1].start)
        width = padded_length(n)
        if gram.n_classes == 2:
            block, diagonal = gram.values, gram.diagonal
        else:
            block = self._block[: n * width].reshape(n, width)
            diagonal = _copy_pair(gram.values, gram.diagonal, starts, first, second, block)
        duals, gradients, item_costs = (numbers[: len(costs) * n].reshape(-1, n) for numbers in self._numbers)
        item_costs[:, :n_first] = np.outer(costs[:, first], weights[rows[0]])
        item_costs[:, n_first:] = np.outer(costs[:, second], weights[rows[1]])
        state, compact = (numbers[: STATE_ROWS * width].reshape(STATE_ROWS, width) for numbers in self._state)
        half = padded_length(n // 2)
        gathered = self._rows[: n * half].reshape(n, half)
        return _Pair(
            (first, second), rows, n_first, block, diagonal, costs, item_costs, state, compact, gathered, duals,
            gradients,
        )  # fmt: skip


@dataclass
class _Pair:
    classes: tuple[int, int]
    rows: tuple[slice, slice]
    n_first: int
    block: npt.NDArray[np.float32]
    diagonal: Float64Vector
    costs: Float64Matrix
    item_costs: Float64Matrix
    state: Float64Matrix
    compact: Float64Matrix
    gathered: npt.NDArray[np.float32]
    duals: Float64Matrix
    gradients: Float64Matrix

    def __post_init__(self) -> None:
        n, n_problems = len(self.diagonal), len(self.costs)
        self.signs = np.where(np.arange(n) < self.n_first, 1.0, -1.0)
        self.rho = np.zeros(n_problems)
        self.iterations = np.zeros(n_problems, dtype=np.int64)
        self.sources = np.full(n_problems, -1)
        self.begun = np.full(n_problems, -1)
        self.converged = np.ones(n_problems, dtype=np.bool_)

    def solve(self, stopping: Stopping) -> None:
        """Solve all problems; results are in the attributes."""
        patience = min(max(PATIENCE * len(self.diagonal), 1000), stopping.maximum_iterations)
        while True:
            hard = _solve_pair_fast(
                self.block,
                self.diagonal,
                self.item_costs,
                self.costs,
                *self.classes,
                self.signs,
                stopping.tol,
                patience,
                self.state,
                self.compact,
                self.gathered,
                self.duals,
                self.gradients,
                self.rho,
                self.iterations,
                self.sources,
                self.begun,
                self.converged,
                stopping.maximum_iterations,
                stopping.relaxations,
            )
            if hard < 0:
                return
            self.converged[hard] = self._persist(hard, stopping)
            _keep(self.state, np.arange(len(self.signs)), self.duals, self.gradients, self.rho, hard)
            self.sources[hard] = hard

    def _persist(self, problem: int, stopping: Stopping) -> bool:
        # SMO and Newton steps in turn on the problem in `state`; returns whether the stopping rule holds.
        n, tol = len(self.signs), stopping.tol
        burst, cap, relaxations = max(n, 1000), stopping.maximum_iterations, stopping.relaxations
        unit_diagonal = bool((self.diagonal == 1.0).all())
        spent = _smo_seconds(int(self.iterations[problem]), n)
        while True:
            if self.iterations[problem] >= cap:
                if relaxations == 0:
                    return False
                relaxations, tol, cap = relaxations - 1, tol * 10.0, cap + stopping.maximum_iterations
            if spent > SHARE * step_seconds(n, self._count_free()):
                self._take_newton_steps(tol)
                spent = 0.0
            most = min(burst, cap - int(self.iterations[problem]))
            made, done = _optimise(self.block, self.state, np.arange(n), tol, most, unit_diagonal)
            self.iterations[problem] += made
            spent += _smo_seconds(made, n)
            if done:
                return True

    def _count_free(self) -> int:
        alpha, cost = self.state[ALPHA, : len(self.signs)], self.state[COST, : len(self.signs)]
        return int(np.count_nonzero((alpha > 0.0) & (alpha < cost)))

    def _take_newton_steps(self, tol: float) -> None:
        n = len(self.signs)
        cost = self.state[COST, :n]
        upper, lower = np.where(self.signs > 0, cost, 0.0), np.where(self.signs > 0, 0.0, -cost)
        given = Iterate(self.state[ALPHA, :n] * self.signs, self.state[GRADIENT, :n].copy())
        found, _ = newton(self.block, given, lower, upper, self.signs, tol, STEPS)
        if found is not None:
            _begin(found.beta[np.newaxis], found.gradient[np.newaxis], 0, 1.0, self.state, n)

    def put(self, path: OneVsOnePath, index: int) -> None:
        """Write the results to their places for pair `index`."""
        first, second = self.classes
        sources = self.sources
        path.coefficients[:, second - 1, self.rows[0]] = self.duals[sources, : self.n_first]
        path.coefficients[:, first, self.rows[1]] = self.duals[sources, self.n_first :]
        path.bias[:, index] = -self.rho[sources]
        path.iterations[:, index] = self.iterations[sources]
        path.converged[:, index] = self.converged[sources]
        path.solved[:, index] = sources == np.arange(len(sources))
        path.warm[:, index] = path.solved[:, index] & (self.begun >= 0)


def _smo_seconds(iterations: int, n: int) -> float:
    # As `step_seconds`, of SMO iterations (bench/bench_smo.py).
    return iterations * (1e-7 + (6e-10 if n < 3000 else 1.1e-9) * n)
