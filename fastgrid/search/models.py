"""The plain estimators of scikit-learn that candidates stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from fastgrid.search.data import Data, Rows, take_rows
from fastgrid.search.parameters import Candidate

#: An SVC, or a pipeline of the steps "scaler" and "svc".
Model = Any


@dataclass(frozen=True, eq=False)
class Models:
    """Makes the estimators that candidates stand for.

    Attributes
    ----------
    scaler : transformer, optional
        Not fitted.
    whole : transformer, optional
        `scaler` fitted on all items, where one scaling is for all folds.
    tol : float
    random_state : int, RandomState or None
    """

    scaler: Any = None
    whole: Any = None
    tol: float = 1e-3
    random_state: Any = None

    def unfitted(self, candidate: Candidate) -> Model:
        """Return an SVC, or a pipeline of the steps "scaler" and "svc", not fitted."""
        svc = candidate.svc(self.tol, self.random_state)
        return svc if self.scaler is None else Pipeline([("scaler", clone(self.scaler)), ("svc", svc)])

    def fitted(self, candidate: Candidate, data: Data, rows: Rows) -> Model:
        """Return the estimator fitted on those rows of `data`, as the fold trained on them does it."""
        model = self.unfitted(candidate)
        X, y = rows_for(candidate, data.X, rows, rows), take_rows(data.y, rows)
        weights = None if data.weights is None else data.weights[rows]
        if self.whole is None:
            return fit_model(model, X, y, weights)
        svc = model.named_steps["svc"].fit(self.whole.transform(X), y, sample_weight=weights)
        return Pipeline([("scaler", self.whole), ("svc", svc)])


def fit_model(model: Model, X: Any, y: Any, weights: npt.NDArray[np.float64] | None) -> Model:
    """Fit an estimator of `Models`; weights are for its SVC."""
    if weights is None:
        return model.fit(X, y)
    return model.fit(X, y, **{"svc__sample_weight" if isinstance(model, Pipeline) else "sample_weight": weights})


def rows_for(candidate: Candidate, X: Any, rows: Rows, training: Rows) -> Any:
    """Return what the candidate trained on `training` predicts `rows` from: rows of `X`, or of a Gram matrix."""
    chosen = take_rows(X, rows)
    return np.asarray(chosen)[:, training] if candidate.kernel == "precomputed" else chosen


def scaler_of(scaling: Any) -> Any:
    """Return the transformer that `scaling` stands for, not fitted, or None."""
    return MinMaxScaler() if isinstance(scaling, str) else scaling
