"""Sequential minimal optimization of one binary C-SVC, with LIBSVM's iterates.

The problem, in signed duals beta_i = y_i alpha_i and with the signed gradient h = K beta - y:

    minimise 1/2 beta' K beta - y' beta   s.t.  sum beta = 0,  beta_i y_i in [0, C_i]

Working sets by second-order information (Fan, Chen & Lin 2005), shrinking and gradient reconstruction as described in
Chang & Lin 2011 ("LIBSVM: a library for support vector machines", sections 4 and 5). Initial point, tie rules, order
of floating-point operations, float32 kernel values and float64 everything else are LIBSVM's, so that alphas, bias and
iteration counts are the same bit for bit where the kernel values are. What differs is the work per iteration:

* no label appears in the inner loops (signed form), so they are branch-free and vectorise;
* bounds enter as penalties (0 or infinity) that are added before a minimum is taken;
* the second index is chosen from float32 scores; only those within rounding of the best are compared in float64;
* rows keep their original order in memory; a row is brought into the shrunk order once per shrinking, when needed.

A problem's state is a few arrays of length n (one row of `state` each, see the constants) in the current order.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.extrema import larger, smaller
from fastgrid.kernels.jit import jit, jit_inline

Float32Matrix = npt.NDArray[np.float32]
Float32Vector = npt.NDArray[np.float32]
Float64Vector = npt.NDArray[np.float64]
Float64Matrix = npt.NDArray[np.float64]
IntVector = npt.NDArray[np.int64]
#: Unsigned, so that indexing needs no look at the sign; 32 bits, so that twice as many fit a vector register.
OrderVector = npt.NDArray[np.uint32]

# Rows of `state`.
ALPHA = 0  # duals, unsigned
GRADIENT = 1  # h
UP_PENALTY = 2  # 0 where beta may grow, else infinity
DOWN_PENALTY = 3  # 0 where beta may shrink, else infinity
DIAGONAL = 4  # K_ii
COST = 5  # C_i
SIGN = 6  # y_i
BOUND_GRADIENT = 7  # part of K beta that comes from duals at C; in the ORIGINAL order
STATE_ROWS = 8

#: LIBSVM's stand-in for a curvature that is not positive.
TAU = 1e-12


@jit
def _solve_binary(
    gram: Float32Matrix,
    state: Float64Matrix,
    order: OrderVector,
    rows: Float32Matrix,
    row_epochs: IntVector,
    tolerance: float,
    maximum_iterations: int,
    shrinking: bool,
) -> tuple[float, int, bool, bool]:
    # Solves one problem; duals are left in state[ALPHA] at positions given by `order`.
    # Returns rho, iterations, whether it converged, whether any dual ever was at its C. O(n) per iteration.
    n = gram.shape[0]
    active, counter, iterations, epoch = n, min(n, 1000) + 1, 0, 0
    unshrunk, clipped, converged = False, False, False
    scores = np.empty(n, dtype=np.float32)
    lowest, highest = _extremes(state, active)
    ordered = gram  # as long as nothing was shrunk
    while iterations < maximum_iterations:
        counter -= 1
        if counter == 0:
            counter = min(n, 1000)
            if shrinking:
                active, epoch, unshrunk = _shrink(gram, state, order, active, epoch, unshrunk, tolerance)
                lowest, highest = _extremes(state, active)
                ordered = gram if epoch == 0 else rows
        first = _first(state, active, lowest)
        row_first = _bring_row(gram, order, rows, row_epochs, epoch, active, first)
        second = _second(ordered, row_first, state, active, first, scores) if highest - lowest >= tolerance else -1
        if second < 0:
            if active == n:
                converged = True
                break
            # Optimal on the active duals: look at all of them, and shrink again one iteration later.
            _reconstruct_gradient(gram, state, order, active)
            active, epoch, counter, ordered = n, epoch + 1, 2, rows
            lowest, highest = _extremes(state, active)
            continue
        iterations += 1
        row_second = _bring_row(gram, order, rows, row_epochs, epoch, active, second)
        change_first, change_second, hit = _step(gram, state, order, ordered[row_first, second], first, second)
        clipped = clipped or hit
        lowest, highest = _update_gradient(ordered, row_first, row_second, change_first, change_second, state, active)
    if active < n:
        _reconstruct_gradient(gram, state, order, active)
    return _rho(state), iterations, converged, clipped


@jit
def _initialise(diagonal: Float64Vector, signs: Float64Vector, costs: Float64Vector, state: Float64Matrix) -> None:
    # alpha = 0, so h = -y; nothing is at its C.
    for i in range(len(signs)):
        state[ALPHA, i] = 0.0
        state[GRADIENT, i] = -signs[i]
        state[UP_PENALTY, i] = 0.0 if signs[i] > 0.0 else math.inf
        state[DOWN_PENALTY, i] = math.inf if signs[i] > 0.0 else 0.0
        state[DIAGONAL, i] = diagonal[i]
        state[COST, i] = costs[i]
        state[SIGN, i] = signs[i]
        state[BOUND_GRADIENT, i] = 0.0


@jit
def _extremes(state: Float64Matrix, active: int) -> tuple[float, float]:
    # min h over beta that may grow, max h over beta that may shrink. O(active).
    lowest, highest = math.inf, -math.inf
    for k in range(active):
        lowest = smaller(lowest, state[GRADIENT, k] + state[UP_PENALTY, k])
        highest = larger(highest, state[GRADIENT, k] - state[DOWN_PENALTY, k])
    return lowest, highest


@jit_inline
def _update_gradient(
    ordered: Float32Matrix,
    row_first: int,
    row_second: int,
    change_first: float,
    change_second: float,
    state: Float64Matrix,
    active: int,
) -> tuple[float, float]:
    # h += K_i dbeta_i + K_j dbeta_j, and the extremes of the new h in the same pass. O(active).
    lowest, highest = math.inf, -math.inf
    for k in range(active):
        value = state[GRADIENT, k] + (ordered[row_first, k] * change_first + ordered[row_second, k] * change_second)
        state[GRADIENT, k] = value
        lowest = smaller(lowest, value + state[UP_PENALTY, k])
        highest = larger(highest, value - state[DOWN_PENALTY, k])
    return lowest, highest


@jit_inline
def _first(state: Float64Matrix, active: int, lowest: float) -> int:
    # The last k with h_k + penalty = lowest: LIBSVM's rule for ties. O(active).
    last = -1
    for k in range(active):
        last = max(last, k if state[GRADIENT, k] + state[UP_PENALTY, k] == lowest else -1)
    return last


@jit_inline
def _second(
    ordered: Float32Matrix, row: int, state: Float64Matrix, active: int, first: int, scores: Float32Vector
) -> int:
    # argmax of (h_j - h_i)^2 / (K_ii + K_jj - 2 K_ij) over beta_j that may shrink and h_j > h_i; the last of equals.
    # Scores in float32 (relative error < 1e-6); where several are near the best, those again in float64.
    # -1 if there is none. O(active).
    reference, own = state[GRADIENT, first], state[DIAGONAL, first]
    best = np.float32(0.0)
    for k in range(active):
        difference = np.float32((state[GRADIENT, k] - state[DOWN_PENALTY, k]) - reference)
        difference = larger(difference, np.float32(0.0))
        curvature = np.float32(larger(own + state[DIAGONAL, k] - 2.0 * ordered[row, k], TAU))
        score = difference * difference / curvature
        scores[k] = score
        best = larger(best, score)
    # Below this float32 may have lost digits: then every candidate is compared in float64.
    threshold = best * np.float32(1.0 - 2e-6) if best > np.float32(1e-30) else np.float32(0.0)
    count, last = np.int32(0), np.int32(-1)
    for k in range(active):
        near = scores[k] >= threshold
        count += np.int32(near)
        last = max(last, np.int32(k) if near else np.int32(-1))
    return int(last) if count == 1 else _second_exactly(ordered, row, state, active, first, scores, threshold)


@jit
def _second_exactly(
    ordered: Float32Matrix,
    row: int,
    state: Float64Matrix,
    active: int,
    first: int,
    scores: Float32Vector,
    threshold: np.float32,
) -> int:
    # The choice of `_second` among the candidates with a score of at least `threshold`, in float64.
    reference, own = state[GRADIENT, first], state[DIAGONAL, first]
    chosen, highest = -1, -math.inf
    for k in range(active):
        if scores[k] >= threshold:
            difference = (state[GRADIENT, k] - state[DOWN_PENALTY, k]) - reference
            if difference > 0.0:
                curvature = own + state[DIAGONAL, k] - 2.0 * ordered[row, k]
                gain = difference * difference / (curvature if curvature > 0.0 else TAU)
                if gain >= highest:
                    chosen, highest = k, gain
    return chosen


@jit_inline
def _bring_row(
    gram: Float32Matrix,
    order: OrderVector,
    rows: Float32Matrix,
    row_epochs: IntVector,
    epoch: int,
    active: int,
    position: int,
) -> int:
    # The item at `position`, after its Gram row was brought into the current order in `rows` (if anything was shrunk).
    item = order[position]
    if epoch > 0 and row_epochs[item] != epoch:
        for k in range(active):
            rows[item, k] = gram[item, order[k]]
        row_epochs[item] = epoch
    return int(item)


@jit_inline
def _step(
    gram: Float32Matrix, state: Float64Matrix, order: OrderVector, kernel: float, first: int, second: int
) -> tuple[float, float, bool]:
    # Moves the two duals to the minimum on their line, clipped to the box; returns the changes of the signed duals.
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
    hit_first = _update_bounds(gram, state, order, first, old_first)
    hit_second = _update_bounds(gram, state, order, second, old_second)
    return (new_first - old_first) * sign_first, (new_second - old_second) * sign_second, hit_first or hit_second


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
def _update_bounds(gram: Float32Matrix, state: Float64Matrix, order: OrderVector, position: int, old: float) -> bool:
    # Penalties of one dual after it moved, and its part of the gradient if it came to its C or left it.
    alpha, cost, sign = state[ALPHA, position], state[COST, position], state[SIGN, position]
    at_cost, was_at_cost = alpha >= cost, old >= cost
    may_grow, may_fall = not at_cost, alpha > 0.0
    state[UP_PENALTY, position] = 0.0 if (may_grow if sign > 0.0 else may_fall) else math.inf
    state[DOWN_PENALTY, position] = 0.0 if (may_fall if sign > 0.0 else may_grow) else math.inf
    if at_cost != was_at_cost:
        _add_to_bound_gradient(gram[order[position]], state, sign * cost if at_cost else -sign * cost)
    return at_cost


@jit
def _add_to_bound_gradient(row: Float32Vector, state: Float64Matrix, signed_cost: float) -> None:
    # The part of K beta that comes from duals at C, when one comes there or leaves. O(n).
    bound_gradient = state[BOUND_GRADIENT]
    for k in range(len(row)):
        bound_gradient[k] += signed_cost * row[k]


@jit
def _may_be_shrunk(state: Float64Matrix, k: int, lowest: float, highest: float) -> bool:
    # At a bound, and the gradient says it stays there.
    if state[UP_PENALTY, k] > 0.0:
        return state[GRADIENT, k] < lowest
    if state[DOWN_PENALTY, k] > 0.0:
        return state[GRADIENT, k] > highest
    return False


@jit
def _shrink(
    gram: Float32Matrix,
    state: Float64Matrix,
    order: OrderVector,
    active: int,
    epoch: int,
    unshrunk: bool,
    tolerance: float,
) -> tuple[int, int, bool]:
    # Moves duals that seem to stay at their bound behind the active ones. Near the optimum everything is made active
    # again, once, before that.
    lowest, highest = _extremes(state, active)
    before = active
    if not unshrunk and highest - lowest <= tolerance * 10.0:
        unshrunk = True
        _reconstruct_gradient(gram, state, order, active)
        active = gram.shape[0]
    position = 0
    swapped = active != before
    while position < active:
        if _may_be_shrunk(state, position, lowest, highest):
            active -= 1
            while active > position:
                if not _may_be_shrunk(state, active, lowest, highest):
                    _swap(state, order, position, active)
                    swapped = True
                    break
                active -= 1
        position += 1
    return active, epoch + 1 if swapped else epoch, unshrunk


@jit
def _swap(state: Float64Matrix, order: OrderVector, left: int, right: int) -> None:
    # BOUND_GRADIENT stays: it is kept in the original order.
    for row in range(BOUND_GRADIENT):
        state[row, left], state[row, right] = state[row, right], state[row, left]
    order[left], order[right] = order[right], order[left]


@jit
def _reconstruct_gradient(gram: Float32Matrix, state: Float64Matrix, order: OrderVector, active: int) -> None:
    # h of the shrunk duals = part of duals at C + sum over free duals in the current order - y. O(free (n - active)).
    n = gram.shape[0]
    if active == n:
        return
    gradient = state[GRADIENT]
    for k in range(active, n):
        gradient[k] = state[BOUND_GRADIENT, order[k]] - state[SIGN, k]
    for i in range(active):
        if state[UP_PENALTY, i] == 0.0 and state[DOWN_PENALTY, i] == 0.0:
            row, beta = gram[order[i]], state[ALPHA, i] * state[SIGN, i]
            for k in range(active, n):
                gradient[k] += beta * row[order[k]]


@jit
def _rho(state: Float64Matrix) -> float:
    # Mean of h over free duals, else the middle of what the bounds allow; the bias is -rho.
    free, total = 0, 0.0
    upper, lower = math.inf, -math.inf
    for k in range(state.shape[1]):
        h = state[GRADIENT, k]
        if state[UP_PENALTY, k] == 0.0 and state[DOWN_PENALTY, k] == 0.0:
            free += 1
            total += h
        elif state[UP_PENALTY, k] == 0.0:
            upper = min(upper, h)
        else:
            lower = max(lower, h)
    return total / free if free > 0 else (upper + lower) / 2.0
