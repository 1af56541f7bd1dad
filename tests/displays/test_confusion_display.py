"""`ConfusionDisplay`: counts and shares in the cells, from predictions wherever they come from."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_val_predict
from sklearn.svm import SVC

from fastgrid import ConfusionDisplay, GridSearchSVC, UserError, cross_val_predict_grid
from fastgrid.project.result_files import ResultWriter

GRID = {"C": [0.01, 1], "gamma": [0.01, 1.0]}


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


def texts(display):
    return [[text.get_text() for text in row] for row in display.text_]


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def drawn(display):
    display.figure_.canvas.draw()
    return display


TRUE, PREDICTED = ["a", "a", "a", "b", "b", "c"], ["a", "b", "a", "b", "b", "a"]


def test_counts_and_shares_of_rows(pyplot):
    display = drawn(ConfusionDisplay.from_predictions(TRUE, PREDICTED))
    np.testing.assert_array_equal(display.confusion_matrix, [[2, 1, 0], [0, 2, 0], [1, 0, 0]])
    assert texts(display) == [["2\n67 %", "1\n33 %", "0"], ["0", "2\n100 %", "0"], ["1\n100 %", "0", "0"]]
    np.testing.assert_array_equal(display.im_.get_array(), [[2 / 3, 1 / 3, 0], [0, 1, 0], [1, 0, 0]])
    assert display.im_.get_clim() == (0, 1)
    assert labels(display.ax_.xaxis) == labels(display.ax_.yaxis) == display.display_labels == ["a", "b", "c"]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("predicted class", "actual class")
    assert display.ax_.yaxis_inverted() and pyplot.get_fignums() == [display.figure_.number]
    assert display.figure_.axes[1].get_ylabel() == "share of the actual class"
    assert labels(display.figure_.axes[1].yaxis)[-1] == "100 %"


@pytest.mark.parametrize(
    ("normalize", "first_row", "bar"),
    [
        ("pred", ["2\n67 %", "1\n33 %", "0"], "share of the predicted class"),
        ("all", ["2\n33 %", "1\n17 %", "0"], "share of all"),
        (None, ["2", "1", "0"], "count"),
    ],
)
def test_shares_of_something_else(normalize, first_row, bar):
    display = drawn(ConfusionDisplay.from_predictions(TRUE, PREDICTED, normalize=normalize))
    assert texts(display)[0] == first_row and display.figure_.axes[1].get_ylabel() == bar
    if normalize is None:
        assert display.im_.get_clim() == (0, 2)
        np.testing.assert_array_equal(display.im_.get_array(), display.confusion_matrix)


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=3, max_size=3))
def test_shares_equal_the_naive_ones(rows):
    counts = np.array(rows)
    for normalize, total in (("true", lambda i, j: sum(rows[i])), ("pred", lambda i, j: sum(row[j] for row in rows))):
        shares = ConfusionDisplay(counts, normalize=normalize).shares
        for (i, j), share in np.ndenumerate(shares):
            assert share == rows[i][j] / total(i, j) if total(i, j) else np.isnan(share)


def test_a_class_that_never_occurs_has_no_shares():
    display = drawn(ConfusionDisplay([[3, 1], [0, 0]], display_labels=["a", "b"]).plot())
    assert texts(display) == [["3\n75 %", "1\n25 %"], ["0", "0"]]
    np.testing.assert_array_equal(display.im_.get_array().mask, [[False, False], [True, True]])


def test_labels_weights_and_names_are_those_of_scikit_learn():
    weights = [0.5, 1, 1, 2, 0.25, 1]
    options = {"labels": ["c", "a"], "sample_weight": weights, "display_labels": ["third", "first"]}
    display = drawn(ConfusionDisplay.from_predictions(TRUE, PREDICTED, **options))
    theirs = ConfusionMatrixDisplay.from_predictions(TRUE, PREDICTED, **options)
    np.testing.assert_array_equal(display.confusion_matrix, theirs.confusion_matrix)
    assert labels(display.ax_.xaxis) == labels(theirs.ax_.xaxis) == ["third", "first"]
    assert texts(display) == [["0", "1\n100 %"], ["0", "1.5\n100 %"]]


def test_an_estimator_predicts(iris):
    X, y = iris
    model = GridSearchCV(SVC(), GRID, cv=3).fit(X[::2], y[::2])
    display = drawn(ConfusionDisplay.from_estimator(model, X[1::2], y[1::2]))
    np.testing.assert_array_equal(display.confusion_matrix, confusion_matrix(y[1::2], model.predict(X[1::2])))


def test_a_search_has_predicted_what_it_was_not_trained_on(iris):
    X, y = iris
    search = GridSearchSVC(GRID, cv=5).fit(X, y)
    display = drawn(ConfusionDisplay.from_cross_validation(search, y))
    predicted = cross_val_predict(SVC(**search.best_params_), X, y, cv=5)
    np.testing.assert_array_equal(display.confusion_matrix, confusion_matrix(y, predicted))
    assert display.display_labels == ["setosa", "versicolor", "virginica"]
    worst = ConfusionDisplay.from_cross_validation(search, y, index=0)
    predicted = cross_val_predict(SVC(C=0.01, gamma=0.01), X, y, cv=5)
    np.testing.assert_array_equal(worst.confusion_matrix, confusion_matrix(y, predicted))


def test_predictions_of_a_grid(iris):
    X, y = iris
    found = cross_val_predict_grid(X, y, GRID, cv=5)
    best = max(range(4), key=lambda point: np.mean(found.classes[found.predictions[point]] == y))
    display = ConfusionDisplay.from_cross_validation(found, y)
    expected = confusion_matrix(y, found.classes[found.predictions[best]])
    np.testing.assert_array_equal(display.confusion_matrix, expected)


def test_samples_that_no_fold_tests_do_not_count(iris):
    X, y = iris
    found = cross_val_predict_grid(X, y, GRID, cv=ShuffleSplit(1, test_size=30, random_state=0))
    weights = np.arange(150.0)
    display = ConfusionDisplay.from_cross_validation(found, y, index=3, sample_weight=weights)
    tested = found.predictions[3] >= 0
    assert tested.sum() == 30
    expected = confusion_matrix(
        y[tested], found.classes[found.predictions[3][tested]], labels=found.classes, sample_weight=weights[tested]
    )
    np.testing.assert_array_equal(display.confusion_matrix, expected)


def test_predictions_that_do_not_fit(iris):
    X, y = iris
    found = cross_val_predict_grid(X, y, GRID, cv=3)
    for arguments, options, error, words in [
        ((found, y[1:]), {}, ValueError, r"y has the shape \(149,\), and there are predictions for 150 samples"),
        (
            (found, np.where(y == "setosa", "rose", y)),
            {},
            ValueError,
            "y holds .*'rose'.*, which is none of the labels",
        ),
        ((found, y), {"index": 4}, ValueError, "index is 4, and there are 4 points"),
        ((found._replace(predictions=np.full((1, 150), -1)), y), {}, ValueError, "point 0 predicts nothing"),
        ((GridSearchCV(SVC(), GRID), y), {}, TypeError, "GridSearchCV holds no predictions; .* cross_val_predict and"),
    ]:
        with pytest.raises(error, match=words):
            ConfusionDisplay.from_cross_validation(*arguments, **options)


def test_a_result_file(tmp_path: Path):
    actual = dict(zip("uvwxyz", ["été", "été", "b", "b", "b", "c$1$"], strict=True))
    writer = ResultWriter(actual, list(actual), [0, 1, 0, 1, 0, 1], ["b", "c$1$", "été"])
    writer.write(tmp_path / "a.result", [2, 0, 0, 0, 2, 1])
    display = drawn(ConfusionDisplay.from_result(tmp_path / "a.result", normalize=None))
    assert display.display_labels == ["b", "c$1$", "été"]
    np.testing.assert_array_equal(display.confusion_matrix, [[2, 0, 1], [0, 1, 0], [1, 0, 1]])
    assert labels(display.ax_.xaxis) == ["b", "c\\$1\\$", "été"]
    with pytest.raises(UserError, match=r"none\.result"):
        ConfusionDisplay.from_result(tmp_path / "none.result")


@pytest.mark.parametrize("n_classes", [1, 2, 12, *(pytest.param(many, marks=pytest.mark.slow) for many in (30, 80))])
def test_every_number_of_classes_can_be_drawn(n_classes):
    counts = np.random.default_rng(0).poisson(0.1, (n_classes, n_classes)) + 10 * np.eye(n_classes, dtype=int)
    names = [f"class {number} {'long ' * 20}" for number in range(n_classes)]
    display = drawn(ConfusionDisplay(counts, display_labels=names).plot())
    box = display.figure_.bbox
    for text in (display.text_[0, 0], display.text_[-1, -1], *display.ax_.get_xticklabels()[::20]):
        place = text.get_window_extent()
        assert box.x0 <= place.x0 and place.x1 <= box.x1 and box.y0 <= place.y0 and place.y1 <= box.y1
    cell = display.ax_.get_window_extent().width / n_classes
    assert display.text_[0, 0].get_window_extent().width <= cell
    assert {"\n" in text.get_text() for text in np.diag(display.text_)} == {n_classes <= 30}
    assert np.array_equal(np.equal(display.text_, None), counts == 0) == (n_classes > 30 or n_classes == 1)


def test_names_that_would_overlap_are_slanted():
    def rotation(names, **options):
        display = ConfusionDisplay(np.eye(len(names), dtype=int), display_labels=names).plot(**options)
        return display.ax_.get_xticklabels()[0].get_rotation()

    assert rotation(["a", "b", "c"]) == 0
    assert rotation(["a long name", "another long name", "c"]) == 45
    assert rotation(["a", "b"], xticks_rotation=90) == 90


def test_options_reach_matplotlib(pyplot):
    figure, axes = pyplot.subplots()
    options = {"cmap": "gray", "colorbar": False, "im_kw": {"alpha": 0.5}, "values_format": ".1f"}
    display = drawn(ConfusionDisplay([[10, 0], [5, 5]]).plot(axes, text_kw={"fontsize": 3}, **options))
    assert display.ax_ is axes and display.figure_ is figure and figure.axes == [axes]
    assert (display.im_.get_cmap().name, display.im_.get_alpha()) == ("gray", 0.5)
    assert texts(display) == [["10.0\n100 %", "0.0"], ["5.0\n50 %", "5.0\n50 %"]]
    assert display.text_[0, 0].get_fontsize() == 3
    assert [text.get_color() for text in display.text_[0]] == ["black", "white"]
    assert ConfusionDisplay([[1]]).plot(include_values=False).text_ is None


@pytest.mark.parametrize(
    ("counts", "options", "words"),
    [
        ([1, 2], {}, r"shape \(2,\)"),
        ([[1, 2]], {}, r"shape \(1, 2\); it needs a row and a column for each class"),
        (np.zeros((0, 0)), {}, r"shape \(0, 0\)"),
        ([[1]], {"display_labels": ["a", "b"]}, "2 display_labels for 1 classes"),
        ([[1]], {"normalize": "rows"}, "normalize is 'rows'; it is one of 'true', 'pred', 'all', None"),
    ],
)
def test_what_is_no_confusion_matrix(counts, options, words):
    with pytest.raises(ValueError, match=words):
        ConfusionDisplay(counts, **options)


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"^ConfusionDisplay\.plot draws with .*pip install 'fastgrid\[plot\]'$"):
        ConfusionDisplay([[1]]).plot()
