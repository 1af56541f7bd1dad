"""All cost vectors of all pairs of classes by `smo_fast.py`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.jit import jit
from fastgrid.kernels.smo import _has_unit_diagonal, _initialise, _rho, _solve_binary
from fastgrid.kernels.smo_fast import _begin, _optimise
from fastgrid.kernels.smo_fast_room import Pair, Room, Task, _enter, _view
from fastgrid.kernels.smo_fast_runs import _beginning, _keep, _scale_exactly
from fastgrid.kernels.smo_pairs import _ascending, _stands_for
from fastgrid.kernels.smo_state import Float64Matrix


class Limits(NamedTuple):
    """When a problem is done, as `fastgrid.solvers.Stopping` says it.

    A problem that has not been done after `patience` iterations per item is called hard.
    """

    tolerance: float
    maximum_iterations: int
    relaxations: int
    patience: int


class Answers(NamedTuple):
    """The arrays of a `fastgrid.solvers.OneVsOnePath`; a source of -1 means that there is no answer yet."""

    coefficients: npt.NDArray[np.float64]
    bias: Float64Matrix
    iterations: npt.NDArray[np.int64]
    converged: npt.NDArray[np.bool_]
    sources: npt.NDArray[np.int64]
    warm: npt.NDArray[np.bool_]


@jit
def _solve_pairs_fast(
    task: Task, room: Room, limits: Limits, answers: Answers, entered: int, wanted: int
) -> tuple[int, int, int, int]:
    # All pairs from number `wanted` on, in LIBSVM's order: (0, 1), (0, 2), ..., (1, 2), ... The room holds pair
    # `entered` already (-1: none).
    # Returns (first, second, pair, problem) of the problem that patience did not suffice for (it is in the pair's
    # state), to go on with that pair once it has an answer; -1 as the problem when all are solved.
    n_classes = len(task.starts) - 1
    index = wanted - wanted  # zero, but no literal, for which numba would compile the callees once more
    for first in range(n_classes):
        for second in range(first + 1, n_classes):
            if index >= wanted:
                pair = _view(task, room, first, second, index)
                if index != entered:
                    _enter(task, pair)
                problem = _solve_pair_fast(task.costs, pair, limits, answers)
                if problem >= 0:
                    return first, second, index, problem
                _hand_over(task, pair, answers)
            index += 1
    return -1, -1, -1, -1


@jit
def _solve_pair_fast(costs: Float64Matrix, pair: Pair, limits: Limits, answers: Answers) -> int:
    # Every cost vector, ascending; what has an answer is left alone. Returns the problem that patience did not suffice
    # for, or -1.
    n_runs = 0
    for problem in _ascending(costs, pair.first, pair.second):
        source = answers.sources[problem, pair.number]
        if source < 0:
            source = problem
            for k in range(n_runs):
                if _stands_for(costs, pair.runs[k], problem, pair.first, pair.second, pair.unbounded):
                    source = pair.runs[k]
                    break
            if source == problem and not _run(pair, problem, n_runs, limits, answers):
                return problem
            answers.sources[problem, pair.number] = source
        if source == problem:
            pair.unbounded[problem] &= answers.converged[problem, pair.number]
            pair.runs[n_runs] = problem
            n_runs += 1
    return -1


@jit
def _run(pair: Pair, problem: int, n_runs: int, limits: Limits, answers: Answers) -> bool:
    # One problem, from where an earlier one ended if that is expected to pay; False where patience did not suffice.
    n, number, state, order = len(pair.signs), pair.number, pair.state, pair.order
    run, scale = _beginning(pair, n_runs, problem)
    exactly = n_runs == 0 or pair.n_free[pair.runs[n_runs - 1]] == 0
    patience = min(max(limits.patience * n, 1000), limits.maximum_iterations)
    made, done, unit_diagonal = 0, True, False
    # Everything at its bound, and still so: the run for these costs is that one, scaled, rounding and all.
    saturated = run >= 0 and pair.n_free[run] == 0
    if saturated or not exactly:
        _initialise(pair.diagonal, pair.signs, pair.item_costs[problem], state, order)
        unit_diagonal = _has_unit_diagonal(state, n)
    if saturated:
        _scale_exactly(pair, run, scale)
        made, done = _optimise(
            pair.block, state, order, pair.allowed, pair.narrow_diagonal, limits.tolerance, patience, unit_diagonal
        )
        saturated, exactly = made == 0, False
    elif not exactly:
        _begin(pair.duals, pair.gradients, run, scale, state, n)
        made, done = _optimise(
            pair.block, state, order, pair.allowed, pair.narrow_diagonal, limits.tolerance, patience, unit_diagonal
        )
    warm = run >= 0 and not exactly
    if done and not exactly:
        _keep(pair, problem)
        answers.bias[problem, number] = -_rho(state, order)
        exactly = pair.n_free[problem] == 0 and not saturated
    answers.iterations[problem, number], answers.warm[problem, number] = made, warm
    if exactly:
        _run_exactly(pair, problem, limits, answers)
    return done


@jit
def _run_exactly(pair: Pair, problem: int, limits: Limits, answers: Answers) -> None:
    # LIBSVM's run. Without a free dual the optimum has no definite bias: LIBSVM's is the one that rounding on its way
    # gives.
    _initialise(pair.diagonal, pair.signs, pair.item_costs[problem], pair.state, pair.order)
    rho, made, converged, _ = _solve_binary(
        pair.block, pair.state, pair.compact, pair.rows, pair.order, limits.tolerance, limits.maximum_iterations,
        limits.relaxations, None,
    )  # fmt: skip
    _keep(pair, problem)
    answers.bias[problem, pair.number] = -rho
    answers.iterations[problem, pair.number] += made
    answers.converged[problem, pair.number] = converged


@jit
def _hand_over(task: Task, pair: Pair, answers: Answers) -> None:
    # The pair's duals to LIBSVM's place for them, and what is the same for problems with one answer. O(p n).
    starts, first, second = task.starts, pair.first, pair.second
    n_first = starts[first + 1] - starts[first]
    for problem in range(len(task.costs)):
        source = answers.sources[problem, pair.number]
        answers.coefficients[problem, second - 1, starts[first] : starts[first + 1]] = pair.duals[source, :n_first]
        answers.coefficients[problem, first, starts[second] : starts[second + 1]] = pair.duals[source, n_first:]
        answers.bias[problem, pair.number] = answers.bias[source, pair.number]
        answers.iterations[problem, pair.number] = answers.iterations[source, pair.number]
        answers.converged[problem, pair.number] = answers.converged[source, pair.number]
