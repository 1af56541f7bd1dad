"""`GridSearchSVC`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from fastgrid.search import compat
from fastgrid.search.data import Data, check_data, check_weights_of_gram
from fastgrid.search.evaluation import Answered, answer, complain_of_failed_fits, folds_of, score
from fastgrid.search.models import Models, fit_model, scaler_of
from fastgrid.search.parameters import Grid, candidates_of, points_of
from fastgrid.search.results import cv_results
from fastgrid.search.routing import named, route, router_of
from fastgrid.search.scorers import ONLY, is_accuracy, needs_only_labels, scorers_of
from fastgrid.search.scoring import Scoring, table
from fastgrid.search.selection import best_of, check_refit
from fastgrid.search.settings import check_settings


def _refit_has(method: str) -> Callable[[GridSearchSVC], bool]:
    def check(search: GridSearchSVC) -> bool:
        if not search.refit:
            raise AttributeError(
                f"{method} needs an estimator fitted on all data; set refit to something other than False"
            )
        if hasattr(search, "best_estimator_"):
            getattr(search.best_estimator_, method)
        return method != "predict_proba" or hasattr(search, "best_estimator_")

    return check


class GridSearchSVC(compat.CallbackSupportMixin, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Search."""

    __metadata_request__fit = {"groups": UNUSED}  # noqa: RUF012

    def __init__(
        self,
        param_grid: Grid | None = None,
        *,
        cv: Any = None,
        scoring: Any = None,
        refit: bool | str | Callable[[Mapping[str, Any]], int] = True,
        scaling: Any = None,
        solver: Literal["smo", "smo-fast", "libsvm"] = "smo",
        tol: float = 1e-3,
        memory_limit: int | str | None = None,
        n_jobs: int | None = None,
        return_train_score: bool = False,
        error_score: float | Literal["raise"] = np.nan,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.param_grid = param_grid
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.scaling = scaling
        self.solver = solver
        self.tol = tol
        self.memory_limit = memory_limit
        self.n_jobs = n_jobs
        self.return_train_score = return_train_score
        self.error_score = error_score
        self.verbose = verbose
        self.random_state = random_state

    @compat.with_callbacks
    def fit(self, X: Any, y: Any = None, groups: Any = None, sample_weight: Any = None, **params: Any) -> Self:
        """Fit."""
        points = points_of(self.param_grid)
        candidates = candidates_of(points)
        settings = check_settings(self.scaling, self.solver, self.tol, self.memory_limit, self.n_jobs, candidates)
        scorers = scorers_of(self.scoring)
        if isinstance(scorers, Mapping):
            check_refit(self.refit, scorers)
        data = check_data(self, X, y, sample_weight, numeric=settings.is_numeric)
        check_weights_of_gram(data.weights, candidates)
        split_params, score_params = route(
            self, scorers, "fit", {"groups": groups, "sample_weight": data.weights, **params}
        )
        folds = folds_of(data, self.cv, split_params, with_training=self.return_train_score)
        labels_only = all(needs_only_labels(scorer) for scorer in named(scorers).values()) or is_accuracy(self.scoring)
        answered = answer(data, candidates, folds, settings, decisions=not labels_only)
        complain_of_failed_fits(answered.answers, len(candidates), self.error_score)
        models = Models(scaler_of(self.scaling), answered.whole, self.tol, self.random_state)
        scoring = Scoring(data, candidates, models, scorers, is_accuracy(self.scoring), self.error_score, score_params)
        results = self._results(points, answered, scoring)
        self.n_splits_ = len(folds)
        self.classes_ = data.classes
        self.predictions_ = answered.predictions
        self.counters_ = answered.counters
        self._choose(results, models, scoring)
        self.scorer_ = dict(scorers) if isinstance(scorers, Mapping) else scorers
        self.cv_results_ = results
        return self

    def _results(self, points: Sequence[dict[str, Any]], answered: Answered, scoring: Scoring) -> dict[str, Any]:
        test, train, seconds = score(answered, scoring, with_training=self.return_train_score)
        names = list(scoring.scorers) if isinstance(scoring.scorers, Mapping) else []
        test_table = table(test, self.error_score, names)
        self.multimetric_ = bool(names) or list(test_table) != [ONLY]
        if self.multimetric_ and not names:
            check_refit(self.refit, test_table)
        train_table = None if train is None else table(train, self.error_score, list(test_table))
        return cv_results(points, seconds, test_table, train_table)

    def _choose(self, results: Mapping[str, Any], models: Models, scoring: Scoring) -> None:
        if self.refit or not self.multimetric_:
            self.best_index_, best_score = best_of(results, self.refit, multimetric=self.multimetric_)
            if best_score is not None:
                self.best_score_ = best_score
            self.best_params_ = results["params"][self.best_index_]
        if self.refit:
            data: Data = scoring.data
            model = models.unfitted(scoring.candidates[self.best_index_])
            started = time.perf_counter()
            self.best_estimator_ = fit_model(model, data.X, data.y, data.weights)
            self.refit_time_ = time.perf_counter() - started

    @available_if(_refit_has("predict"))
    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the class of each row."""
        return np.asarray(self._best().predict(X))

    @available_if(_refit_has("decision_function"))
    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the decision values of each row."""
        return np.asarray(self._best().decision_function(X))

    @available_if(_refit_has("predict_proba"))
    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probabilities of the classes."""
        return np.asarray(self._best().predict_proba(X))

    def score(self, X: Any, y: Any = None, **params: Any) -> float:
        """Return the score of the best estimator."""
        check_is_fitted(self)
        model = self._best()
        scorers = self.scorer_
        _, by_scorer = route(self, scorers, "score", params)
        if isinstance(scorers, Mapping):
            if callable(self.refit):
                raise ValueError("score needs one metric, and refit is a callable: call the scorers in scorer_")
            value: float = scorers[self.refit](model, X, y, **by_scorer[self.refit])
            return value
        value = scorers(model, X, y, **by_scorer[ONLY])
        return value[self.refit] if self.multimetric_ else value  # type: ignore[index]

    def _best(self) -> Any:
        check_is_fitted(self)
        if not hasattr(self, "best_estimator_"):
            raise AttributeError("there is no best_estimator_, since refit is False")
        return self.best_estimator_

    def get_metadata_routing(self) -> Any:
        """Return which metadata go where (`sklearn.utils.metadata_routing.MetadataRouter`)."""
        return router_of(self, scorers_of(self.scoring))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.pairwise = self._is_pairwise()
        return tags

    def _more_tags(self) -> dict[str, Any]:
        # Asked for by scikit-learn before 1.6.
        return {"pairwise": self._is_pairwise()}

    def _is_pairwise(self) -> bool:
        try:
            candidates = candidates_of(points_of(self.param_grid))
        except (TypeError, ValueError):
            return False
        return bool(candidates) and all(candidate.kernel == "precomputed" for candidate in candidates)
