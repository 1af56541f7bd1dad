"""The oracle: LIBSVM itself, through scikit-learn's ``SVC(kernel="precomputed")`` on the same Gram matrix."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVC

from fastgrid.solvers.interface import MAXIMUM_ITERATIONS, OneVsOneSolution
from fastgrid.solvers.one_vs_one import pairs


class LibsvmSolver:
    """Solves by LIBSVM (Chang & Lin 2011) as packaged in scikit-learn; see `fastgrid.solvers.Solver`."""

    def solve(
        self,
        gram: npt.NDArray[np.float64],
        labels: npt.NDArray[np.int64],
        class_costs: npt.NDArray[np.float64],
        tol: float = 1e-3,
    ) -> list[OneVsOneSolution]:
        """Fit one ``SVC`` per cost vector; see `fastgrid.solvers.Solver.solve`."""
        n_classes = class_costs.shape[1]
        if n_classes == 1:
            return [_empty_solution(len(labels)) for _ in class_costs]
        return [_fit(gram, labels, costs, tol) for costs in class_costs]


def _empty_solution(n_rows: int) -> OneVsOneSolution:
    return OneVsOneSolution(np.empty((0, n_rows)), np.empty(0), np.empty(0, dtype=np.int64))


def _fit(
    gram: npt.NDArray[np.float64], labels: npt.NDArray[np.int64], costs: npt.NDArray[np.float64], tol: float
) -> OneVsOneSolution:
    # C = 1 and the costs as weights: LIBSVM multiplies the two, so the cost reaches its solver unchanged.
    model = SVC(
        C=1.0,
        kernel="precomputed",
        class_weight={code: float(cost) for code, cost in enumerate(costs)},
        tol=tol,
        max_iter=MAXIMUM_ITERATIONS,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(gram, labels)
    converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    # scikit-learn turns the sign of a binary problem around so that positive means the second class.
    sign = -1.0 if len(costs) == 2 else 1.0
    coefficients = _pairwise_coefficients(model, len(labels), len(costs))
    return OneVsOneSolution(
        sign * coefficients, sign * model.intercept_, np.asarray(model.n_iter_, dtype=np.int64), converged
    )


def _pairwise_coefficients(model: SVC, n_rows: int, n_classes: int) -> npt.NDArray[np.float64]:
    # LIBSVM keeps, for a support vector of class c, its coefficient against class d in row d (or d - 1 where d > c).
    support = model.support_
    ends = np.cumsum(model.n_support_)
    blocks = [slice(end - count, end) for end, count in zip(ends, model.n_support_, strict=True)]
    coefficients = np.zeros((n_classes * (n_classes - 1) // 2, n_rows))
    for index, (first, second) in enumerate(pairs(n_classes)):
        coefficients[index, support[blocks[first]]] = model.dual_coef_[second - 1, blocks[first]]
        coefficients[index, support[blocks[second]]] = model.dual_coef_[first, blocks[second]]
    return coefficients
