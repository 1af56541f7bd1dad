"""Scores against the naive loops and against Gaia's own report."""

import csv
import math

import naive_evaluation as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgrid.evaluation import confusion, score, score_folds


@st.composite
def predictions(draw):
    """Predictions with missing ones, untested items, empty folds and classes absent from some folds."""
    n_items, n_folds = draw(st.integers(1, 30)), draw(st.integers(1, 12))
    n_classes, n_combinations = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    actual = rng.integers(0, n_classes, n_items).astype(np.int16)
    fold = rng.integers(-1 if draw(st.booleans()) else 0, n_folds, n_items)
    fold[rng.integers(n_items)] = 0
    predicted = rng.integers(0, n_classes, (n_combinations, n_items)).astype(np.int16)
    predicted[:, fold < 0] = -1
    if draw(st.booleans()):
        predicted[0, rng.integers(n_items)] = -1
    return predicted, actual, fold, n_folds, n_classes


@settings(max_examples=150, deadline=None)
@given(predictions())
def test_scores_are_those_of_the_naive_loops(case):
    predicted, actual, fold, _, _ = case
    scores = score(*case)
    for i, row in enumerate(predicted):
        complete = all(p >= 0 for p, f in zip(row, fold, strict=True) if f >= 0)
        assert scores.complete[i] == complete
        found = scores.of(i)
        numbers = (
            found.accuracy,
            found.accuracy_std,
            found.normalized_accuracy,
            found.normalized_accuracy_std,
        )
        if complete:
            assert numbers == naive.score(row.tolist(), actual.tolist(), fold.tolist())
        else:
            assert all(math.isnan(n) for n in numbers)


@settings(max_examples=100, deadline=None)
@given(predictions())
def test_a_combination_alone_scores_as_among_many(case):
    predicted, *rest = case
    together = score(predicted, *rest)
    for i in range(len(predicted)):
        alone = score(predicted[i : i + 1], *rest)
        for name in ("accuracy", "accuracy_std", "normalized_accuracy", "normalized_accuracy_std"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[i])


@settings(max_examples=100, deadline=None)
@given(predictions())
def test_confusion_counts_every_prediction(case):
    predicted, actual, _, _, n_classes = case
    counts = confusion(predicted[0], actual, n_classes)
    assert counts.dtype == np.int64
    assert counts.tolist() == naive.confusion(predicted[0].tolist(), actual.tolist(), n_classes)


def test_fold_scores_name_the_folds_that_test_something():
    actual, fold = np.array([0, 0, 1, 1, 2]), np.array([0, 0, 0, 3, 3])
    found = score_folds(np.array([[0, 1, 1, 1, 0]]), actual, fold, n_folds=5, n_classes=3)
    assert found.folds.tolist() == [0, 3]
    np.testing.assert_array_equal(found.accuracy[:, 0], [100 * 2 / 3, 50.0])
    np.testing.assert_array_equal(found.normalized_accuracy[:, 0], [75.0, 50.0])


def test_an_empty_fold_changes_nothing():
    actual, fold = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    predicted = np.array([[0, 1, 1, 1]])
    few, many = score(predicted, actual, fold, 2, 2), score(predicted, actual, fold, 7, 2)
    assert few.of(0) == many.of(0)
    assert few.of(0).accuracy_std == 25.0


@pytest.mark.parametrize(
    ("predicted", "actual", "fold", "reason"),
    [
        (np.zeros((2, 3)), np.zeros(2), np.zeros(2), "do not fit"),
        (np.zeros(3), np.zeros(3), np.zeros(3), "do not fit"),
        (np.zeros((1, 2)), np.zeros(2), np.array([0, 2]), "fold number"),
        (np.zeros((1, 2)), np.array([0, 2]), np.zeros(2), "class code"),
        (np.zeros((1, 2)), np.array([0, -1]), np.zeros(2), "class code"),
        (np.zeros((1, 2)), np.zeros(2), np.array([-1, -1]), "no item"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(predicted, actual, fold, reason):
    arrays = [array.astype(np.int64) for array in (predicted, actual, fold)]
    with pytest.raises(ValueError, match=reason):
        score(*arrays, n_folds=2, n_classes=2)


def test_confusion_refuses_arrays_that_do_not_fit():
    with pytest.raises(ValueError, match="do not fit"):
        confusion(np.zeros(3, dtype=int), np.zeros(2, dtype=int), 2)


def test_scores_equal_gaias_report_bit_for_bit(shared_data):
    with np.load(shared_data / "gaia_run" / "predictions.npz", allow_pickle=False) as stored:
        run = dict(stored)
    with (shared_data / "gaia_run" / "report.tsv").open(newline="", encoding="utf-8") as lines:
        rows = {
            (row["kernel"], row["C"], row["preprocessing"], row["balance_classes"], row["gamma"]): row
            for row in csv.DictReader(lines, delimiter="\t")
        }
    keys = [
        (str(kernel), str(c), str(preprocessing), str(balanced), str(gamma))
        for kernel, c, preprocessing, balanced, gamma in zip(
            run["kernel"],
            run["C_exponent"],
            run["preprocessing"],
            run["balanceClasses"],
            run["gamma_exponent"],
            strict=True,
        )
    ]
    assert sorted(keys) == sorted(rows)
    assert len(keys) == 1728
    scores = score(run["predicted"], run["actual"], run["fold"], 5, len(run["classes"]))
    assert scores.complete.all()
    for name in ("accuracy", "accuracy_std", "normalized_accuracy", "normalized_accuracy_std"):
        assert getattr(scores, name).tolist() == [float(rows[key][name]) for key in keys]
