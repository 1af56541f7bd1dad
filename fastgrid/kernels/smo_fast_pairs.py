"""All cost vectors of one pair of classes by `smo_fast.py`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.jit import jit
from fastgrid.kernels.smo import _has_unit_diagonal, _initialise, _rho, _solve_binary
from fastgrid.kernels.smo_fast import _begin, _optimise, _ray
from fastgrid.kernels.smo_pairs import _ascending, _stands_for
from fastgrid.kernels.smo_state import (
    ALPHA,
    COST,
    GRADIENT,
    SIGN,
    Float32Matrix,
    Float64Matrix,
    Float64Vector,
    IntVector,
)
from fastgrid.kernels.smo_step import _set_penalties

BoolVector = npt.NDArray[np.bool_]

#: Earlier runs that are considered as beginnings.
CANDIDATES = 4
#: Where a run can be scaled this near to the new costs, almost everything at a bound stays there.
NEARLY_ALL = 0.999
#: Or this share of its support vectors is free. Else beginning anew takes fewer iterations: most of what is at a bound
#: has to leave it. Both measured on digits, synthetic and overlapping data.
FREE_SHARE = 0.2


@jit
def _solve_pair_fast(
    block: Float32Matrix,
    diagonal: Float64Vector,
    item_costs: Float64Matrix,
    costs: Float64Matrix,
    first: int,
    second: int,
    signs: Float64Vector,
    tolerance: float,
    patience: int,
    state: Float64Matrix,
    compact: Float64Matrix,
    rows: Float32Matrix,
    duals: Float64Matrix,
    gradients: Float64Matrix,
    rho: Float64Vector,
    iterations: IntVector,
    sources: IntVector,
    begun: IntVector,
    converged: BoolVector,
    maximum_iterations: int,
    relaxations: int,
) -> int:
    # Every cost vector, ascending; `item_costs` holds C of each item (p, n). duals (signed), gradients, rho and
    # iterations are set where sources[problem] = problem, else sources names the problem with the same answer, or is -1
    # where there is none yet; what has one is left alone. `begun` names the run that a problem began from, or -1;
    # `converged` says whether the stopping rule holds.
    # Returns the problem that `patience` iterations did not solve (it is in `state`), or -1 when all are solved.
    n = len(diagonal)
    order = np.empty(n, dtype=np.int64)
    runs = np.empty(len(costs), dtype=np.int64)
    unbounded = np.zeros(len(costs), dtype=np.bool_)
    n_runs = 0
    for problem in _ascending(costs, first, second):
        if sources[problem] == problem:
            unbounded[problem] = converged[problem] and _is_unbounded(duals, item_costs, problem)
            runs[n_runs] = problem
            n_runs += 1
            continue
        for k in range(n_runs):
            if _stands_for(costs, runs[k], problem, first, second, unbounded):
                sources[problem] = runs[k]
                break
        if sources[problem] >= 0:
            continue
        _initialise(diagonal, signs, item_costs[problem], state, order)
        run, scale = _beginning(duals, gradients, item_costs, runs, n_runs, state, n)
        exactly = n_runs == 0 or _free(duals, item_costs, runs[n_runs - 1]) == 0
        iterations[problem] = 0
        if run >= 0 and _free(duals, item_costs, run) == 0:
            # Everything at its bound, and still so: the run for these costs is that one, scaled, rounding and all.
            _scale_exactly(duals, gradients, item_costs, run, scale, state, n)
            made, _ = _optimise(block, state, order, tolerance, 1, _has_unit_diagonal(state, n))
            exactly = made > 0
            if not exactly:
                begun[problem] = run
                _keep(state, order, duals, gradients, rho, problem)
            _initialise(diagonal, signs, item_costs[problem], state, order)
        elif not exactly:
            _begin(duals, gradients, run, scale, state, n)
            made, done = _optimise(block, state, order, tolerance, patience, _has_unit_diagonal(state, n))
            iterations[problem], begun[problem] = made, run
            if not done:
                return problem
            _keep(state, order, duals, gradients, rho, problem)
            exactly = _free(duals, item_costs, problem) == 0
        if exactly:
            # Without a free dual the optimum has no definite bias: LIBSVM's is the one that rounding on its way gives.
            _initialise(diagonal, signs, item_costs[problem], state, order)
            rho_found, made, converged[problem], _ = _solve_binary(
                block, state, compact, rows, order, tolerance, maximum_iterations, relaxations, None
            )
            iterations[problem] += made
            _keep(state, order, duals, gradients, rho, problem)
            rho[problem] = rho_found
        sources[problem] = problem
        unbounded[problem] = converged[problem] and _is_unbounded(duals, item_costs, problem)
        runs[n_runs] = problem
        n_runs += 1
    return -1


@jit
def _beginning(
    duals: Float64Matrix,
    gradients: Float64Matrix,
    item_costs: Float64Matrix,
    runs: IntVector,
    n_runs: int,
    state: Float64Matrix,
    n: int,
) -> tuple[int, float]:
    # The earlier run with the lowest objective on its ray, and its scale, if beginning there is expected to pay.
    best, chosen, factor, limit = 0.0, -1, 0.0, 1.0
    for k in range(max(0, n_runs - CANDIDATES), n_runs):
        scale, largest, objective = _ray(duals, gradients, runs[k], state, n)
        if objective < best:
            best, chosen, factor, limit = objective, runs[k], scale, largest
    if chosen < 0 or factor >= NEARLY_ALL * limit:
        return chosen, factor
    support = 0
    for k in range(n):
        support += duals[chosen, k] != 0.0
    return (chosen, factor) if _free(duals, item_costs, chosen) >= FREE_SHARE * support else (-1, 0.0)


@jit
def _scale_exactly(
    duals: Float64Matrix,
    gradients: Float64Matrix,
    item_costs: Float64Matrix,
    run: int,
    scale: float,
    state: Float64Matrix,
    n: int,
) -> None:
    # As `_begin`, but what rounding left below its C stays below it.
    for k in range(n):
        alpha, cost = scale * abs(duals[run, k]), state[COST, k]
        bounded = abs(duals[run, k]) >= item_costs[run, k] and alpha > cost * (1.0 - 1e-14)
        state[ALPHA, k] = cost if bounded else min(alpha, cost)
        state[GRADIENT, k] = scale * (gradients[run, k] + state[SIGN, k]) - state[SIGN, k]
        _set_penalties(state, k)


@jit
def _free(duals: Float64Matrix, item_costs: Float64Matrix, problem: int) -> int:
    # How many duals are between 0 and their C by more than rounding.
    free = 0
    for k in range(duals.shape[1]):
        cost = item_costs[problem, k]
        free += 1e-9 * cost < abs(duals[problem, k]) < (1.0 - 1e-9) * cost
    return free


@jit
def _is_unbounded(duals: Float64Matrix, item_costs: Float64Matrix, problem: int) -> bool:
    # Whether no dual is at its C: then the solution is one for all larger costs.
    unbounded = True
    for k in range(duals.shape[1]):
        unbounded &= abs(duals[problem, k]) < item_costs[problem, k]
    return unbounded


@jit
def _keep(
    state: Float64Matrix,
    order: IntVector,
    duals: Float64Matrix,
    gradients: Float64Matrix,
    rho: Float64Vector,
    problem: int,
) -> None:
    # Signed duals, gradient and rho of what `state` holds.
    for k in range(len(order)):
        duals[problem, k] = state[ALPHA, k] * state[SIGN, k]
        gradients[problem, k] = state[GRADIENT, k]
    rho[problem] = _rho(state, order)
