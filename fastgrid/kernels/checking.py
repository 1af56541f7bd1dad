"""Whether a function is a kernel, as far as it can be seen from some rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.definition import KernelDefinition, KernelParameters
from fastgrid.kernels.gram import gram_matrix
from fastgrid.kernels.known import added_kernel

#: Of the largest value or eigenvalue: what roundings of float64 may come to in sums over many features.
_ROUNDING = 1e-9
_MOST_ROWS = 1000


def check_kernel(
    kernel: str | KernelDefinition,
    rows: npt.ArrayLike,
    *,
    gamma: float = 1.0,
    degree: int = 3,
    coef0: float = 0.0,
) -> None:
    """Raise `ValueError` where a kernel is none, as far as `rows` show it; for the test of a kernel that is added.

    Looked at are: values that are finite, of the right shape and type; the same values whichever other rows are given
    beside; symmetry; and a Gram matrix without eigenvalues below 0. What a solver finds with another function is no
    optimum of anything, and it may take all the iterations that it is allowed.

    Parameters
    ----------
    kernel : str or KernelDefinition
        The name of one that is known, or a definition.
    rows : array-like of float, shape (n, d)
        From what the kernel is made for; of more than 1000 the first.
    gamma, degree, coef0 : float, int, float
        Try several.

    Raises
    ------
    ValueError
        When something does not hold; the message begins with the name of the kernel.

    Examples
    --------
    >>> check_kernel("rbf", [[0.0], [1.0], [3.0]], gamma=0.5)
    """
    definition = added_kernel(kernel) if isinstance(kernel, str) else kernel
    name = kernel if isinstance(kernel, str) else kernel.name
    given = KernelParameters(gamma, degree, coef0)

    def between(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return gram_matrix(name, left, right, *given) if definition is None else definition.values(left, right, given)

    values = np.asarray(rows, dtype=np.float64)[:_MOST_ROWS]
    whole = between(values, values)
    if not np.isfinite(whole).all():
        raise ValueError(f"kernel {name} gave NaN or infinity")
    tolerance = _ROUNDING * float(np.abs(whole).max(initial=0.0))
    half = len(values) // 2
    if np.abs(between(values[:half], values[half:]) - whole[:half, half:]).max(initial=0.0) > tolerance:
        raise ValueError(f"kernel {name} depends on which other rows it is given")
    if np.abs(whole - whole.T).max(initial=0.0) > tolerance:
        raise ValueError(f"kernel {name} is not symmetric")
    smallest = float(np.linalg.eigvalsh(whole).min(initial=0.0))
    if smallest < -len(values) * tolerance:
        raise ValueError(
            f"kernel {name} is not positive semi-definite: its Gram matrix has the eigenvalue {smallest:.3g}"
        )
