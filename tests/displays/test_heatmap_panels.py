"""From ``cv_results_`` to panels: every candidate is found in the cell of its parameters, whatever these are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.displays.labels import NOT_SET, parameters_text, short_names, tick_texts, value_text
from fastgrid.displays.panels import MOST_PANELS, axis_names, best_cell, cell_of, equal_cells, make_panels
from fastgrid.displays.search_table import SearchTable, read_search_table


def results_of(points, scores, metric="score"):
    return {"params": points, f"mean_test_{metric}": np.array(scores, dtype=float)}


def table_of(points, scores):
    return read_search_table(results_of(points, scores))


VALUES = {
    "C": st.sampled_from([0.5, 1, 2, 1024.0]),
    "gamma": st.sampled_from([0.01, 2.0**-7, "scale", "auto"]),
    "kernel": st.sampled_from(["rbf", "poly"]),
    "class_weight": st.sampled_from([None, "balanced", {"a": 1, "b": 2}]),
}
POINTS = st.lists(st.fixed_dictionaries({}, optional=VALUES), min_size=1, max_size=12).filter(any)
SCORES = st.sampled_from([0.25, 0.5, 0.5 + 1e-12, 0.75, math.nan, -math.inf])


@given(st.data())
def test_every_candidate_is_in_the_cell_of_its_parameters(data):
    points = data.draw(POINTS)
    scores = data.draw(st.lists(SCORES, min_size=len(points), max_size=len(points)))
    table = table_of(points, scores)
    x, y = axis_names(table.parameters, None, None)
    panels = make_panels(table, x, y)
    last = {repr(sorted(point.items(), key=lambda item: item[0])): row for row, point in enumerate(points)}
    shown = {}
    for panel in panels:
        assert panel.scores.shape == panel.candidates.shape == (len(panel.y_values), len(panel.x_values))
        for (row, column), candidate in np.ndenumerate(panel.candidates):
            score = panel.scores[row, column]
            if candidate < 0:
                assert np.isnan(score) and not panel.failed[row, column]
                continue
            here = {**panel.parameters, x: panel.x_values[column]} | ({} if y is None else {y: panel.y_values[row]})
            point = {name: value for name, value in here.items() if value is not NOT_SET}
            assert point == points[candidate]
            shown[candidate] = score
            assert panel.failed[row, column] == (not math.isfinite(scores[candidate]))
            assert np.isnan(score) if panel.failed[row, column] else score == scores[candidate]
    assert sorted(shown) == sorted(last.values())
    parameters = [tuple(map(repr, panel.parameters.values())) for panel in panels]
    assert len(set(parameters)) == len(parameters)


@given(st.data())
def test_the_best_and_its_equals_equal_the_naive_ones(data):
    points = [{"C": c, "gamma": g, "kernel": k} for c in (1, 2) for g in (0.1, "scale") for k in ("a", "b")]
    scores = data.draw(st.lists(SCORES, min_size=len(points), max_size=len(points)))
    table = table_of(points, scores)
    panels = make_panels(table, "gamma", "C")
    known = [score for score in scores if math.isfinite(score)]
    best = best_cell(panels)
    if not known:
        assert best is None
        return
    alike = [number for number, score in enumerate(scores) if math.isclose(score, max(known), abs_tol=1e-9)]
    assert best == cell_of(panels, table, alike[0])
    assert sorted(equal_cells(panels, best)) == sorted(cell_of(panels, table, number) for number in alike[1:])
    for number, score in enumerate(scores):
        assert (cell_of(panels, table, number) is None) == (not math.isfinite(score))


def test_of_candidates_with_the_same_parameters_the_last_one_is_shown():
    table = table_of([{"C": 1}, {"C": 2}, {"C": 1.0}], [0.9, 0.2, 0.3])
    (panel,) = make_panels(table, "C", None)
    np.testing.assert_array_equal(panel.candidates, [[2, 1]])
    np.testing.assert_array_equal(panel.scores, [[0.3, 0.2]])
    assert cell_of([panel], table, 0) == (0, 0, 0) == best_cell([panel])


def test_numbers_come_first_in_ascending_order():
    gammas = ["scale", 10, 0.5, "auto", np.float64(2), 0.5]
    table = table_of([*({"gamma": gamma, "C": 1} for gamma in gammas), {"C": 1}], range(7))
    (panel,) = make_panels(table, "gamma", "C")
    assert panel.x_values == [0.5, 2, 10, "scale", "auto", NOT_SET]


@pytest.mark.parametrize(
    ("known", "x", "y", "found"),
    [
        (["C", "gamma", "kernel"], None, None, ("gamma", "C")),
        (["svc__C", "svc__gamma"], None, None, ("svc__gamma", "svc__C")),
        (["svc__C", "svc__gamma"], "C", "svc__gamma", ("svc__C", "svc__gamma")),
        (["C", "kernel"], None, None, ("kernel", "C")),
        (["gamma", "kernel"], None, None, ("gamma", "kernel")),
        (["degree", "kernel"], None, None, ("degree", "kernel")),
        (["C", "gamma", "kernel"], "C", None, ("C", "gamma")),
        (["C", "gamma", "kernel"], None, "gamma", ("C", "gamma")),
        (["C", "gamma", "kernel"], "kernel", None, ("kernel", "C")),
        (["C"], None, None, ("C", None)),
        (["C"], "C", None, ("C", None)),
    ],
)
def test_axes(known, x, y, found):
    assert axis_names(known, x, y) == found


@pytest.mark.parametrize(
    ("known", "x", "y", "words"),
    [
        ([], None, None, "no parameters"),
        (["C", "gamma"], "C", "C", "x and y are both 'C'"),
        (["C", "gamma"], "degree", None, "no parameter 'degree'; it has C, gamma"),
        (["a__C", "b__C"], "C", None, "'C' may be any of a__C, b__C"),
        (["C"], None, "C", "'C' is the only parameter of the search; give it as x"),
    ],
)
def test_axes_that_are_none(known, x, y, words):
    with pytest.raises(ValueError, match=words):
        axis_names(known, x, y)


def test_more_panels_than_anybody_can_look_at():
    points = [{"C": 1, "gamma": 1, "coef0": number} for number in range(MOST_PANELS + 1)]
    with pytest.raises(ValueError, match=r"101 panels are more than 100, one for each combination of coef0"):
        make_panels(table_of(points, [0.5] * len(points)), "gamma", "C")


def test_tables_that_are_none():
    for results, error, words in [
        (5, TypeError, "cv_results is a int; give the cv_results_ of a fitted search"),
        ({"params": []}, ValueError, "no mean_test_score"),
        ({"mean_test_score": [1.0]}, ValueError, "neither params nor param_NAME"),
        ({"mean_test_score": [1.0], "params": []}, ValueError, "0 candidates and 1 scores"),
        ({"mean_test_score": [], "params": []}, ValueError, "no candidates"),
        ({"mean_test_a": [1.0], "mean_test_b": [1.0]}, ValueError, "several metrics; give metric, one of a, b"),
    ]:
        with pytest.raises(error, match=words):
            read_search_table(results)
    with pytest.raises(ValueError, match="no metric 'f1'; there is score"):
        read_search_table(results_of([{"C": 1}], [1]), "f1")


def test_columns_of_parameters_stand_for_params():
    C = np.ma.MaskedArray([1.0, 2.0, 3.0], mask=[False, False, True])
    kernel = np.ma.MaskedArray(np.array(["rbf", None, "poly"], dtype=object), mask=[False, False, False])
    given = {"mean_test_score": [1.0, 2.0, 3.0], "param_C": C, "param_kernel": kernel}
    expected = [{"C": 1.0, "kernel": "rbf"}, {"C": 2.0, "kernel": None}, {"kernel": "poly"}]
    assert read_search_table(given).points == expected


def test_data_frames_with_and_without_params(tmp_path):
    pandas = pytest.importorskip("pandas")
    points = [{"C": 1, "kernel": "linear"}, {"C": 2, "kernel": "rbf", "gamma": 0.5}, {"C": 2, "kernel": "rbf"}]
    table = results_of(points, [0.1, 0.2, 0.3]) | {
        f"param_{name}": [point.get(name, np.nan) for point in points] for name in ("C", "kernel", "gamma")
    }
    frame = pandas.DataFrame(table)
    assert read_search_table(frame).points == points
    assert read_search_table(frame.drop(columns="params")).points == points
    assert read_search_table(frame.drop(columns="params").convert_dtypes()).points == points
    frame.to_csv(tmp_path / "results.csv")
    assert read_search_table(pandas.read_csv(tmp_path / "results.csv")).points == points


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1, 10, 100], ["1", "10", "100"]),
        ([0.5, 1, 2], ["0.5", "1", "2"]),
        ([2.0**-5, 2.0**11], ["$2^{-5}$", "$2^{11}$"]),
        (np.logspace(-5, 3, 3), ["$10^{-5}$", "$10^{-1}$", "$10^{3}$"]),
        ([0.001, 0.0015, 5], ["0.001", "0.0015", "5"]),
        ([0, 2.0**-5], ["0", "0.03125"]),
        ([2.0**-9, "scale", NOT_SET], ["$2^{-9}$", "scale", "not set"]),
        (["a$b$", None, True], [r"a\$b\$", "None", "True"]),
        ([-1e5, 1e5], ["-1e+05", "1e+05"]),
    ],
)
def test_labels_of_axes(values, texts):
    assert tick_texts(list(values)) == texts


def test_values_and_names_are_short_and_on_one_line():
    assert value_text({"a": 1, "b": 2}) == "{'a': 1, 'b': 2}"
    assert value_text("x\n" * 100) == "x " * 13 + "x…"
    assert short_names(["C", "svc__C"]) == {"C": "C", "svc__C": "svc__C"}
    called = short_names(["svc__kernel", "svc__gamma"])
    assert parameters_text({"svc__kernel": "linear", "svc__gamma": NOT_SET}, called) == "kernel = linear"


def test_a_table_knows_its_parameters():
    assert SearchTable([{"b": 1}, {"a": 1, "b": 2}], np.zeros(2), "score").parameters == ["b", "a"]
