"""Axes with round ends, and numbers on them."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_content import made_up_content

from fastgrid.report.axes import axis_of
from fastgrid.report.content import Estimate, Estimates, Interval
from fastgrid.report.strips import fold_strips, trust_strips

PERCENTAGES = st.floats(0, 100)


@given(st.lists(PERCENTAGES, min_size=1, max_size=9))
def test_an_axis_holds_its_values_between_round_ticks(values):
    axis = axis_of(values)
    assert 0 <= axis.low <= min(values)
    assert max(values) <= axis.high <= 100
    assert 3 <= len(axis.ticks) <= 9
    assert axis.ticks[0] == pytest.approx(axis.low)
    assert axis.ticks[-1] == pytest.approx(axis.high)
    # No tick more than is needed at either end, but for values that are much alike.
    if max(values) - min(values) >= 5:
        assert axis.low + axis.step > min(values)
        assert axis.high - axis.step < max(values)


@given(st.lists(PERCENTAGES, min_size=2, max_size=9))
def test_shares_keep_the_order(values):
    axis = axis_of(values)
    shares = [axis.share(value) for value in sorted(values)]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    assert axis.share(axis.low - 1) == 0
    assert axis.share(axis.high + 1) == 1


def content(**changes):
    return dataclasses.replace(made_up_content(preprocessings=("basic",), c_exponents=(1, 3)), **changes)


def test_a_corrected_value_stands_within_its_interval_below_the_measured_one():
    estimates = Estimates(corrected_accuracy=Estimate(70.0, Interval(60.0, 80.0)), majority_accuracy=33.0)
    baseline, measured, corrected = trust_strips(content(estimates=estimates)).strips
    assert [strip.kind for strip in (baseline, measured, corrected)] == ["baseline", "measured", "corrected"]
    assert baseline.centre < corrected.span[0] < corrected.centre < corrected.span[1]
    assert corrected.centre == pytest.approx(sum(corrected.span) / 2, abs=0.01)
    assert corrected.detail == "70.0 % (60.0 to 80.0)"
    assert baseline.span is None


def test_without_anything_to_compare_with_nothing_is_drawn():
    assert trust_strips(content(estimates=Estimates())) is None
    assert trust_strips(content(winner=None)) is None


def test_folds_of_the_winner_come_first():
    plain = content()
    own = [i for i, one in enumerate(plain.standings) if one.same_problem_as is one.same_predictions_as is None]
    given = dataclasses.replace(plain, winner=own[2])
    strips = fold_strips(given, normalized=False, most=4).strips
    # Repeats of another combination would say the same again.
    places = [str(own[i] + 1) for i in (2, 0, 1, 3)]
    assert [strip.label.split(".")[0] for strip in strips] == places
    values = given.standings[own[2]].fold_accuracies
    assert [dot.hover for dot in strips[0].dots] == [f"fold {i}: {v:.2f} %" for i, v in enumerate(values, start=1)]


def test_equal_folds_do_not_cover_each_other():
    standing = dataclasses.replace(content().standings[0], fold_accuracies=(50.0, 50.0, 50.0, 50.0, 100.0))
    (strip,) = fold_strips(content(standings=(standing,)), normalized=False, most=4).strips
    assert len({(dot.x, dot.y) for dot in strip.dots}) == 5
    assert sorted(dot.y for dot in strip.dots[:4]) == [-7, 0, 7, 14]


def test_without_folds_nothing_is_drawn():
    bare = tuple(dataclasses.replace(one, fold_accuracies=()) for one in content().standings)
    assert fold_strips(content(standings=bare), normalized=False, most=4) is None
    assert fold_strips(content(standings=bare), normalized=True, most=4) is not None
