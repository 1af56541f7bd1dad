"""scikit-learn's SVC itself, on a given Gram matrix: its duals in fastgrid's layout, and its own predictions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.svm import SVC

from fastgrid.solvers import ClassOrderedGram, OneVsOnePath, Stopping


def fit_svc(
    gram: ClassOrderedGram,
    costs: npt.NDArray[np.float64],
    stopping: Stopping,
    between: npt.NDArray[np.float64],
) -> tuple[OneVsOnePath, npt.NDArray[np.int16]]:
    """Fit one SVC per cost vector and let it predict.

    Parameters
    ----------
    gram : ClassOrderedGram
        Of the n training rows.
    costs : ndarray of float64, shape (p, k)
    stopping : Stopping
    between : ndarray of float64, shape (m, n)
        Kernel values between test and training rows; there may be none.

    Returns
    -------
    path : OneVsOnePath
        Each problem is its own source.
    predicted : ndarray of int16, shape (p, m)
        As of ``SVC.predict``.
    """
    n = len(gram.diagonal)
    path = OneVsOnePath.empty(len(costs), gram.n_classes, n)
    values = gram.values[:, :n].astype(np.float64)
    np.fill_diagonal(values, gram.diagonal)
    labels = np.repeat(np.arange(gram.n_classes), np.diff(gram.class_starts))
    predicted = np.empty((len(costs), len(between)), dtype=np.int16)
    # In a binary problem scikit-learn turns the sign around, so that positive means the second class.
    sign = -1.0 if gram.n_classes == 2 else 1.0
    for row, cost in enumerate(costs):
        # C = 1 and the costs as weights: LIBSVM multiplies the two, so a cost reaches its solver unchanged.
        model = SVC(
            kernel="precomputed",
            C=1.0,
            class_weight=dict(enumerate(cost.tolist())),
            tol=stopping.tol,
            max_iter=stopping.maximum_iterations,
        ).fit(values, labels)
        path.coefficients[row][:, model.support_] = sign * model.dual_coef_
        path.bias[row] = sign * model.intercept_
        path.iterations[row] = model.n_iter_
        if len(between):
            predicted[row] = model.predict(between)
    # Warnings, which tell of the cap too, are no way in threads.
    path.converged[:] = path.iterations < stopping.maximum_iterations
    return path, predicted
