"""The second index of a working set from float32 gradients (`allowed` of `smo_passes.py`), sixteen items at a time.

For RBF kernels, whose curvatures 2 - 2 K_ij float32 gives as well.
"""

from __future__ import annotations

import math

import numpy as np

from fastgrid.kernels.jit import jit_inline
from fastgrid.kernels.simd import (
    WIDE_LANES,
    count,
    highest_float32_wide,
    highest_int32_wide,
    lane_numbers_wide,
    load_float32_wide,
    maximum,
    minimum,
    select,
    splat_float32_wide,
    splat_int32_wide,
)
from fastgrid.kernels.smo_passes import SMALLEST_CURVATURE, SMALLEST_SCORE, Float32Vector, _second
from fastgrid.kernels.smo_state import DOWN_PENALTY, GRADIENT, TAU, Float32Matrix, Float64Matrix, IntVector

#: A difference of two float32 gradients is off by this, times the larger of them, at most (2^-23 and a bit), and by a
#: rounding of its own.
ROUNDING = 1.25e-7
#: Where the gap between the extremes is a smaller part than this of the larger one, float32 would often not tell.
COARSE = 2e-4
#: The square of differences has to stay in float32.
LARGEST_GAP = 1e15
#: Other roundings of a score, 4e-7, and more.
NEAR = 1.0 - 2e-6


@jit_inline
def _second_by_float32(
    rows: Float32Matrix,
    row_first: int,
    state: Float64Matrix,
    extent: int,
    positions: IntVector,
    first: int,
    unit_diagonal: bool,
    allowed: Float32Vector,
    lowest: float,
    highest: float,
) -> int:
    # The choice of `_second`, h_i being `lowest`, the lowest of all. O(extent).
    size = max(abs(lowest), abs(highest))
    if unit_diagonal and COARSE * size < highest - lowest < LARGEST_GAP:
        second = _certain_second(rows, row_first, state, extent, first, allowed, lowest, ROUNDING * size)
        if second >= 0:
            return second
    return _second(rows, row_first, state, extent, positions, first, unit_diagonal)


@jit_inline
def _certain_second(
    rows: Float32Matrix,
    row_first: int,
    state: Float64Matrix,
    extent: int,
    first: int,
    allowed: Float32Vector,
    lowest: float,
    error: float,
) -> int:
    # The item with the largest (h_j - h_i)^2 / (2 - 2 K_ij) if float32 leaves no doubt, else -1. Scores are those of
    # differences that are larger by their error; an item is the best one if its score in float64 is above all others.
    allowed[first] = -math.inf  # no pair of its own; the next update writes it anew
    reference, nothing = splat_float32_wide(np.float32(lowest - error)), splat_float32_wide(np.float32(0.0))
    two, smallest = splat_float32_wide(np.float32(2.0)), splat_float32_wide(SMALLEST_CURVATURE)
    best, runner_up, where = nothing, nothing, splat_int32_wide(np.int32(-WIDE_LANES))
    for k in range(0, extent, WIDE_LANES):
        difference = maximum(load_float32_wide(allowed, k) - reference, nothing)
        curvature = two - two * load_float32_wide(rows, row_first * rows.shape[1] + k)
        score = difference * difference / maximum(curvature, smallest)
        runner_up = maximum(minimum(score, best), runner_up)
        where = select(score > best, splat_int32_wide(np.int32(k)), where)
        best = maximum(score, best)
    chosen = best == splat_float32_wide(highest_float32_wide(best))
    second = int(highest_int32_wide(select(chosen, where + lane_numbers_wide(), splat_int32_wide(np.int32(-1)))))
    if second < 0:
        return -1
    distance = (state[GRADIENT, second] - state[DOWN_PENALTY, second]) - lowest
    threshold = np.float32(NEAR * distance * distance / max(2.0 - 2.0 * rows[row_first, second], TAU))
    certain = distance > 0.0 and threshold > SMALLEST_SCORE and highest_float32_wide(runner_up) < threshold
    return second if certain and count(best >= splat_float32_wide(threshold)) == 1 else -1
