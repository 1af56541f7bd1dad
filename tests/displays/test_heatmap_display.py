"""`GridHeatmapDisplay`: what is drawn of a search, whichever it is."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fastgrid import GridHeatmapDisplay, GridSearchSVC

GRID = {"C": [1, 10, 100], "gamma": ["scale", 2.0**-7], "kernel": ["rbf", "poly"]}


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def searches(iris):
    piped = {f"svc__{name}": values for name, values in GRID.items()}
    return {
        "GridSearchSVC": GridSearchSVC(GRID, cv=3).fit(*iris),
        "GridSearchCV": GridSearchCV(SVC(), GRID, cv=3).fit(*iris),
        "pipeline": GridSearchCV(make_pipeline(StandardScaler(), SVC()), piped, cv=3).fit(*iris),
    }


def results_of(grid_points, scores, metric="score"):
    return {"params": grid_points, f"mean_test_{metric}": np.array(scores, dtype=float)}


def plane(scores, **others):
    """Return cv_results_ of C = 1, 2, ... (rows of `scores`) by gamma = 1, 2, ... (columns)."""
    scores = np.asarray(scores, dtype=float)
    points = [{"C": row + 1, "gamma": column + 1, **others} for row, column in np.ndindex(scores.shape)]
    return results_of(points, scores.ravel())


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def drawn(display):
    """Draw everything, as saving the figure does; warnings are errors."""
    display.figure_.canvas.draw()
    return display


@pytest.mark.parametrize("kind", ["GridSearchSVC", "GridSearchCV", "pipeline"])
def test_a_search_is_drawn_cell_by_cell(searches, kind, pyplot):
    search = searches[kind]
    display = drawn(GridHeatmapDisplay.from_search(search))
    prefix = "svc__" if kind == "pipeline" else ""
    assert (display.x, display.y, display.metric) == (f"{prefix}gamma", f"{prefix}C", "score")
    assert [axes.get_title() for axes in display.axes_] == ["kernel = rbf", "kernel = poly"]
    assert display.ax_ is display.axes_[0] and pyplot.get_fignums() == [display.figure_.number]
    for image, kernel in zip(display.im_, ("rbf", "poly"), strict=True):
        scores = image.get_array()
        assert scores.shape == (3, 2) and not scores.mask.any()
        for (row, column), score in np.ndenumerate(scores.data):
            point = {"C": GRID["C"][row], "gamma": [2.0**-7, "scale"][column], "kernel": kernel}
            index = search.cv_results_["params"].index({prefix + name: value for name, value in point.items()})
            assert score == search.cv_results_["mean_test_score"][index]
    lower = display.axes_[-1]
    assert (lower.get_xlabel(), display.ax_.get_ylabel()) == ("gamma", "C")
    assert (labels(lower.xaxis), labels(display.ax_.yaxis)) == (["$2^{-7}$", "scale"], ["1", "10", "100"])
    panel, row, column = display.best
    assert display.panels[panel].candidates[row, column] == search.best_index_


def test_all_panels_have_one_colour_scale(searches):
    display = GridHeatmapDisplay.from_search(searches["GridSearchCV"], vmin=0.5)
    scores = searches["GridSearchCV"].cv_results_["mean_test_score"]
    assert {image.norm for image in display.im_} == {display.im_[0].norm}
    assert display.im_[0].get_clim() == (0.5, scores.max())
    (bar,) = [axes for axes in display.figure_.axes if axes not in display.axes_]
    assert bar.get_ylabel() == "mean score"


def test_the_best_its_equals_and_failures_are_marked():
    display = drawn(GridHeatmapDisplay.from_cv_results(plane([[0.2, 0.9, 0.9 - 1e-13], [np.nan, 0.9, -np.inf]])))
    assert display.best == (0, 0, 1) and display.equal == [(0, 0, 2), (0, 1, 1)]
    centres = [np.add(mark.get_xy(), mark.get_width() / 2).round(9).tolist() for mark in display.marks_]
    assert centres == [[1, 0], [2, 0], [1, 1]]
    assert [mark.get_linestyle() == "-" for mark in display.marks_] == [True, False, False]
    hatched = [patch.get_xy() for patch in display.ax_.patches if patch.get_hatch()]
    assert hatched == [(-0.5, 0.5), (1.5, 0.5)]
    (legend,) = display.figure_.legends
    assert [text.get_text() for text in legend.get_texts()] == ["best: 0.9", "the same score: 2", "failed: 2"]


def test_cells_without_a_candidate_are_empty():
    points = [{"C": 1, "gamma": 1}, {"C": 2, "gamma": 2}]
    display = drawn(GridHeatmapDisplay.from_cv_results(results_of(points, [0.5, 0.75])))
    np.testing.assert_array_equal(display.im_[0].get_array().mask, [[False, True], [True, False]])
    assert not [patch for patch in display.ax_.patches if patch.get_hatch()]
    assert display.text_[0][0, 1] is None and display.text_[0][1, 1].get_text() == "0.750"


def test_what_a_search_has_chosen_is_marked_though_it_is_not_the_largest(iris):
    search = GridSearchCV(SVC(), GRID, cv=3, refit=lambda results: int(np.argmin(results["mean_test_score"])))
    display = GridHeatmapDisplay.from_search(search.fit(*iris))
    panel, row, column = display.best
    assert display.panels[panel].candidates[row, column] == search.best_index_
    assert display.figure_.legends[0].get_texts()[0].get_text().startswith("chosen: ")


def test_several_metrics(iris):
    grid = {"C": [1e-3, 1, 100], "gamma": [0.1, 10]}
    metrics = ["accuracy", "f1_macro"]
    search = GridSearchCV(SVC(), grid, cv=3, scoring=metrics, refit="f1_macro").fit(*iris)
    display = GridHeatmapDisplay.from_search(search)
    assert display.metric == "f1_macro"
    assert display.panels[0].candidates[display.best[1:]] == search.best_index_
    display = GridHeatmapDisplay.from_search(search, metric="accuracy")
    np.testing.assert_array_equal(display.panels[0].scores.ravel(), search.cv_results_["mean_test_accuracy"])
    assert display.figure_.axes[-1].get_ylabel() == "mean accuracy"
    search = GridSearchSVC(grid, cv=3, scoring=metrics, refit=False).fit(*iris)
    with pytest.raises(ValueError, match="several metrics; give metric, one of accuracy, f1_macro"):
        GridHeatmapDisplay.from_search(search)
    assert GridHeatmapDisplay.from_search(search, metric="f1_macro").best is not None


def test_a_list_of_grids_has_panels_of_their_own_axes(iris):
    grid = [{"kernel": ["linear"], "C": [1, 10]}, {"kernel": ["rbf"], "C": [1, 10], "gamma": ["scale", 0.01]}]
    search = GridSearchSVC(grid, cv=3).fit(*iris)
    display = drawn(GridHeatmapDisplay.from_search(search))
    assert [image.get_array().shape for image in display.im_] == [(2, 1), (2, 2)]
    assert [labels(axes.xaxis) for axes in display.axes_] == [["not set"], ["0.01", "scale"]]
    assert [axes.get_xlabel() for axes in display.axes_] == ["gamma", "gamma"]


def test_another_estimator_and_other_axes(iris):
    grid = {"C": [0.1, 1], "fit_intercept": [True, False], "tol": [1e-1, 1e-2]}
    search = GridSearchCV(LogisticRegression(max_iter=1000), grid, cv=3).fit(*iris)
    display = drawn(GridHeatmapDisplay.from_search(search, x="tol", y="fit_intercept"))
    assert [axes.get_title() for axes in display.axes_] == ["C = 0.1", "C = 1"]
    assert labels(display.ax_.xaxis) == ["0.01", "0.1"] and labels(display.ax_.yaxis) == ["True", "False"]
    assert display.panels[1].candidates.tolist() == [[5, 4], [7, 6]]


def test_one_parameter_is_one_row(iris):
    display = drawn(GridHeatmapDisplay.from_search(GridSearchSVC({"C": [1, 10, 100]}, cv=3).fit(*iris)))
    assert display.y is None and display.im_[0].get_array().shape == (1, 3)
    assert display.ax_.get_xlabel() == "C" and display.ax_.get_ylabel() == "" and labels(display.ax_.yaxis) == []


def test_one_point():
    display = drawn(GridHeatmapDisplay.from_cv_results(results_of([{"C": 2.0**-5, "gamma": "scale"}], [0.5])))
    assert (labels(display.ax_.xaxis), labels(display.ax_.yaxis)) == (["scale"], ["$2^{-5}$"])
    assert display.text_[0][0, 0].get_text() == "0.500"


def test_everything_failed(iris):
    def failing(*_):
        raise RuntimeError("no")

    search = GridSearchCV(SVC(), {"C": [1, 10]}, cv=3, scoring=failing, refit=False)
    with pytest.warns(UserWarning):
        search.fit(*iris)
    display = drawn(GridHeatmapDisplay.from_search(search))
    assert display.best is None and display.equal == display.marks_ == []
    assert len([patch for patch in display.ax_.patches if patch.get_hatch()]) == 2
    assert display.figure_.axes == [display.ax_]


def test_a_failed_fit_is_hatched(iris):
    with pytest.warns(FitFailedWarning), pytest.warns(UserWarning, match="non-finite"):
        search = GridSearchCV(SVC(), {"C": [-1, 1]}, cv=3).fit(*iris)
    display = drawn(GridHeatmapDisplay.from_search(search))
    assert [patch.get_xy() for patch in display.ax_.patches if patch.get_hatch()] == [(-0.5, -0.5)]


def test_values_in_cells_can_be_read_and_chosen(searches):
    display = GridHeatmapDisplay.from_search(searches["GridSearchCV"])
    assert display.text_ is None
    display.plot(include_values=True, values_format=".1%", text_kw={"fontsize": 5})
    text, score = display.text_[1][2, 0], display.panels[1].scores[2, 0]
    assert (text.get_text(), text.get_fontsize(), text.get_position()) == (f"{score:.1%}", 5, (0, 2))
    display = GridHeatmapDisplay.from_cv_results(plane([[0.0, 1.0]]), cmap="gray")
    assert [text.get_color() for text in display.text_[0].ravel()] == ["white", "black"]
    display = GridHeatmapDisplay.from_cv_results(plane([[-1234.56, -0.5]]))
    assert [text.get_text() for text in display.text_[0].ravel()] == ["-1235", "-0.5"]
    assert GridHeatmapDisplay.from_cv_results(plane(np.ones((15, 15)))).text_ is None


def test_colours_are_the_user_s(searches):
    from matplotlib.colors import TwoSlopeNorm

    norm = TwoSlopeNorm(0.9)
    display = drawn(
        GridHeatmapDisplay.from_search(
            searches["GridSearchCV"], cmap="cividis", im_kw={"norm": norm, "alpha": 0.5}, colorbar=False
        )
    )
    assert [image.norm for image in display.im_] == [norm, norm] and norm.scaled()
    assert (display.im_[0].get_cmap().name, display.im_[0].get_alpha()) == ("cividis", 0.5)
    assert len(display.figure_.axes) == 2


def test_axes_of_the_user(searches, pyplot):
    figure, grid = pyplot.subplots(2, 2)
    display = GridHeatmapDisplay.from_search(searches["GridSearchCV"], ax=grid[0])
    assert display.axes_ == list(grid[0]) and display.figure_ is figure and not figure.legends
    divided = drawn(display.plot(grid[1, 0], colorbar=False, n_columns=1))
    assert len(divided.axes_) == 2 and not grid[1, 0].axison and not set(divided.axes_) & set(grid.ravel())
    first, second = (axes.get_position() for axes in divided.axes_)
    assert first.x0 == second.x0 and first.y0 > second.y1
    one = GridHeatmapDisplay.from_cv_results(plane([[0.1, 0.2]]), ax=grid[1, 1])
    assert one.axes_ == [grid[1, 1]] and figure._suptitle is None
    with pytest.raises(ValueError, match="2 panels and 3 axes"):
        display.plot([grid[0, 0]] * 3)
    with pytest.raises(ValueError, match="belong to no grid cannot be divided"):
        display.plot(figure.add_axes((0, 0, 1, 1)))
    assert pyplot.get_fignums() == [figure.number]


def test_axes_in_a_part_of_a_figure(searches, pyplot):
    figure = pyplot.figure(layout="constrained")
    part, other = figure.subfigures(1, 2)
    display = GridHeatmapDisplay.from_search(searches["GridSearchCV"], ax=part.subplots(2, 1), include_values=True)
    assert display.figure_ is part and len(other.axes) == 0
    drawn(display)
    assert all(axes.get_window_extent().x1 < figure.bbox.width / 2 for axes in display.axes_)


def test_of_successive_halving_the_last_iteration_is_shown(iris):
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingGridSearchCV

    search = HalvingGridSearchCV(SVC(), {"C": [0.01, 1, 100], "gamma": [0.01, 1]}, cv=3, random_state=0).fit(*iris)
    assert len(search.cv_results_["params"]) > 6
    display = drawn(GridHeatmapDisplay.from_search(search))
    panel, row, column = display.best
    assert display.panels[panel].candidates[row, column] == search.best_index_
    last = {tuple(point.values()): index for index, point in enumerate(search.cv_results_["params"])}
    assert sorted(display.panels[0].candidates.ravel()) == sorted(last.values())


@pytest.mark.slow
def test_panels_are_arranged_by_the_parameters_that_change_fastest():
    def arrangement(n_columns=None, **values):
        from sklearn.model_selection import ParameterGrid

        points = list(ParameterGrid({"C": [1, 2], "gamma": [1, 2], **values}))
        display = GridHeatmapDisplay.from_cv_results(results_of(points, np.ones(len(points))), n_columns=n_columns)
        drawn(display)
        rows = {round(axes.get_position().y0, 3) for axes in display.axes_}
        return len(rows), len(display.axes_) / len(rows), display

    assert arrangement(p=list("abcdef"), q=[1, 2], r=[1, 2])[:2] == (6, 4)
    assert arrangement(p=[1, 2, 3], q=[1, 2])[:2] == (3, 2)
    assert arrangement(p=[1, 2, 3, 4])[:2] == (1, 4)
    rows, _, display = arrangement(p=list(range(7)))
    assert rows == 3 and len(display.figure_.axes) == 8
    assert display.axes_[4].get_xlabel() == "gamma" and display.axes_[3].get_xlabel() == ""
    assert [axes.get_ylabel() for axes in display.axes_] == ["C", "", "", "C", "", "", "C"]
    assert arrangement(n_columns=2, p=[1, 2, 3, 4])[:2] == (2, 2)


def test_names_are_shown_as_they_are():
    odd = ["$x$ and $\\frac{$", "a\n\x1b[31m" + "b" * 200]
    points = [{"C": 1, "gamma": value, "kernel": value, "a$b$": 1} for value in odd]
    display = drawn(GridHeatmapDisplay.from_cv_results(results_of(points, [0.1, 0.2], "$m$"), x="gamma"))
    assert [axes.get_title().replace("\\$", "$") for axes in display.axes_] == [
        "kernel = $x$ and $\\frac{$",
        "kernel = a \\x1b[31m" + "b" * 17 + "…",
    ]
    assert display.figure_._suptitle.get_text() == "a\\$b\\$ = 1"


def test_long_axes_are_thinned_out():
    display = drawn(GridHeatmapDisplay.from_cv_results(plane(np.random.default_rng(0).random((3, 70)))))
    assert labels(display.ax_.xaxis) == [str(1 + 3 * place) for place in range(24)]
    assert labels(display.ax_.yaxis) == ["1", "2", "3"]


def test_plotted_again_it_is_another_figure(searches, pyplot):
    display = GridHeatmapDisplay.from_search(searches["GridSearchCV"])
    first = display.figure_
    assert display.plot() is display and display.figure_ is not first and len(pyplot.get_fignums()) == 2


def test_what_is_no_search(iris):
    with pytest.raises(NotFittedError):
        GridHeatmapDisplay.from_search(GridSearchCV(SVC(), GRID))
    with pytest.raises(ValueError, match="no parameter 'degree'; it has C, gamma"):
        GridHeatmapDisplay.from_cv_results(plane([[1.0]]), x="degree")


def test_without_matplotlib_one_line_says_what_to_install(searches, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError) as caught:
        GridHeatmapDisplay.from_search(searches["GridSearchCV"])
    message = str(caught.value)
    assert message.startswith("GridHeatmapDisplay.plot draws with Matplotlib") and "\n" not in message
    assert message.endswith("install it: pip install 'fastgrid[plot]'")
