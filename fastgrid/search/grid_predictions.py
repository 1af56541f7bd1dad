"""`cross_val_predict_grid`: the predictions of a whole grid."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin

from fastgrid.search.data import check_data, check_precomputed
from fastgrid.search.evaluation import answer, complain_of_failed_fits, folds_of
from fastgrid.search.parameters import Grid, candidates_of, points_of
from fastgrid.search.settings import check_settings


class GridPredictions(NamedTuple):
    """What every point of a grid predicts for the rows that it was not trained on.

    Attributes
    ----------
    predictions : ndarray of intp, shape (n_combinations, n_samples)
        Indices into `classes`. -1 where no fold tests a row or the fit failed; of several folds, the last one's.
    combinations : list of dict
        The parameters of each point, in the order of scikit-learn's `ParameterGrid`.
    classes : ndarray, shape (k,)
        The labels, sorted.
    """

    predictions: npt.NDArray[np.intp]
    combinations: list[dict[str, Any]]
    classes: npt.NDArray[Any]


class _Rows(ClassifierMixin, BaseEstimator):
    # Whose name errors have: features are noted on an estimator.
    pass


_Rows.__name__ = "cross_val_predict_grid"


def cross_val_predict_grid(
    X: Any,
    y: Any,
    param_grid: Grid | None = None,
    cv: Any = None,
    *,
    groups: Any = None,
    sample_weight: Any = None,
    scaling: Any = None,
    solver: str = "smo",
    tol: float = 1e-3,
    memory_limit: int | str | None = None,
    n_jobs: int | None = None,
) -> GridPredictions:
    """Predict each row by every point of a grid, from the folds in which it is not trained on.

    All that is scored, ranked or compared afterwards is a function of this one array.

    Parameters
    ----------
    X : array-like or data frame, shape (n_samples, n_features)
        With the kernel "precomputed" a Gram matrix, (n_samples, n_samples).
    y : array-like, shape (n_samples,)
        Labels of any type.
    param_grid, cv, scaling, solver, tol, memory_limit, n_jobs
        As of `GridSearchSVC`.
    groups : array-like, shape (n_samples,), optional
        For splitters that keep groups together.
    sample_weight : array-like, shape (n_samples,), optional
        Factors of each row's C.

    Returns
    -------
    GridPredictions
        A named tuple of predictions, combinations and classes.

    Raises
    ------
    TypeError, ValueError
        Naming the argument and the remedy; where all fits failed.

    Examples
    --------
    >>> X, y = [[0.0], [0.1], [0.2], [1.0], [1.1], [1.2]], ["low"] * 3 + ["high"] * 3
    >>> predictions, combinations, classes = cross_val_predict_grid(X, y, {"C": [1, 10], "kernel": ["linear"]}, cv=3)
    >>> combinations[1], classes[predictions[1]].tolist()
    ({'C': 10, 'kernel': 'linear'}, ['low', 'low', 'low', 'high', 'high', 'high'])
    """
    points = points_of(param_grid)
    candidates = candidates_of(points)
    settings = check_settings(scaling, solver, tol, memory_limit, n_jobs, candidates)
    data = check_data(_Rows(), X, y, sample_weight, numeric=settings.is_numeric)
    check_precomputed(data, candidates)
    folds = folds_of(data, cv, {"groups": groups}, with_training=False)
    answered = answer(data, candidates, folds, settings)
    complain_of_failed_fits(answered.answers, len(candidates), np.nan)
    return GridPredictions(answered.predictions, points, data.classes)
