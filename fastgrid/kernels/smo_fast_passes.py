"""The two passes of an SMO iteration for which any choice among near equals will do; see `smo_passes.py`.

The second index is chosen from float32 gradients (`allowed` of `smo_passes.py`) without asking whether float32 can tell
the best from the next.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastgrid.kernels.jit import jit_inline
from fastgrid.kernels.simd import (
    LANES,
    WIDE_LANES,
    highest_float32_wide,
    highest_float64,
    highest_int32_wide,
    lane_numbers_float64,
    lane_numbers_wide,
    load_float32,
    load_float32_wide,
    load_float64,
    lowest_float64,
    maximum,
    minimum,
    narrow,
    select,
    splat_float32_wide,
    splat_float64,
    splat_int32_wide,
    store,
    widen,
)
from fastgrid.kernels.smo_passes import LARGEST_CURVATURE, SMALLEST_CURVATURE, Float32Vector
from fastgrid.kernels.smo_state import DOWN_PENALTY, GRADIENT, UP_PENALTY, Float32Matrix, Float64Matrix

#: Of K_ii: about what K_ii + K_jj - 2 K_ij loses in float32.
ROUNDING_OF_CURVATURE = np.float32(2.4e-7)


@jit_inline
def _update(
    gram: Float32Matrix,
    first: int,
    second: int,
    change_first: float,
    change_second: float,
    state: Float64Matrix,
    extent: int,
    allowed: Float32Vector,
) -> tuple[float, float, int]:
    # h += K_i dbeta_i + K_j dbeta_j, and what `_extremes` gives and sets of the new h. O(extent).
    width = state.shape[1]
    factor_first, factor_second = splat_float64(change_first), splat_float64(change_second)
    lowest, highest = splat_float64(math.inf), splat_float64(-math.inf)
    here, step = lane_numbers_float64(), splat_float64(float(LANES))
    where = here
    for k in range(0, extent, LANES):
        change = (
            widen(load_float32(gram, first * gram.shape[1] + k)) * factor_first
            + widen(load_float32(gram, second * gram.shape[1] + k)) * factor_second
        )
        value = load_float64(state, GRADIENT * width + k) + change
        store(state, GRADIENT * width + k, value)
        up = value + load_float64(state, UP_PENALTY * width + k)
        where = select(up < lowest, here, where)
        lowest = minimum(up, lowest)
        down = value - load_float64(state, DOWN_PENALTY * width + k)
        store(allowed, k, narrow(down))
        highest = maximum(down, highest)
        here = here + step
    least = lowest_float64(lowest)
    chosen = lowest == splat_float64(least)
    item = int(highest_float64(select(chosen, where, splat_float64(-1.0))))
    return least, highest_float64(highest), item


@jit_inline
def _partner(
    gram: Float32Matrix,
    first: int,
    state: Float64Matrix,
    extent: int,
    allowed: Float32Vector,
    diagonal: Float32Vector,
    unit_diagonal: bool,
) -> int:
    # An item with about the largest (h_j - h_i)^2 / (K_ii + K_jj - 2 K_ij) of those whose beta may shrink and
    # h_j > h_i; -1 or less if float32 shows none. `diagonal` is K_jj in float32. O(extent).
    reference = np.float32(state[GRADIENT, first])
    if unit_diagonal:
        return _partner_of_unit(gram, first, reference, extent, allowed)
    return _partner_of_any(gram, first, reference, extent, allowed, diagonal)


@jit_inline
def _partner_of_any(
    gram: Float32Matrix,
    first: int,
    reference: np.float32,
    extent: int,
    allowed: Float32Vector,
    diagonal: Float32Vector,
) -> int:
    # `_partner` for any diagonal. A curvature below the rounding of its terms says nothing but that it is small: it
    # counts as that rounding, or items that are nearly equal would be chosen again and again.
    references, nothing = splat_float32_wide(reference), splat_float32_wide(np.float32(0.0))
    own, largest = splat_float32_wide(diagonal[first]), splat_float32_wide(LARGEST_CURVATURE)
    smallest = splat_float32_wide(max(SMALLEST_CURVATURE, ROUNDING_OF_CURVATURE * diagonal[first]))
    best, where = nothing, splat_int32_wide(np.int32(-WIDE_LANES))
    for k in range(0, extent, WIDE_LANES):
        difference = maximum(load_float32_wide(allowed, k) - references, nothing)
        kernel = load_float32_wide(gram, first * gram.shape[1] + k)
        curvature = own + load_float32_wide(diagonal, k) - (kernel + kernel)
        score = difference * difference / maximum(minimum(curvature, largest), smallest)
        where = select(score > best, splat_int32_wide(np.int32(k)), where)
        best = maximum(score, best)
    return _place_of_best(best, where)


@jit_inline
def _partner_of_unit(
    gram: Float32Matrix, first: int, reference: np.float32, extent: int, allowed: Float32Vector
) -> int:
    # `_partner` where K_ii = 1: curvatures are 2 - 2 K_ij, in float32 too.
    references, nothing = splat_float32_wide(reference), splat_float32_wide(np.float32(0.0))
    two, smallest = splat_float32_wide(np.float32(2.0)), splat_float32_wide(SMALLEST_CURVATURE)
    best, where = nothing, splat_int32_wide(np.int32(-WIDE_LANES))
    for k in range(0, extent, WIDE_LANES):
        difference = maximum(load_float32_wide(allowed, k) - references, nothing)
        curvature = two - two * load_float32_wide(gram, first * gram.shape[1] + k)
        score = difference * difference / maximum(curvature, smallest)
        where = select(score > best, splat_int32_wide(np.int32(k)), where)
        best = maximum(score, best)
    return _place_of_best(best, where)


@jit_inline
def _place_of_best(best: Any, where: Any) -> int:
    # The item of the best score: `where` holds the number of the vector in which each lane's best one stood.
    chosen = best == splat_float32_wide(highest_float32_wide(best))
    return int(highest_int32_wide(select(chosen, where + lane_numbers_wide(), splat_int32_wide(np.int32(-1)))))
