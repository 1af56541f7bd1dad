"""Inner products of a fold from those of the whole data, over the features that the fold scales differently.

A feature is scaled by its range in the training part of a fold, which differs from the range in the whole data only
where the minimum or maximum is held out. With O the changed features as the whole data scales them and N as the fold
does, both for all items:

    P_fold = P_whole - O O' + N N' = P_whole + [N O] [N -O]'
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.gram_blocks import _mirror
from fastgrid.kernels.jit import jit

Float64Matrix = npt.NDArray[np.float64]
FloatVector = npt.NDArray[np.floating]
IndexVector = npt.NDArray[np.intp]

#: Rows that are corrected at a time: enough for a matrix product at full speed.
_BLOCK = 128
#: Nanoseconds per entry of an n x n matrix: what does not depend on the features (reading, writing and mirroring the
#: matrix), and what each column of the factors costs (half a multiplication and an addition, the result being
#: symmetric); then per value that is scaled and widened. Measured with bench/bench_gram.py for n = 320, 1440 and 4000
#: on one core of an x86-64 with AVX-512 and OpenBLAS. Only the proportions matter, which are much the same elsewhere:
#: both ways are matrix products of one library.
_FRESH_ENTRY, _FRESH_COLUMN = 1.0, 0.020
_CORRECTION_ENTRY, _CORRECTION_COLUMN = 1.2, 0.023
_SCALED_VALUE = 1.5


def changed_features(
    whole: tuple[IndexVector, FloatVector, FloatVector], fold: tuple[IndexVector, FloatVector, FloatVector]
) -> tuple[IndexVector, IndexVector]:
    """Return which features have to be taken out of the whole data's products, and which to be put in for a fold.

    Parameters
    ----------
    whole, fold : tuple of three ndarrays, each of shape (n_used,)
        What scales the whole data and the fold: the dimensions that are used (intp, ascending), scale and offset. A
        dimension may be used in one of them only.

    Returns
    -------
    taken_out, put_in : ndarray of intp
        Positions within ``whole[0]`` and within ``fold[0]``, ascending. A dimension that both use with equal scale and
        offset is in neither; one that both use differently is in both.
    """
    common, in_whole, in_fold = np.intersect1d(whole[0], fold[0], assume_unique=True, return_indices=True)
    same = np.ones(len(common), dtype=np.bool_)
    for left, right in zip(whole[1:], fold[1:], strict=True):
        same &= left[in_whole] == right[in_fold]
    return _without(len(whole[0]), in_whole[same]), _without(len(fold[0]), in_fold[same])


def fresh_cost(n: int, n_features: int) -> float:
    """Return roughly the seconds that `inner_products` of n items takes.

    Parameters
    ----------
    n : int
        Number of items.
    n_features : int

    Returns
    -------
    float
        A function of the arguments only, never of the machine, so that choices made with it are the same everywhere.
    """
    return 1e-9 * n * (n * (_FRESH_ENTRY + _FRESH_COLUMN * n_features) + _SCALED_VALUE * n_features)


def correction_cost(n: int, n_columns: int) -> float:
    """Return roughly the seconds that `correct_products` of n items takes; see `fresh_cost`.

    Parameters
    ----------
    n : int
        Number of items.
    n_columns : int
        Number of features taken out plus number put in; without any there is nothing to do.
    """
    if n_columns == 0:
        return 0.0
    return 1e-9 * n * (n * (_CORRECTION_ENTRY + _CORRECTION_COLUMN * n_columns) + _SCALED_VALUE * n_columns)


def correct_products(
    products: Float64Matrix,
    taken_out: npt.NDArray[np.floating],
    put_in: npt.NDArray[np.floating],
    out: Float64Matrix,
) -> None:
    """Write inner products into `out` that belong to `products` after an exchange of some features.

    Parameters
    ----------
    products : ndarray of float64, shape (n, n)
        Inner products of all items with themselves; symmetric.
    taken_out : ndarray of float, shape (n, c)
        Values of the features that are in `products` and shall not be; c may be 0.
    put_in : ndarray of float, shape (n, e)
        Values of the features that shall be; e may be 0.
    out : ndarray of float64, shape (n, n)
        May be `products` itself. Exactly symmetric afterwards; equal to `products` if c = e = 0.

    Notes
    -----
    Everything is done in float64; errors are a few roundings of the largest product involved. Memory beside
    `products` and `out`: 16 n (c + e) + max(8 n c, 1024 n) bytes. Cost: n^2 (c + e) / 2 multiplications and additions.
    """
    width = taken_out.shape[1] + put_in.shape[1]
    if width == 0:
        if out is not products:
            out[...] = products
        return
    n = len(products)
    left = np.concatenate([put_in, taken_out], axis=1, dtype=np.float64)
    right = np.concatenate([put_in, -taken_out], axis=1, dtype=np.float64)
    buffer = np.empty(min(_BLOCK, n) * n)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        change = buffer[: (stop - start) * (n - start)].reshape(stop - start, n - start)
        np.matmul(left[start:stop], right[start:].T, out=change)
        np.add(products[start:stop, start:], change, out=out[start:stop, start:])
        _mirror_block(out, start, stop)


def _without(length: int, positions: IndexVector) -> IndexVector:
    kept = np.ones(length, dtype=np.bool_)
    kept[positions] = False
    return np.flatnonzero(kept)


@jit
def _mirror_block(out: Float64Matrix, start: int, stop: int) -> None:
    # In strips, of which the destinations are one or two cache lines long.
    for first in range(start, stop, 16):
        _mirror(out, first, min(first + 16, stop))
