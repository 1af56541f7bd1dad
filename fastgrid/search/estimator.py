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
from fastgrid.search.data import Data, check_data, check_precomputed
from fastgrid.search.evaluation import Answered, answer, complain_of_failed_fits, folds_of, score
from fastgrid.search.models import Models, fit_model, scaler_of
from fastgrid.search.parameters import Grid, candidates_of, points_of
from fastgrid.search.progress import Tasks, shown
from fastgrid.search.results import cv_results
from fastgrid.search.routing import named, route, router_of
from fastgrid.search.scorers import ONLY, is_accuracy, needs_only_labels, scorers_of
from fastgrid.search.scoring import Scoring, table
from fastgrid.search.selection import best_of, check_refit
from fastgrid.search.settings import check_options, check_settings


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


class GridSearchSVC(compat.CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """What ``GridSearchCV(SVC(), param_grid)`` finds, from one sweep instead of a fit for each point and fold.

    With the default solver the table is the same: the solver takes LIBSVM's own iterations. What is equal is solved
    once, and kernel values are shared by all points that have the same kernel.

    Parameters
    ----------
    param_grid : dict or list of dict, optional
        Lists of values for C, gamma (numbers, "scale", "auto"), kernel ("rbf", "poly", "linear", "precomputed"),
        degree, coef0 and class_weight (None, "balanced", a dict); each key may begin with ``svc__``. By default
        C = 2^-5, 2^-3, ..., 2^11 and gamma = 2^-11, 2^-9, ..., 2^3.
    cv : int, splitter or iterable, optional
        As of ``GridSearchCV``.
    scoring : str, callable, list or dict, optional
        As of ``GridSearchCV``; accuracy by default. Scorers see a stand-in for the classifier of each fold, and are
        called once for all points that answer the same. Those that need probabilities are refused.
    refit : bool, str or callable
        As of ``GridSearchCV``.
    scaling : None, "fold", "dataset" or transformer
        None takes the features as they are. "fold" is a ``MinMaxScaler`` fitted on the training part of each fold, as
        in a pipeline; a transformer is cloned and fitted likewise. "dataset" fits a ``MinMaxScaler`` once on all rows,
        which lets the range of the test parts leak.
    solver : {"smo", "smo-fast", "libsvm"}
        LIBSVM's iterations; the same optimum by a shorter way; LIBSVM itself.
    tol : float
        Stopping tolerance, of the search and of the refit.
    memory_limit : int or str, optional
        Bytes that the search may take, or a text such as "4G"; half of what is available by default.
    n_jobs : int, optional
        Workers, as joblib takes it: threads, or what ``joblib.parallel_config`` names.
    return_train_score : bool
        Whether training parts are scored too.
    error_score : float or "raise"
        Score where a fit or a scorer fails.
    verbose : int
        Above 0 progress is shown.
    random_state : int, RandomState or None
        Handed to the SVC of the refit, which does not use it unless it estimates probabilities.

    Attributes
    ----------
    cv_results_ : dict
        As of ``GridSearchCV``. Times are seconds; work that several points share is divided among them.
    best_estimator_ : SVC or Pipeline
        Fitted on all data; with `scaling`, of the steps "scaler" and "svc".
    best_params_, best_score_, best_index_, n_splits_, scorer_, multimetric_, refit_time_
        As of ``GridSearchCV``.
    classes_ : ndarray, shape (k,)
        Labels, sorted.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X had names.
    predictions_ : ndarray of intp, shape (n_points, n_samples)
        Indices into `classes_` of what each point predicts for each row when it is tested; -1 where it never is, or the
        fit failed; of several folds, the last one's.
    counters_ : Counters
        What was asked and what was solved (docs/engine.md).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchSVC({"C": [0.1, 1, 10], "gamma": ["scale", 0.1]}).fit(X, y)
    >>> search.best_estimator_
    SVC(C=1, gamma=0.1)
    >>> round(float(search.best_score_), 4), search.predictions_.shape
    (0.98, (6, 150))
    """

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
        """Search the grid, and fit the best point on all data.

        Parameters
        ----------
        X : array-like or data frame, shape (n_samples, n_features)
            Finite numbers, unless `scaling` is a transformer that takes something else. With the kernel "precomputed" a
            Gram matrix, (n_samples, n_samples).
        y : array-like, shape (n_samples,)
            Labels of any type.
        groups : array-like, shape (n_samples,), optional
            For splitters that keep groups together.
        sample_weight : array-like, shape (n_samples,), optional
            Factors of each row's C, as of ``SVC.fit``; rows of weight 0 or below are not trained on. Scorers get them
            where the installed ``GridSearchCV`` gives them.
        **params
            Further metadata for splitter and scorers, with metadata routing.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            One line that names the parameter, the key of the grid or the column, and the remedy; where all fits failed.
        """
        points = points_of(self.param_grid)
        candidates = candidates_of(points)
        check_options(self.refit, self.error_score, self.return_train_score, self.verbose)
        settings = check_settings(self.scaling, self.solver, self.tol, self.memory_limit, self.n_jobs, candidates)
        scorers = scorers_of(self.scoring)
        if isinstance(scorers, Mapping):
            check_refit(self.refit, scorers)
        data = check_data(self, X, y, sample_weight, numeric=settings.is_numeric)
        check_precomputed(data, candidates)
        split_params, score_params = route(
            self, scorers, "fit", {"groups": groups, "sample_weight": data.weights, **params}
        )
        folds = folds_of(data, self.cv, split_params, with_training=self.return_train_score)
        tasks = Tasks(self, data, refit=bool(self.refit))
        with tasks.whole():
            with tasks.cross_validation() as tell, shown(self.verbose, tell) as progress:
                labels_only = is_accuracy(self.scoring) or all(map(needs_only_labels, named(scorers).values()))
                answered = answer(data, candidates, folds, settings, decisions=not labels_only, progress=progress)
            complain_of_failed_fits(answered.answers, len(candidates), self.error_score)
            models = Models(scaler_of(self.scaling), answered.whole, self.tol, self.random_state)
            scoring = Scoring(
                data, candidates, models, scorers, is_accuracy(self.scoring), self.error_score, score_params
            )
            self.cv_results_ = self._results(points, answered, scoring)
            self.n_splits_, self.classes_ = len(folds), data.classes
            self.predictions_, self.counters_ = answered.predictions, answered.counters
            self.scorer_ = dict(scorers) if isinstance(scorers, Mapping) else scorers
            self._choose(models, scoring, tasks)
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

    def _choose(self, models: Models, scoring: Scoring, tasks: Tasks) -> None:
        results = self.cv_results_
        if self.refit or not self.multimetric_:
            self.best_index_, best_score = best_of(results, self.refit, multimetric=self.multimetric_)
            if best_score is not None:
                self.best_score_ = best_score
            self.best_params_ = results["params"][self.best_index_]
        if self.refit:
            data: Data = scoring.data
            model = models.unfitted(scoring.candidates[self.best_index_])
            started = time.perf_counter()
            with tasks.refit():
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
            metric = str(self.refit)
            value: float = scorers[metric](model, X, y, **by_scorer[metric])
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
