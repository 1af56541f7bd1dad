"""Random problems: the table, the winners and the predictions of GridSearchCV over the equivalent pipeline."""

import warnings

import numpy as np
import pytest
from search_problems import WeightedPipeline, draw_search, two_scores
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, check_cv
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

import fastgrid
from fastgrid.search.compat import weights_reach_scorers
from fastgrid.search.models import scaler_of


def reference_of(search):
    """The search of scikit-learn that gives the same table; its keys have the prefix that ours may have."""
    options = ("cv", "scoring", "refit", "return_train_score", "error_score")
    scaler = scaler_of(search.scaling)
    prefixed = any(key.startswith("svc__") for part in _parts(search.param_grid) for key in part)
    if scaler is None and not prefixed:
        model = SVC(tol=search.tol)
    else:
        model = WeightedPipeline(
            [("scaler", "passthrough" if scaler is None else scaler), ("svc", SVC(tol=search.tol))]
        )
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
    # The oldest versions stumble, in words, over NaN where all scores are NaN.
    assert our_warnings == their_warnings - {RuntimeWarning}
    compare_tables(ours, theirs, problem)
    compare_attributes(ours, theirs)
    compare_predictions(ours, theirs, problem)


def by_rank(reference):
    """Whether a score counts ties of decision values."""
    given = [reference.scoring] if isinstance(reference.scoring, str) else reference.scoring
    return isinstance(given, list) and bool({"roc_auc", "average_precision"} & set(given))


def compare_scores(key, found, expected, theirs, problem):
    """Scores of one fold; each one that differs is shown to come from rounding, in one of two places."""
    differing = np.flatnonzero(~((found == expected) | (np.isnan(found) & np.isnan(expected))))
    if len(differing) == 0:
        return
    fold, part, name = key.removeprefix("split").split("_", 2)
    splits = list(check_cv(theirs.cv, problem.y, classifier=True).split(problem.X, problem.y, problem.groups))
    training, rows = splits[int(fold)][0], splits[int(fold)][part == "test"]
    for index in differing:
        params = theirs.cv_results_["params"][index]
        assert params.get("kernel") != "precomputed", key
        model = clone(theirs.estimator).set_params(**params)
        weights = None if problem.weights is None else problem.weights[training]
        model.fit(problem.X[training], problem.y[training], sample_weight=weights)
        tied = by_rank(theirs) and has_rounding_ties(model.decision_function(problem.X[rows]))
        assert tied or found[index] == pytest.approx(
            score_on_our_gram(model, training, rows, name, theirs, problem), abs=2e-6
        ), (key, index, found[index], expected[index])


def has_rounding_ties(decisions):
    """Whether LIBSVM itself tells rows apart by less than its sums are rounded."""
    gaps = np.diff(np.sort(decisions))
    return ((gaps > 0) & (gaps < 1e-12 * max(1.0, float(np.abs(decisions).max())))).any()


def score_on_our_gram(model, training, rows, name, theirs, problem):
    """What LIBSVM comes to on our kernel values, which are those of its own formula but for the last bits."""
    X, svc = problem.X, model
    if isinstance(model, Pipeline):
        X, svc = model[:-1].transform(X), model[-1]
    X = np.asarray(X, dtype=np.float64)
    parameters = {"gamma": svc._gamma, "degree": svc.degree, "coef0": svc.coef0}
    values = fastgrid.gram(X, svc.kernel, **parameters)
    products = X @ X.T
    own = {
        "linear": lambda: products,
        "poly": lambda: (svc._gamma * products + svc.coef0) ** svc.degree,
        "rbf": lambda: np.exp(-svc._gamma * ((X[:, np.newaxis] - X) ** 2).sum(axis=2)),
    }[svc.kernel]()
    np.testing.assert_allclose(values, own, rtol=1e-12, atol=1e-12 * np.abs(own).max())
    kept = training if problem.weights is None else training[problem.weights[training] > 0]
    weights = None if problem.weights is None else problem.weights[kept]
    class_weight = dict(zip(svc.classes_.tolist(), svc.class_weight_.tolist(), strict=True))
    again = SVC(kernel="precomputed", C=svc.C, tol=svc.tol, class_weight=class_weight)
    again.fit(values[np.ix_(kept, kept)], problem.y[kept], sample_weight=weights)
    scorer = theirs.scorer_[name] if isinstance(theirs.scorer_, dict) else theirs.scorer_
    more = {}
    if weights is not None and weights_reach_scorers() and theirs.scoring is not two_scores:
        more["sample_weight"] = problem.weights[rows]
    scored = scorer(again, values[np.ix_(rows, kept)], problem.y[rows], **more)
    return scored[name] if isinstance(scored, dict) else scored


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
        elif key.startswith("split"):
            compare_scores(key, found, expected, theirs, problem)
        elif same_scores(ours, theirs):
            np.testing.assert_array_equal(found, expected, err_msg=key)


def same_scores(ours, theirs):
    """Whether no score of a fold differs."""
    keys = [key for key in theirs.cv_results_ if key.startswith("split")]
    return all(np.array_equal(ours.cv_results_[key], theirs.cv_results_[key], equal_nan=True) for key in keys)


def compare_attributes(ours, theirs):
    assert ours.n_splits_ == theirs.n_splits_ and ours.multimetric_ == theirs.multimetric_
    for name in ("best_index_", "best_score_"):
        assert hasattr(ours, name) == hasattr(theirs, name), name
        if hasattr(theirs, name) and same_scores(ours, theirs):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-9, nan_ok=True), name
    assert hasattr(ours, "best_params_") == hasattr(theirs, "best_params_")
    assert hasattr(ours, "best_estimator_") == hasattr(theirs, "best_estimator_")


def compare_predictions(ours, theirs, problem):
    if not hasattr(theirs, "best_estimator_") or ours.best_index_ != theirs.best_index_:
        return
    X = problem.X
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_array_equal(ours.decision_function(X), theirs.decision_function(X))
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 5), *(pytest.param(start, start + 20, marks=pytest.mark.slow) for start in range(0, 240, 20))],
)
def test_random_searches_are_those_of_scikit_learn(start, stop):
    for seed in range(start, stop):
        try:
            check_one(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("start", range(1000, 5000, 100))
def test_many_random_searches_are_those_of_scikit_learn(start):
    for seed in range(start, start + 100):
        try:
            check_one(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error
