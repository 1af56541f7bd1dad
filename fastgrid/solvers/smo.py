"""The default solver: LIBSVM's iterates at a fraction of its cost, over all cost vectors of all pairs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import Scratch, padded_length
from fastgrid.kernels.smo_pairs import _solve_pairs
from fastgrid.kernels.smo_state import STATE_ROWS
from fastgrid.solvers.interface import ClassOrderedGram, OneVsOnePath, Solver, Stopping
from fastgrid.solvers.validation import check_costs, check_weights


class SmoSolver(Solver):
    """Sequential minimal optimization with LIBSVM's iterates.

    Each pair is solved once per distinct pair of costs, in ascending order. A run in which no dual ever reached its C
    is, step by step, the run for every larger C: it is not repeated.
    """

    def solve_path(
        self,
        gram: ClassOrderedGram,
        class_costs: npt.NDArray[np.float64],
        stopping: Stopping,
        item_weights: npt.NDArray[np.float64] | None = None,
        scratch: Scratch | None = None,
    ) -> OneVsOnePath:
        """Solve every pair for every cost vector; see `fastgrid.solvers.Solver.solve_path`."""
        n_rows = len(gram.diagonal)
        costs = check_costs(class_costs, gram.n_classes)
        weights = check_weights(item_weights, n_rows)
        path = OneVsOnePath.empty(len(costs), gram.n_classes, n_rows, scratch)
        block_room, rows_room, states = _workspace(gram, scratch or Scratch())
        _solve_pairs(
            gram.values,
            gram.diagonal,
            gram.class_starts,
            costs,
            weights,
            stopping.tol,
            stopping.maximum_iterations,
            stopping.relaxations,
            block_room,
            rows_room,
            states,
            path.coefficients,
            path.bias,
            path.iterations,
            path.converged,
            path.sources,
        )
        return path


def _workspace(
    gram: ClassOrderedGram, scratch: Scratch
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    # Room for the largest pair: its Gram block (not needed where it is the whole matrix), its gathered rows, its state.
    n_largest = int(np.sort(np.diff(gram.class_starts))[-2:].sum())
    width = padded_length(n_largest)
    block_room = scratch.take("block", (n_largest * width if gram.n_classes > 2 else 0,), np.float32)
    rows_room = scratch.take("rows", (n_largest * (width // 2 + 16),), np.float32)
    return block_room, rows_room, scratch.take("states", (2, STATE_ROWS * width), np.float64)
