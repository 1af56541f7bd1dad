"""Votes against the naive count."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_svm import naive_vote

from fastgrid.solvers import pairs, vote


@settings(max_examples=60, deadline=None)
@given(data=st.data(), n_classes=st.integers(2, 6), n_items=st.integers(1, 5))
def test_votes_are_the_naive_ones(data, n_classes, n_items):
    n_pairs = n_classes * (n_classes - 1) // 2
    values = st.sampled_from([-1.0, -0.0, 0.0, 1.0])
    decisions = np.array(
        data.draw(st.lists(st.lists(values, min_size=n_items, max_size=n_items), min_size=n_pairs, max_size=n_pairs))
    )
    found = vote(decisions, n_classes)
    assert found.dtype == np.int16
    assert found.tolist() == [naive_vote(decisions[:, item], n_classes) for item in range(n_items)]


def test_votes_keep_leading_axes():
    decisions = np.random.default_rng(0).normal(size=(4, 3, 7))
    found = vote(decisions, 3)
    assert found.shape == (4, 7)
    np.testing.assert_array_equal(found[2], vote(decisions[2], 3))


def test_pairs_are_in_libsvm_order():
    assert pairs(4) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
