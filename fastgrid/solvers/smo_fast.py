"""The fast solver: the optimum within LIBSVM's tolerance, by the shortest way."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fastgrid.common.threads import single_threaded_blas
from fastgrid.kernels import Scratch
from fastgrid.kernels.smo import _rho
from fastgrid.kernels.smo_fast import _begin, _optimise
from fastgrid.kernels.smo_fast_pairs import Answers, Limits, _solve_pairs_fast
from fastgrid.kernels.smo_fast_room import Pair, Task, _view, make_room
from fastgrid.kernels.smo_fast_runs import _keep
from fastgrid.kernels.smo_state import ALPHA, COST, GRADIENT
from fastgrid.solvers.active_set import Iterate, newton, step_seconds
from fastgrid.solvers.interface import ClassOrderedGram, OneVsOnePath, Solver, Stopping
from fastgrid.solvers.validation import check_costs, check_weights

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
        scratch: Scratch | None = None,
    ) -> OneVsOnePath:
        """Solve every pair for every cost vector; see `fastgrid.solvers.Solver.solve_path`."""
        _load()
        n_rows = len(gram.diagonal)
        costs = check_costs(class_costs, gram.n_classes)
        weights = check_weights(item_weights, n_rows)
        path = OneVsOnePath.empty(len(costs), gram.n_classes, n_rows, scratch)
        path.sources[:] = -1
        answers = Answers(path.coefficients, path.bias, path.iterations, path.converged, path.sources, path.warm)
        task = Task(gram.values, gram.diagonal, gram.class_starts, costs, weights)
        scratch = scratch or Scratch()
        room = make_room(gram.class_starts, len(costs), scratch)
        stopping = replace(stopping, tol=tighter(stopping.tol))
        limits = Limits(stopping.tol, stopping.maximum_iterations, stopping.relaxations, PATIENCE)
        entered, index = -1, 0
        while True:
            first, second, index, problem = _solve_pairs_fast(task, room, limits, answers, entered, index)
            if problem < 0:
                return path
            with single_threaded_blas():  # its matrices are small, and sums come out the same on every machine
                _HardProblem(_view(task, room, first, second, index), problem, answers, scratch).solve(stopping)
            entered = index


class _HardProblem:
    # A problem in its pair's state that has taken many iterations already.

    def __init__(self, pair: Pair, problem: int, answers: Answers, scratch: Scratch) -> None:
        self._pair, self._problem, self._answers, self._scratch = pair, problem, answers, scratch
        self._iterations = int(answers.iterations[problem, pair.number])

    def solve(self, stopping: Stopping) -> None:
        """Write the answer to its places."""
        answers, at = self._answers, (self._problem, self._pair.number)
        answers.converged[at] = self._persist(stopping)
        answers.iterations[at] = self._iterations
        _keep(self._pair, self._problem)
        answers.bias[at] = -_rho(self._pair.state, self._pair.order)
        answers.sources[at] = self._problem

    def _persist(self, stopping: Stopping) -> bool:
        # SMO and Newton steps in turn; returns whether the stopping rule holds.
        pair = self._pair
        n, tol = len(pair.signs), stopping.tol
        burst, cap, relaxations = max(n, 1000), stopping.maximum_iterations, stopping.relaxations
        unit_diagonal = bool((pair.diagonal == 1.0).all())
        spent = _smo_seconds(self._iterations, n)
        while True:
            if self._iterations >= cap:
                if relaxations == 0:
                    return False
                relaxations, tol, cap = relaxations - 1, tol * 10.0, cap + stopping.maximum_iterations
            if spent > SHARE * step_seconds(n, self._count_free()):
                self.take_newton_steps(tol)
                spent = 0.0
            most = min(burst, cap - self._iterations)
            made, done = _optimise(
                pair.block, pair.state, pair.order, pair.allowed, pair.narrow_diagonal, tol, most, unit_diagonal
            )
            self._iterations += made
            spent += _smo_seconds(made, n)
            if done:
                return True

    def _count_free(self) -> int:
        n = len(self._pair.signs)
        alpha, cost = self._pair.state[ALPHA, :n], self._pair.state[COST, :n]
        return int(np.count_nonzero((alpha > 0.0) & (alpha < cost)))

    def take_newton_steps(self, tol: float) -> None:
        """Move the state to a better one, if there is one."""
        pair, n = self._pair, len(self._pair.signs)
        cost = pair.state[COST, :n]
        upper, lower = np.where(pair.signs > 0, cost, 0.0), np.where(pair.signs > 0, 0.0, -cost)
        given = Iterate(pair.state[ALPHA, :n] * pair.signs, pair.state[GRADIENT, :n].copy())
        found, _ = newton(pair.block, given, lower, upper, pair.signs, tol, STEPS, self._scratch)
        if found is not None:
            _begin(found.beta[np.newaxis], found.gradient[np.newaxis], 0, 1.0, pair.state, n)


@functools.cache
def _load() -> None:
    # The machine code for hard problems comes with the first problem of a process, not in the midst of a long one.
    gram = ClassOrderedGram.from_gram(np.eye(4) + 0.5, np.array([0, 0, 1, 1]))
    task = Task(gram.values, gram.diagonal, gram.class_starts, np.full((1, 2), 10.0), np.ones(4))
    path, scratch = OneVsOnePath.empty(1, 2, 4), Scratch()
    path.sources[:] = -1
    answers = Answers(path.coefficients, path.bias, path.iterations, path.converged, path.sources, path.warm)
    room = make_room(gram.class_starts, 1, scratch)
    _solve_pairs_fast(task, room, Limits(1e-3, 100, 0, PATIENCE), answers, -1, 0)
    with single_threaded_blas():
        problem = _HardProblem(_view(task, room, 0, 1, 0), 0, answers, scratch)
        problem.solve(Stopping())
        problem.take_newton_steps(1e-3)


def _smo_seconds(iterations: int, n: int) -> float:
    # As `step_seconds`, of SMO iterations (bench/bench_smo.py).
    return iterations * (1e-7 + (6e-10 if n < 3000 else 1.1e-9) * n)
