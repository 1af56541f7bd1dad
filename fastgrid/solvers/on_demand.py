"""The default solver where a Gram matrix does not fit into memory: rows are computed from the features when needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import KERNELS, aligned_empty, fill_gram, padded_length
from fastgrid.kernels.row_cache import COUNTERS, MISSES, RowsOnDemand, _empty
from fastgrid.kernels.row_tiles import PIECE, TILE, _fill_tiles
from fastgrid.kernels.smo_pairs import _solve_pair
from fastgrid.kernels.smo_state import STATE_ROWS
from fastgrid.solvers.interface import OneVsOnePath, Stopping
from fastgrid.solvers.one_vs_one import pairs

FloatVector = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OnDemandPath(OneVsOnePath):
    """A `OneVsOnePath`, and what its kernel rows cost.

    Attributes
    ----------
    misses : ndarray of int64, shape (n_pairs,)
        Rows computed for each pair, over all cost vectors; the same in every run with the same `cache_bytes`.
    """

    misses: npt.NDArray[np.int64]


def solve_on_demand(
    features: npt.NDArray[np.float32],
    class_starts: npt.NDArray[np.int64],
    kernel: str,
    gamma: float,
    class_costs: npt.NDArray[np.float64],
    stopping: Stopping,
    *,
    cache_bytes: int,
    degree: int = 3,
    coef0: float = 0.0,
    item_weights: npt.NDArray[np.float64] | None = None,
) -> OnDemandPath:
    """Solve every pair problem for every cost vector without a Gram matrix.

    The iterates are those of `fastgrid.solvers.smo.SmoSolver` on the Gram matrix whose inner products are added in the
    order of the features: the same bit for bit, however small the cache. Another order, as that of a matrix product,
    changes the last bit of some inner products, and with it, rarely, that of a float32 kernel value.

    Parameters
    ----------
    features : ndarray of float32, shape (n, d)
        Rows ordered by class; finite.
    class_starts : ndarray of int64, shape (k + 1,)
        Rows of class c are ``class_starts[c] : class_starts[c + 1]``, at least one each.
    kernel : {"rbf", "poly", "linear"}
    gamma, degree, coef0 : float, int, float
        The kernel's parameters, as in scikit-learn's ``SVC``; those that a kernel does not have are ignored.
    class_costs : ndarray of float64, shape (p, k)
        C of each class, p cost vectors; all positive.
    stopping : Stopping
    cache_bytes : int
        Bytes for kernel rows; two rows are kept in any case. More than ``4 n (n + 16)`` is never used.
    item_weights : ndarray of float64, shape (n,), optional
        Factor of the C of each row; all positive.

    Returns
    -------
    OnDemandPath

    Raises
    ------
    ValueError
        For another kernel's name, features that are not finite, or kernel values that float32 may not hold. With a
        negative `coef0` this is judged by a bound, |coef0| + gamma max x'x.

    Notes
    -----
    Memory beside the arguments and the result, with m rows in the two largest classes:
    max(`cache_bytes`, 8 (m + 16)) + 6 (m + 90) d + 280 (m + 16) + 8 n + 8 p (k + 3) + 16 d + 40,000 bytes, and 4 n d
    more where `features` are not C-contiguous.
    Cost of a row that is not kept: the active rows times the features of its item that are not zero.
    """
    if kernel not in KERNELS:
        raise ValueError(f"kernel {kernel!r} is not one of {', '.join(KERNELS)}")
    n_rows, n_classes = len(features), len(class_starts) - 1
    starts = np.array(class_starts, dtype=np.int64)
    path = OneVsOnePath.empty(len(class_costs), n_classes, n_rows)
    costs = np.array(class_costs, dtype=np.float64, order="C")
    weights = np.ones(n_rows) if item_weights is None else np.array(item_weights, dtype=np.float64)
    rows = _PairRows(features, starts, kernel, gamma, degree, coef0, cache_bytes)
    misses = np.zeros(path.bias.shape[1], dtype=np.int64)
    for pair, (first, second) in enumerate(pairs(n_classes)):
        demand, kept, diagonal, states = rows.load(first, second)
        # `rows` of a full Gram matrix have no use here; they are set when rows are narrowed.
        _solve_pair(
            kept, diagonal, starts, first, second, pair, costs, weights, stopping.tol, stopping.maximum_iterations,
            stopping.relaxations, states[0], states[1], kept, path.coefficients, path.bias, path.iterations,
            path.converged, path.sources, demand,
        )  # fmt: skip
        misses[pair] = demand.counters[MISSES]
    return OnDemandPath(path.coefficients, path.bias, path.iterations, path.converged, path.sources, path.warm, misses)


class _PairRows:
    # Memory for the largest pair, lent to one pair after the other.

    def __init__(
        self,
        features: npt.NDArray[np.float32],
        starts: npt.NDArray[np.int64],
        kernel: str,
        gamma: float,
        degree: int,
        coef0: float,
        cache_bytes: int,
    ) -> None:
        self._features = np.ascontiguousarray(features, dtype=np.float32)
        self._starts, self._kernel = starts, kernel
        self._gamma, self._degree, self._coef0 = float(gamma), int(degree), float(coef0)
        n_largest, d = int(np.sort(np.diff(starts))[-2:].sum()), self._features.shape[1]
        width = padded_length(n_largest)
        most = n_largest * width
        self._cache = aligned_empty((min(max(cache_bytes // 4, 2 * width), most),), np.float32)
        self._tiles = aligned_empty((n_largest // TILE + 1, d, TILE), np.float32)
        self._active_tiles = aligned_empty((n_largest // 2 // TILE + 1, d, TILE), np.float32)
        self._tiles[...] = self._active_tiles[...] = 0.0  # the last tile is multiplied to its end
        self._states = aligned_empty((2 * STATE_ROWS * width,), np.float64)

    def load(
        self, first: int, second: int
    ) -> tuple[RowsOnDemand, npt.NDArray[np.float32], FloatVector, npt.NDArray[np.float64]]:
        # The features of a pair of classes, an empty cache as rows, the diagonal, and room for two states.
        starts = self._starts
        n_first = int(starts[first + 1] - starts[first])
        n = n_first + int(starts[second + 1] - starts[second])
        width, d = padded_length(n), self._features.shape[1]
        tiles, norms = self._tiles[: n // TILE + 1], np.zeros(n)
        _fill_tiles(self._features, starts[first], starts[first + 1], tiles, norms, 0)
        _fill_tiles(self._features, starts[second], starts[second + 1], tiles, norms, n_first)
        diagonal = self._diagonal(norms[:n])
        demand = RowsOnDemand(
            kernel=KERNELS.index(self._kernel),
            gamma=self._gamma,
            degree=self._degree,
            coef0=self._coef0,
            tiles=tiles,
            norms=norms,
            active_tiles=self._active_tiles,
            active_norms=np.zeros(n // 2),
            cache=self._cache,
            slots=np.zeros(n, dtype=np.int64),
            items=np.zeros(n, dtype=np.int64),
            later=np.zeros(n + 1, dtype=np.int64),
            earlier=np.zeros(n + 1, dtype=np.int64),
            counters=np.zeros(COUNTERS, dtype=np.int64),
            row=aligned_empty((1, width), np.float32),
            places=np.zeros(d, dtype=np.int64),
            values=np.zeros(d),
            products=np.empty(PIECE),
            work=np.empty(PIECE),
            columns=np.zeros(n, dtype=np.int64),
        )
        n_slots = min(n, len(self._cache) // width)
        _empty(demand, n_slots)
        kept = self._cache[: n_slots * width].reshape(n_slots, width)
        return demand, kept, diagonal, self._states[: 2 * STATE_ROWS * width].reshape(2, STATE_ROWS, width)

    def _diagonal(self, norms: FloatVector) -> FloatVector:
        # Kernel values of rows with themselves, after a look at what the values of any two rows may be.
        if not np.isfinite(norms).all():
            raise ValueError("features must be finite")
        if self._kernel == "rbf":
            return np.ones(len(norms))
        diagonal, bound = np.empty((1, len(norms))), np.empty((1, 1))
        fill_gram(self._kernel, norms[np.newaxis], diagonal, self._gamma, self._degree, self._coef0)
        fill_gram(self._kernel, norms.max().reshape(1, 1), bound, self._gamma, self._degree, abs(self._coef0))
        if not bound[0, 0] <= np.finfo(np.float32).max:
            remedy = "; scale the features"
            if self._kernel == "poly":
                remedy = f" with gamma = {self._gamma:g}; scale the features, or choose a smaller gamma"
            raise ValueError(f"the values of the kernel overflow{remedy}")
        return diagonal.reshape(-1)
