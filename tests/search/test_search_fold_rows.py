"""Transformers that are fitted in each fold, also those that treat what they are fitted on in another way."""

import numpy as np
import pytest
from search_problems import WeightedPipeline
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SelectPercentile
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, ShuffleSplit, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from fastgrid import GridSearchSVC
from fastgrid.search import evaluation
from fastgrid.search.answers import Fold
from fastgrid.search.fold_rows import rows_by_item

GRID = {"C": [0.1, 1.0, 10.0], "gamma": ["scale", 0.1], "kernel": ["rbf", "poly"]}


class Noisy(TransformerMixin, BaseEstimator):
    """Adds something to what it is fitted on, as target encoders do."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def fit_transform(self, X, y=None):
        return self.fit(X).transform(X) + 0.3 * np.sin(37.0 * np.arange(len(X)))[:, np.newaxis]

    def transform(self, X):
        return np.asarray(X, dtype=np.float64)


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("trains", [False, True])
@pytest.mark.parametrize(
    "scaler", [MinMaxScaler(), make_pipeline(StandardScaler(), PCA(0.97)), SelectPercentile(percentile=50), Noisy()]
)
@pytest.mark.parametrize("cv", [StratifiedKFold(3), ShuffleSplit(3, test_size=0.4, random_state=1)])
def test_the_table_is_that_of_a_pipeline(scaler, cv, trains, weighted):
    X, y = load_iris(return_X_y=True)
    weights = {}
    if weighted:
        weights = {"sample_weight": np.random.default_rng(0).choice([0.0, 1.0, 3.0], len(y))}
    options = {"cv": cv, "return_train_score": trains, "scoring": "balanced_accuracy", "refit": False}
    ours = GridSearchSVC(GRID, scaling=scaler, **options).fit(X, y, **weights).cv_results_
    pipeline = WeightedPipeline([("scaler", scaler), ("svc", SVC())])
    grid = {f"svc__{key}": values for key, values in GRID.items()}
    theirs = GridSearchCV(pipeline, grid, **options).fit(X, y, **weights)
    for key, expected in theirs.cv_results_.items():
        if key.endswith(("test_score", "train_score")):
            np.testing.assert_array_equal(ours[key], expected, err_msg=key)


def test_rows_are_kept_by_item_only_where_an_item_has_one_row():
    fold = Fold(np.array([3, 1, 1]), np.array([0]), np.array([0, 3]))
    trained, evaluated = np.array([[3.0], [1.0], [1.0]]), np.array([[0.5], [3.0]], dtype=np.float32)
    together = rows_by_item(fold, 5, trained, evaluated)
    assert together.by_item[:4].ravel().tolist() == [0.5, 1.0, 0.0, 3.0]
    np.testing.assert_array_equal(together.trained, trained)
    np.testing.assert_array_equal(together.evaluated, evaluated)
    apart = rows_by_item(fold, 5, trained, evaluated + 1)
    assert apart.by_item is None
    np.testing.assert_array_equal(apart.trained, trained)
    np.testing.assert_array_equal(apart.evaluated, evaluated + 1)


def test_a_fold_whose_transformer_fails_is_a_fit_that_failed():
    class Picky(MinMaxScaler):
        def fit(self, X, y=None):
            if X.sum() == first:
                raise ValueError("not this one")
            return super().fit(X)

        def fit_transform(self, X, y=None):
            return self.fit(X, y).transform(X)

    X, y = load_iris(return_X_y=True)
    folds = list(StratifiedKFold(3).split(X, y))
    first = X[folds[0][0]].sum()
    with pytest.warns(FitFailedWarning, match="not this one"), pytest.warns(UserWarning, match="non-finite"):
        found = GridSearchSVC({"C": [1.0]}, cv=folds, scaling=Picky(), refit=False).fit(X, y).cv_results_
    scores = [found[f"split{fold}_test_score"][0] for fold in range(3)]
    assert np.isnan(scores[0]) and all(score > 0.8 for score in scores[1:])


def test_halving_over_a_search():
    X, y = load_iris(return_X_y=True)
    outer = {"scaling": [None, "fold", "dataset"], "tol": [1e-2, 1e-3]}
    search = HalvingGridSearchCV(GridSearchSVC({"C": [0.1, 1.0, 10.0]}, cv=3), outer, cv=3, random_state=0).fit(X, y)
    assert search.best_score_ > 0.9 and search.best_estimator_.best_params_["C"] in (0.1, 1.0, 10.0)


def test_points_that_were_given_up_are_named(monkeypatch):
    monkeypatch.setattr(evaluation, "UNBOUNDED", 3)
    X, y = load_iris(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="1 points of the grid, .*C=10.* were given up"):
        GridSearchSVC({"C": [10.0]}, refit=False).fit(X, y)
