"""A piece of one row of a Gram matrix from a piece of one row of inner products: loops that vectorise.

Chang & Lin 2011 ("LIBSVM: a library for support vector machines", section 2), in LIBSVM's order of operations:

    rbf     exp(-gamma |x - z|^2),  |x - z|^2 = x'x + z'z - 2 x'z
    poly    (gamma x'z + coef0)^degree
    linear  x'z

A piece is `count` values from column `first` on. Columns are unsigned, so that indexing needs no look at the sign, and
whole arrays are passed, since a view per row costs as much as a hundred values.

The largest absolute value is found as the bits of a float64, read as an integer: bits of numbers that are not negative
are ordered as the numbers are, infinity comes after them and NaN last. An integer maximum vectorises and loses neither.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.exponential import _exponential_below_limit
from fastgrid.kernels.jit import jit_inline

Matrix = npt.NDArray[np.floating]
Float64Vector = npt.NDArray[np.float64]

_WITHOUT_SIGN = np.int64(0x7FFFFFFFFFFFFFFF)
_ONE_BITS = np.int64(0x3FF0000000000000)


@jit_inline
def _magnitude(value: float) -> np.int64:
    return np.float64(value).view(np.int64) & _WITHOUT_SIGN


@jit_inline
def _doubt(norms: Float64Vector) -> np.int64:
    # The bits of 0 if all distances between rows with these squared norms are finite, by Cauchy & Schwarz; else of NaN.
    largest = np.int64(0)
    for i in range(len(norms)):
        bound = 4.0 * norms[i]
        largest = max(largest, _magnitude(bound - bound))
    return largest


@jit_inline
def _fill_row(
    kernel: int,
    products: Float64Vector,
    norm: float,
    norms: Float64Vector,
    gamma: float,
    degree: int,
    coef0: float,
    work: Float64Vector,
    count: int,
    out: Matrix,
    row: int,
    first: np.uint64,
) -> np.int64:
    # `kernel` is the position in KERNELS; `products` is overwritten. O(count).
    if kernel == 0:
        _fill_rbf_row(products, norm, norms, gamma, count, out, row, first)
        return _ONE_BITS
    if kernel == 1:
        _raise_row(products, gamma, coef0, degree, work, count)
    return _fill_linear_row(products, count, out, row, first)


@jit_inline
def _fill_rbf_row(
    products: Float64Vector,
    norm: float,
    norms: Float64Vector,
    gamma: float,
    count: int,
    out: Matrix,
    row: int,
    first: np.uint64,
) -> None:
    # A distance may come out slightly negative, by rounding; so written, NaN stays.
    for j in range(count):
        column = first + np.uint64(j)
        distance = norm + norms[column] - 2.0 * products[j]
        out[row, column] = _exponential_below_limit(-gamma * (0.0 if distance < 0.0 else distance))


@jit_inline
def _raise_row(
    power: Float64Vector, gamma: float, coef0: float, degree: int, square: Float64Vector, count: int
) -> None:
    # Repeated squaring as LIBSVM does it, but one bit of the degree for the whole row at a time; `power` holds the
    # products at first. O(count log degree).
    lowest_bit = degree % 2 == 1
    for j in range(count):
        square[j] = gamma * power[j] + coef0
        power[j] = square[j] if lowest_bit else 1.0
    remaining = degree // 2
    while remaining > 0:
        if remaining % 2 == 1:
            for j in range(count):
                square[j] *= square[j]
                power[j] *= square[j]
        else:
            for j in range(count):
                square[j] *= square[j]
        remaining //= 2


@jit_inline
def _fill_linear_row(products: Float64Vector, count: int, out: Matrix, row: int, first: np.uint64) -> np.int64:
    largest = np.int64(0)
    for j in range(count):
        out[row, first + np.uint64(j)] = products[j]
        largest = max(largest, _magnitude(products[j]))
    return largest
