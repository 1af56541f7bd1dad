"""What every solver takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

SOLVERS = ("smo", "libsvm")

#: LIBSVM's iterations are unbounded by default; Gaia's cap keeps a hopeless problem from running for ever.
MAXIMUM_ITERATIONS = 10_000_000


@dataclass(frozen=True)
class OneVsOneSolution:
    """The solved pair problems of one cost vector.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (n_pairs, n)
        Signed dual coefficients y_i alpha_i over the training rows, zero outside the pair. The decision value of the
        pair (a, b), a < b, is ``gram @ coefficients + bias``; positive means a.
    bias : ndarray of float64, shape (n_pairs,)
    iterations : ndarray of int64, shape (n_pairs,)
    converged : bool
        False when a pair hit the iteration cap.
    """

    coefficients: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    iterations: npt.NDArray[np.int64]
    converged: bool = True


class Solver(Protocol):
    """A C-SVC solver for all pairs of classes of one Gram matrix."""

    def solve(
        self,
        gram: npt.NDArray[np.float64],
        labels: npt.NDArray[np.int64],
        class_costs: npt.NDArray[np.float64],
        tol: float = 1e-3,
    ) -> list[OneVsOneSolution]:
        """Solve every pair problem for every row of `class_costs`.

        Parameters
        ----------
        gram : ndarray of float64, shape (n, n)
        labels : ndarray of int64, shape (n,)
            Class codes 0..k-1 in LIBSVM's order of the classes; each code occurs.
        class_costs : ndarray of float64, shape (p, k)
            C of each class, p cost vectors; all positive.
        tol : float
            LIBSVM's stopping tolerance.

        Returns
        -------
        list of OneVsOneSolution
            One per cost vector. With one class, no pairs.
        """


def get_solver(name: str) -> Solver:
    """Return the solver called `name`.

    Raises
    ------
    ValueError
        For a name that is not in `SOLVERS`.
    """
    if name == "smo":
        from fastgrid.solvers.smo import SmoSolver

        return SmoSolver()
    if name == "libsvm":
        from fastgrid.solvers.libsvm import LibsvmSolver

        return LibsvmSolver()
    raise ValueError(f"solver {name!r} is not one of {', '.join(SOLVERS)}")
