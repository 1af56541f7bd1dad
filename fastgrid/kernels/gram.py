"""RBF, polynomial and linear Gram matrices on top of one pairwise product.

One product of the feature matrix serves every kernel and every gamma: squared distances and inner products are
the base, and a kernel is an elementwise pass over it (Chang & Lin 2011, "LIBSVM", section 2: K(x, z) =
exp(-gamma |x-z|^2), (gamma x'z + coef0)^degree, x'z).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.definition import KernelParameters
from fastgrid.kernels.exponential import _exponential
from fastgrid.kernels.jit import jit
from fastgrid.kernels.kernel_rows import _raise_row
from fastgrid.kernels.known import KERNELS, added_kernel

Float64Matrix = npt.NDArray[np.float64]


def inner_products(left: npt.NDArray[np.floating], right: npt.NDArray[np.floating]) -> Float64Matrix:
    """Return the inner products of all rows of `left` with all rows of `right`.

    Parameters
    ----------
    left : ndarray of float, shape (m, d)
    right : ndarray of float, shape (n, d)

    Returns
    -------
    ndarray of float64, shape (m, n)
        Accumulated in float64 whatever the input's type.

    Notes
    -----
    Memory beside the arguments: 8 m n bytes, and 8 (m + n) d for copies where the input is not float64.
    """
    wide_right = right.astype(np.float64, copy=False)
    wide_left = wide_right if left is right else left.astype(np.float64, copy=False)
    products: Float64Matrix = wide_left @ wide_right.T
    return products


def squared_distances(
    products: Float64Matrix,
    left_norms: npt.NDArray[np.float64] | None = None,
    right_norms: npt.NDArray[np.float64] | None = None,
) -> Float64Matrix:
    """Return the squared Euclidean distances that belong to `inner_products`.

    Parameters
    ----------
    products : ndarray of float64, shape (m, n)
    left_norms, right_norms : ndarray of float64, shape (m,) and (n,), optional
        Squared norms of the rows; by default the diagonal, for the products of a matrix with itself.

    Returns
    -------
    ndarray of float64, shape (m, n)
        Never negative; exactly zero on the diagonal where the norms come from it.

    Notes
    -----
    Memory beside the arguments: 8 m n + 8 m bytes.
    """
    left = products.diagonal().copy() if left_norms is None else left_norms
    right = left if right_norms is None else right_norms
    out = np.empty_like(products)
    _fill_squared_distances(products, left, right, out)
    return out


def fill_gram(
    kernel: str,
    base: Float64Matrix,
    out: Float64Matrix,
    gamma: float,
    degree: int = 3,
    coef0: float = 0.0,
) -> None:
    """Write one Gram matrix into `out`, elementwise from what all Gram matrices of that kernel share.

    Parameters
    ----------
    kernel : {"rbf", "poly", "linear"}
    base : ndarray of float64, shape (m, n)
        `squared_distances` for RBF, `inner_products` otherwise.
    out : ndarray of float64, shape (m, n)
        May be `base` itself.
    gamma, degree, coef0 : float, int, float
        The kernel's parameters, as in scikit-learn's ``SVC``; those that a kernel does not have are ignored.

    Raises
    ------
    ValueError
        For another kernel's name.

    Notes
    -----
    Memory beside `base` and `out`: 8 n bytes for RBF, 16 n for poly.
    """
    if kernel == "rbf":
        _fill_rbf(base, gamma, out)
    elif kernel == "poly":
        _fill_polynomial(base, gamma, coef0, degree, out)
    elif kernel == "linear":
        out[...] = base
    else:
        raise ValueError(f"kernel {kernel!r} is not one of {', '.join(KERNELS)}")


def gram_matrix(
    kernel: str,
    left: npt.NDArray[np.floating],
    right: npt.NDArray[np.floating],
    gamma: float,
    degree: int = 3,
    coef0: float = 0.0,
) -> Float64Matrix:
    """Return the Gram matrix of the rows of `left` and `right`; see `inner_products` and `fill_gram`.

    `kernel` may also be one that was added (docs/add-a-kernel.md).

    Returns
    -------
    ndarray of float64, shape (m, n)

    Notes
    -----
    Memory beside the arguments: that of `inner_products`; then 16 m n bytes for RBF, 8 m n for the others.
    """
    added = added_kernel(kernel)
    if added is not None:
        return added.values(left, right, KernelParameters(gamma, degree, coef0))
    base = inner_products(left, right)
    if kernel == "rbf":
        base = squared_distances(base) if left is right else squared_distances(base, _norms(left), _norms(right))
    fill_gram(kernel, base, base, gamma, degree, coef0)
    return base


def _norms(rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    wide = rows.astype(np.float64, copy=False)
    return np.asarray(np.einsum("ij,ij->i", wide, wide))


@jit
def _fill_squared_distances(
    products: Float64Matrix,
    left_norms: npt.NDArray[np.float64],
    right_norms: npt.NDArray[np.float64],
    out: Float64Matrix,
) -> None:
    # |x - z|^2 = x'x + z'z - 2 x'z; rounding may leave a tiny negative number; so written, NaN stays. O(m n).
    for i in range(products.shape[0]):
        for j in range(products.shape[1]):
            distance = left_norms[i] + right_norms[j] - 2.0 * products[i, j]
            out[i, j] = 0.0 if distance < 0.0 else distance


@jit
def _fill_rbf(squared_distances: Float64Matrix, gamma: float, out: Float64Matrix) -> None:
    # K = exp(-gamma D), from a copy of each row, since the loop is packed over adjacent numbers only. O(m n).
    row = np.empty(squared_distances.shape[1])
    for i in range(squared_distances.shape[0]):
        for j in range(len(row)):
            row[j] = -gamma * squared_distances[i, j]
        for j in range(len(row)):
            out[i, j] = _exponential(row[j])


@jit
def _fill_polynomial(products: Float64Matrix, gamma: float, coef0: float, degree: int, out: Float64Matrix) -> None:
    # K = (gamma P + coef0)^degree. O(m n log degree).
    n = products.shape[1]
    row, work = np.empty(n), np.empty(n)
    for i in range(products.shape[0]):
        for j in range(n):
            row[j] = products[i, j]
        _raise_row(row, gamma, coef0, degree, work, n)
        for j in range(n):
            out[i, j] = row[j]
