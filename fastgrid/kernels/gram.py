"""RBF, polynomial and linear Gram matrices on top of one pairwise product.

One product of the feature matrix serves every kernel and every gamma: squared distances and inner products are
the base, and a kernel is an elementwise pass over it (Chang & Lin 2011, "LIBSVM", section 2: K(x, z) =
exp(-gamma |x-z|^2), (gamma x'z + coef0)^degree, x'z).
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.jit import jit

KernelName = Literal["rbf", "poly", "linear"]
KERNELS: tuple[str, ...] = get_args(KernelName)
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

    Returns
    -------
    ndarray of float64, shape (m, n)
    """
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
    # |x - z|^2 = x'x + z'z - 2 x'z; rounding may leave a tiny negative number. O(m n).
    for i in range(products.shape[0]):
        for j in range(products.shape[1]):
            distance = left_norms[i] + right_norms[j] - 2.0 * products[i, j]
            out[i, j] = distance if distance > 0.0 else 0.0


@jit
def _fill_rbf(squared_distances: Float64Matrix, gamma: float, out: Float64Matrix) -> None:
    # K = exp(-gamma D). O(m n).
    for i in range(squared_distances.shape[0]):
        for j in range(squared_distances.shape[1]):
            out[i, j] = math.exp(-gamma * squared_distances[i, j])


@jit
def _fill_polynomial(products: Float64Matrix, gamma: float, coef0: float, degree: int, out: Float64Matrix) -> None:
    # K = (gamma P + coef0)^degree by repeated squaring, multiplying in LIBSVM's order. O(m n log degree).
    for i in range(products.shape[0]):
        for j in range(products.shape[1]):
            square = gamma * products[i, j] + coef0
            power = 1.0
            remaining = degree
            while remaining > 0:
                if remaining % 2 == 1:
                    power *= square
                square *= square
                remaining //= 2
            out[i, j] = power
