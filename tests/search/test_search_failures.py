"""Fits and scorers that fail, weights, metadata, callbacks: as GridSearchCV has them."""

import warnings

import numpy as np
import pytest
import sklearn
from sklearn.datasets import make_classification
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import accuracy_score, get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.svm import SVC

from fastgrid import GridSearchSVC
from fastgrid.common import console

GRID = {"C": [0.1, 1.0], "gamma": ["scale"]}


@pytest.fixture(scope="module")
def data():
    X, y = make_classification(60, 5, n_informative=3, n_redundant=0, flip_y=0.2, random_state=0)
    return X, y


def one_class(y):
    return [(np.flatnonzero(y == 0), np.arange(10)), (np.arange(30), np.arange(30, 60))]


def test_a_training_part_with_one_class_is_a_fit_that_failed(data):
    X, y = data
    tables = []
    for search in (GridSearchSVC(GRID, cv=one_class(y)), GridSearchCV(SVC(), GRID, cv=one_class(y))):
        with (
            pytest.warns(UserWarning, match="non-finite"),
            pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 4"),
        ):
            tables.append(search.fit(X, y).cv_results_)
    for key in ("split0_test_score", "split1_test_score", "mean_test_score", "rank_test_score"):
        np.testing.assert_array_equal(tables[0][key], tables[1][key])
    with pytest.raises(ValueError, match="greater than one; got 1 class"):
        GridSearchSVC(GRID, cv=one_class(y), error_score="raise").fit(X, y)
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        GridSearchSVC(GRID, cv=one_class(y)[:1]).fit(X, y)


def failing(model, X, y):
    if len(X) == 12 and model.predict(X).mean() > -1:
        raise RuntimeError("no score")
    return 1.0


@pytest.mark.parametrize("error_score", [-3.0, np.nan])
def test_a_scorer_that_raises_gives_the_error_score(data, error_score):
    tables = []
    for kind in (lambda **more: GridSearchSVC(GRID, **more), lambda **more: GridSearchCV(SVC(), GRID, **more)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            tables.append(kind(scoring=failing, error_score=error_score).fit(*data).cv_results_)
        assert any("Scoring failed" in str(each.message) and "no score" in str(each.message) for each in caught)
    np.testing.assert_array_equal(tables[0]["mean_test_score"], tables[1]["mean_test_score"])
    with pytest.raises(RuntimeError, match="no score"):
        GridSearchSVC(GRID, scoring=failing, error_score="raise").fit(*data)


def test_a_transformer_that_raises_is_a_fit_that_failed(data):
    class Picky(sklearn.preprocessing.StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            if X[0, 0] == data[0][0, 0]:
                raise RuntimeError("not these rows")
            return super().fit(X, y)

    with pytest.warns(UserWarning, match="non-finite"), pytest.warns(FitFailedWarning, match="not these rows"):
        GridSearchSVC(GRID, scaling=Picky(), refit=False).fit(*data)


def test_a_class_that_has_no_weight_left_is_a_fit_that_failed(data):
    X, y = data[0], np.arange(60) % 3
    cv = [(np.arange(0, 40), np.arange(40, 60)), (np.arange(20, 60), np.arange(20))]
    weights = np.where((y == 1) & (np.arange(60) < 40), 0.0, 1.0)
    with (
        pytest.warns(UserWarning, match="non-finite"),
        pytest.warns(FitFailedWarning, match="zero or negative weights"),
    ):
        search = GridSearchSVC(GRID, cv=cv, refit=False).fit(X, y, sample_weight=weights)
    assert np.isnan(search.cv_results_["split0_test_score"]).all()


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_metadata_go_where_they_are_requested(data, routing):
    X, y = data
    weights, groups = np.linspace(0.1, 3.0, len(y)), np.arange(len(y)) % 5
    scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
    ours = GridSearchSVC(GRID, scoring=scorer, cv=GroupKFold(5)).fit(X, y, groups=groups, sample_weight=weights)
    model = SVC().set_fit_request(sample_weight=True)
    theirs = GridSearchCV(model, GRID, scoring=scorer, cv=GroupKFold(5)).fit(X, y, groups=groups, sample_weight=weights)
    np.testing.assert_array_equal(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"])
    silent = get_scorer("accuracy").set_score_request(sample_weight=False)
    other = GridSearchSVC(GRID, scoring=silent).fit(X, y, sample_weight=weights)
    expected = GridSearchCV(model, GRID, scoring=silent).fit(X, y, sample_weight=weights)
    np.testing.assert_array_equal(other.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])


def test_weights_that_nobody_asked_for_are_an_error_with_routing(data, routing):
    searches = [GridSearchSVC(GRID, scoring="accuracy")]
    searches.append(GridSearchCV(SVC().set_fit_request(sample_weight=True), GRID, scoring="accuracy"))
    outcomes = []
    for search in searches:
        try:
            outcomes.append(len(search.fit(*data, sample_weight=np.ones(60)).cv_results_["params"]))
        except sklearn.exceptions.UnsetMetadataPassedError as error:
            outcomes.append(type(error))
    assert outcomes[0] == outcomes[1]
    GridSearchSVC(GRID).fit(*data, sample_weight=np.ones(60))


def test_other_metadata_need_routing(data):
    with pytest.raises(TypeError, match="fit got colour, which metadata routing only"):
        GridSearchSVC(GRID).fit(*data, colour=np.ones(60))


@pytest.mark.parametrize("verbose", [0, 1])
@pytest.mark.parametrize("scaling", [None, "fold"])
def test_progress_is_shown(data, verbose, scaling, monkeypatch, capsys):
    monkeypatch.setattr(console, "SECONDS_BETWEEN_LINES", 0.0)
    GridSearchSVC(GRID, verbose=verbose, scaling=scaling).fit(*data)
    assert ("searching: 100 %" in capsys.readouterr().err) == bool(verbose)


def test_callbacks_hear_of_every_task(data):
    pytest.importorskip("sklearn.callback")

    class Listener:
        def __init__(self):
            self.begun, self.ended, self.states = [], [], []

        def setup(self, estimator, context):
            self.states.append("set up")

        def teardown(self, estimator, context):
            self.states.append("torn down")

        def on_fit_task_begin(self, estimator, context):
            self.begun.append(context.task_name)

        def on_fit_task_end(self, estimator, context):
            self.ended.append(context.task_name)

    listener = Listener()
    GridSearchSVC(GRID).set_callbacks(listener).fit(*data)
    assert listener.states == ["set up", "torn down"] and sorted(listener.begun) == sorted(listener.ended)
    assert listener.begun.count("step") == 100 and listener.begun[0] == "fit" and listener.ended[-1] == "fit"
    assert "refit-with-best-params" in listener.begun
