"""Votes against the naive count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_svm import naive_vote
from sklearn.svm import SVC

from fastgrid.kernels import Scratch
from fastgrid.solvers import OneVsOnePath, decision_values, one_vs_one, one_vs_rest, pairs, path_votes, vote


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


def svc_decisions(n_classes, seed):
    """What SVC says of the pairs, laid out as here, and of the classes; among the items are some on boundaries."""
    rng = np.random.default_rng(seed)
    labels = np.arange(12 * n_classes) % n_classes
    rows = rng.normal(size=(len(labels), 3)) + 0.7 * labels[:, np.newaxis]
    model = SVC(C=2.0, gamma=0.3, decision_function_shape="ovo").fit(rows, labels)
    items = rng.normal(size=(200, 3)) * 2
    of_pairs = model.decision_function(items)
    model.decision_function_shape = "ovr"
    of_classes = model.decision_function(items)
    return (-of_pairs[np.newaxis] if n_classes == 2 else np.ascontiguousarray(of_pairs.T)), of_classes


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_one_value_per_class_is_that_of_svc(n_classes, seed):
    of_pairs, of_classes = svc_decisions(n_classes, seed)
    found = one_vs_rest(of_pairs, n_classes)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, of_classes)
    stacked = one_vs_rest(np.array([[-of_pairs, of_pairs]]), n_classes)
    assert stacked.shape == (1, 2, *of_classes.shape)
    np.testing.assert_array_equal(stacked[0, 1], of_classes)


def test_decision_values_of_zero_count_as_in_svc():
    # On the middle line every pair of the first class is undecided. SVC's two answers differ there.
    rows, middle = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 2.0]]), np.array([[0.0, 0.75], [0.0, 0.0]])
    model = SVC(kernel="linear", C=1.0, decision_function_shape="ovo").fit(rows, [0, 1, 2])
    of_pairs = model.decision_function(middle).T
    assert (of_pairs == 0.0).sum() >= 3
    assert vote(of_pairs, 3).tolist() == model.predict(middle).tolist()
    model.decision_function_shape = "ovr"
    np.testing.assert_array_equal(one_vs_rest(of_pairs, 3), model.decision_function(middle))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_classes=st.integers(3, 7), scale=st.sampled_from([0.0, 1e-12, 1.0, 1e12]))
def test_sums_never_outdo_a_vote(seed, n_classes, scale):
    rng = np.random.default_rng(seed)
    of_pairs = scale * rng.normal(size=(n_classes * (n_classes - 1) // 2, 4))
    found = one_vs_rest(of_pairs, n_classes)
    for item in range(4):
        votes, sums = np.zeros(n_classes), np.zeros(n_classes)
        for value, (first, second) in zip(of_pairs[:, item], pairs(n_classes), strict=True):
            votes[first if value >= 0 else second] += 1
            sums[first] += value
            sums[second] -= value
        np.testing.assert_array_equal(np.round(found[item]), votes)
        np.testing.assert_allclose(found[item] - votes, sums / (3 * (np.abs(sums) + 1)), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("shape", "n_classes"), [((2, 4), 3), ((3,), 3), ((0, 4), 1), ((4, 3), 3)])
def test_decision_values_of_other_classes_are_refused(shape, n_classes):
    with pytest.raises(ValueError, match="decisions has shape"):
        one_vs_rest(np.zeros(shape), n_classes)
