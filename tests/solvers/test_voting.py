"""Votes against the naive count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_svm import naive_vote

from fastgrid.kernels import Scratch
from fastgrid.solvers import OneVsOnePath, decision_values, one_vs_one, pairs, path_votes, vote


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


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_classes=st.integers(1, 5),
    n_problems=st.integers(1, 12),
    n_test=st.integers(1, 6),
    block_numbers=st.sampled_from([1, 60, 2**22]),
)
def test_what_has_one_answer_is_multiplied_once(seed, n_classes, n_problems, n_test, block_numbers):
    rng = np.random.default_rng(seed)
    starts = np.concatenate([[0], np.cumsum(rng.integers(1, 4, n_classes))])
    path = OneVsOnePath.empty(n_problems, n_classes, int(starts[-1]))
    path.coefficients[...] = rng.integers(-2, 3, path.coefficients.shape)  # sums are exact
    path.bias[...] = rng.integers(-2, 3, path.bias.shape) + 0.5
    # Some problems have the answer of another one, before or after them.
    for index, (first, second) in enumerate(pairs(n_classes)):
        own = rng.random(n_problems) < 0.5
        own[rng.integers(n_problems)] = True
        sources = np.where(own, np.arange(n_problems), rng.choice(np.flatnonzero(own), n_problems))
        rows = [slice(starts[code], starts[code + 1]) for code in (first, second)]
        path.coefficients[:, second - 1, rows[0]] = path.coefficients[sources, second - 1, rows[0]]
        path.coefficients[:, first, rows[1]] = path.coefficients[sources, first, rows[1]]
        path.bias[:, index], path.sources[:, index] = path.bias[sources, index], sources
    test_gram = rng.integers(-3, 4, (n_test, int(starts[-1]))).astype(np.float64)
    solutions = [path.solution(row, starts) for row in range(n_problems)]
    expected = np.array([(test_gram @ each.coefficients.T + each.bias).T for each in solutions])
    np.testing.assert_array_equal(decision_values(test_gram, starts, path), expected)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_vs_one, "BLOCK_NUMBERS", block_numbers)
        found = path_votes(test_gram, starts, path, Scratch())
    np.testing.assert_array_equal(found, vote(expected, n_classes) if n_classes > 1 else np.zeros_like(found))
