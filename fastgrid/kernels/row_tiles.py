"""Rows of a Gram matrix straight from the features, one row at a time.

Features lie in tiles of 64 items, ``tiles[item // 64, feature, item % 64]``: the inner products of one item with those
of a tile are eight vectors, so that while one waits for its last addition there is always another to go on with, and
what is read for a feature is whole cache lines.

Sums run over the features in their order, in float64. The product of two float32 numbers is exact there, so a fused
multiplication and addition gives the same bits as two instructions do, and leaving out features where the row's item
is zero changes nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.jit import jit_borrowing, jit_inline
from fastgrid.kernels.kernel_rows import _fill_row
from fastgrid.kernels.simd import LANES, load_float32, multiply_add, splat_float64, store, widen
from fastgrid.kernels.smo_state import Float32Matrix, Float64Vector, IntVector

Tiles = npt.NDArray[np.float32]

#: Items of a tile: eight vectors.
TILE = 8 * LANES

#: Columns at a time, so that inner products stay in the first-level cache until they are kernel values.
PIECE = 1024


@jit_borrowing
def _copy_item(source: Tiles, item: int, target: Tiles, place: int) -> None:
    # The features of an item of one set of tiles to a place in another. O(d).
    tile, place_in_tile, target_tile, target_place_in_tile = item // TILE, item % TILE, place // TILE, place % TILE
    for feature in range(source.shape[1]):
        target[target_tile, feature, target_place_in_tile] = source[tile, feature, place_in_tile]


@jit_borrowing
def _fill_tiles(features: Float32Matrix, start: int, stop: int, tiles: Tiles, norms: Float64Vector, first: int) -> None:
    # Rows `start` to `stop` become items `first` and following; norms[k] = x'x, added in the order of the features.
    # O((stop - start) d).
    for row in range(start, stop):
        item = first + row - start
        tile, place_in_tile, norm = item // TILE, item % TILE, 0.0
        for feature in range(features.shape[1]):
            value = features[row, feature]
            tiles[tile, feature, place_in_tile] = value
            norm += np.float64(value) * np.float64(value)
        norms[item] = norm


@jit_borrowing
def _gather_item(tiles: Tiles, item: int, places: IntVector, values: Float64Vector) -> int:
    # The features of an item that are not zero, and where in a tile they begin; returns how many. O(d).
    tile, place_in_tile, count = item // TILE, item % TILE, 0
    for feature in range(tiles.shape[1]):
        value = tiles[tile, feature, place_in_tile]
        places[count], values[count] = feature * TILE, value
        count += value != 0.0
    return count


@jit_inline
def _multiply_tile(
    tiles: Tiles, tile: int, places: IntVector, values: Float64Vector, count: int, products: Float64Vector, out: int
) -> None:
    # x'z of the item that `_gather_item` took apart with the items of a tile, to products[out:]. O(64 count).
    start = tile * tiles.shape[1] * TILE
    sum_0 = sum_1 = sum_2 = sum_3 = sum_4 = sum_5 = sum_6 = sum_7 = splat_float64(0.0)
    for k in range(count):
        value, at = splat_float64(values[k]), start + places[k]
        sum_0 = multiply_add(value, widen(load_float32(tiles, at)), sum_0)
        sum_1 = multiply_add(value, widen(load_float32(tiles, at + LANES)), sum_1)
        sum_2 = multiply_add(value, widen(load_float32(tiles, at + 2 * LANES)), sum_2)
        sum_3 = multiply_add(value, widen(load_float32(tiles, at + 3 * LANES)), sum_3)
        sum_4 = multiply_add(value, widen(load_float32(tiles, at + 4 * LANES)), sum_4)
        sum_5 = multiply_add(value, widen(load_float32(tiles, at + 5 * LANES)), sum_5)
        sum_6 = multiply_add(value, widen(load_float32(tiles, at + 6 * LANES)), sum_6)
        sum_7 = multiply_add(value, widen(load_float32(tiles, at + 7 * LANES)), sum_7)
    store(products, out, sum_0)
    store(products, out + LANES, sum_1)
    store(products, out + 2 * LANES, sum_2)
    store(products, out + 3 * LANES, sum_3)
    store(products, out + 4 * LANES, sum_4)
    store(products, out + 5 * LANES, sum_5)
    store(products, out + 6 * LANES, sum_6)
    store(products, out + 7 * LANES, sum_7)


@jit_borrowing
def _compute_row(
    kernel: int,
    gamma: float,
    degree: int,
    coef0: float,
    places: IntVector,
    values: Float64Vector,
    count: int,
    norm: float,
    tiles: Tiles,
    norms: Float64Vector,
    extent: int,
    products: Float64Vector,
    work: Float64Vector,
    rows: Float32Matrix,
    slot: int,
) -> None:
    # rows[slot, k] = K of the item that `_gather_item` took apart with item k < extent of `tiles`; zero behind.
    # `products` and `work` have room for PIECE numbers. O(extent (count + the cost of a kernel value)).
    for first in range(0, extent, PIECE):
        length = min(PIECE, extent - first)
        for column in range(first, first + length, TILE):
            _multiply_tile(tiles, column // TILE, places, values, count, products, column - first)
        _fill_row(kernel, products, norm, norms, gamma, degree, coef0, work, length, rows, slot, np.uint64(first))
    for k in range(extent, rows.shape[1]):
        rows[slot, k] = 0.0
