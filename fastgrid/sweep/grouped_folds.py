"""Assignment of whole groups of items to folds, classes as balanced as the groups allow.

Greedy assignment as in scikit-learn's ``StratifiedGroupKFold`` (groups with the most uneven classes first, each into
the fold where it does least harm), improved by moving single groups and swapping pairs of them until neither helps, and
then again after some groups were moved at random (iterated local search: Lourenço, Martin, Stützle 2003).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

#: Weight of the sizes of the folds beside that of the classes: they decide between otherwise equal assignments.
SIZES_WEIGHT = 1e-6
#: An assignment is better than another one by more than what rounding makes.
ROUNDING = 1e-13
#: Groups that are tried as partners of a swap in one pass; all of them where there are no more.
PARTNERS = 256
#: Groups x searches: with few groups a search is short, and ends more often where no move or swap helps.
GROUPS_SEARCHED = 3000
#: Searches in a row that found nothing better, after which no more are made.
MOST_IN_VAIN = 30
#: Groups that are moved at random before a further search.
SHAKEN = 4
#: Passes over all groups. Nearly always far fewer suffice.
MOST_PASSES = 50


def grouped_folds(
    labels: Sequence[str], groups: Sequence[str], n_folds: int, seed: float | str
) -> npt.NDArray[np.int16]:
    """Assign items to folds so that no group is in two of them and classes are spread evenly.

    Parameters
    ----------
    labels : sequence of str, length n
        Class of each item. A group may hold items of several classes.
    groups : sequence of str, length n
        Group of each item. What they are called does not matter, only which items share one.
    n_folds : int
        With fewer groups than folds some folds stay empty.
    seed : float or str
        For `random.Random`: decides among assignments that are about as good.

    Returns
    -------
    ndarray of int16, shape (n,)
        Fold of each item. No fold is empty where there are as many groups.

    Notes
    -----
    What is made small is, in this order: the number of classes that lie in one fold as a whole (where that fold is
    held out, the class cannot be learnt), and

        mean over classes c of the standard deviation over folds f of n[f, c] / n[c],

    the criterion of ``StratifiedGroupKFold``, with n[f, c] the items of class c in fold f; among equals, the deviation
    of the sizes of the folds.
    """
    if len(labels) == 0:
        return np.empty(0, dtype=np.int16)
    group_codes, class_codes = _codes(groups), _codes(labels)
    counts = np.zeros((group_codes.max() + 1, class_codes.max() + 1), dtype=np.int64)
    np.add.at(counts, (group_codes, class_codes), 1)
    criterion = _Criterion.of(counts, n_folds)
    source = random.Random(seed)
    search = _Search(criterion, source)
    in_vain = 0
    for _ in range(GROUPS_SEARCHED // len(counts)):
        if criterion.is_least(search.spread) or in_vain == MOST_IN_VAIN:
            break
        in_vain = 0 if search.search_again() else in_vain + 1
    return search.fold_of_group[group_codes].astype(np.int16)


def _codes(names: Sequence[str]) -> npt.NDArray[np.intp]:
    # Numbered in the order in which they appear.
    codes: dict[str, int] = {}
    return np.array([codes.setdefault(name, len(codes)) for name in names], dtype=np.intp)


@dataclass(frozen=True, eq=False)
class _Criterion:
    """What an assignment is judged by, from the spread of each column (the classes, then all items).

    The spread of a column is k sum_f n[f]^2 - (sum_f n[f])^2 = k^2 times the variance of n[f] over the k folds.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_groups, n_classes + 1)
        Items of each group in each class, and in all.
    n_folds : int
    weights : ndarray of float64, shape (n_classes + 1,)
    whole : ndarray of int64, shape (n_classes,)
        The spread of a class that lies in one fold.
    least : ndarray of int64, shape (n_classes + 1,)
        No spread can be smaller, whatever the groups.
    """

    counts: Counts
    n_folds: int
    weights: Values
    whole: Counts
    least: Counts

    @staticmethod
    def of(class_counts: Counts, n_folds: int) -> _Criterion:
        counts = np.column_stack([class_counts, class_counts.sum(axis=1)])
        totals = counts.sum(axis=0)
        n_classes = class_counts.shape[1]
        importance = np.array([1.0 / n_classes] * n_classes + [SIZES_WEIGHT])
        remainder = totals % n_folds
        return _Criterion(
            counts,
            n_folds,
            importance / (n_folds * totals),
            (n_folds - 1) * totals[:-1] ** 2,
            remainder * (n_folds - remainder),
        )

    def values(self, spread: Counts) -> Values:
        """Return the value of each row of spreads, shape (..., n_classes + 1); the smaller the better."""
        lost: Values = (spread[..., :-1] == self.whole).sum(axis=-1).astype(np.float64)
        return lost + np.sqrt(spread) @ self.weights

    def is_least(self, spread: Counts) -> bool:
        """Whether no assignment can spread the classes more evenly."""
        return bool(np.array_equal(spread[:-1], self.least[:-1]))


class _Search:
    """A greedy assignment, improved until no move and no swap helps."""

    def __init__(self, criterion: _Criterion, source: random.Random) -> None:
        n_groups, n_columns = criterion.counts.shape
        self._criterion = criterion
        self._source = source
        self._in_fold = np.zeros((criterion.n_folds, n_columns), dtype=np.int64)
        self.spread = np.zeros(n_columns, dtype=np.int64)
        self.fold_of_group = np.full(n_groups, -1, dtype=np.intp)
        self._order = list(range(n_groups))
        source.shuffle(self._order)
        self._assign(np.array(self._order, dtype=np.intp))
        self.value = float(criterion.values(self.spread))
        self._improve()

    def search_again(self) -> bool:
        """Search from near by, keep what is found unless it is worse, and return whether it is better."""
        before = self.fold_of_group.copy(), self._in_fold.copy(), self.spread, self.value
        for _ in range(SHAKEN):
            self._put(self._source.randrange(len(self._order)), self._source.randrange(self._criterion.n_folds))
        totals = self._in_fold.sum(axis=0)
        self.spread = self._criterion.n_folds * (self._in_fold**2).sum(axis=0) - totals**2
        self.value = float(self._criterion.values(self.spread))
        self._improve()
        better = self.value < before[-1] - ROUNDING
        if self.value > before[-1]:
            self.fold_of_group, self._in_fold, self.spread, self.value = before
        return better

    def _assign(self, order: npt.NDArray[np.intp]) -> None:
        criterion, n_folds = self._criterion, self._criterion.n_folds
        unevenness = criterion.counts[order, :-1].std(axis=1)
        for group in order[np.argsort(-unevenness, kind="stable")]:
            added = criterion.counts[group]
            assigned = self._in_fold.sum(axis=0)
            # In k sum_f n[f]^2 fold f has n[f] + x in the place of n[f], in (sum_f n[f])^2 the sum grows by x.
            spreads = self.spread + n_folds * added * (2 * self._in_fold + added) - added * (2 * assigned + added)
            fold = int(np.argmin(np.sqrt(spreads) @ criterion.weights))
            self.fold_of_group[group] = fold
            self._in_fold[fold] += added
            self.spread = spreads[fold]

    def _improve(self) -> None:
        order = self._order
        for _ in range(MOST_PASSES):
            if self._criterion.is_least(self.spread) and self.spread[-1] == self._criterion.least[-1]:
                return
            self._source.shuffle(order)
            before = self.value
            for group in order:
                self._move(group)
            partners = np.array(order, dtype=np.intp)
            for position, group in enumerate(order):
                # A window that goes round, so that over the passes every pair may be tried.
                window = np.arange(position + 1, position + 1 + min(PARTNERS, len(order) - 1)) % len(order)
                self._swap(group, partners[window])
            if self.value == before:
                return

    def _move(self, group: int) -> None:
        n_folds = self._criterion.n_folds
        own = self.fold_of_group[group]
        spreads = self._after(self._criterion.counts[group], own, np.arange(n_folds))
        spreads[own] = self.spread
        values = self._criterion.values(spreads)
        fold = int(np.argmin(values))
        if values[fold] < self.value - ROUNDING:
            self._put(group, fold)
            self.spread, self.value = spreads[fold], float(values[fold])

    def _swap(self, group: int, partners: npt.NDArray[np.intp]) -> None:
        own = self.fold_of_group[group]
        partners = partners[self.fold_of_group[partners] != own]
        if partners.size == 0:
            return
        counts = self._criterion.counts
        spreads = self._after(counts[group] - counts[partners], own, self.fold_of_group[partners])
        values = self._criterion.values(spreads)
        chosen = int(np.argmin(values))
        if values[chosen] < self.value - ROUNDING:
            partner = int(partners[chosen])
            other = int(self.fold_of_group[partner])
            self._put(partner, int(own))
            self._put(group, other)
            self.spread, self.value = spreads[chosen], float(values[chosen])

    def _after(self, moved: Counts, own: int, folds: npt.NDArray[np.intp]) -> Counts:
        # The spreads when `moved` items leave fold `own` for each of `folds`:
        # (a - x)^2 - a^2 + (b + x)^2 - b^2 = 2 x (b - a + x).
        changes: Counts = 2 * moved * (self._in_fold[folds] - self._in_fold[own] + moved)
        return self.spread + self._criterion.n_folds * changes

    def _put(self, group: int, fold: int) -> None:
        counts = self._criterion.counts[group]
        self._in_fold[self.fold_of_group[group]] -= counts
        self._in_fold[fold] += counts
        self.fold_of_group[group] = fold
