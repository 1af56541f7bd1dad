"""Sequential minimal optimization of one binary C-SVC by the shortest way to LIBSVM's stopping rule.

The problem and the working sets are those of `smo.py`; the way is not. A problem begins where one with other costs has
ended: duals are moved along the ray through them, to the minimum that its box allows. Second indices are compared in
float32 only, ties are broken as it comes, and nothing is kept that only LIBSVM's order of operations needs.
"""

from __future__ import annotations

import math

import numpy as np

from fastgrid.kernels.jit import jit, jit_borrowing, jit_inline
from fastgrid.kernels.simd import (
    LANES,
    highest_float32,
    highest_float64,
    highest_int32,
    lane_numbers,
    load_float32,
    load_float64,
    lowest_float64,
    maximum,
    minimum,
    narrow,
    select,
    splat_float32,
    splat_float64,
    splat_int32,
    store,
    widen,
)
from fastgrid.kernels.smo_state import (
    ALPHA,
    COST,
    DIAGONAL,
    DOWN_PENALTY,
    GRADIENT,
    SIGN,
    TAU,
    UP_PENALTY,
    Float32Matrix,
    Float64Matrix,
    Float64Vector,
    IntVector,
)
from fastgrid.kernels.smo_step import _set_penalties, _step

LARGEST_DIFFERENCE = np.float32(1e18)
LARGEST_CURVATURE = np.float32(3e38)
SMALLEST_CURVATURE = np.float32(TAU)


@jit_borrowing
def _optimise(
    gram: Float32Matrix, state: Float64Matrix, n: int, tolerance: float, most: int, unit_diagonal: bool
) -> tuple[int, bool]:
    # Iterations until the stopping rule holds, or `most` were made. Returns how many, and whether it holds. O(n) each.
    made = 0
    lowest, highest, first = _update(gram, 0, 0, 0.0, 0.0, state, n)
    while highest - lowest >= tolerance:
        if made >= most:
            return made, False
        second = _partner(gram, first, state, n, first, unit_diagonal)
        if second < 0:
            second = _partner_in_float64(gram, first, state, n)
        if second < 0:
            break
        made += 1
        change_first, change_second = _step(state, gram[first, second], first, second)
        lowest, highest, first = _update(gram, first, second, change_first, change_second, state, n)
    return made, True


@jit_inline
def _update(
    rows: Float32Matrix,
    row_first: int,
    row_second: int,
    change_first: float,
    change_second: float,
    state: Float64Matrix,
    extent: int,
) -> tuple[float, float, int]:
    # h += K_i dbeta_i + K_j dbeta_j; min h over beta that may grow and where it is, max h over beta that may shrink.
    width = state.shape[1]
    factor_first, factor_second = splat_float64(change_first), splat_float64(change_second)
    lowest, highest = splat_float64(math.inf), splat_float64(-math.inf)
    where = splat_int32(np.int32(0))
    for k in range(0, extent, LANES):
        change = (
            widen(load_float32(rows, row_first * rows.shape[1] + k)) * factor_first
            + widen(load_float32(rows, row_second * rows.shape[1] + k)) * factor_second
        )
        value = load_float64(state, GRADIENT * width + k) + change
        store(state, GRADIENT * width + k, value)
        up = value + load_float64(state, UP_PENALTY * width + k)
        where = select(up < lowest, splat_int32(np.int32(k)), where)
        lowest = minimum(up, lowest)
        highest = maximum(value - load_float64(state, DOWN_PENALTY * width + k), highest)
    least = lowest_float64(lowest)
    lanes = select(lowest == splat_float64(least), where + lane_numbers(), splat_int32(np.int32(-1)))
    return least, highest_float64(highest), int(highest_int32(lanes))


@jit_inline
def _partner(
    rows: Float32Matrix, row_first: int, state: Float64Matrix, extent: int, first: int, unit_diagonal: bool
) -> int:
    # argmax of (h_j - h_i)^2 / (K_ii + K_jj - 2 K_ij) over beta_j that may shrink and h_j > h_i, in float32.
    # -1 if there is none.
    width = state.shape[1]
    reference, own = splat_float64(state[GRADIENT, first]), splat_float64(state[DIAGONAL, first])
    best, where = splat_float32(np.float32(0.0)), splat_int32(np.int32(-1))
    two = splat_float32(np.float32(2.0))
    for k in range(0, extent, LANES):
        allowed = load_float64(state, GRADIENT * width + k) - load_float64(state, DOWN_PENALTY * width + k)
        difference = maximum(narrow(allowed - reference), splat_float32(np.float32(0.0)))
        difference = minimum(difference, splat_float32(LARGEST_DIFFERENCE))
        kernel = load_float32(rows, row_first * rows.shape[1] + k)
        if unit_diagonal:
            curvature = two - two * kernel
        else:
            wide = widen(kernel)
            curvature = narrow(own + load_float64(state, DIAGONAL * width + k) - (wide + wide))
            curvature = minimum(curvature, splat_float32(LARGEST_CURVATURE))
        score = difference * difference / maximum(curvature, splat_float32(SMALLEST_CURVATURE))
        where = select(score > best, splat_int32(np.int32(k)), where)
        best = maximum(score, best)
    highest = highest_float32(best)
    lanes = select(best == splat_float32(highest), where + lane_numbers(), splat_int32(np.int32(-1)))
    return int(highest_int32(lanes)) if highest > np.float32(0.0) else -1


@jit_borrowing
def _partner_in_float64(gram: Float32Matrix, first: int, state: Float64Matrix, n: int) -> int:
    # As `_partner`, where float32 holds none of the scores: kernel values near its largest number.
    best, chosen = 0.0, -1
    for k in range(n):
        difference = state[GRADIENT, k] - state[DOWN_PENALTY, k] - state[GRADIENT, first]
        curvature = state[DIAGONAL, first] + state[DIAGONAL, k] - 2.0 * gram[first, k]
        score = difference * difference / max(curvature, TAU) if difference > 0.0 else 0.0
        if score > best:
            best, chosen = score, k
    return chosen


@jit
def _begin(
    duals: Float64Matrix, gradients: Float64Matrix, run: int, scale: float, state: Float64Matrix, n: int
) -> None:
    # Signed duals and gradient of an earlier run, moved along the ray: beta = scale beta', h = scale (h' + y) - y.
    # With run < 0, from zero. Costs and signs are in `state` already.
    for k in range(n):
        sign, cost = state[SIGN, k], state[COST, k]
        if run < 0:
            state[ALPHA, k], state[GRADIENT, k] = 0.0, -sign
        else:
            alpha = scale * duals[run, k] * sign
            # What was at its C is there again, not a rounding below.
            state[ALPHA, k] = cost if alpha > cost * (1.0 - 1e-14) else max(alpha, 0.0)
            state[GRADIENT, k] = scale * (gradients[run, k] + sign) - sign
        _set_penalties(state, k)


@jit
def _ray(
    duals: Float64Matrix, gradients: Float64Matrix, run: int, state: Float64Matrix, n: int
) -> tuple[float, float, float]:
    # min over s of 1/2 s^2 beta' K beta - s y' beta such that s beta is in the box: s, the largest s that is in the
    # box, and the objective at s; the latter 0 where the ray leads nowhere.
    largest, quadratic, linear = math.inf, 0.0, 0.0
    for k in range(n):
        beta, sign = duals[run, k], state[SIGN, k]
        if beta != 0.0:
            largest = min(largest, state[COST, k] / (beta * sign))
            quadratic += beta * (gradients[run, k] + sign)
            linear += sign * beta
    if not (0.0 < largest < math.inf and quadratic > 0.0 and linear > 0.0):
        return 0.0, 1.0, 0.0
    scale = min(largest, linear / quadratic)
    return scale, largest, 0.5 * scale * scale * quadratic - scale * linear


@jit_borrowing
def _add_rows(gram: Float32Matrix, items: IntVector, factors: Float64Vector, gradient: Float64Vector) -> None:
    # gradient += sum of factor_i K_i. O(items n).
    for j in range(len(items)):
        item, factor = items[j], factors[j]
        for k in range(len(gradient)):
            gradient[k] += factor * gram[item, k]
