"""The scalar part of an SMO iteration: two duals move to the minimum on their line, within their box."""

from __future__ import annotations

import math

from fastgrid.kernels.jit import jit_inline
from fastgrid.kernels.smo_state import (
    ALPHA,
    COST,
    DIAGONAL,
    DOWN_PENALTY,
    GRADIENT,
    SIGN,
    TAU,
    UP_PENALTY,
    Float64Matrix,
)


@jit_inline
def _step(state: Float64Matrix, kernel: float, first: int, second: int) -> tuple[float, float]:
    # Moves the two duals and sets their penalties; returns the changes of the signed duals.
    old_first, old_second = state[ALPHA, first], state[ALPHA, second]
    cost_first, cost_second = state[COST, first], state[COST, second]
    sign_first, sign_second = state[SIGN, first], state[SIGN, second]
    curvature = state[DIAGONAL, first] + state[DIAGONAL, second] - 2.0 * kernel
    if curvature <= 0.0:
        curvature = TAU
    step = sign_first * ((state[GRADIENT, second] - state[GRADIENT, first]) / curvature)
    if sign_first != sign_second:
        new_first, new_second = _move_together(old_first, old_second, step, cost_first, cost_second)
    else:
        new_first, new_second = _move_apart(old_first, old_second, step, cost_first, cost_second)
    state[ALPHA, first], state[ALPHA, second] = new_first, new_second
    _set_penalties(state, first)
    _set_penalties(state, second)
    return (new_first - old_first) * sign_first, (new_second - old_second) * sign_second


@jit_inline
def _move_together(
    first: float, second: float, step: float, cost_first: float, cost_second: float
) -> tuple[float, float]:
    # Labels differ: both duals grow by the step; their difference stays.
    difference = first - second
    first += step
    second += step
    if difference > 0.0:
        if second < 0.0:
            first, second = difference, 0.0
    elif first < 0.0:
        first, second = 0.0, -difference
    if difference > cost_first - cost_second:
        if first > cost_first:
            first, second = cost_first, cost_first - difference
    elif second > cost_second:
        first, second = cost_second + difference, cost_second
    return first, second


@jit_inline
def _move_apart(first: float, second: float, step: float, cost_first: float, cost_second: float) -> tuple[float, float]:
    # Labels agree: the first dual grows by the step, the second shrinks; their sum stays.
    total = first + second
    first += step
    second -= step
    if total > cost_first:
        if first > cost_first:
            first, second = cost_first, total - cost_first
    elif second < 0.0:
        first, second = total, 0.0
    if total > cost_second:
        if second > cost_second:
            first, second = total - cost_second, cost_second
    elif first < 0.0:
        first, second = 0.0, total
    return first, second


@jit_inline
def _set_penalties(state: Float64Matrix, k: int) -> None:
    # From the dual of an active item.
    alpha, cost = state[ALPHA, k], state[COST, k]
    may_grow, may_fall = alpha < cost, alpha > 0.0
    positive = state[SIGN, k] > 0.0
    state[UP_PENALTY, k] = 0.0 if (may_grow if positive else may_fall) else math.inf
    state[DOWN_PENALTY, k] = 0.0 if (may_fall if positive else may_grow) else math.inf


@jit_inline
def _is_free(state: Float64Matrix, k: int) -> bool:
    # Strictly between 0 and C.
    return 0.0 < state[ALPHA, k] < state[COST, k]


@jit_inline
def _is_at_cost(state: Float64Matrix, k: int) -> bool:
    return state[ALPHA, k] >= state[COST, k]
