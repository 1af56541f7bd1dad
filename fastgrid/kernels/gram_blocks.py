"""Gram matrices of subsets of the rows, straight from the inner products of all rows.

Folds and orders of classes are subsets of one base, so nothing is copied or multiplied anew for them; squared
distances are formed on the way and never stored.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.definition import KernelDefinition, KernelParameters, fill_symmetrically
from fastgrid.kernels.jit import jit, jit_inline
from fastgrid.kernels.kernel_rows import Float64Vector, _doubt, _fill_row
from fastgrid.kernels.known import KERNELS, added_kernel

Float64Matrix = npt.NDArray[np.float64]
IndexVector = npt.NDArray[np.intp]
#: Unsigned, so that indexing needs no look at the sign.
PositionVector = npt.NDArray[np.uint32]

#: Rows that are computed before they are mirrored: in a second-level cache up to some thousand columns, and a mirrored
#: piece is one or two cache lines long.
_STRIP = 32
#: Columns at a time, so that what is read and written again stays in the first-level cache.
_PIECE = 1024


def fill_symmetric_gram(
    kernel: str,
    products: Float64Matrix,
    out: npt.NDArray[np.float32],
    gamma: float,
    degree: int = 3,
    coef0: float = 0.0,
    rows: IndexVector | None = None,
) -> float:
    """Write the Gram matrix of some rows with themselves into `out`; one triangle is computed and mirrored.

    Parameters
    ----------
    kernel : {"rbf", "poly", "linear"}
    products : ndarray of float64, shape (n, n)
        Inner products of the rows of a matrix; the diagonal holds their squared norms. Of those that `rows` chooses,
        only the upper triangle is read, in the order of `rows`.
    out : ndarray of float32 or float64, shape (m, m)
        Exactly symmetric afterwards; for RBF with ones on the diagonal.
    gamma, degree, coef0 : float, int, float
        The kernel's parameters, as in scikit-learn's ``SVC``; those that a kernel does not have are ignored.
    rows : ndarray of intp, shape (m,), optional
        ``out[i, j]`` belongs to ``products[rows[i], rows[j]]``; by default all rows in their order. Not checked.

    Returns
    -------
    float
        For "poly" and "linear" the largest absolute value, before it is rounded to the type of `out`, NaN if any value
        is NaN; for "rbf" 1, or NaN if a squared norm is so large that distances may not be finite. float32 holds all
        values if and only if this is at most ``np.finfo(np.float32).max``, a comparison that NaN fails. 0 if there are
        none.

    Raises
    ------
    ValueError
        For another kernel's name.

    Notes
    -----
    Memory beside `products` and `out`: 12 m + 16 * 1024 bytes. Cost: m (m + 1) / 2 kernel values.
    """
    added = added_kernel(kernel)
    if added is not None:
        order = np.arange(len(products)) if rows is None else rows
        return _fill_by_products(added, products, order, out, KernelParameters(gamma, degree, coef0))
    code = _code(kernel)
    chosen = np.arange(len(products), dtype=np.uint32) if rows is None else _positions(rows)
    return float(_fill_symmetric(code, products, chosen, rows is None, gamma, degree, coef0, out))


def fill_gram_between(
    kernel: str,
    products: Float64Matrix,
    rows: IndexVector,
    columns: IndexVector,
    out: npt.NDArray[np.floating],
    gamma: float,
    degree: int = 3,
    coef0: float = 0.0,
) -> float:
    """Write the Gram matrix of some rows with others into `out`.

    Parameters
    ----------
    kernel : {"rbf", "poly", "linear"}
    products : ndarray of float64, shape (n, n)
        Inner products of the rows of a matrix with themselves; the diagonal holds their squared norms.
    rows, columns : ndarray of intp, shape (m,) and (k,)
        ``out[i, j]`` belongs to ``products[rows[i], columns[j]]``. Not checked.
    out : ndarray of float64 or float32, shape (m, k)
    gamma, degree, coef0 : float, int, float
        As in `fill_symmetric_gram`.

    Returns
    -------
    float
        As of `fill_symmetric_gram`.

    Raises
    ------
    ValueError
        For another kernel's name.

    Notes
    -----
    Memory beside `products` and `out`: 12 (m + k) + 16 * 1024 bytes. Cost: m k kernel values.
    """
    added = added_kernel(kernel)
    if added is not None:
        return _fill_between_by_products(added, products, rows, columns, out, KernelParameters(gamma, degree, coef0))
    left, right = _positions(rows), _positions(columns)
    return float(_fill_between(_code(kernel), products, left, right, gamma, degree, coef0, out))


def _fill_by_products(
    added: KernelDefinition,
    products: Float64Matrix,
    rows: IndexVector,
    out: npt.NDArray[np.floating],
    parameters: KernelParameters,
) -> float:
    norms = products.diagonal()[rows]

    def block(start: int, stop: int) -> Float64Matrix:
        chosen = products[np.ix_(rows[start:stop], rows[start:])]
        return added.of_inner_products(chosen, norms[start:stop], norms[start:], parameters)

    return fill_symmetrically(block, len(rows), out, _STRIP)


def _fill_between_by_products(
    added: KernelDefinition,
    products: Float64Matrix,
    rows: IndexVector,
    columns: IndexVector,
    out: npt.NDArray[np.floating],
    parameters: KernelParameters,
) -> float:
    norms, largest = products.diagonal(), 0.0
    for start in range(0, len(rows), _STRIP):
        strip = rows[start : start + _STRIP]
        block = added.of_inner_products(products[np.ix_(strip, columns)], norms[strip], norms[columns], parameters)
        largest = float(np.maximum(largest, np.abs(block).max(initial=0.0)))
        out[start : start + _STRIP, : len(columns)] = block
    return largest


def _code(kernel: str) -> int:
    return KERNELS.index(kernel)


def _positions(rows: IndexVector) -> PositionVector:
    return rows.astype(np.uint32)


@jit
def _fill_symmetric(
    kernel: int,
    products: Float64Matrix,
    rows: PositionVector,
    consecutive: bool,
    gamma: float,
    degree: int,
    coef0: float,
    out: npt.NDArray[np.floating],
) -> float:
    # O(m^2 / 2) kernel values. Base rows are read once and as a whole: chosen columns may lie anywhere in them.
    m = len(rows)
    norms = _diagonal(products, rows)
    piece, work = np.empty(_PIECE), np.empty(_PIECE)
    largest = _doubt(norms) if kernel == 0 else np.int64(0)
    for start in range(0, m, _STRIP):
        stop = min(start + _STRIP, m)
        for i in range(start, stop):
            for first in range(start, m, _PIECE):
                count = min(_PIECE, m - first)
                if consecutive:
                    _copy(products, rows[i], np.uint64(first), count, piece)
                else:
                    _take(products, rows[i], rows, np.uint64(first), count, piece)
                bits = _fill_row(
                    kernel, piece, norms[i], norms, gamma, degree, coef0, work, count, out, i, np.uint64(first)
                )
                largest = max(largest, bits)
        _mirror(out, start, stop)
    return np.int64(largest).view(np.float64)


@jit
def _fill_between(
    kernel: int,
    products: Float64Matrix,
    rows: PositionVector,
    columns: PositionVector,
    gamma: float,
    degree: int,
    coef0: float,
    out: npt.NDArray[np.floating],
) -> float:
    # O(m k).
    left, right = _diagonal(products, rows), _diagonal(products, columns)
    piece, work = np.empty(_PIECE), np.empty(_PIECE)
    largest = max(_doubt(left), _doubt(right)) if kernel == 0 else np.int64(0)
    for i in range(len(rows)):
        for first in range(0, len(columns), _PIECE):
            count = min(_PIECE, len(columns) - first)
            _take(products, rows[i], columns, np.uint64(first), count, piece)
            bits = _fill_row(kernel, piece, left[i], right, gamma, degree, coef0, work, count, out, i, np.uint64(first))
            largest = max(largest, bits)
    return np.int64(largest).view(np.float64)


@jit
def _diagonal(products: Float64Matrix, rows: PositionVector) -> Float64Vector:
    norms = np.empty(len(rows))
    for i in range(len(rows)):
        norms[i] = products[rows[i], rows[i]]
    return norms


@jit_inline
def _copy(products: Float64Matrix, row: np.uint32, first: np.uint64, count: int, out: Float64Vector) -> None:
    for j in range(count):
        out[j] = products[row, first + np.uint64(j)]


@jit_inline
def _take(
    products: Float64Matrix, row: np.uint32, columns: PositionVector, first: np.uint64, count: int, out: Float64Vector
) -> None:
    for j in range(count):
        out[j] = products[row, columns[first + np.uint64(j)]]


@jit_inline
def _mirror(out: npt.NDArray[np.floating], start: int, stop: int) -> None:
    # The lower triangle of columns `start` to `stop` from the upper triangle of those rows.
    for j in range(start + 1, out.shape[0]):
        column = np.uint64(j)
        for i in range(min(stop, j) - start):
            row = np.uint64(start) + np.uint64(i)
            out[column, row] = out[row, column]


def gram_from_features(
    kernel: str,
    values: Float64Matrix,
    out: npt.NDArray[np.float32],
    gamma: float,
    degree: int = 3,
    coef0: float = 0.0,
    *,
    strip_bytes: int,
) -> tuple[float, Float64Vector]:
    """Write the Gram matrix of the rows of `values` into `out` without ever holding all their inner products.

    Parameters
    ----------
    kernel : {"rbf", "poly", "linear"}
    values : ndarray of float64, shape (n, d)
    out : ndarray of float32, shape (n, width), width >= n
        Columns from n on become zero.
    gamma, degree, coef0 : float, int, float
        As in `fill_symmetric_gram`.
    strip_bytes : int
        Inner products are computed for as many rows at a time as take so many bytes, at least one.

    Returns
    -------
    largest : float
        As of `fill_symmetric_gram`.
    norms : ndarray of float64, shape (n,)
        Squared norms of the rows.

    Notes
    -----
    Memory beside `values` and `out`: `strip_bytes` + 8 n bytes. Cost: n^2 d / 2 multiplications and n^2 / 2 kernel
    values.
    """
    n = len(values)
    step = max(1, strip_bytes // (8 * max(1, n)))
    added = added_kernel(kernel)
    if added is not None:
        parameters = KernelParameters(gamma, degree, coef0)
        found = fill_symmetrically(lambda a, b: added.values(values[a:b], values[a:], parameters), n, out, step)
        out[:, n:] = 0.0
        return found, np.einsum("ij,ij->i", values, values)
    strips = [(start, min(start + step, n)) for start in range(0, n, step)]
    norms = np.empty(n)
    for start, stop in strips:
        for first in range(start, stop, _STRIP):
            block = values[first : min(first + _STRIP, stop)]
            norms[first : first + len(block)] = (block @ block.T).diagonal()
    largest = 0.0
    for start, stop in strips:
        products = values[start:stop] @ values[start:].T
        found = _fill_strip(_code(kernel), products, norms, start, gamma, degree, coef0, out)
        largest = float(np.maximum(largest, found))  # NaN stays
    out[:, n:] = 0.0
    return largest, norms


@jit
def _fill_strip(
    kernel: int,
    products: Float64Matrix,
    norms: Float64Vector,
    start: int,
    gamma: float,
    degree: int,
    coef0: float,
    out: npt.NDArray[np.floating],
) -> float:
    # Rows from `start` on from their inner products with all rows from there on; mirrored. O(rows n) kernel values.
    n = len(norms)
    piece, work = np.empty(_PIECE), np.empty(_PIECE)
    largest = _doubt(norms) if kernel == 0 else np.int64(0)
    for row in range(len(products)):
        i = start + row
        for first in range(i, n, _PIECE):
            count = min(_PIECE, n - first)
            _copy(products, np.uint32(row), np.uint64(first - start), count, piece)
            bits = _fill_row(
                kernel, piece, norms[i], norms, gamma, degree, coef0, work, count, out, i, np.uint64(first)
            )
            largest = max(largest, bits)
    for first in range(start, start + len(products), _STRIP):
        _mirror(out, first, min(first + _STRIP, start + len(products)))
    return np.int64(largest).view(np.float64)
