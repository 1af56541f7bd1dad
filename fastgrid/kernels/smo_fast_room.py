"""Where `smo_fast_pairs.py` works: memory for the largest pair, lent to one pair after the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.jit import jit
from fastgrid.kernels.scratch import Scratch
from fastgrid.kernels.smo_pairs import _copy_pair
from fastgrid.kernels.smo_state import (
    STATE_ROWS,
    Float32Matrix,
    Float64Matrix,
    Float64Vector,
    IntVector,
    padded_length,
)

Float32Vector = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
BoolVector = npt.NDArray[np.bool_]


class Task(NamedTuple):
    """All pairs of one Gram matrix whose rows are ordered by class, and the p cost vectors to solve them for.

    `gram` is float32 (n, width), `diagonal` and `weights` (the factor of each row's C) float64 (n,), `starts` int64
    (k + 1,) the first row of each class, `costs` float64 (p, k).
    """

    gram: Float32Matrix
    diagonal: Float64Vector
    starts: IntVector
    costs: Float64Matrix
    weights: Float64Vector


class Room(NamedTuple):
    """Flat memory for the largest pair, of m items: see `make_room`."""

    block: Float32Vector
    rows: Float32Vector
    states: Float64Matrix
    numbers: Float64Matrix
    items: Float64Matrix
    order: IntVector
    allowed: Float32Vector
    diagonal: Float32Vector
    counts: npt.NDArray[np.int64]
    measures: Float64Matrix
    unbounded: BoolVector


class Pair(NamedTuple):
    """One pair of classes with n items.

    `first` and `second` are its classes, `number` its place among the pairs. `block` (n, width) is its part of the Gram
    matrix with unused columns zero, `diagonal` (n,) of that, `signs` (n,) its labels, `item_costs` (p, n) C of every
    item. `state`, `compact`, `rows` and `order` are what `_solve_binary` works on, `allowed` and `narrow_diagonal`
    (the diagonal in float32, then zeros) are what `_optimise` needs.
    Of the problems that were run: signed `duals` and `gradients` (p, n), how many duals are free and how many are not
    zero (`n_free`, `n_support`), whether none is at its C (`unbounded`), and `runs`, their numbers in the order of
    running; each (p,). `costs` (p, k) are C of each class, `weights` (n,) the items' factors of it; `measures` (4, p)
    holds of each run what its ray depends on (`_ray`).
    """

    first: int
    second: int
    number: int
    block: Float32Matrix
    diagonal: Float64Vector
    signs: Float64Vector
    item_costs: Float64Matrix
    state: Float64Matrix
    compact: Float64Matrix
    rows: Float32Matrix
    order: IntVector
    allowed: Float32Vector
    narrow_diagonal: Float32Vector
    duals: Float64Matrix
    gradients: Float64Matrix
    n_free: IntVector
    n_support: IntVector
    unbounded: BoolVector
    runs: IntVector
    costs: Float64Matrix
    weights: Float64Vector
    measures: Float64Matrix


def make_room(starts: IntVector, n_problems: int, scratch: Scratch) -> Room:
    """Return memory from `scratch` for every pair of the classes that begin at `starts`.

    Notes
    -----
    6 m^2 + 24 p m bytes and some vectors, m being the items of the two largest classes; 4 m^2 less for two classes,
    whose block is the Gram matrix. A third of the m^2 is touched only where a large problem is shrunk.
    """
    n_largest = int(np.sort(np.diff(starts))[-2:].sum())
    width = padded_length(n_largest)
    return Room(
        scratch.take("block", (n_largest * width if len(starts) > 3 else 0,), np.float32),
        scratch.take("rows", (n_largest * (width // 2 + 16),), np.float32),
        scratch.take("states", (2, STATE_ROWS * width), np.float64),
        scratch.take("runs", (3, n_problems * n_largest), np.float64),
        scratch.take("items", (3, n_largest), np.float64),
        scratch.take("order", (n_largest,), np.int64),
        scratch.take("allowed", (width,), np.float32),
        scratch.take("diagonal", (width,), np.float32),
        scratch.take("counts", (3, n_problems), np.int64),
        scratch.take("measures", (4, n_problems), np.float64),
        scratch.take("unbounded", (n_problems,), np.bool_),
    )


@jit
def _view(task: Task, room: Room, first: int, second: int, number: int) -> Pair:
    # The pair's part of the room, with what is in it.
    starts, p = task.starts, len(task.costs)
    n = starts[first + 1] - starts[first] + starts[second + 1] - starts[second]
    width, half = (n // 16 + 1) * 16, (n // 32 + 1) * 16
    if len(starts) == 3:
        block, diagonal = task.gram, task.diagonal
    else:
        block, diagonal = room.block[: n * width].reshape(n, width), room.items[0, :n]
    return Pair(
        first,
        second,
        number,
        block,
        diagonal,
        room.items[1, :n],
        room.numbers[2, : p * n].reshape(p, n),
        room.states[0, : STATE_ROWS * width].reshape(STATE_ROWS, width),
        room.states[1, : STATE_ROWS * width].reshape(STATE_ROWS, width),
        room.rows[: n * half].reshape(n, half),
        room.order[:n],
        room.allowed,
        room.diagonal,
        room.numbers[0, : p * n].reshape(p, n),
        room.numbers[1, : p * n].reshape(p, n),
        room.counts[0],
        room.counts[1],
        room.unbounded,
        room.counts[2],
        task.costs,
        room.items[2, :n],
        room.measures,
    )


@jit
def _enter(task: Task, pair: Pair) -> None:
    # The pair's Gram block, labels and costs.
    starts, n = task.starts, len(pair.signs)
    if len(starts) > 3:
        _copy_pair(task.gram, task.diagonal, starts, pair.first, pair.second, pair.block, pair.diagonal)
    for k in range(n):
        pair.narrow_diagonal[k] = pair.diagonal[k]
    for k in range(n, pair.state.shape[1]):
        pair.narrow_diagonal[k] = 0.0
    n_first = starts[pair.first + 1] - starts[pair.first]
    for k in range(n):
        pair.signs[k] = 1.0 if k < n_first else -1.0
    weights = pair.weights
    weights[:n_first] = task.weights[starts[pair.first] : starts[pair.first + 1]]
    weights[n_first:] = task.weights[starts[pair.second] : starts[pair.second + 1]]
    for problem in range(len(task.costs)):
        cost_first, cost_second = task.costs[problem, pair.first], task.costs[problem, pair.second]
        for k in range(n):
            pair.item_costs[problem, k] = weights[k] * (cost_first if k < n_first else cost_second)
