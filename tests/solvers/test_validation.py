"""What is no problem is refused by name, before compiled code sees it."""

import numpy as np
import pytest
from solver_checks import path_of

from fastgrid.solvers import SOLVERS, ClassOrderedGram, Stopping, decision_values, get_solver, path_votes

GRAM = np.eye(6) + 1.0
LABELS = np.array([0, 1, 2, 0, 1, 2])
COSTS = np.ones((2, 3))


def solve(solver="smo", **changed):
    given = {"gram": GRAM, "labels": LABELS, "class_costs": COSTS, **changed}
    return get_solver(solver).solve(**given)


def changed_at(array, place, value):
    array = np.array(array, dtype=np.float64)
    array[place] = value
    return array


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    "changed",
    [
        {"labels": LABELS * 2 - 1},
        {"labels": LABELS + 1},
        {"labels": np.minimum(LABELS, 1) * 2},
        {"labels": LABELS[:5]},
        {"labels": LABELS + 0.5},
        {"labels": LABELS.astype(str)},
        {"labels": LABELS[:, np.newaxis]},
        {"gram": GRAM[:5]},
        {"gram": GRAM[0]},
        {"gram": np.empty((0, 0)), "labels": []},
        {"gram": changed_at(GRAM, (0, 1), np.nan)},
        {"gram": changed_at(GRAM, (2, 2), np.inf)},
        {"gram": changed_at(GRAM, (2, 1), -1e39)},
        {"gram": [["a"]]},
        {"class_costs": np.ones((2, 2))},
        {"class_costs": np.ones((2, 4))},
        {"class_costs": np.ones(3)},
        {"class_costs": changed_at(COSTS, (1, 1), 0.0)},
        {"class_costs": changed_at(COSTS, (1, 1), -1.0)},
        {"class_costs": changed_at(COSTS, (1, 1), np.nan)},
        {"class_costs": changed_at(COSTS, (1, 1), np.inf)},
        {"item_weights": np.ones(5)},
        {"item_weights": changed_at(np.ones(6), 3, 0.0)},
        {"item_weights": changed_at(np.ones(6), 3, np.nan)},
        {"tol": 0.0},
        {"tol": np.nan},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_the_argument_is_named(solver, changed):
    with pytest.raises(ValueError, match=next(iter(changed))):
        solve(solver, **changed)


@pytest.mark.parametrize("solver", SOLVERS)
def test_lists_will_do(solver):
    found = solve(solver, gram=GRAM.tolist(), labels=LABELS.tolist(), class_costs=COSTS.tolist(), item_weights=[1] * 6)
    for ours, expected in zip(found, solve(solver), strict=True):
        np.testing.assert_array_equal(ours.coefficients, expected.coefficients)


@pytest.mark.parametrize(
    "wrong",
    [{"tol": -1.0}, {"tol": np.inf}, {"maximum_iterations": 0}, {"relaxations": -1}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_stopping_rules_that_never_hold_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Stopping(**wrong)


def test_rows_in_no_order_are_no_class_ordered_gram():
    with pytest.raises(ValueError, match="labels are not ascending"):
        ClassOrderedGram.from_gram(GRAM, LABELS)


@pytest.mark.parametrize("decide", [decision_values, path_votes])
@pytest.mark.parametrize("width", [5, 7])
def test_another_number_of_training_rows_is_refused(decide, width):
    path = path_of("smo", GRAM, np.sort(LABELS), COSTS)
    with pytest.raises(ValueError, match="test_gram has shape"):
        decide(np.ones((2, width)), np.array([0, 2, 4, 6]), path)
