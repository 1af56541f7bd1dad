"""Sequential minimal optimization of one binary C-SVC, with LIBSVM's iterates.

The problem, in signed duals beta_i = y_i alpha_i and with the signed gradient h = K beta - y:

    minimise 1/2 beta' K beta - y' beta   s.t.  sum beta = 0,  beta_i y_i in [0, C_i]

Working sets by second-order information (Fan, Chen & Lin 2005), shrinking and gradient reconstruction as described in
Chang & Lin 2011 ("LIBSVM: a library for support vector machines", sections 4 and 5). Initial point, tie rules, order
of floating-point operations, float32 kernel values and float64 everything else are LIBSVM's, so that alphas, bias and
iteration counts are the same bit for bit where the kernel values are. What differs is the work per iteration:

* no label appears in the inner loops (signed form), so they are branch-free and vectorise;
* bounds enter as penalties (0 or infinity) that are added before a minimum is taken;
* an iteration is two passes over the items, written in vectors of eight (`simd.py`, `smo_passes.py`);
* the second index is chosen from float32 scores, and of float32 gradients, where these can tell (`smo_second.py`);
  only what is within rounding of the best is compared in float64;
* shrunk items stay where they are and cannot be chosen, so that Gram rows need not be rearranged (`smo_shrinking.py`);
* what duals at C add to the gradient is noted, and summed only if something that was shrunk comes back.
"""

from __future__ import annotations

import math

import numpy as np

from fastgrid.kernels.jit import jit, jit_borrowing, jit_inline
from fastgrid.kernels.row_cache import RowsOnDemand, _fetch, _narrow
from fastgrid.kernels.smo_passes import Float32Vector, _extremes, _update_gradient
from fastgrid.kernels.smo_second import _second_by_float32
from fastgrid.kernels.smo_shrinking import (
    SMALLEST_COMPACTED,
    _activate_all,
    _clear_events,
    _compact,
    _gather_row,
    _note,
    _scatter,
    _settle,
    _shrink,
)
from fastgrid.kernels.smo_state import (
    ALPHA,
    BOUND_GRADIENT,
    COST,
    DIAGONAL,
    DOWN_PENALTY,
    GRADIENT,
    SIGN,
    STATE_ROWS,
    UP_PENALTY,
    Float32Matrix,
    Float64Matrix,
    Float64Vector,
    IntVector,
)
from fastgrid.kernels.smo_step import _is_at_cost, _is_free, _step

#: Changes at the bounds that are noted before they are summed.
EVENT_CAPACITY = 1024


@jit
def _solve_binary(
    gram: Float32Matrix,
    state: Float64Matrix,
    compact: Float64Matrix,
    rows: Float32Matrix,
    order: IntVector,
    tolerance: float,
    maximum_iterations: int,
    relaxations: int,
    demand: RowsOnDemand | None,
) -> tuple[float, int, bool, bool]:
    # Solves one problem that `_initialise` set up; duals are left in state[ALPHA].
    # `gram` has a row per item and as many columns as `state`; the unused ones hold zeros. `compact` and `rows` are
    # workspace, like `state` and `gram`, but `rows` need only have half as many columns.
    # With `demand`, `gram` has a row per slot of its cache, and rows are computed when they are needed; the cache holds
    # whole rows at first and in the end. Without, numba leaves these parts out.
    # At the cap on iterations the tolerance is multiplied by ten and counting starts again, `relaxations` times.
    # Returns rho, iterations, whether it converged, whether any dual ever was at its C. O(n) per iteration.
    n = len(order)
    zero = n - n  # of a type, not a literal, for which numba would compile every callee once more
    active, extent, iterations, left, epoch, events = n, n, 0, min(n, 1000), zero, zero
    unshrunk, clipped, optimal = False, False, False
    event_items, event_costs = np.empty(EVENT_CAPACITY, dtype=np.int64), np.empty(EVENT_CAPACITY)
    row_epochs = np.zeros(n, dtype=np.int64)
    layout = np.empty(state.shape[1], dtype=np.int64)
    positions = np.empty(state.shape[1], dtype=np.int64)
    allowed = _aligned(state.shape[1])
    _reset(layout)
    for k in range(len(positions)):
        positions[k] = k
    cap = maximum_iterations
    while True:
        left = min(left, cap - iterations)
        # What to work on is passed once per call: choosing it in each iteration would count references there.
        working, source = (compact, rows) if extent < n else (state, gram)
        made, optimal, hit, events, lowest, highest = _iterate(
            source, working, extent, positions, tolerance, left, layout, event_items, event_costs, events,
            gram, row_epochs, epoch, demand, allowed,
        )  # fmt: skip
        if extent < n:
            _scatter(compact, layout, extent, state)
        iterations += made
        left -= made
        clipped = clipped or hit
        if optimal and active == n:
            break
        if iterations >= cap:
            if relaxations == 0:
                break
            relaxations, tolerance, cap = relaxations - 1, tolerance * 10.0, cap + maximum_iterations
        if events > EVENT_CAPACITY - 2:
            events = _clear_events(gram, state, event_items, event_costs, events, demand)
            continue
        near = not unshrunk and highest - lowest <= tolerance * 10.0
        if active < n and (optimal or near):
            # Optimal on the active items: look at all of them. Near the optimum: once, before shrinking again.
            _activate_all(gram, state, order, active, extent, event_items, event_costs, events, demand)
            active, extent, events = n, n, 0
            _reset(layout)
        if optimal:
            left = 1
        else:
            left = min(n, 1000)
            unshrunk = unshrunk or near
            active = _shrink(state, order, active, lowest, highest)
            if n >= SMALLEST_COMPACTED and active * 2 <= extent:
                if demand is not None:
                    rows = _narrow(demand, rows if extent < n else gram, layout, extent, order, active)
                extent, epoch = active, epoch + 1
                for k in range(active):
                    layout[k] = order[k]
        if extent < n:
            _compact(state, layout, extent, compact)
        _number(order, layout, extent, positions)
    if active < n:
        _activate_all(gram, state, order, active, extent, event_items, event_costs, events, demand)
    return _rho(state, order), iterations, optimal and active == n, clipped


@jit_borrowing
def _iterate(
    rows: Float32Matrix,
    state: Float64Matrix,
    extent: int,
    positions: IntVector,
    tolerance: float,
    left: int,
    layout: IntVector,
    event_items: IntVector,
    event_costs: Float64Vector,
    events: int,
    gram: Float32Matrix,
    row_epochs: IntVector,
    epoch: int,
    demand: RowsOnDemand | None,
    allowed: Float32Vector,
) -> tuple[int, bool, bool, int, float, float]:
    # Iterations on the first `extent` columns of `state`, which are the items of `layout`, until `left` were made, no
    # step is left, or no more changes at bounds can be noted. `rows` is `gram` itself, or, where not all items are
    # worked on, room for rows of it with the columns of `layout`, gathered when needed.
    # Returns how many were made, whether no step is left, whether a dual came to its C, how many changes are noted,
    # and the extremes.
    lowest, highest, first = _extremes(state, extent, positions, allowed)
    unit_diagonal = _has_unit_diagonal(state, extent)
    whole = extent == len(row_epochs)
    made, clipped = 0, False
    while made < left and events <= EVENT_CAPACITY - 2:
        if highest - lowest < tolerance:
            return made, True, clipped, events, lowest, highest
        row_first = _row_of(first, rows, extent, whole, layout, gram, row_epochs, epoch, demand)
        second = _second_by_float32(
            rows, row_first, state, extent, positions, first, unit_diagonal, allowed, lowest, highest
        )
        if second < 0:
            return made, True, clipped, events, lowest, highest
        made += 1
        row_second = _row_of(second, rows, extent, whole, layout, gram, row_epochs, epoch, demand)
        was_first, was_second = _is_at_cost(state, first), _is_at_cost(state, second)
        change_first, change_second = _step(state, rows[row_first, second], first, second)
        hit_first, events = _note(state, first, layout, was_first, event_items, event_costs, events)
        hit_second, events = _note(state, second, layout, was_second, event_items, event_costs, events)
        events = _settle(demand, rows, state, whole, event_items, event_costs, events)
        clipped = clipped or hit_first or hit_second
        lowest, highest, first = _update_gradient(
            rows, row_first, row_second, change_first, change_second, state, extent, positions, allowed
        )
    return made, False, clipped, events, lowest, highest


@jit_inline
def _row_of(
    k: int,
    rows: Float32Matrix,
    extent: int,
    whole: bool,
    layout: IntVector,
    gram: Float32Matrix,
    row_epochs: IntVector,
    epoch: int,
    demand: RowsOnDemand | None,
) -> int:
    # Which row of `rows` is the Gram row of the item in column k.
    if demand is None:
        return k if whole else _gather_row(gram, layout, extent, rows, row_epochs, epoch, k)
    else:  # a branch of its own: numba drops branches for another type of `demand`, not what follows a return
        return _fetch(demand, rows, extent, layout[k])


@jit
def _aligned(n: int) -> Float32Vector:
    # Room for `n` numbers that begins with a cache line.
    room = np.empty(n + 16, dtype=np.float32)
    start = (-room.ctypes.data % 64) // 4
    return room[start : start + n]


@jit
def _reset(layout: IntVector) -> None:
    for k in range(len(layout)):
        layout[k] = k


@jit
def _number(order: IntVector, layout: IntVector, extent: int, positions: IntVector) -> None:
    # The position in `order` of each column. O(n).
    n = len(order)
    place_of_item = np.empty(n, dtype=np.int64)
    for place in range(n):
        place_of_item[order[place]] = place
    for k in range(extent):
        positions[k] = place_of_item[k if extent == n else layout[k]]


@jit_borrowing
def _initialise(
    diagonal: Float64Vector, signs: Float64Vector, costs: Float64Vector, state: Float64Matrix, order: IntVector
) -> None:
    # alpha = 0, so h = -y; nothing is at its C. Unused columns can never be chosen.
    n = len(signs)
    for row in range(STATE_ROWS):
        for k in range(n, state.shape[1]):
            state[row, k] = math.inf if row in (UP_PENALTY, DOWN_PENALTY) else 0.0
    # A loop for each pair of rows: these vectorise, one over all of them does not.
    for k in range(n):
        state[ALPHA, k], state[GRADIENT, k] = 0.0, -signs[k]
    for k in range(n):
        state[UP_PENALTY, k], state[DOWN_PENALTY, k] = (0.0, math.inf) if signs[k] > 0.0 else (math.inf, 0.0)
    for k in range(n):
        state[DIAGONAL, k], state[COST, k] = diagonal[k], costs[k]
    for k in range(n):
        state[SIGN, k], state[BOUND_GRADIENT, k] = signs[k], 0.0
        order[k] = k


@jit_borrowing
def _has_unit_diagonal(state: Float64Matrix, n: int) -> bool:
    # As every RBF Gram matrix; curvatures are 2 - 2 K_ij then.
    unit = True
    for k in range(n):
        unit &= state[DIAGONAL, k] == 1.0
    return unit


@jit_borrowing
def _rho(state: Float64Matrix, order: IntVector) -> float:
    # Mean of h over free duals, else the middle of what the bounds allow; the bias is -rho.
    free, total = 0, 0.0
    upper, lower = math.inf, -math.inf
    for k in order:
        h = state[GRADIENT, k]
        if _is_free(state, k):
            free += 1
            total += h
        elif state[UP_PENALTY, k] == 0.0:
            upper = min(upper, h)
        else:
            lower = max(lower, h)
    return total / free if free > 0 else (upper + lower) / 2.0
