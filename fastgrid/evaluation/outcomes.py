"""The out-of-fold predictions of all combinations, and which of them belong together when items are drawn again."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.integer]
Positions = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What every combination predicted for every item, each item in a fold where it was held out.

    Where the cross-validation was repeated, a *test* is one item in one repeat.

    Attributes
    ----------
    predicted : ndarray of int, shape (n_combinations, n_tests)
        Predicted class codes; -1 for no prediction. A combination that lacks one is left out of everything.
    actual : ndarray of int, shape (n_tests,)
        Actual class codes.
    fold : ndarray of int, shape (n_tests,)
        The fold of each test; those of other repeats are other folds.
    item : ndarray of intp, shape (n_tests,)
        Which item a test is of, 0 to n_items - 1.
    group : ndarray of intp, shape (n_items,)
        Which items belong together (excerpts of one piece, say), 0 to n_groups - 1.
    n_classes : int
    """

    predicted: Codes
    actual: Codes
    fold: Codes
    item: Positions
    group: Positions
    n_classes: int

    @staticmethod
    def of(
        predicted: Codes,
        actual: Codes,
        fold: Codes,
        n_classes: int,
        *,
        item: npt.ArrayLike | None = None,
        group: npt.ArrayLike | None = None,
    ) -> Outcomes:
        """Check and return the outcomes; by default every test is of an item of its own, and every item a group.

        Raises
        ------
        ValueError
            When shapes disagree, codes are out of range, or there is nothing to be drawn from.

        Examples
        --------
        >>> Outcomes.of(np.array([[0, 1]]), np.array([0, 1]), np.array([0, 1]), 2).group.tolist()
        [0, 1]
        """
        items = np.arange(len(actual)) if item is None else np.asarray(item, dtype=np.intp)
        n_items = int(items.max()) + 1 if items.size else 0
        groups = np.arange(n_items) if group is None else np.asarray(group, dtype=np.intp)
        if predicted.ndim != 2 or not predicted.shape[1:] == actual.shape == fold.shape == items.shape:
            raise ValueError(
                f"predicted {predicted.shape}, actual {actual.shape}, fold {fold.shape} and item {items.shape} "
                "do not fit together"
            )
        if groups.shape != (n_items,) or n_items == 0 or items.min() < 0 or groups.min() < 0:
            raise ValueError(f"{n_items} items are tested; give each of them one group, numbered from 0")
        if actual.min() < 0 or max(actual.max(), predicted.max(initial=-1)) >= n_classes:
            raise ValueError(f"a class code is not in 0 to {n_classes - 1}")
        return Outcomes(predicted, actual, fold, items, groups, n_classes)

    @property
    def n_groups(self) -> int:
        """The number of groups."""
        return int(self.group.max()) + 1

    @functools.cached_property
    def complete(self) -> Flags:
        """Which combinations have a prediction for every test, shape (n_combinations,)."""
        complete: Flags = self.predicted.min(axis=1) >= 0
        return complete

    @functools.cached_property
    def test_group(self) -> Positions:
        """The group of each test, shape (n_tests,)."""
        groups: Positions = self.group[self.item]
        return groups

    @functools.cached_property
    def has_single_groups(self) -> bool:
        """Whether every test is a group by itself: neither repeats nor items that belong together."""
        return self.n_groups == len(self.actual)


@dataclass(frozen=True, eq=False)
class Distinct:
    """The different ones among the answers of complete combinations, by which tests they get right.

    Attributes
    ----------
    first : ndarray of intp, shape (n_distinct,)
        Of the combinations that get the same tests right, the one that comes first in the order that was given.
    of_combination : ndarray of intp, shape (n_combinations,)
        Which of them each combination's answers are; -1 for one that is not complete.
    correct : ndarray of bool, shape (n_distinct, n_tests)
    """

    first: Positions
    of_combination: Positions
    correct: Flags


def distinct_answers(outcomes: Outcomes, order: npt.ArrayLike, family: Codes | None = None) -> Distinct:
    """Find the different answers, in `order` of their first combination: a grid repeats most of them.

    Parameters
    ----------
    outcomes : Outcomes
    order : array_like of int
        Combinations; those that are not complete are passed over.
    family : ndarray of int, shape (n_combinations,), optional
        Equal answers of different families count as different ones.

    Raises
    ------
    ValueError
        When no combination in `order` is complete.
    """
    of_combination = np.full(len(outcomes.predicted), -1, dtype=np.intp)
    number: dict[tuple[int, bytes], int] = {}
    first: list[int] = []
    for combination in np.asarray(order, dtype=np.intp).tolist():
        if outcomes.complete[combination]:
            correct = np.packbits(np.equal(outcomes.predicted[combination], outcomes.actual)).tobytes()
            answers = 0 if family is None else int(family[combination]), correct
            if answers not in number:
                number[answers] = len(first)
                first.append(combination)
            of_combination[combination] = number[answers]
    if not first:
        raise ValueError("no combination has a prediction for every item")
    correct_tests = np.empty((len(first), len(outcomes.actual)), dtype=np.bool_)
    for combination, row in zip(first, correct_tests, strict=True):
        np.equal(outcomes.predicted[combination], outcomes.actual, out=row)
    return Distinct(np.array(first, dtype=np.intp), of_combination, correct_tests)
