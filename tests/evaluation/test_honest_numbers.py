"""Corrected estimates, intervals and comparisons, against naive ones."""

import math

import naive_honest as naive
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgrid.evaluation import (
    RULES,
    InnerPredictions,
    Orders,
    Outcomes,
    compare,
    corrected_estimate,
    nested_estimate,
    rank,
    score,
    selected,
)
from fastgrid.evaluation.comparison import _holm, _sign_flip
from fastgrid.evaluation.intervals import accuracy_intervals, effective_size, student_quantile, wilson

SEEDS = st.integers(0, 2**32 - 1)


def table(seed, n_combinations=12, n_items=30, repeats=1, n_groups=None, n_classes=3):
    """Outcomes of combinations that are right in about two thirds of the tests, with equal ones among them."""
    rng = np.random.default_rng(seed)
    item = np.tile(np.arange(n_items), repeats)
    of_item = rng.integers(0, n_classes, n_items)
    fold = np.concatenate([rng.permutation(n_items) % 3 + 3 * repeat for repeat in range(repeats)])
    actual = of_item[item]
    wrong = rng.integers(0, n_classes, (n_combinations, len(item)))
    predicted = np.where(rng.random(wrong.shape) < 0.6, actual, wrong).astype(np.int16)
    predicted[n_combinations // 2] = predicted[1]
    group = None if n_groups is None else np.unique(rng.integers(0, n_groups, n_items), return_inverse=True)[1]
    outcomes = Outcomes.of(predicted, actual, fold, n_classes, item=item, group=group)
    exponents = rng.integers(-2, 2, (2, n_combinations))
    return outcomes, orders_of(outcomes, *exponents, rng.integers(0, 2, n_combinations))


def orders_of(outcomes, c_exponent, gamma_exponent, family=None):
    scores = score(outcomes.predicted, outcomes.actual, outcomes.fold, int(outcomes.fold.max()) + 1, outcomes.n_classes)
    return Orders.of(scores, rank(scores, c_exponent, gamma_exponent), c_exponent, gamma_exponent, family)


def draws_of(seed, n_groups, n_resamples):
    random = np.random.default_rng(seed)
    return [random.integers(0, n_groups, n_groups).tolist() for _ in range(n_resamples)]


@settings(max_examples=30, deadline=None)
@given(
    seed=SEEDS,
    rule=st.sampled_from(RULES),
    repeats=st.sampled_from([1, 2]),
    n_groups=st.sampled_from([None, 8, 2]),
)
def test_the_corrected_estimate_is_the_mean_over_what_is_left_out(seed, rule, repeats, n_groups):
    outcomes, orders = table(seed, n_items=16, repeats=repeats, n_groups=n_groups)
    if outcomes.n_groups < 2:
        return
    found = corrected_estimate(outcomes, orders.simplicity, rule, family=orders.family, n_resamples=12, seed=5)
    draws = draws_of(5, outcomes.n_groups, 12)
    groups = outcomes.test_group.tolist()
    given_to_both = outcomes.predicted, outcomes.actual, outcomes.fold, groups, orders.simplicity, orders.family
    mean, deviation = naive.bbc(rule, *given_to_both, repeats, draws)
    left_out = (1 - 1 / outcomes.n_groups) ** outcomes.n_groups
    for interval, share, spread in zip((found.accuracy, found.normalized_accuracy), mean, deviation, strict=True):
        assert interval.estimate == pytest.approx(100 * share)
        error = spread * np.sqrt(left_out / (1 - left_out))
        known = error > 1e-9 and share * (1 - share) > 1e-9
        size = max(share * (1 - share) / error**2, 1.0) if known else outcomes.n_groups
        low, high = naive.wilson(share, size, outcomes.n_groups)
        assert (interval.low, interval.high) == pytest.approx((100 * low, 100 * high), abs=0.05)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, rule=st.sampled_from(RULES))
def test_what_cannot_matter_does_not(seed, rule):
    outcomes, orders = table(seed)
    rng = np.random.default_rng(seed)
    expected = corrected_estimate(outcomes, orders.simplicity, rule, n_resamples=40)
    # Groups of one item each are no groups.
    single = Outcomes.of(outcomes.predicted, outcomes.actual, outcomes.fold, 3, group=np.arange(len(outcomes.actual)))
    assert corrected_estimate(single, orders.simplicity, rule, n_resamples=40) == expected
    # A combination that repeats another's predictions, and one that failed.
    failed = np.full_like(outcomes.predicted[:1], -1)
    more = np.concatenate([outcomes.predicted, outcomes.predicted[rng.integers(0, 12, 5)], failed])
    larger = Outcomes.of(more, outcomes.actual, outcomes.fold, 3)
    simplicity = np.append(orders.simplicity, [orders.simplicity.max() + 1] * 6)
    assert corrected_estimate(larger, simplicity, rule, n_resamples=40) == expected


def test_estimates_do_not_depend_on_blocks(monkeypatch):
    outcomes, orders = table(3, n_groups=9)
    expected = corrected_estimate(outcomes, orders.simplicity, n_resamples=50)
    monkeypatch.setattr("fastgrid.evaluation.bootstrap.BLOCK", 1)
    assert corrected_estimate(outcomes, orders.simplicity, n_resamples=50) == expected
    assert corrected_estimate(outcomes, orders.simplicity, n_resamples=50, seed=1) != expected


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS, rule=st.sampled_from(RULES))
def test_a_rule_selects_what_it_says(seed, rule):
    outcomes, _ = table(seed)
    rng = np.random.default_rng(seed)
    c, gamma, family = rng.integers(-2, 2, 12), rng.integers(-2, 1, 12), rng.integers(0, 2, 12)
    scores = score(outcomes.predicted, outcomes.actual, outcomes.fold, 3, 3)
    ranking = rank(scores, c, gamma)
    chosen = selected(rule, Orders.of(scores, ranking, c, gamma, family), scores, 3)
    if rule == "accuracy":
        assert ranking.accuracy_rank[chosen] == 1
    elif rule == "normalized_accuracy":
        assert ranking.normalized_accuracy_rank[chosen] == 1
    else:
        best = ranking.order[0]
        near = [
            (c[k], gamma[k], ranking.accuracy_rank[k], k)
            for k in range(12)
            if scores.accuracy[k] >= scores.accuracy[best] - scores.accuracy_std[best] / np.sqrt(2) - 1e-9
            and family[k] == family[best]
        ]
        assert chosen == min(near)[-1]


@settings(max_examples=50, deadline=None)
@given(share=st.floats(0, 1), size=st.floats(1, 1e4), n_groups=st.integers(5, 1000))
def test_wilson_is_where_the_share_is_t_errors_away(share, size, n_groups):
    low, high = wilson(np.array([share]), np.array([size]), n_groups)
    assert (low[0], high[0]) == pytest.approx(naive.wilson(share, size, n_groups), abs=1e-3)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("n_groups", [2, 3, 4, 6, 20, 500])
def test_the_quantile_is_students(level, n_groups):
    found = student_quantile((1 + level) / 2, n_groups - 1)
    assert found == pytest.approx(scipy.stats.t.ppf((1 + level) / 2, n_groups - 1), rel=0.01)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, repeats=st.sampled_from([1, 3]), n_groups=st.sampled_from([None, 5]))
def test_intervals_know_what_belongs_together(seed, repeats, n_groups):
    outcomes, _ = table(seed, repeats=repeats, n_groups=n_groups)
    correct = outcomes.predicted == outcomes.actual
    accuracy, low, high = accuracy_intervals(correct, outcomes)
    for k in range(12):
        share = correct[k].mean()
        assert accuracy[k] == pytest.approx(100 * share)
        error = naive.grouped_standard_error(correct[k].tolist(), outcomes.test_group.tolist())
        size = effective_size(np.array([share]), np.array([error]), outcomes.n_groups)[0]
        assert (low[k], high[k]) == pytest.approx(
            [100 * end for end in naive.wilson(share, size, outcomes.n_groups)], abs=0.05
        )


@settings(max_examples=100, deadline=None)
@given(differences=st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_the_paired_test_counts_sign_patterns(differences):
    found = _sign_flip(np.array(differences, dtype=np.float64))
    assert found == pytest.approx(naive.sign_flip([d for d in differences if d] or [0]))


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS, lead=st.integers(0, 20))
def test_a_sum_too_large_to_count_is_nearly_normal(seed, lead):
    rng = np.random.default_rng(seed)
    differences = rng.choice([-2.0, -1.0, 1.0, 2.0], 150, p=[0.2, 0.25, 0.3, 0.25])
    differences[:lead] = 2.0
    exact = _sign_flip(differences)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fastgrid.evaluation.comparison.MOST_COUNTED", 0)
        assert _sign_flip(differences) == pytest.approx(exact, rel=0.2, abs=1e-4)


@pytest.mark.parametrize(("n", "successes"), [(1, 0), (5, 5), (30, 11), (2000, 950)])
def test_equal_differences_are_a_binomial_test(n, successes):
    differences = np.where(np.arange(n) < successes, 1.0, -1.0)
    tail = sum(math.comb(n, k) for k in range(min(successes, n - successes) + 1))
    assert _sign_flip(differences) == pytest.approx(min(1, 2 * tail / 2**n), rel=1e-9)


@given(p_values=st.lists(st.floats(0, 1), max_size=12))
def test_holm(p_values):
    np.testing.assert_allclose(_holm(np.array(p_values)), naive.holm(p_values))


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, n_groups=st.sampled_from([None, 6]))
def test_all_combinations_are_compared_with_the_winner(seed, n_groups):
    outcomes, orders = table(seed, n_groups=n_groups)
    outcomes.predicted[4, 7] = -1
    orders = orders_of(outcomes, np.zeros(12), np.zeros(12))
    winner = int(orders.ranking[0])
    found = compare(outcomes, winner)
    correct = (outcomes.predicted == outcomes.actual).astype(int)
    different = {}
    for k in set(range(12)) - {4}:
        lead = correct[winner] - correct[k]
        sums = np.bincount(outcomes.test_group, weights=lead)
        if np.count_nonzero(sums) <= 12:
            assert found.p_value[k] == pytest.approx(naive.sign_flip([d for d in sums if d] or [0]))
        assert found.n_different[k] == np.abs(lead).sum()
        if not (correct[k] == correct[winner]).all():
            different[correct[k].tobytes()] = k
    corrected = naive.holm([found.p_value[k] for k in different.values()])
    np.testing.assert_allclose([found.corrected_p_value[k] for k in different.values()], corrected)
    assert found.n_compared == len(different)
    assert found.indistinguishable[winner] and found.p_value[winner] == 1.0
    np.testing.assert_array_equal(
        found.indistinguishable[list(different.values())], np.array(corrected) >= 0.05 - 1e-12
    )
    assert np.isnan(found.accuracy[4]) and found.n_different[4] == -1 and not found.indistinguishable[4]


def test_nested_selection_uses_inner_folds_only():
    outcomes, _ = table(8)
    c, gamma = np.arange(12), np.zeros(12, dtype=np.int64)
    rng = np.random.default_rng(8)
    inner = []
    for fold in range(3):
        items = np.flatnonzero(outcomes.fold != fold)
        predicted = np.where(rng.random((12, len(items))) < 0.3, outcomes.actual[items], 0).astype(np.int16)
        predicted[fold + 2] = outcomes.actual[items]  # the best one of this fold
        inner.append(InnerPredictions(items, predicted, (np.arange(len(items)) % 3).astype(np.int16)))
    found = nested_estimate(inner, outcomes.predicted, outcomes.actual, outcomes.fold, 3, "accuracy", c, gamma)
    assert found.chosen == (2, 3, 4)
    expected = [outcomes.predicted[fold + 2, t] for t, fold in enumerate(outcomes.fold)]
    assert found.predicted.tolist() == expected
    assert found.accuracy == pytest.approx(100 * np.mean(np.array(expected) == outcomes.actual))


def test_mistakes_are_named():
    predicted = np.zeros((2, 4), dtype=np.int16)
    actual, fold = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    outcomes = Outcomes.of(predicted, actual, fold, 2)
    orders = orders_of(outcomes, np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match="'best' is not one of"):
        corrected_estimate(outcomes, orders.simplicity, "best")
    with pytest.raises(ValueError, match="one group"):
        corrected_estimate(Outcomes.of(predicted, actual, fold, 2, group=[0, 0, 0, 0]), orders.simplicity)
    with pytest.raises(ValueError, match="do not fit"):
        Outcomes.of(predicted, actual[:3], fold, 2)
    with pytest.raises(ValueError, match="class code"):
        Outcomes.of(predicted, actual, fold, 1)
    failed = Outcomes.of(predicted - 1, actual, fold, 2)
    with pytest.raises(ValueError, match="not complete"):
        compare(failed, 0)
    with pytest.raises(ValueError, match="no combination"):
        corrected_estimate(failed, orders.simplicity)
