"""Shrinking, and the gradient of what was shrunk.

As in Chang & Lin 2011, sections 5.1 and 5.2, in LIBSVM's order of operations. LIBSVM swaps a shrunk item behind the
active ones. Here `order` is permuted as LIBSVM would, and ties and sums follow it, but items stay where they are, with
infinite penalties: no Gram row has to be rearranged. Only when most items of a large problem are shrunk are the active
ones copied together (`compact`), and the rows that are needed from then on with them.
"""

from __future__ import annotations

import math

import numpy as np

from fastgrid.kernels.jit import jit, jit_borrowing, jit_inline
from fastgrid.kernels.row_cache import RowsOnDemand, _compute, _empty, _fetch
from fastgrid.kernels.simd import LANES, WIDE_LANES, load_float32, load_float64, splat_float64, store, widen
from fastgrid.kernels.smo_state import (
    ALPHA,
    BOUND_GRADIENT,
    COST,
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
from fastgrid.kernels.smo_step import _is_free, _set_penalties

#: Smaller problems are never copied together: their rows stay in the cache, and gathering costs more than it saves.
SMALLEST_COMPACTED = 512


@jit
def _may_be_shrunk(state: Float64Matrix, k: int, lowest: float, highest: float) -> bool:
    # At a bound, and the gradient says it stays there.
    if state[UP_PENALTY, k] > 0.0:
        return state[GRADIENT, k] < lowest
    if state[DOWN_PENALTY, k] > 0.0:
        return state[GRADIENT, k] > highest
    return False


@jit
def _shrink(state: Float64Matrix, order: IntVector, active: int, lowest: float, highest: float) -> int:
    # Moves items whose duals seem to stay at their bound behind the active ones in `order`; returns how many stay.
    before, position = active, 0
    while position < active:
        if _may_be_shrunk(state, order[position], lowest, highest):
            active -= 1
            while active > position:
                if not _may_be_shrunk(state, order[active], lowest, highest):
                    order[position], order[active] = order[active], order[position]
                    break
                active -= 1
        position += 1
    for place in range(active, before):
        state[UP_PENALTY, order[place]] = math.inf
        state[DOWN_PENALTY, order[place]] = math.inf
    return active


@jit
def _activate_all(
    gram: Float32Matrix,
    state: Float64Matrix,
    order: IntVector,
    active: int,
    extent: int,
    event_items: IntVector,
    event_costs: Float64Vector,
    events: int,
    demand: RowsOnDemand | None,
) -> None:
    # The gradient and the penalties of everything that was shrunk. O(events n + free n) and the rows on demand, which
    # have all columns again afterwards.
    if demand is not None and extent < len(order):
        _empty(demand, gram.shape[0])
    _apply_events(gram, state, event_items, event_costs, events, demand)
    _reconstruct_gradient(gram, state, order, active, demand)
    for place in range(active, len(order)):
        _set_penalties(state, order[place])


@jit_borrowing
def _add_row(rows: Float32Matrix, row: int, factor: float, sums: Float64Matrix, target: int) -> None:
    # sums[target] += factor rows[row]. O(n).
    width = rows.shape[1]
    wide_factor, start = splat_float64(factor), row * width
    for k in range(0, width, LANES):
        value = load_float64(sums, target * width + k) + wide_factor * widen(load_float32(rows, start + k))
        store(sums, target * width + k, value)


@jit_inline
def _whole_row(gram: Float32Matrix, item: int, demand: RowsOnDemand | None) -> int:
    # Which row of `gram` is the item's.
    if demand is None:
        return item
    else:  # a branch of its own: numba drops branches for another type of `demand`, not what follows a return
        return _fetch(demand, gram, len(demand.slots), item)


@jit
def _apply_events(
    gram: Float32Matrix,
    state: Float64Matrix,
    items: IntVector,
    costs: Float64Vector,
    events: int,
    demand: RowsOnDemand | None,
) -> None:
    # The part of K beta that comes from duals at C, brought up to date: an event is an item that came there (signed
    # cost y_i C_i) or left (- y_i C_i). In the order in which they happened. O(events n).
    for event in range(events):
        row = _whole_row(gram, items[event], demand)
        _add_row(gram, row, costs[event], state, BOUND_GRADIENT)


@jit
def _apply_events_unkept(
    demand: RowsOnDemand, state: Float64Matrix, items: IntVector, costs: Float64Vector, events: int
) -> None:
    # The same while the rows that are kept have the columns of active items only. O(events n d).
    zero = events - events  # of a type, not a literal, for which numba would compile the callee once more
    for event in range(events):
        _compute(demand, len(demand.slots), items[event], demand.row, zero)
        _add_row(demand.row, zero, costs[event], state, BOUND_GRADIENT)


@jit
def _clear_events(
    gram: Float32Matrix,
    state: Float64Matrix,
    items: IntVector,
    costs: Float64Vector,
    events: int,
    demand: RowsOnDemand | None,
) -> int:
    # Applies noted events in the midst of iterations; returns how many stay noted. With rows on demand some are noted
    # only where rows are not whole (`_settle`).
    if demand is None:
        _apply_events(gram, state, items, costs, events, demand)
    else:
        _apply_events_unkept(demand, state, items, costs, events)
    return 0


@jit_inline
def _settle(
    demand: RowsOnDemand | None,
    rows: Float32Matrix,
    state: Float64Matrix,
    whole: bool,
    items: IntVector,
    costs: Float64Vector,
    events: int,
) -> int:
    # With rows on demand, events are applied when they happen as long as rows are whole: those of the two items are at
    # hand, and might have to be computed again later. Returns how many stay noted.
    if demand is None:
        return events
    else:
        if not whole:
            return events
        for event in range(events):
            _add_row(rows, demand.slots[items[event]], costs[event], state, BOUND_GRADIENT)
        return 0


@jit
def _reconstruct_gradient(
    gram: Float32Matrix, state: Float64Matrix, order: IntVector, active: int, demand: RowsOnDemand | None
) -> None:
    # h of the shrunk items = part of duals at C - y + sum over free duals in the current order. O(free n).
    n = len(order)
    sums = np.empty((1, state.shape[1]))
    for k in range(state.shape[1]):
        sums[0, k] = state[BOUND_GRADIENT, k] - state[SIGN, k]
    for place in range(active):
        item = order[place]
        if _is_free(state, item):
            row = _whole_row(gram, item, demand)
            _add_row(gram, row, state[ALPHA, item] * state[SIGN, item], sums, 0)
    for place in range(active, n):
        state[GRADIENT, order[place]] = sums[0, order[place]]


@jit_inline
def _note(
    state: Float64Matrix,
    k: int,
    layout: IntVector,
    was_at_cost: bool,
    event_items: IntVector,
    event_costs: Float64Vector,
    events: int,
) -> tuple[bool, int]:
    # Notes if a dual that moved came to its C or left it; returns whether it is there, and how many are noted.
    cost = state[COST, k]
    at_cost = state[ALPHA, k] >= cost
    if at_cost != was_at_cost:
        event_items[events] = layout[k]
        event_costs[events] = state[SIGN, k] * cost if at_cost else -(state[SIGN, k] * cost)
        events += 1
    return at_cost, events


@jit
def _compact(state: Float64Matrix, layout: IntVector, extent: int, compact: Float64Matrix) -> None:
    # The columns of `state` that `layout` names, together; unused columns up to a whole vector are never chosen.
    for row in range(BOUND_GRADIENT):
        for k in range(extent):
            compact[row, k] = state[row, layout[k]]
    for k in range(extent, (extent + LANES - 1) // LANES * LANES):
        for row in range(STATE_ROWS):
            compact[row, k] = math.inf if row in (UP_PENALTY, DOWN_PENALTY) else 0.0


@jit
def _scatter(compact: Float64Matrix, layout: IntVector, extent: int, state: Float64Matrix) -> None:
    # Back from `_compact`: everything that iterations change.
    for row in (ALPHA, GRADIENT, UP_PENALTY, DOWN_PENALTY):
        for k in range(extent):
            state[row, layout[k]] = compact[row, k]


@jit_inline
def _gather_row(
    gram: Float32Matrix,
    layout: IntVector,
    extent: int,
    rows: Float32Matrix,
    row_epochs: IntVector,
    epoch: int,
    k: int,
) -> int:
    # Which row of `rows` holds the Gram row of the item in column k, with the columns of `layout`.
    item = layout[k]
    if row_epochs[item] != epoch:
        _copy_columns(gram, layout, (extent + WIDE_LANES - 1) // WIDE_LANES * WIDE_LANES, rows, item)
        row_epochs[item] = epoch
    return item


@jit_borrowing
def _copy_columns(gram: Float32Matrix, layout: IntVector, length: int, rows: Float32Matrix, item: int) -> None:
    for k in range(length):
        rows[item, k] = gram[item, layout[k]]
