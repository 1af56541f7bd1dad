"""`gram`: kernel values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_array

from fastgrid.kernels import added_kernel, gram_matrix, known_kernels
from fastgrid.search.parameters import refuse_value
from fastgrid.sweep.gammas import scale_gamma


def gram(
    X: Any,
    kernel: str = "rbf",
    *,
    Y: Any = None,
    gamma: float | str = "scale",
    degree: int = 3,
    coef0: float = 0.0,
) -> npt.NDArray[np.float64]:
    """Return the Gram matrix that an SVC with these parameters works on.

    Parameters
    ----------
    X : array-like, shape (m, d)
        Finite numbers.
    kernel : {"rbf", "poly", "linear"}
        ``exp(-gamma |x - z|^2)``, ``(gamma x'z + coef0)^degree``, or ``x'z``; or one that was added.
    Y : array-like, shape (n, d), optional
        `X` where it is not given.
    gamma : float, "scale" or "auto"
        "scale" is 1 / (d var `Y`), so that `Y` is to be the training part; "auto" is 1 / d.
    degree, coef0 : int, float
        Of the polynomial kernel.

    Returns
    -------
    ndarray of float64, shape (m, n)

    Raises
    ------
    TypeError
        For sparse matrices.
    ValueError
        For other parameters than these, for rows that are not finite numbers of one length, and where the formula of a
        kernel that was added fails or gives NaN.

    Notes
    -----
    Memory: 8 m n bytes for the result and as much to work in. Squared distances are x'x + z'z - 2 x'z, in float64.

    Examples
    --------
    >>> gram([[0.0], [1.0]], "rbf", gamma=1.0).round(3).tolist()
    [[1.0, 0.368], [0.368, 1.0]]
    >>> gram([[1.0, 2.0]], "poly", Y=[[3.0, 1.0]], gamma="auto", degree=2, coef0=0.5).tolist()
    [[9.0]]
    """
    if not isinstance(kernel, str) or kernel not in known_kernels():
        hint = "" if isinstance(kernel, str) else "; other rows go into Y"
        raise ValueError(f"kernel {str(kernel)[:40]!r} is not one of {', '.join(map(repr, known_kernels()))}{hint}")
    for name, value in (("gamma", gamma), ("degree", degree), ("coef0", coef0)):
        refuse_value(name, value)
    left = check_array(X, dtype=[np.float64, np.float32], input_name="X")
    right = left if Y is None else check_array(Y, dtype=[np.float64, np.float32], input_name="Y")
    if left.shape[1] != right.shape[1]:
        raise ValueError(f"X has {left.shape[1]} columns and Y has {right.shape[1]}; give both the same features")
    if gamma == "auto":
        gamma = 1.0 / right.shape[1]
    elif isinstance(gamma, str):
        gamma = scale_gamma(right)
    values = gram_matrix(kernel, left, right, float(gamma), int(degree), float(coef0))
    if added_kernel(kernel) is not None and np.isnan(values).any():
        raise ValueError(f"kernel {kernel} gave NaN with gamma = {float(gamma):g}")
    return values
