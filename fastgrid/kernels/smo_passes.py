"""The two passes of an SMO iteration over the items of a problem, eight at a time.

Both keep, lane by lane, the best value and the number of the vector where it stood, so that no second pass looks for
the index, and the second-best value, which tells whether the choice needs a closer look. Items that may not be chosen
(at a bound, shrunk, or unused columns behind the last item) carry an infinite penalty.

LIBSVM's rule for ties is "the last one", in an order that its shrinking permutes. Here items stay where they are;
`positions` gives their place in that order, and is asked where there is a tie.

`allowed` is h of the items whose beta may shrink, in float32, and minus infinity for the others and for columns behind
the last item. It is written as the gradient is updated.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.jit import jit_borrowing, jit_inline
from fastgrid.kernels.simd import (
    LANES,
    count,
    highest_float32,
    highest_float64,
    highest_int32,
    lane_numbers,
    lane_numbers_float64,
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
    DIAGONAL,
    DOWN_PENALTY,
    GRADIENT,
    TAU,
    UP_PENALTY,
    Float32Matrix,
    Float64Matrix,
    IntVector,
)

Float32Vector = npt.NDArray[np.float32]

#: Scores of second indices are compared in float32; those within this of the best are compared again in float64. The
#: relative error of a score is below 4e-7.
NEAR = np.float32(1.0 - 2e-6)
#: Below this a float32 score may have lost digits: every candidate is compared in float64 then.
SMALLEST_SCORE = np.float32(1e-30)
#: Differences and curvatures are cut here, where their square would leave float32; what is cut ties, and is compared
#: in float64.
LARGEST_DIFFERENCE = np.float32(1e18)
LARGEST_CURVATURE = np.float32(3e38)
SMALLEST_CURVATURE = np.float32(TAU)


@jit_borrowing
def _extremes(
    state: Float64Matrix, extent: int, positions: IntVector, allowed: Float32Vector
) -> tuple[float, float, int]:
    # min h over beta that may grow, max h over beta that may shrink, and the item with that minimum, of several the
    # one with the last position; sets `allowed`. O(extent).
    width = state.shape[1]
    lowest, highest = splat_float64(math.inf), splat_float64(-math.inf)
    for k in range(0, extent, LANES):
        value = load_float64(state, GRADIENT * width + k)
        lowest = minimum(value + load_float64(state, UP_PENALTY * width + k), lowest)
        down = value - load_float64(state, DOWN_PENALTY * width + k)
        store(allowed, k, narrow(down))
        highest = maximum(down, highest)
    for k in range(extent, len(allowed)):
        allowed[k] = -math.inf
    least = lowest_float64(lowest)
    return least, highest_float64(highest), _last_lowest(state, extent, positions, least)


@jit_borrowing
def _last_lowest(state: Float64Matrix, extent: int, positions: IntVector, least: float) -> int:
    # argmax of the position over items with h + penalty = least. O(extent).
    last = 0
    latest = np.int64(-1)
    for k in range(extent):
        if state[GRADIENT, k] + state[UP_PENALTY, k] == least and positions[k] > latest:
            last, latest = k, positions[k]
    return last


@jit_inline
def _update_gradient(
    rows: Float32Matrix,
    row_first: int,
    row_second: int,
    change_first: float,
    change_second: float,
    state: Float64Matrix,
    extent: int,
    positions: IntVector,
    allowed: Float32Vector,
) -> tuple[float, float, int]:
    # h += K_i dbeta_i + K_j dbeta_j, and what `_extremes` gives and sets of the new h, in one pass. `row_*` say which
    # rows of `rows` K_i and K_j are. O(extent).
    width = state.shape[1]
    factor_first, factor_second = splat_float64(change_first), splat_float64(change_second)
    lowest, highest = splat_float64(math.inf), splat_float64(-math.inf)
    runner_up, here, step = lowest, lane_numbers_float64(), splat_float64(float(LANES))
    where = here
    for k in range(0, extent, LANES):
        change = (
            widen(load_float32(rows, row_first * rows.shape[1] + k)) * factor_first
            + widen(load_float32(rows, row_second * rows.shape[1] + k)) * factor_second
        )
        value = load_float64(state, GRADIENT * width + k) + change
        store(state, GRADIENT * width + k, value)
        up = value + load_float64(state, UP_PENALTY * width + k)
        runner_up = minimum(maximum(up, lowest), runner_up)
        where = select(up < lowest, here, where)
        lowest = minimum(up, lowest)
        down = value - load_float64(state, DOWN_PENALTY * width + k)
        store(allowed, k, narrow(down))
        highest = maximum(down, highest)
        here = here + step
    least = lowest_float64(lowest)
    chosen = lowest == splat_float64(least)
    if count(chosen) > 1 or lowest_float64(runner_up) == least:
        first = _last_lowest(state, extent, positions, least)
    else:
        first = int(highest_float64(select(chosen, where, splat_float64(-1.0))))
    return least, highest_float64(highest), first


@jit_inline
def _second(
    rows: Float32Matrix,
    row_first: int,
    state: Float64Matrix,
    extent: int,
    positions: IntVector,
    first: int,
    unit_diagonal: bool,
) -> int:
    # argmax of (h_j - h_i)^2 / (K_ii + K_jj - 2 K_ij) over beta_j that may shrink and h_j > h_i; the last of equals.
    # Scores in float32; where several are near the best, those again in float64. -1 if there is none. O(extent).
    width = state.shape[1]
    reference, own = splat_float64(state[GRADIENT, first]), splat_float64(state[DIAGONAL, first])
    best, runner_up = splat_float32(np.float32(0.0)), splat_float32(np.float32(0.0))
    where = splat_int32(np.int32(0))
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
        runner_up = maximum(minimum(score, best), runner_up)
        where = select(score >= best, splat_int32(np.int32(k)), where)
        best = maximum(score, best)
    highest = highest_float32(best)
    threshold = highest * NEAR if highest > SMALLEST_SCORE else np.float32(0.0)
    near = best >= splat_float32(threshold)
    if count(near) > 1 or highest_float32(runner_up) >= threshold:
        return _second_exactly(rows, row_first, state, extent, positions, first, threshold)
    return int(highest_int32(select(near, where + lane_numbers(), splat_int32(np.int32(-1)))))


@jit_borrowing
def _second_exactly(
    rows: Float32Matrix,
    row_first: int,
    state: Float64Matrix,
    extent: int,
    positions: IntVector,
    first: int,
    threshold: np.float32,
) -> int:
    # The choice of `_second` in float64, among items whose gain is near `threshold` or above. O(extent).
    reference, own = state[GRADIENT, first], state[DIAGONAL, first]
    chosen, highest = -1, -math.inf
    least = np.float64(threshold) * 0.9999
    for k in range(extent):
        difference = (state[GRADIENT, k] - state[DOWN_PENALTY, k]) - reference
        if difference > 0.0:
            curvature = own + state[DIAGONAL, k] - 2.0 * rows[row_first, k]
            curvature = curvature if curvature > 0.0 else TAU
            # Without the division most items are told to be far from the best.
            if difference * difference >= least * curvature:
                gain = difference * difference / curvature
                if gain > highest or (gain == highest and positions[k] > positions[chosen]):
                    chosen, highest = k, gain
    return chosen
