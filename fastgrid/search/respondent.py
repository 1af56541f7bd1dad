"""A light stand-in for the classifier of one candidate in one fold, for scorers to ask."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from fastgrid.search.answers import FoldAnswers
from fastgrid.search.data import Data
from fastgrid.search.models import Model, Models
from fastgrid.search.parameters import Candidate

_PROBABILITIES = ("predict_proba", "predict_log_proba")


class Respondent(ClassifierMixin, BaseEstimator):
    """Answers for the rows of a fold from what the sweep found, and fits an estimator for all other questions.

    Parameters
    ----------
    answers : FoldAnswers
    index : int
        Of the candidate.
    candidate : Candidate
    data : Data
    models : Models
    rows : object
        What it is going to be asked about, recognised by identity, and
    part : slice
        where among the evaluated rows of the fold these are.

    Attributes
    ----------
    asked : set of str
        What it has been asked so far, but for its classes.
    """

    def __init__(
        self,
        answers: FoldAnswers,
        index: int,
        candidate: Candidate,
        data: Data,
        models: Models,
        rows: object,
        part: slice,
    ) -> None:
        self._answers, self._index, self._candidate = answers, index, candidate
        self._data, self._models, self._rows, self._part = data, models, rows, part
        self._model: Model | None = None
        self.asked: set[str] = set()
        self.classes_ = data.classes[answers.classes]

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the predicted class of each row."""
        if X is not self._rows:
            return np.asarray(self._real().predict(X))
        self.asked.add("predict")
        return self._data.classes[self._answers.predicted[self._index, self._part]]

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """Return what SVC's ``decision_function`` does."""
        if X is not self._rows or self._answers.result is None or not self._answers.result.task_decisions:
            return np.asarray(self._real().decision_function(X))
        self.asked.add("decision_function")
        return self._answers.decisions(self._index)[self._part]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the estimator that this stands for."""
        self.asked.add("parameters")
        params: dict[str, Any] = self._models.unfitted(self._candidate).get_params(deep)
        return params

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_clone__(self) -> Model:
        self.asked.add("parameters")
        return clone(self._models.unfitted(self._candidate))

    def __getattr__(self, name: str) -> Any:
        # Only for what is not there: support vectors, steps of a pipeline, parameters.
        if name.startswith("_"):
            raise AttributeError(name)
        if name in _PROBABILITIES:
            self.asked.add(name)
            raise AttributeError(f"SVC has no {name}")
        return getattr(self._real(), name)

    def __getitem__(self, step: Any) -> Any:
        return self._real()[step]

    def _real(self) -> Model:
        self.asked.add("fitted")
        if self._model is None:
            self._model = self._models.fitted(self._candidate, self._data, self._answers.fold.training)
        return self._model
