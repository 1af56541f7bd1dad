"""Random problems: the table, the winners and the predictions of GridSearchCV over the equivalent pipeline."""

import warnings

import numpy as np
import pytest
from search_problems import draw_search
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, check_cv
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from fastgrid import GridSearchSVC
from fastgrid.search.models import scaler_of


class WeightedPipeline(Pipeline):
    """Weights under the name that `SVC.fit` has for them, so that newer versions hand them to scorers too."""

    def fit(self, X, y=None, sample_weight=None):
        return super().fit(X, y, **({} if sample_weight is None else {"svc__sample_weight": sample_weight}))


def reference_of(search):
    """The search of scikit-learn that gives the same table; its keys have the prefix that ours may have."""
    options = ("cv", "scoring", "refit", "return_train_score", "error_score")
    scaler = scaler_of(search.scaling)
    prefixed = any(key.startswith("svc__") for part in _parts(search.param_grid) for key in part)
    if scaler is None and not prefixed:
        model = SVC(tol=search.tol)
    else:
        model = WeightedPipeline([("scaler", "passthrough" if scaler is None else scaler), ("svc", SVC(tol=search.tol))])
    grid = search.param_grid
    if isinstance(model, Pipeline) and not prefixed:
        grid = [{f"svc__{key}": values for key, values in part.items()} for part in _parts(grid)]
    return GridSearchCV(model, grid, **{name: getattr(search, name) for name in options})


def _parts(grid):
    return [grid] if isinstance(grid, dict) else grid


def plain(name, prefixed):
    return name if prefixed else name.replace("param_svc__", "param_")


def fitted(search, problem):
    """The fitted search, or the type of its error."""
    params = {}
    if problem.groups is not None:
        params["groups"] = problem.groups
    if problem.weights is not None:
        params["sample_weight"] = problem.weights
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            return search.fit(problem.X, problem.y, **params), {each.category for each in caught}
        except Exception as error:
            return error, {each.category for each in caught}


def check_one(seed):
    problem, search = draw_search(np.random.default_rng(seed))
    reference = reference_of(search)
    ours, our_warnings = fitted(search, problem)
    theirs, their_warnings = fitted(reference, problem)
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), theirs
        return
    assert not isinstance(ours, Exception), ours
    assert our_warnings == their_warnings
    compare_tables(ours, theirs, problem)
    compare_attributes(ours, theirs)
    compare_predictions(ours, theirs, problem)


def by_rank(reference):
    """Whether a score counts ties of decision values."""
    given = [reference.scoring] if isinstance(reference.scoring, str) else reference.scoring
    return isinstance(given, list) and bool({"roc_auc", "average_precision"} & set(given))


def compare_by_rank(key, found, expected, theirs, problem):
    """Scores by rank of decision values, which may differ only where LIBSVM's own are equal but for rounding."""
    fold = int(key.removeprefix("split").split("_")[0])
    differing = np.flatnonzero(~((found == expected) | (np.isnan(found) & np.isnan(expected))))
    if len(differing) == 0:
        return
    assert problem.groups is None or not isinstance(theirs.cv, int)
    training, test = list(check_cv(theirs.cv, problem.y, classifier=True).split(problem.X, problem.y, problem.groups))[
        fold
    ]
    rows = training if "_train_" in key else test
    for index in differing:
        model = clone(theirs.estimator).set_params(**theirs.cv_results_["params"][index])
        weights = {} if problem.weights is None else {"sample_weight": problem.weights[training]}
        pairwise = theirs.cv_results_["params"][index].get("kernel") == "precomputed"
        cut = (lambda chosen: problem.X[chosen][:, training]) if pairwise else (lambda chosen: problem.X[chosen])
        model.fit(cut(training), problem.y[training], **weights)
        decisions = np.sort(model.decision_function(cut(rows)))
        gaps = np.diff(decisions)
        scale = max(1.0, float(np.abs(decisions).max()))
        assert ((gaps > 0) & (gaps < 1e-12 * scale)).any(), (key, index, found[index], expected[index])


def compare_tables(ours, theirs, problem):
    prefixed = any(key.startswith("param_svc__") for key in ours.cv_results_)
    assert list(ours.cv_results_) == [plain(key, prefixed) for key in theirs.cv_results_]
    for key, expected in theirs.cv_results_.items():
        found = ours.cv_results_[plain(key, prefixed)]
        assert type(found) is type(expected), key
        if key == "params":
            assert found == [{plain("param_" + k, prefixed)[6:]: v for k, v in point.items()} for point in expected]
            continue
        assert found.dtype == expected.dtype and found.shape == expected.shape, key
        if key.endswith("_time"):
            assert (found >= 0).all(), key
        elif isinstance(found, np.ma.MaskedArray):
            assert found.mask.tolist() == expected.mask.tolist() and found.tolist() == expected.tolist(), key
        elif by_rank(theirs) and not np.array_equal(found, expected, equal_nan=True):
            if key.startswith("split"):
                compare_by_rank(key, found, expected, theirs, problem)
        else:
            np.testing.assert_array_equal(found, expected, err_msg=key)


def compare_attributes(ours, theirs):
    assert ours.n_splits_ == theirs.n_splits_ and ours.multimetric_ == theirs.multimetric_
    if by_rank(theirs) and not np.array_equal(ours.cv_results_["params"], ours.cv_results_["params"]):
        return
    for name in ("best_index_", "best_score_"):
        assert hasattr(ours, name) == hasattr(theirs, name), name
        if hasattr(theirs, name):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-9, nan_ok=True), name
    assert hasattr(ours, "best_params_") == hasattr(theirs, "best_params_")
    assert hasattr(ours, "best_estimator_") == hasattr(theirs, "best_estimator_")


def compare_predictions(ours, theirs, problem):
    if not hasattr(theirs, "best_estimator_"):
        return
    X = problem.X
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_array_equal(ours.decision_function(X), theirs.decision_function(X))
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)


@pytest.mark.parametrize("start", range(0, 240, 20))
def test_random_searches_are_those_of_scikit_learn(start):
    for seed in range(start, start + 20):
        try:
            check_one(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error


@pytest.mark.slow
@pytest.mark.parametrize("start", range(1000, 5000, 100))
def test_many_random_searches_are_those_of_scikit_learn(start):
    for seed in range(start, start + 100):
        try:
            check_one(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error
