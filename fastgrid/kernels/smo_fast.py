"""Sequential minimal optimization of one binary C-SVC by the shortest way to LIBSVM's stopping rule.

The problem and the working sets are those of `smo.py`; the way is not. A problem begins where one with other costs has
ended: duals are moved along the ray through them, to the minimum that its box allows. Nothing is shrunk, and nothing is
kept that only LIBSVM's order of operations needs.
"""

from __future__ import annotations

from fastgrid.kernels.jit import jit_borrowing
from fastgrid.kernels.smo_fast_passes import _partner, _update
from fastgrid.kernels.smo_passes import Float32Vector, _extremes, _second
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
from fastgrid.kernels.smo_step import _set_penalties, _step

#: Second indices are chosen from float32 gradients where the rounding of these is a small part of the gap between the
#: extremes: this, times the larger of them, is eight roundings.
COARSE = 1e-6
#: The square of differences has to stay in float32.
LARGEST_GAP = 1e15


@jit_borrowing
def _optimise(
    gram: Float32Matrix,
    state: Float64Matrix,
    positions: IntVector,
    allowed: Float32Vector,
    narrow_diagonal: Float32Vector,
    tolerance: float,
    most: int,
    unit_diagonal: bool,
) -> tuple[int, bool]:
    # Iterations until the stopping rule holds, or `most` were made. `allowed` is workspace for a number per column;
    # `positions` decides between equals where float32 does not do. `narrow_diagonal` is K_ii in float32.
    # Returns how many were made, and whether the rule holds. O(n) each.
    n, made = len(positions), 0
    lowest, highest, first = _extremes(state, n, positions, allowed)
    while highest - lowest >= tolerance:
        if made >= most:
            return made, False
        second = -1
        if max(abs(lowest), abs(highest)) * COARSE < highest - lowest < LARGEST_GAP:
            second = _partner(gram, first, state, n, allowed, narrow_diagonal, unit_diagonal)
        if second < 0 or state[GRADIENT, second] <= state[GRADIENT, first]:
            second = _second(gram, first, state, n, positions, first, unit_diagonal)
            if second < 0:
                break
        made += 1
        change_first, change_second = _step(state, gram[first, second], first, second)
        lowest, highest, first = _update(gram, first, second, change_first, change_second, state, n, allowed)
    return made, True


@jit_borrowing
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


@jit_borrowing
def _add_rows(gram: Float32Matrix, items: IntVector, factors: Float64Vector, gradient: Float64Vector) -> None:
    # gradient += sum of factor_i K_i. O(items n).
    for j in range(len(items)):
        item, factor = items[j], factors[j]
        for k in range(len(gradient)):
            gradient[k] += factor * gram[item, k]


@jit_borrowing
def _fill_system(gram: Float32Matrix, items: IntVector, ridge: float, out: Float64Matrix) -> None:
    # The upper triangle of K_ij + ridge delta_ij between `items`. O(items^2).
    n = len(items)
    for i in range(n):
        item = items[i]
        for j in range(i, n):
            out[i, j] = gram[item, items[j]]
        out[i, i] += ridge
