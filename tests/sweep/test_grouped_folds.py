"""Grouped folds: never a group in two of them, classes at least as even as StratifiedGroupKFold spreads them."""

import itertools
import warnings
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from fastgrid.sweep.grouped_folds import grouped_folds


def judged(labels, folds, n_folds):
    """What the assignment is to make small, naively: classes that lie in one fold, then the mean deviation."""
    shares, whole = [], 0
    for label in sorted(set(labels)):
        counts = [
            sum(1 for own, f in zip(labels, folds, strict=True) if (own, f) == (label, fold)) for fold in range(n_folds)
        ]
        shares.append([count / sum(counts) for count in counts])
        whole += max(counts) == sum(counts)
    return whole, float(np.mean([np.std(each) for each in shares]))


def no_worse(found, other):
    return (found[0], found[1] - 1e-12) <= other


def best_of_scikit_learn(labels, groups, n_folds, seeds=range(5)):
    found = []
    for seed in seeds:
        folds = np.zeros(len(labels), dtype=int)
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number, (_, test) in enumerate(splitter.split(labels, labels, groups)):
                folds[test] = number
        found.append(judged(labels, folds, n_folds))
    return min(found)


@st.composite
def drawn(draw, most_groups=12, most_folds=5):
    n_groups = draw(st.integers(2, most_groups))
    n_classes = draw(st.integers(1, 4))
    groups = draw(st.lists(st.integers(0, n_groups - 1), min_size=n_groups, max_size=5 * n_groups))
    pure = draw(st.booleans())
    labels = [g % n_classes for g in groups] if pure else [draw(st.integers(0, n_classes - 1)) for _ in groups]
    n_folds = draw(st.integers(2, most_folds))
    return [f"class {label}" for label in labels], [f"group {group}" for group in groups], n_folds


@settings(deadline=None)
@given(problem=drawn(), seed=st.integers(0, 5) | st.sampled_from([1.5, "text"]))
def test_no_group_is_in_two_folds_and_no_fold_is_empty_without_need(problem, seed):
    labels, groups, n_folds = problem
    folds = grouped_folds(labels, groups, n_folds, seed)
    assert folds.dtype == np.int16 and folds.shape == (len(labels),)
    of_group = defaultdict(set)
    for group, fold in zip(groups, folds.tolist(), strict=True):
        of_group[group].add(fold)
    assert all(len(found) == 1 for found in of_group.values())
    assert set(folds.tolist()) <= set(range(n_folds))
    assert len(set(folds.tolist())) == min(n_folds, len(of_group))


@pytest.mark.slow
@settings(deadline=None)
@given(problem=drawn(), seed=st.integers(0, 3))
def test_names_do_not_matter_and_a_seed_gives_the_same_folds(problem, seed):
    labels, groups, n_folds = problem
    folds = grouped_folds(labels, groups, n_folds, seed)
    np.testing.assert_array_equal(grouped_folds(labels, groups, n_folds, seed), folds)
    renamed = [f"β{label}" for label in labels], [f"{group[::-1]}!" for group in groups]
    np.testing.assert_array_equal(grouped_folds(*renamed, n_folds, seed), folds)


@settings(deadline=None)
@given(problem=drawn(most_groups=6, most_folds=3))
def test_few_groups_are_assigned_as_well_as_any_assignment_can(problem):
    labels, groups, n_folds = problem
    names = sorted(set(groups))
    position = [names.index(group) for group in groups]
    every = itertools.product(range(n_folds), repeat=len(names))
    best = min(judged(labels, [chosen[place] for place in position], n_folds) for chosen in every)
    assert no_worse(judged(labels, grouped_folds(labels, groups, n_folds, 1), n_folds), best)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(problem=drawn(most_groups=30, most_folds=7), seed=st.integers(0, 3))
def test_classes_are_as_even_as_those_of_scikit_learn(problem, seed):
    labels, groups, n_folds = problem
    smallest = min(labels.count(label) for label in set(labels))
    # What StratifiedGroupKFold refuses.
    assume(len(set(groups)) >= n_folds and max(labels.count(label) for label in set(labels)) >= n_folds and smallest)
    found = judged(labels, grouped_folds(labels, groups, n_folds, seed), n_folds)
    assert no_worse(found, best_of_scikit_learn(labels, groups, n_folds))


@pytest.mark.slow
def test_classes_are_as_even_as_those_of_scikit_learn_on_sets_of_any_shape():
    source = np.random.default_rng(5)
    better = 0
    for _ in range(150):
        n_items, n_classes = int(source.integers(20, 400)), int(source.integers(2, 11))
        n_groups, n_folds = int(source.integers(10, max(11, n_items // 2))), int(source.integers(2, 11))
        # Sizes from equal to very unequal; from groups of one class to groups of all.
        groups = (source.random(n_items) ** source.choice([1.0, 2.0, 4.0]) * n_groups).astype(int)
        own = source.integers(0, n_classes, n_groups)[groups]
        labels = np.where(
            source.random(n_items) < source.choice([0.0, 0.3, 1.0]), source.integers(0, n_classes, n_items), own
        )
        if len(set(groups.tolist())) < n_folds or np.bincount(labels).max() < n_folds:
            continue
        names, groups = [str(label) for label in labels], [str(group) for group in groups]
        found = judged(names, grouped_folds(names, groups, n_folds, 1), n_folds)
        best = best_of_scikit_learn(names, groups, n_folds)
        assert no_worse(found, best)
        better += not no_worse(best, found)
    assert better > 50


def test_groups_of_one_item_are_stratified():
    labels = ["a"] * 20 + ["b"] * 10
    folds = grouped_folds(labels, [str(number) for number in range(30)], 5, 1)
    assert all(np.count_nonzero(folds[:20] == fold) == 4 for fold in range(5))
    assert all(np.count_nonzero(folds[20:] == fold) == 2 for fold in range(5))


def test_a_class_is_not_in_one_fold_even_where_that_would_be_more_even_on_average():
    held = {"1": "a" * 6 + "b" * 5, "2": "a" * 6 + "bc" + "d" * 8, "3": "b" * 4 + "c" * 6 + "d" * 3, "4": "c" * 7}
    labels = [label for classes in held.values() for label in classes]
    groups = [group for group, classes in held.items() for _ in classes]
    # Both groups of class d together.
    uneven, whole = judged(labels, [group in "23" for group in groups], 2)[::-1]
    folds = grouped_folds(labels, groups, 2, 1)
    found_whole, found_uneven = judged(labels, folds, 2)
    assert (whole, found_whole) == (1, 0) and found_uneven > uneven


def test_seeds_give_different_folds_where_there_is_a_choice():
    labels = ["a", "b"] * 30
    groups = [str(number // 3) for number in range(60)]
    found = {tuple(grouped_folds(labels, groups, 4, seed).tolist()) for seed in (1, 2, 3, "one", 0.5)}
    assert len(found) == 5


def test_nothing_to_assign():
    assert grouped_folds([], [], 3, 1).tolist() == []


def test_ten_thousand_items_take_no_thought():
    source = np.random.default_rng(1)
    groups = [str(group) for group in source.integers(0, 3000, 10_000)]
    labels = [str(label) for label in source.integers(0, 10, 10_000)]
    folds = grouped_folds(labels, groups, 5, 1)
    whole, deviation = judged(labels, folds.tolist(), 5)
    assert whole == 0 and deviation < 0.001
