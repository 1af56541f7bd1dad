"""The problems of a pair that `smo_fast_pairs.py` has run, and which of them another one begins from."""

from __future__ import annotations

import math

from fastgrid.kernels.jit import jit_borrowing
from fastgrid.kernels.smo_fast_room import Pair
from fastgrid.kernels.smo_state import ALPHA, COST, GRADIENT, SIGN
from fastgrid.kernels.smo_step import _set_penalties

# Rows of a pair's `measures`.
QUADRATIC = 0
LINEAR = 1
LARGEST_OF_FIRST = 2
LARGEST_OF_SECOND = 3

#: Earlier runs that are considered as beginnings.
CANDIDATES = 4
#: Where a run can be scaled this near to the new costs, almost everything at a bound stays there.
NEARLY_ALL = 0.999
#: Or this share of its support vectors is free. Else beginning anew takes fewer iterations: most of what is at a bound
#: has to leave it. Both measured on digits, synthetic and overlapping data.
FREE_SHARE = 0.2


@jit_borrowing
def _ray(pair: Pair, run: int, problem: int) -> tuple[float, float, float]:
    # min over s of 1/2 s^2 beta' K beta - s y' beta such that s beta is in the box of `problem`: s, the largest s that
    # is in the box, and the objective at s; the latter 0 where the ray leads nowhere.
    measures, costs = pair.measures, pair.costs
    quadratic, linear = measures[QUADRATIC, run], measures[LINEAR, run]
    largest = math.inf
    if measures[LARGEST_OF_FIRST, run] > 0.0:
        largest = costs[problem, pair.first] / measures[LARGEST_OF_FIRST, run]
    if measures[LARGEST_OF_SECOND, run] > 0.0:
        largest = min(largest, costs[problem, pair.second] / measures[LARGEST_OF_SECOND, run])
    if not (0.0 < largest < math.inf and quadratic > 0.0 and linear > 0.0):
        return 0.0, 1.0, 0.0
    scale = min(largest, linear / quadratic)
    return scale, largest, 0.5 * scale * scale * quadratic - scale * linear


@jit_borrowing
def _beginning(pair: Pair, n_runs: int, problem: int) -> tuple[int, float]:
    # The earlier run with the lowest objective on its ray, and its scale, if beginning there is expected to pay.
    best, chosen, factor, limit = 0.0, -1, 0.0, 1.0
    for k in range(max(0, n_runs - CANDIDATES), n_runs):
        scale, largest, objective = _ray(pair, pair.runs[k], problem)
        if objective < best:
            best, chosen, factor, limit = objective, pair.runs[k], scale, largest
    if chosen < 0 or factor >= NEARLY_ALL * limit:
        return chosen, factor
    return (chosen, factor) if pair.n_free[chosen] >= FREE_SHARE * pair.n_support[chosen] else (-1, 0.0)


@jit_borrowing
def _scale_exactly(pair: Pair, run: int, scale: float) -> None:
    # As `_begin`, but what rounding left below its C stays below it.
    state = pair.state
    for k in range(len(pair.signs)):
        dual, cost = abs(pair.duals[run, k]), state[COST, k]
        alpha = scale * dual
        bounded = dual >= pair.item_costs[run, k] and alpha > cost * (1.0 - 1e-14)
        state[ALPHA, k] = cost if bounded else min(alpha, cost)
        state[GRADIENT, k] = scale * (pair.gradients[run, k] + state[SIGN, k]) - state[SIGN, k]
        _set_penalties(state, k)


@jit_borrowing
def _keep(pair: Pair, problem: int) -> None:
    # The run whose end is in the pair's state. `n_free` counts the duals between 0 and their C by more than rounding.
    # Measures: beta' K beta, y' beta, and the largest dual of each class over its weight.
    state, n_free, n_support, unbounded = pair.state, 0, 0, True
    quadratic, linear, largest_of_first, largest_of_second = 0.0, 0.0, 0.0, 0.0
    for k in range(len(pair.signs)):
        alpha, cost, sign = state[ALPHA, k], state[COST, k], state[SIGN, k]
        beta = alpha * sign
        pair.duals[problem, k] = beta
        pair.gradients[problem, k] = state[GRADIENT, k]
        n_free += 1e-9 * cost < alpha < (1.0 - 1e-9) * cost
        n_support += alpha != 0.0
        unbounded &= alpha < cost
        quadratic += beta * (state[GRADIENT, k] + sign)
        linear += alpha
        if sign > 0.0:
            largest_of_first = max(largest_of_first, alpha / pair.weights[k])
        else:
            largest_of_second = max(largest_of_second, alpha / pair.weights[k])
    pair.n_free[problem], pair.n_support[problem], pair.unbounded[problem] = n_free, n_support, unbounded
    pair.measures[QUADRATIC, problem], pair.measures[LINEAR, problem] = quadratic, linear
    pair.measures[LARGEST_OF_FIRST, problem] = largest_of_first
    pair.measures[LARGEST_OF_SECOND, problem] = largest_of_second
