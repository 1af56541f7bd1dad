"""LAPACK's solution of positive definite systems, with Python's lock released while it works.

scipy's own wrappers hold the lock, so that threads would wait for each other.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.linalg.cython_lapack  # noqa: F401  # with this module: threads of its BLAS are limited before it works

Float64Matrix = npt.NDArray[np.float64]


def solve_in_place(matrix: Float64Matrix, right: Float64Matrix) -> bool:
    """Solve ``matrix @ x = each row of right`` by Cholesky's method (LAPACK's dposv).

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
        Symmetric, of which only the upper triangle is read; C-contiguous; holds the factor afterwards.
    right : ndarray of float64, shape (m, n)
        C-contiguous; holds the solutions afterwards.

    Returns
    -------
    bool
        False where the matrix is not positive definite; `right` means nothing then.
    """
    assert matrix.flags.c_contiguous and right.flags.c_contiguous and matrix.shape == (right.shape[1],) * 2
    # LAPACK's columns are the rows here: the upper triangle is its lower one.
    n, n_right, failed = ctypes.c_int(right.shape[1]), ctypes.c_int(len(right)), ctypes.c_int(0)
    lower = ctypes.c_char(b"L")
    reference, pointer = ctypes.byref, ctypes.c_void_p
    _dposv()(
        reference(lower), reference(n), reference(n_right), pointer(matrix.ctypes.data), reference(n),
        pointer(right.ctypes.data), reference(n), reference(failed),
    )  # fmt: skip
    return failed.value == 0


@functools.cache
def _dposv() -> Callable[..., None]:
    from numba.extending import get_cython_function_address

    arguments = [ctypes.c_void_p] * 8
    return ctypes.CFUNCTYPE(None, *arguments)(get_cython_function_address("scipy.linalg.cython_lapack", "dposv"))
