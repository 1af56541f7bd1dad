"""Splits of any kind: what is named is trained on and tested, in the order given."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import SVC

from fastgrid.common.fanout import Pool
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits


@settings(max_examples=50, deadline=None)
@given(folds=st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_folds_are_tested_on_what_the_others_train(folds):
    splits = Splits.of_folds(np.array(folds, dtype=np.int16), 4)
    assert len(splits) == 4 and splits.n_items == len(folds)
    for fold in range(4):
        assert splits.test[fold].tolist() == [item for item, own in enumerate(folds) if own == fold]
        assert splits.training[fold].tolist() == [item for item, own in enumerate(folds) if own != fold]


def test_indices_keep_their_order():
    splits = Splits.of_indices(
        5, [([4, 0, 0], [1]), (np.array([True, False, True, False, False]), []), ([-1, 1], [2, 2])]
    )
    assert [part.tolist() for part in splits.training] == [[4, 0, 0], [0, 2], [4, 1]]
    assert [part.tolist() for part in splits.test] == [[1], [], [2, 2]]


@pytest.mark.parametrize(
    ("training", "message"),
    [([5], "beyond the 5"), ([-6], "beyond the 5"), ([0.5], "float64"), ([[0]], r"\(1, 1\)"), ([True] * 4, "bool")],
)
def test_what_is_no_index_is_refused(training, message):
    with pytest.raises(ValueError, match=message) as caught:
        Splits.of_indices(5, [([0], [1]), (training, [1])])
    assert str(caught.value).startswith("split 1 ")


def svc_predictions(given, splits):
    """By scikit-learn, in its order of classes."""
    values = given.feature_sets["a"].values.astype(np.float64)
    found = []
    for training, test in zip(splits.training, splits.test, strict=True):
        rows = []
        for asked in given.combinations:
            weight = "balanced" if asked.balanced else None
            model = SVC(C=asked.C, kernel=asked.kernel, gamma=asked.gamma, class_weight=weight)
            rows.append(model.fit(values[training], given.labels[training]).predict(values[test]))
        found.append(rows)
    return found


@pytest.mark.parametrize("solver", ["smo", "libsvm"])
def test_splits_of_any_kind_are_those_of_svc(solver):
    rng = np.random.default_rng(8)
    labels = rng.integers(0, 3, 60).astype(np.int16)
    values = (rng.normal(size=(60, 5)) + labels[:, np.newaxis]).astype(np.float32)
    features = FeatureSet("a", values, np.arange(5), np.ones(5, dtype=np.bool_))
    grid = [Combination("a", kernel, C, 0.3, flag) for kernel in ("rbf", "poly") for C in (0.1, 9.0) for flag in (0, 1)]
    # Shuffled, overlapping, a class that is missing, and an item that is trained on twice and tested.
    pairs = [(order[:40], order[35:]) for order in (rng.permutation(60) for _ in range(3))]
    pairs.append((np.flatnonzero(labels != 1)[::-1], np.arange(60)))
    pairs.append((np.concatenate([np.arange(30), np.arange(10)]), np.arange(5, 20)))
    given = SweepInput({"a": features}, grid, labels, Splits.of_indices(60, pairs), "sorted")
    found = run_sweep(given, Pool(1), SweepOptions(solver))
    assert not found.failures
    for ours, expected in zip(found.by_fold, svc_predictions(given, given.splits), strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert found.predicted.shape == (len(grid), 60)
    np.testing.assert_array_equal(found.predicted[:, 5:20], found.by_fold[-1])


def test_the_order_of_classes_changes_the_sides_of_ties_only():
    labels = np.array([1, 0, 1, 0, 1, 0, 1, 0], dtype=np.int16)
    values = np.zeros((8, 1), dtype=np.float32)
    features = FeatureSet("a", values, np.arange(1), np.ones(1, dtype=np.bool_))
    splits = Splits.of_indices(8, [(np.arange(6), [6, 7])])
    given = SweepInput({"a": features}, [Combination("a", "rbf", 1.0, 1.0)], labels, splits)
    by_appearance = run_sweep(given, Pool(1), SweepOptions()).predicted[0, 6:]
    by_code = run_sweep(replace(given, class_order="sorted"), Pool(1), SweepOptions()).predicted[0, 6:]
    # All rows are equal, so the decision value is 0, which is a vote for the second class of the pair.
    assert by_appearance.tolist() == [0, 0] and by_code.tolist() == [1, 1]
