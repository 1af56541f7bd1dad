"""All cost vectors of all pairs of classes on one Gram matrix whose rows are ordered by class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.jit import jit, jit_inline
from fastgrid.kernels.row_cache import RowsOnDemand
from fastgrid.kernels.smo import _initialise, _solve_binary
from fastgrid.kernels.smo_state import (
    ALPHA,
    SIGN,
    STATE_ROWS,
    Float32Matrix,
    Float64Matrix,
    Float64Vector,
    IntVector,
)

Float32Vector = npt.NDArray[np.float32]
BoolVector = npt.NDArray[np.bool_]


@jit
def _copy_pair(
    gram: Float32Matrix,
    diagonal: Float64Vector,
    starts: IntVector,
    first: int,
    second: int,
    block: Float32Matrix,
    own: Float64Vector,
) -> None:
    # The Gram block of two classes into `block`, unused columns zero, and its diagonal into `own`. Rows of a class are
    # contiguous, so this copies two stretches per row. O(n^2).
    n_first, n_second = starts[first + 1] - starts[first], starts[second + 1] - starts[second]
    n, width = n_first + n_second, block.shape[1]
    for i in range(n):
        item = starts[first] + i if i < n_first else starts[second] + i - n_first
        own[i] = diagonal[item]
        row, place = np.uint64(item), np.uint64(i)
        _copy_stretch(gram, row, np.uint64(starts[first]), block, place, np.uint64(0), n_first)
        _copy_stretch(gram, row, np.uint64(starts[second]), block, place, np.uint64(n_first), n_second)
        for k in range(width - n):
            block[place, np.uint64(n) + np.uint64(k)] = 0.0


@jit_inline
def _copy_stretch(
    gram: Float32Matrix,
    row: np.uint64,
    first: np.uint64,
    block: Float32Matrix,
    place: np.uint64,
    begin: np.uint64,
    count: int,
) -> None:
    # Unsigned indices need no look at the sign, and so become one copy of memory.
    for k in range(count):
        block[place, begin + np.uint64(k)] = gram[row, first + np.uint64(k)]


@jit
def _stands_for(costs: Float64Matrix, run: int, wanted: int, first: int, second: int, unbounded: BoolVector) -> bool:
    # Whether the solved problem `run` is also the answer to problem `wanted` of a pair: equal costs; or none of its
    # duals ever came to its C, and the wanted costs are not smaller, so that the run would be the same step by step.
    if costs[wanted, first] == costs[run, first] and costs[wanted, second] == costs[run, second]:
        return True
    larger = costs[wanted, first] >= costs[run, first] and costs[wanted, second] >= costs[run, second]
    return larger and unbounded[run]


@jit
def _ascending(costs: Float64Matrix, first: int, second: int) -> IntVector:
    # The problems by the cost of the first class, then of the second (insertion sort). O(p^2).
    order = np.arange(len(costs))
    for position in range(1, len(costs)):
        problem, k = order[position], position
        while k > 0:
            before = order[k - 1]
            if costs[before, first] < costs[problem, first] or (
                costs[before, first] == costs[problem, first] and costs[before, second] <= costs[problem, second]
            ):
                break
            order[k] = before
            k -= 1
        order[k] = problem
    return order


@jit
def _solve_pair(
    block: Float32Matrix,
    diagonal: Float64Vector,
    starts: IntVector,
    first: int,
    second: int,
    pair: int,
    costs: Float64Matrix,
    item_weights: Float64Vector,
    tolerance: float,
    maximum_iterations: int,
    relaxations: int,
    state: Float64Matrix,
    compact: Float64Matrix,
    rows: Float32Matrix,
    coefficients: npt.NDArray[np.float64],
    bias: Float64Matrix,
    iterations: npt.NDArray[np.int64],
    converged: npt.NDArray[np.bool_],
    sources: npt.NDArray[np.int64],
    demand: RowsOnDemand | None,
) -> None:
    # Every cost vector for the pair (first, second), whose Gram block is `block`, or, with `demand`, the rows of it
    # that are kept (`_solve_binary`); a problem that an earlier run answers is copied. Results go to row `pair` of each
    # output, coefficients to LIBSVM's place for them.
    n_first = starts[first + 1] - starts[first]
    n = len(diagonal)
    items = np.empty(n, dtype=np.int64)
    signs = np.empty(n)
    for i in range(n):
        items[i] = starts[first] + i if i < n_first else starts[second] + i - n_first
        signs[i] = 1.0 if i < n_first else -1.0
    unbounded = np.zeros(len(costs), dtype=np.bool_)
    runs = np.empty(len(costs), dtype=np.int64)
    n_runs = 0
    item_costs = np.empty(n)
    order = np.empty(n, dtype=np.int64)
    for problem in _ascending(costs, first, second):
        found = -1
        for k in range(n_runs):
            if _stands_for(costs, runs[k], problem, first, second, unbounded):
                found = runs[k]
                break
        if found < 0:
            for i in range(n):
                item_costs[i] = item_weights[items[i]] * costs[problem, first if i < n_first else second]
            _initialise(diagonal, signs, item_costs, state, order)
            rho, made, good, clipped = _solve_binary(
                block, state, compact, rows, order, tolerance, maximum_iterations, relaxations, demand
            )
            for k in range(n):
                row = second - 1 if k < n_first else first
                coefficients[problem, row, items[k]] = state[ALPHA, k] * state[SIGN, k]
            bias[problem, pair], iterations[problem, pair] = -rho, made
            converged[problem, pair], sources[problem, pair] = good, problem
            unbounded[problem] = good and not clipped
            runs[n_runs] = problem
            n_runs += 1
        else:
            for i in range(n):
                row = second - 1 if i < n_first else first
                coefficients[problem, row, items[i]] = coefficients[found, row, items[i]]
            bias[problem, pair], iterations[problem, pair] = bias[found, pair], iterations[found, pair]
            converged[problem, pair], sources[problem, pair] = converged[found, pair], found


@jit
def _solve_pairs(
    gram: Float32Matrix,
    diagonal: Float64Vector,
    starts: IntVector,
    costs: Float64Matrix,
    item_weights: Float64Vector,
    tolerance: float,
    maximum_iterations: int,
    relaxations: int,
    block_room: Float32Vector,
    rows_room: Float32Vector,
    states: Float64Matrix,
    coefficients: npt.NDArray[np.float64],
    bias: Float64Matrix,
    iterations: npt.NDArray[np.int64],
    converged: npt.NDArray[np.bool_],
    sources: npt.NDArray[np.int64],
) -> None:
    # All pairs in LIBSVM's order: (0, 1), (0, 2), ..., (1, 2), ... `block_room` holds room for the largest pair's
    # block, where it is not the whole matrix, `rows_room` for its rows in shrunk order, `states` for its state.
    n_classes = len(starts) - 1
    pair = starts[0]  # zero, but of a type: numba would compile the callee once more for a literal
    for first in range(n_classes):
        for second in range(first + 1, n_classes):
            n = starts[first + 1] - starts[first] + starts[second + 1] - starts[second]
            width = (n // 16 + 1) * 16
            state = states[0, : STATE_ROWS * width].reshape(STATE_ROWS, width)
            compact = states[1, : STATE_ROWS * width].reshape(STATE_ROWS, width)
            half = (n // 32 + 1) * 16
            rows = rows_room[: n * half].reshape(n, half)
            if n_classes == 2:
                block, own = gram, diagonal
            else:
                block = block_room[: n * width].reshape(n, width)
                own = np.empty(n)
                _copy_pair(gram, diagonal, starts, first, second, block, own)
            _solve_pair(
                block, own, starts, first, second, pair, costs, item_weights, tolerance, maximum_iterations,
                relaxations, state, compact, rows, coefficients, bias, iterations, converged, sources, None,
            )  # fmt: skip
            pair += 1
