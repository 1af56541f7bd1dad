"""Gram rows of one binary problem, computed when they are asked for and kept in memory of a fixed size.

The row that was used longest ago gives way. There are two states: rows of all items, and, when most items are shrunk,
rows with the columns of the active items only (`_narrow`), of which more fit and which cost less to compute. Used rows
form a list from the one used longest ago to the latest; two rows that are fetched one after the other never displace
each other, since there are at least two slots.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.jit import jit, jit_borrowing, jit_inline
from fastgrid.kernels.row_tiles import Tiles, _compute_row, _copy_item, _gather_item
from fastgrid.kernels.smo_state import Float32Matrix, Float64Vector, IntVector

# Entries of `counters`.
MISSES = 0  # rows computed
SLOTS = 1  # rows that fit
COUNTERS = 2


class RowsOnDemand(NamedTuple):
    """The features of the n items of a problem, its kernel, and the rows of its Gram matrix that are kept.

    `kernel` is the position in KERNELS. `active_*` hold the active items, together, while rows are narrow. `slots`
    (n) gives the slot of an item's row, `items` (n) the item of a slot, -1 if there is none; `later` and `earlier`
    (n + 1) link slots by their last use, the last entry stands for both ends. `row` (1, width) holds a row that is not
    kept; `places`, `values` (d), `products`, `work` (PIECE) and `columns` (n) are workspace.
    """

    kernel: int
    gamma: float
    degree: int
    coef0: float
    tiles: Tiles
    norms: Float64Vector
    active_tiles: Tiles
    active_norms: Float64Vector
    cache: npt.NDArray[np.float32]
    slots: IntVector
    items: IntVector
    later: IntVector
    earlier: IntVector
    counters: IntVector
    row: Float32Matrix
    places: IntVector
    values: Float64Vector
    products: Float64Vector
    work: Float64Vector
    columns: IntVector


@jit_borrowing
def _link_all(demand: RowsOnDemand, used: int) -> None:
    # The order of last uses where the first `used` slots hold rows: free slots come first. O(slots).
    n_slots = demand.counters[SLOTS]
    end = len(demand.later) - 1
    slot = end
    for k in range(n_slots):
        following = used + k if used + k < n_slots else used + k - n_slots
        demand.later[slot], demand.earlier[following] = following, slot
        slot = following
    demand.later[slot], demand.earlier[end] = end, slot


@jit_borrowing
def _empty(demand: RowsOnDemand, n_slots: int) -> None:
    # Forgets all rows; from now on `n_slots` of them fit. O(n).
    for k in range(len(demand.slots)):
        demand.slots[k] = -1
        demand.items[k] = -1
    demand.counters[SLOTS] = n_slots
    _link_all(demand, n_slots - n_slots)  # zero, but no literal, for which numba would compile the callee once more


@jit_inline
def _use(demand: RowsOnDemand, slot: int) -> None:
    # Makes a slot the one that was used last.
    end = len(demand.later) - 1
    if demand.later[slot] != end:
        before, after = demand.earlier[slot], demand.later[slot]
        demand.later[before], demand.earlier[after] = after, before
        latest = demand.earlier[end]
        demand.later[latest], demand.earlier[slot] = slot, latest
        demand.later[slot], demand.earlier[end] = end, slot


@jit_inline
def _fetch(demand: RowsOnDemand, rows: Float32Matrix, extent: int, item: int) -> int:
    # The slot, that is the row of `rows`, which holds the item's Gram row, computed if need be. Where `extent` is less
    # than n, the columns are the active items.
    slot = demand.slots[item]
    if slot < 0:
        slot = _take_slot(demand, item)
        _compute(demand, extent, item, rows, slot)
    _use(demand, slot)
    return slot


@jit_borrowing
def _take_slot(demand: RowsOnDemand, item: int) -> int:
    # The slot that was used longest ago, for another item.
    slot = demand.later[len(demand.later) - 1]
    if demand.items[slot] >= 0:
        demand.slots[demand.items[slot]] = -1
    demand.slots[item], demand.items[slot] = slot, item
    return slot


@jit_borrowing
def _compute(demand: RowsOnDemand, extent: int, item: int, rows: Float32Matrix, slot: int) -> None:
    # The Gram row of an item. O(extent d).
    demand.counters[MISSES] += 1
    count = _gather_item(demand.tiles, item, demand.places, demand.values)
    if extent == len(demand.slots):
        _compute_row(
            demand.kernel, demand.gamma, demand.degree, demand.coef0, demand.places, demand.values, count,
            demand.norms[item], demand.tiles, demand.norms, extent, demand.products, demand.work, rows, slot,
        )  # fmt: skip
    else:
        _compute_row(
            demand.kernel, demand.gamma, demand.degree, demand.coef0, demand.places, demand.values, count,
            demand.norms[item], demand.active_tiles, demand.active_norms, extent, demand.products, demand.work, rows,
            slot,
        )  # fmt: skip


@jit
def _narrow(
    demand: RowsOnDemand, rows: Float32Matrix, layout: IntVector, extent: int, order: IntVector, active: int
) -> Float32Matrix:
    # From columns `layout[:extent]` to columns `order[:active]`, at most half as many: features and kept rows of active
    # items are copied together, rows in place. Returns the rows as they lie in memory from now on.
    # O(active (d + kept rows)).
    for k in range(extent):
        demand.columns[layout[k]] = k
    for k in range(active):
        _copy_item(demand.tiles, order[k], demand.active_tiles, k)
        demand.active_norms[k] = demand.norms[order[k]]
    width = (active // 16 + 1) * 16
    n_slots = min(active, len(demand.cache) // width)
    narrow = demand.cache[: n_slots * width].reshape(n_slots, width)
    kept = _narrow_rows(demand, rows, order, active, narrow)
    demand.counters[SLOTS] = n_slots
    _link_all(demand, kept)
    return narrow


@jit_borrowing
def _narrow_rows(
    demand: RowsOnDemand, rows: Float32Matrix, order: IntVector, active: int, narrow: Float32Matrix
) -> int:
    # Rows of active items move to the first slots, in the order of their old ones: `rows` and `narrow` are the same
    # memory, and what is written never lies behind what is read. Returns how many there are.
    for k in range(demand.counters[SLOTS]):
        demand.items[k] = -1
    for k in range(active):
        slot = demand.slots[order[k]]
        if slot >= 0:
            demand.items[slot] = order[k]
    for k in range(len(demand.slots)):
        demand.slots[k] = -1
    kept = 0
    for slot in range(demand.counters[SLOTS]):
        item = demand.items[slot]
        if item >= 0:
            for k in range(active):
                demand.row[0, k] = rows[slot, demand.columns[order[k]]]
            for k in range(narrow.shape[1]):
                narrow[kept, k] = demand.row[0, k] if k < active else np.float32(0.0)
            demand.items[slot] = -1
            demand.items[kept], demand.slots[item] = item, kept
            kept += 1
    return kept
