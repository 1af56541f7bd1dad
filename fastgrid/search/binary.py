"""`solve_binary`: one problem of two classes, with its dual solution."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse

from fastgrid.search.data import is_symmetric
from fastgrid.solvers import Stopping, get_solver


class BinarySolution(NamedTuple):
    """The solution of one problem of two classes.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (n,)
        Signed duals y_i alpha_i, with y_i = 1 for the larger label and -1 for the smaller one. The decision value of
        new rows is ``new_gram @ coefficients + bias``, positive for the larger label.
    bias : float
    objective : float
        sum(alpha) - coefficients' gram coefficients / 2, which is maximal.
    iterations : int
    converged : bool
        False where the cap of iterations was hit.
    classes : ndarray, shape (2,)
        The labels, the smaller one first.
    """

    coefficients: npt.NDArray[np.float64]
    bias: float
    objective: float
    iterations: int
    converged: bool
    classes: npt.NDArray[Any]


def solve_binary(
    gram: npt.ArrayLike,
    y: npt.ArrayLike,
    C: float | tuple[float, float] = 1.0,
    *,
    sample_weight: npt.ArrayLike | None = None,
    tol: float = 1e-3,
    solver: str = "smo",
) -> BinarySolution:
    """Solve the dual problem of a C-SVC on a Gram matrix.

    Parameters
    ----------
    gram : array-like, shape (n, n)
        Symmetric; kept in float32 with its diagonal in float64, as LIBSVM does.
    y : array-like, shape (n,)
        Labels, two different ones.
    C : float or pair of float
        Bound of the duals, or those of the smaller and of the larger label. Positive.
    sample_weight : array-like, shape (n,), optional
        Factors of each row's C, positive.
    tol : float
        LIBSVM's stopping tolerance.
    solver : {"smo", "smo-fast", "libsvm"}
        "smo" takes LIBSVM's own iterations.

    Returns
    -------
    BinarySolution

    Raises
    ------
    ValueError
        Naming the argument that is not as described.

    References
    ----------
    Chang and Lin 2011, "LIBSVM: a library for support vector machines", section 2.1 and 4.1.

    Examples
    --------
    Two points at distance 2 have their margin in the middle:

    >>> found = solve_binary([[1.0, -1.0], [-1.0, 1.0]], ["a", "b"])
    >>> found.coefficients.tolist(), found.bias, found.objective
    ([-0.5, 0.5], 0.0, 0.5)
    """
    labels = np.asarray(y)
    if labels.ndim != 1:
        raise ValueError(f"y has shape {labels.shape}; give one label for each row of gram")
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) != 2:
        raise ValueError(f"y holds {len(classes)} different labels; a binary problem has two")
    costs = _positive("C", C)
    if costs.shape not in ((), (2,)):
        raise ValueError(f"C has shape {costs.shape}; give one number, or one for each of the two labels")
    if scipy.sparse.issparse(gram):
        raise TypeError("gram is sparse; pass gram.toarray()")
    values = np.asarray(gram, dtype=np.float64)
    if values.ndim == 2 and values.shape[0] == values.shape[1] and not is_symmetric(values):
        raise ValueError("gram is not symmetric; a Gram matrix is")
    (found,) = get_solver(solver).solve(
        values,
        codes,
        np.broadcast_to(costs, (1, 2)),
        stopping=Stopping(tol),
        item_weights=None if sample_weight is None else _positive("sample_weight", sample_weight),
    )
    # Positive is the pair's first class there, and the second one here, as in SVC.
    coefficients = 0.0 - found.coefficients[0]
    objective = float(np.abs(coefficients).sum() - coefficients @ values @ coefficients / 2)
    bias = 0.0 - float(found.bias[0])
    return BinarySolution(coefficients, bias, objective, int(found.iterations[0]), found.converged, classes)


def _positive(name: str, given: npt.ArrayLike) -> npt.NDArray[np.float64]:
    numbers = np.asarray(given)
    if numbers.dtype.kind not in "iuf" or not bool(((numbers > 0) & (numbers < np.inf)).all()):
        raise ValueError(f"{name} is {str(given)[:60]}; give positive, finite numbers")
    return numbers.astype(np.float64)
