"""Code that was written for GridSearchCV: where a search is used, and what it is given."""

import pickle

import joblib
import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_iris
from sklearn.impute import SimpleImputer
from sklearn.metrics import make_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from fastgrid import GridSearchSVC, cross_val_predict_grid, gram, solve_binary

GRID = {"C": [0.1, 1.0, 10.0], "gamma": ["scale", 0.1]}


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


def test_it_nests_clones_and_pickles(iris):
    X, y = iris
    ours, theirs = GridSearchSVC(GRID), GridSearchCV(SVC(), GRID)
    np.testing.assert_array_equal(cross_val_score(ours, X, y), cross_val_score(theirs, X, y))
    again = clone(ours.set_params(tol=1e-4))
    assert again.tol == 1e-4 and is_classifier(again) and "GridSearchSVC" in again._repr_html_()
    fitted = pickle.loads(pickle.dumps(again.fit(X, y)))
    np.testing.assert_array_equal(fitted.predict(X), again.predict(X))
    assert fitted.score(X, y) == pytest.approx(np.mean(fitted.predict(X) == y))
    assert not hasattr(fitted, "predict_proba")


def test_it_is_the_last_step_of_a_pipeline(iris):
    X, y = iris
    ours = make_pipeline(StandardScaler(), GridSearchSVC(GRID)).set_output(transform="default").fit(X, y)
    theirs = make_pipeline(StandardScaler(), GridSearchCV(SVC(), GRID)).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("change", [np.asfortranarray, np.float32, "frozen", "mapped"])
def test_arrays_of_any_kind(iris, change, tmp_path):
    X, y = iris
    expected = GridSearchCV(SVC(), GRID).fit(np.float32(X) if change is np.float32 else X, y).cv_results_
    if change == "frozen":
        given = X.copy()
        given.flags.writeable = False
    elif change == "mapped":
        np.save(tmp_path / "X.npy", X)
        given = np.load(tmp_path / "X.npy", mmap_mode="r")
    else:
        given = change(X)
    found = GridSearchSVC(GRID).fit(given, y).cv_results_
    np.testing.assert_array_equal(found["mean_test_score"], expected["mean_test_score"])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(iris, library):
    frames = pytest.importorskip(library)
    X, y = iris
    frame = frames.DataFrame({f"f{column}": X[:, column] for column in range(4)})
    plain = GridSearchSVC(GRID, scaling="fold", scoring="f1_macro").fit(X, y)
    search = GridSearchSVC(GRID, scaling=MinMaxScaler(), scoring="f1_macro").fit(frame, y)
    names = getattr(MinMaxScaler().fit(frame), "feature_names_in_", None)  # older versions do not look into polars
    np.testing.assert_array_equal(getattr(search, "feature_names_in_", None), names)
    np.testing.assert_array_equal(search.predictions_, plain.predictions_)
    np.testing.assert_array_equal(search.predict(frame), plain.predict(X))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_workers_change_nothing(iris, backend):
    X, y = iris
    alone = GridSearchSVC(GRID, n_jobs=1, scoring="balanced_accuracy").fit(X, y)
    with joblib.parallel_config(backend=backend):
        shared = GridSearchSVC(GRID, n_jobs=2, scoring="balanced_accuracy").fit(X, y)
    np.testing.assert_array_equal(alone.predictions_, shared.predictions_)
    assert alone.counters_ == shared.counters_


def test_predictions_are_those_of_the_folds(iris):
    X, y = iris
    groups = np.arange(len(y)) % 4
    found = cross_val_predict_grid(X, y, GRID, GroupKFold(4), groups=groups)
    search = GridSearchSVC(GRID, cv=GroupKFold(4)).fit(X, y, groups=groups)
    np.testing.assert_array_equal(found.predictions, search.predictions_)
    assert found.combinations == search.cv_results_["params"]
    for row, point in enumerate(found.combinations):
        for training, test in GroupKFold(4).split(X, y, groups):
            expected = SVC(**point).fit(X[training], y[training]).predict(X[test])
            np.testing.assert_array_equal(found.classes[found.predictions[row, test]], expected)


def test_a_transformer_may_take_what_is_no_number(iris):
    X, y = iris
    holes = X.copy()
    holes[::7, 2] = np.nan
    scaler = make_pipeline(SimpleImputer(), StandardScaler())
    found = GridSearchSVC(GRID, scaling=scaler).fit(holes, y)
    expected = GridSearchCV(
        Pipeline([("scaler", scaler), ("svc", SVC())]), {f"svc__{key}": values for key, values in GRID.items()}
    ).fit(holes, y)
    np.testing.assert_array_equal(found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])
    with pytest.raises(ValueError, match="NaN in column 2 \\(row 0\\)"):
        GridSearchSVC(GRID).fit(holes, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"param_grid": {"Cost": [1.0]}}, "'Cost' is no key; keys are C, class_weight, coef0, degree, gamma, kernel"),
        ({"param_grid": {"tol": [1.0]}}, "'tol' is not searched"),
        ({"param_grid": {"svc__C": [-1]}}, "svc__C -1 is not a positive"),
        ({"param_grid": {"C": [1], "svc__C": [1]}}, "both 'C' and 'svc__C'"),
        ({"param_grid": {"gamma": ["wide"]}}, "gamma 'wide'"),
        ({"param_grid": {"kernel": ["sigmoid"]}}, "kernel 'sigmoid'"),
        ({"param_grid": {"degree": [2.5]}}, "degree 2.5"),
        ({"param_grid": {"coef0": [np.inf]}}, "coef0 inf"),
        ({"param_grid": {"class_weight": [{"a": 0.0}]}}, "class_weight"),
        ({"param_grid": []}, "param_grid is empty"),
        (
            {"param_grid": {"kernel": ["precomputed"]}},
            r"X has shape \(150, 4\); with kernel 'precomputed' it is a square",
        ),
        ({"refit": 3}, "refit 3"),
        ({"error_score": "nan"}, "error_score 'nan'"),
        ({"return_train_score": "yes"}, "return_train_score 'yes'"),
        ({"verbose": "much"}, "verbose 'much'"),
        ({"cv": [([0, 1, 60, 61], [150])]}, "cv: split 0 names items beyond the 150"),
        ({"scoring": "neg_log_loss"}, "'neg_log_loss' needs probabilities"),
        ({"scoring": {"loss": "neg_log_loss"}, "refit": False}, "'loss' needs probabilities"),
        ({"scoring": lambda search, X, y: search.predict_proba(X).mean()}, "needs probabilities"),
        ({"scoring": []}, "scoring"),
        ({"scoring": ["accuracy"]}, "refit must be set to a scorer key"),
        ({"scaling": "row"}, "scaling 'row'"),
        ({"scaling": "fold", "param_grid": {"kernel": ["precomputed"]}}, "no features to scale"),
        ({"solver": "newton"}, "solver 'newton'"),
        ({"tol": 0.0}, "tol 0.0"),
        ({"n_jobs": 0}, "n_jobs 0"),
        ({"memory_limit": "much"}, "memory_limit: 'much' is not a size"),
        ({"memory_limit": -1}, "memory_limit -1"),
    ],
)
def test_mistakes_are_named_on_one_line(iris, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        GridSearchSVC(**{"param_grid": {"C": [1.0]}, **options}).fit(*iris)
    assert "\n" not in str(caught.value)


def test_an_estimator_in_the_place_of_the_grid_is_named(iris):
    with pytest.raises(TypeError, match="param_grid is a SVC: leave the estimator out"):
        GridSearchSVC(SVC()).fit(*iris)


def test_a_matrix_that_is_not_symmetric_is_no_gram_matrix(iris):
    X, y = iris
    values = X @ X.T
    GridSearchSVC({"kernel": ["precomputed"]}).fit(values * (1 + 1e-9 * np.arange(len(y))), y)
    values[3, 140] += 1.0
    with pytest.raises(ValueError, match="X is not symmetric"):
        GridSearchSVC({"kernel": ["precomputed"]}).fit(values, y)


def test_a_transformer_may_make_sparse_matrices(iris):
    X, y = iris
    scaler = OneHotEncoder(handle_unknown="ignore")
    found = GridSearchSVC(GRID, scaling=scaler).fit(X.round(), y)
    grid = {f"svc__{key}": values for key, values in GRID.items()}
    expected = GridSearchCV(Pipeline([("scaler", scaler), ("svc", SVC())]), grid).fit(X.round(), y)
    np.testing.assert_allclose(found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])


def test_scorers_may_ask_for_steps_of_the_pipeline(iris):
    def few(model, X, y):
        return -float(model["svc"].n_support_.sum() + model[-1].n_support_.sum())

    found = GridSearchSVC({"C": [0.1, 1.0]}, scaling="fold", scoring=few).fit(*iris)
    grid = {"svc__C": [0.1, 1.0]}
    expected = GridSearchCV(Pipeline([("scaler", MinMaxScaler()), ("svc", SVC())]), grid, scoring=few).fit(*iris)
    np.testing.assert_array_equal(found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])


def test_sparse_features_are_refused(iris):
    with pytest.raises(TypeError, match=r"pass X\.toarray\(\)"):
        GridSearchSVC(GRID).fit(scipy.sparse.csr_matrix(iris[0]), iris[1])


def test_weights_of_zero_do_not_go_with_a_gram_matrix(iris):
    X, y = iris
    weights = np.where(np.arange(len(y)) % 3 == 0, 0.0, 1.0)
    values, kept = gram(X, "rbf", gamma=0.5), weights > 0
    with pytest.raises(ValueError, match="mixes up the rows"):
        GridSearchSVC({"kernel": ["precomputed"]}).fit(values, y, sample_weight=weights)
    # Why: SVC does not predict what it does without these rows.
    weighted = SVC(kernel="precomputed").fit(values, y, sample_weight=weights).predict(values)
    assert (weighted != SVC(kernel="precomputed").fit(values[kept][:, kept], y[kept]).predict(values[:, kept])).any()


def test_scorers_may_ask_for_other_rows_and_attributes(iris):
    X, y = iris

    def scorer(model, X_test, y_test):
        return float(np.mean(model.predict(X_test[::-1]) == y_test[::-1])) + len(model.support_) / 1000 + model.C / 1e6

    ours = GridSearchSVC(GRID, scoring=scorer).fit(X, y)
    theirs = GridSearchCV(SVC(), GRID, scoring=scorer).fit(X, y)
    np.testing.assert_array_equal(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"])


def test_equal_answers_are_scored_once(iris):
    X, y = iris
    calls = []

    def scorer(model, X_test, y_test):
        calls.append(model)
        return float(np.mean(model.predict(X_test) == y_test))

    search = GridSearchSVC({"C": [1.0], "kernel": ["linear"], "gamma": [0.1, 0.2, 0.3]}, scoring=scorer, cv=3).fit(X, y)
    assert len(calls) == 3 and len(set(search.cv_results_["mean_test_score"])) == 1


def test_scores_by_decision_values_fit_nothing(iris, monkeypatch):
    X, y = iris[0][50:], iris[1][50:]
    scorer = make_scorer(roc_auc_score, response_method="decision_function")
    expected = GridSearchCV(SVC(), GRID, scoring=scorer).fit(X, y).cv_results_["mean_test_score"]
    search = GridSearchSVC(GRID, scoring=scorer, refit=False)
    monkeypatch.setattr(SVC, "fit", lambda *_, **__: pytest.fail("an SVC was fitted"))
    np.testing.assert_array_equal(search.fit(X, y).cv_results_["mean_test_score"], expected)
    assert not hasattr(search, "predict")


@pytest.mark.parametrize("C", [1.0, (0.5, 3.0)])
def test_one_binary_problem_is_solved_as_by_svc(iris, C):
    X, y = iris[0][50:], iris[1][50:]
    values = gram(X, "rbf", gamma=0.3)
    found = solve_binary(values, y, C)
    class_weight = None if C == 1.0 else {"versicolor": 0.5, "virginica": 3.0}
    model = SVC(kernel="precomputed", class_weight=class_weight).fit(values, y)
    expected = np.zeros(len(y))
    expected[model.support_] = model.dual_coef_[0]
    np.testing.assert_array_equal(found.coefficients, expected)
    assert found.bias == model.intercept_[0] and found.iterations == model.n_iter_[0] and found.converged
    with pytest.raises(ValueError, match="3 different labels"):
        solve_binary(gram(iris[0]), iris[1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X, y: gram(X, X), r"kernel .* is not one of 'rbf', 'poly', 'linear'.*; other rows go into Y"),
        (lambda X, y: gram(X, gamma=-1.0), "gamma -1.0 is not a finite number of 0 or more"),
        (lambda X, y: solve_binary(X @ X.T, y, 0), "C is 0; give positive"),
        (lambda X, y: solve_binary(X @ X.T, y, "1"), "C is 1; give positive"),
        (lambda X, y: solve_binary(X @ X.T, y, sample_weight=np.zeros(len(y))), "sample_weight is .* give positive"),
        (lambda X, y: solve_binary(X @ np.eye(4)[::-1] @ np.diag([1, 2, 3, 4]) @ X.T, y), "gram is not symmetric"),
        (lambda X, y: solve_binary(np.full((100, 100), np.nan), y), "gram holds values that are not finite"),
        (lambda X, y: solve_binary(np.empty((0, 0)), y), r"gram has shape \(0, 0\)"),
        (lambda X, y: solve_binary(scipy.sparse.csr_matrix(X @ X.T), y), "gram is sparse"),
    ],
)
def test_mistakes_of_the_small_functions_are_named(iris, call, message):
    X, y = iris
    with pytest.raises((TypeError, ValueError), match=message):
        call(X[:100], y[:100])
