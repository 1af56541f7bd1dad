"""Folds: Gaia's own map and its properties."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.sweep.folds import gaia_folds


def test_folds_of_gaias_run(shared_data):
    stored = np.load(shared_data / "gaia_run/predictions.npz")
    found = gaia_folds([str(code) for code in stored["actual"]], 5, 1.0)
    np.testing.assert_array_equal(found, stored["fold"])


@given(labels=st.lists(st.sampled_from("abc"), min_size=1, max_size=60), n_folds=st.integers(2, 7))
def test_each_class_is_spread_as_evenly_as_gaia_does(labels, n_folds):
    folds = gaia_folds(labels, n_folds, 1)
    for label in set(labels):
        counts = Counter(folds[[given == label for given in labels]].tolist())
        size = -(-sum(counts.values()) // n_folds)
        assert all(0 <= fold < n_folds for fold in counts)
        assert max(counts.values()) <= size
        assert [counts[fold] for fold in range(n_folds)] == sorted((counts[f] for f in range(n_folds)), reverse=True)


def test_six_items_in_five_folds_leave_two_folds_empty():
    counts = Counter(gaia_folds(["a"] * 6, 5, 1).tolist())
    assert [counts[fold] for fold in range(5)] == [2, 2, 2, 0, 0]


def test_integer_and_float_seed_agree_and_text_seeds_work():
    labels = list("aabbbabab") * 4
    np.testing.assert_array_equal(gaia_folds(labels, 3, 1), gaia_folds(labels, 3, 1.0))
    assert (gaia_folds(labels, 3, "None") != gaia_folds(labels, 3, 1)).any()


@pytest.mark.parametrize("seed", [1, 2.5, "text"])
def test_a_class_does_not_depend_on_the_others(seed):
    alone = gaia_folds(["a"] * 9, 4, seed)
    mixed = gaia_folds(["b"] * 5 + ["a"] * 9, 4, seed)
    np.testing.assert_array_equal(mixed[5:], alone)
