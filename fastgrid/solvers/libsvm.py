"""The oracle: LIBSVM itself, through scikit-learn's ``SVC(kernel="precomputed")`` on the same Gram matrix."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVC

from fastgrid.kernels import Scratch
from fastgrid.solvers.interface import ClassOrderedGram, OneVsOnePath, Solver, Stopping
from fastgrid.solvers.validation import check_costs, check_weights


class LibsvmSolver(Solver):
    """Solves by LIBSVM (Chang & Lin 2011) as packaged in scikit-learn.

    Where the tolerance is to be relaxed, the problem is solved anew with the larger tolerance, since LIBSVM cannot go
    on from where it stopped.
    """

    def solve_path(
        self,
        gram: ClassOrderedGram,
        class_costs: npt.NDArray[np.float64],
        stopping: Stopping,
        item_weights: npt.NDArray[np.float64] | None = None,
        scratch: Scratch | None = None,
    ) -> OneVsOnePath:
        """Fit one ``SVC`` per cost vector; see `fastgrid.solvers.Solver.solve_path`."""
        n_rows = len(gram.diagonal)
        all_costs = check_costs(class_costs, gram.n_classes)
        weights = check_weights(item_weights, n_rows)
        path = OneVsOnePath.empty(len(all_costs), gram.n_classes, n_rows)
        if gram.n_classes == 1:
            return path
        values = gram.values[:, :n_rows].astype(np.float64)
        np.fill_diagonal(values, gram.diagonal)
        labels = np.repeat(np.arange(gram.n_classes), np.diff(gram.class_starts))
        for row, costs in enumerate(all_costs):
            _fit(values, labels, costs, stopping, weights, path, row)
        return path


def _fit(
    gram: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    costs: npt.NDArray[np.float64],
    stopping: Stopping,
    item_weights: npt.NDArray[np.float64] | None,
    path: OneVsOnePath,
    row: int,
) -> None:
    # C = 1 and the costs as weights: LIBSVM multiplies the two, so the cost reaches its solver unchanged.
    weights = {code: float(cost) for code, cost in enumerate(costs)}
    for relaxation in range(stopping.relaxations + 1):
        tol = stopping.tol * 10.0**relaxation
        model = SVC(C=1.0, kernel="precomputed", class_weight=weights, tol=tol, max_iter=stopping.maximum_iterations)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(gram, labels, sample_weight=item_weights)
        converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
        if converged:
            break
    # scikit-learn turns the sign of a binary problem around so that positive means the second class.
    sign = -1.0 if len(costs) == 2 else 1.0
    path.coefficients[row][:, model.support_] = sign * model.dual_coef_
    path.bias[row] = sign * model.intercept_
    path.iterations[row] = model.n_iter_
    path.converged[row] = converged | (path.iterations[row] < stopping.maximum_iterations)
