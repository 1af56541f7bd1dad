"""Which items the leading combinations miss, and what they say instead."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.evaluation import count_misses, distinct_leaders


def naive_misses(vectors, actual):
    """Count, item by item: (answers, missed, most frequent wrong answer, the one given first among equals)."""
    found = []
    for item, truth in enumerate(actual):
        answers = [vector[item] for vector in vectors if vector[item] >= 0]
        wrong = [answer for answer in answers if answer != truth]
        # Counter keeps the order of first appearance, and most_common is stable.
        most = Counter(wrong).most_common(1)[0][0] if wrong else -1
        found.append((len(answers), len(wrong), most))
    return found


@st.composite
def problems(draw):
    n_items, n_classes = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    codes = st.lists(st.integers(-1, n_classes - 1), min_size=n_items, max_size=n_items)
    sets = draw(st.lists(st.lists(codes, min_size=1, max_size=7), min_size=1, max_size=3))
    actual = draw(st.lists(st.integers(0, n_classes - 1), min_size=n_items, max_size=n_items))
    rows = [draw(st.lists(st.integers(0, len(one) - 1), max_size=8)) for one in sets]
    return [np.array(one, dtype=np.int16) for one in sets], rows, np.array(actual, dtype=np.int16)


@given(problems())
def test_misses_equal_the_naive_count(problem):
    sets, rows, actual = problem
    misses = count_misses(list(zip(sets, rows, strict=True)), actual)
    vectors = [predicted[row].tolist() for predicted, chosen in zip(sets, rows, strict=True) for row in chosen]
    counted = zip(misses.answers.tolist(), misses.missed.tolist(), misses.most_often.tolist(), strict=True)
    assert list(counted) == naive_misses(vectors, actual.tolist())


def test_among_equally_frequent_wrong_answers_the_best_combination_decides():
    predicted = np.array([[2], [1], [1], [2], [0]])
    assert count_misses([(predicted, [0, 1, 2, 3, 4])], np.array([0])).most_often.tolist() == [2]
    assert count_misses([(predicted, [1, 0, 2, 3, 4])], np.array([0])).most_often.tolist() == [1]


def test_other_numbers_of_items_are_refused():
    with pytest.raises(ValueError, match=r"predicted \(1, 3\) and actual \(2,\)"):
        count_misses([(np.zeros((1, 3), dtype=np.int16), [0])], np.zeros(2, dtype=np.int16))


@given(problems(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_leaders_are_the_first_of_their_opinion(problem, count, chance):
    sets = [one[: min(len(one) for one in problem[0])] for one in problem[0]]
    order = list(range(len(sets[0])))
    chance.shuffle(order)
    opinions = [tuple(tuple(one[c].tolist()) for one in sets) for c in order]
    firsts = [c for place, c in enumerate(order) if opinions[place] not in opinions[:place]]
    assert distinct_leaders(sets, order, count) == firsts[:count]


def test_combinations_that_differ_in_one_set_only_are_two():
    same, different = np.array([[0, 1], [0, 1]]), np.array([[0, 1], [1, 1]])
    assert distinct_leaders([same], [0, 1], 10) == [0]
    assert distinct_leaders([same, different], [0, 1], 10) == [0, 1]
