"""What the selected combination will do on other items: the best of a large grid looks better than it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.evaluation.choosing import RULES
from fastgrid.evaluation.intervals import LEVEL, Interval, effective_size, row_blocks, wilson
from fastgrid.evaluation.outcomes import Outcomes, distinct_answers

Shares = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float32]

#: Shares that are equal in theory may differ in their last bits.
EQUAL_WITHIN = 1e-9

#: Numbers that the arrays of a block of resamples hold at most, together.
BLOCK = 8_000_000


@dataclass(frozen=True)
class CorrectedEstimate:
    """The bias-corrected performance of the selected combination, in percent.

    Attributes
    ----------
    accuracy, normalized_accuracy : Interval
    rule : str
        How the combination was selected, and is selected again in every resample.
    n_resamples : int
        Those that left out something to test on.
    level : float
        Confidence level of the intervals.
    """

    accuracy: Interval
    normalized_accuracy: Interval
    rule: str
    n_resamples: int
    level: float


def corrected_estimate(
    outcomes: Outcomes,
    simplicity: npt.NDArray[np.integer],
    rule: str = "accuracy",
    *,
    family: npt.NDArray[np.integer] | None = None,
    n_resamples: int = 1000,
    level: float = LEVEL,
    seed: int = 0,
) -> CorrectedEstimate:
    """Estimate by BBC-CV how the selected combination performs on items that it was not selected on.

    Items (with all that belongs to them: repeats, and the other items of their group) are drawn with replacement as
    often as there are groups; `rule` selects a combination by its predictions for what was drawn; its performance is
    that on what was not drawn. The estimate is the mean over all resamples (Tsamardinos, Greasidou and Borboudakis
    2018, Bootstrapping the out-of-sample predictions for efficient and accurate cross-validation, Machine Learning
    107).

    Parameters
    ----------
    outcomes : Outcomes
    simplicity : ndarray of int, shape (n_combinations,)
        The smaller, the simpler: as of `Orders`. Which of equally good combinations is selected.
    rule : {"accuracy", "normalized_accuracy", "one-standard-error"}
    family : ndarray of int, shape (n_combinations,), optional
        As of `Orders`; by default all are of one.
    n_resamples : int
    level : float
        Confidence level.
    seed : int
        Same seed, same estimate.

    Returns
    -------
    CorrectedEstimate

    Raises
    ------
    ValueError
        When no combination is complete, the rule is unknown, or all items are one group.

    Notes
    -----
    The interval is Wilson's with Student's quantile, for as many independent items as would give the standard error of
    the estimate. What is left out is a sample of m of the G groups, so that the performances vary by (G - m) / m times
    what G independent groups would do; the standard error is their deviation times sqrt(m / (G - m)), where m / G is
    (1 - 1 / G)^G on average. docs/honest-numbers.md says how this was checked.

    Within a resample, normalized accuracy is the mean recall of the classes that occur in it. Between equals the other
    accuracy decides, then simplicity, then the order of the project.
    """
    if rule not in RULES:
        raise ValueError(f"{rule!r} is not one of {', '.join(RULES)}")
    n_groups = outcomes.n_groups
    if n_groups < 2:
        raise ValueError("all items are one group; nothing can be left out")
    given = _Resampling(outcomes, simplicity, rule, family)
    random = np.random.default_rng(seed)
    blocks = [given.performances(drawn) for drawn in _draws(random, n_groups, n_resamples, given.size)]
    accuracy, normalized = (np.concatenate(values) for values in zip(*blocks, strict=True))
    left_out = (1.0 - 1.0 / n_groups) ** n_groups
    scale = np.sqrt(left_out / (1.0 - left_out))
    return CorrectedEstimate(
        _interval(accuracy, scale, n_groups, level),
        _interval(normalized, scale, n_groups, level),
        rule,
        len(accuracy),
        level,
    )


def _draws(random: np.random.Generator, n_groups: int, n_resamples: int, size: int) -> Iterator[npt.NDArray[np.int64]]:
    # How often each group is drawn, a block of resamples at a time; those that leave nothing out are drawn again.
    block = max(1, min(n_resamples, BLOCK // max(size, 1)))
    done = 0
    while done < n_resamples:
        # One at a time, so that the numbers drawn do not depend on the size of a block.
        drawn = np.array(
            [
                np.bincount(random.integers(0, n_groups, n_groups), minlength=n_groups)
                for _ in range(min(block, n_resamples - done))
            ]
        )
        yield drawn[(drawn == 0).any(axis=1)]
        done += len(drawn)


def _interval(performances: Shares, scale: float, n_groups: int, level: float) -> Interval:
    mean = np.array([performances.mean()])
    error = np.array([performances.std() * scale])
    low, high = wilson(mean, effective_size(mean, error, n_groups), n_groups, level)
    return Interval(float(100.0 * mean[0]), float(100.0 * low[0]), float(100.0 * high[0]))


class _Resampling:
    # Selection and performance in many resamples at once. Counts are sums of products of small whole numbers, which
    # float32 adds exactly in any order.
    # Nothing that is known of the items left out may decide, not even between equals: the order is that of simplicity,
    # then of the project.

    def __init__(
        self,
        outcomes: Outcomes,
        simplicity: npt.NDArray[np.integer],
        rule: str,
        family: npt.NDArray[np.integer] | None,
    ) -> None:
        order = np.argsort(simplicity, kind="stable")
        families = family if rule == "one-standard-error" else None
        distinct = distinct_answers(outcomes, order, families)
        first = distinct.first
        self._family = np.zeros(len(first), dtype=np.intp) if families is None else families[first]
        self._n_repeats = len(outcomes.actual) / len(outcomes.group)
        self._simplicity = simplicity[first]
        self._rule = rule
        # Tests in the order of their classes, so that those of a class are a slice.
        tests = np.argsort(outcomes.actual, kind="stable")
        self._test_group = outcomes.test_group[tests]
        self._correct = distinct.correct[:, tests]
        ends = np.cumsum(np.unique(outcomes.actual, return_counts=True)[1]).tolist()
        self._classes = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
        fold = outcomes.fold[tests]
        self._folds = [np.flatnonzero(fold == number) for number in np.unique(fold)]
        self.size = 4 * len(outcomes.actual) + 4 * len(self._correct)

    def performances(self, drawn: npt.NDArray[np.int64]) -> tuple[Shares, Shares]:
        """Return accuracy and normalized accuracy on what was not drawn, each of shape (n_resamples,)."""
        weights = drawn[:, self._test_group].astype(np.float32)
        chosen = self._choose(weights)
        left_out = weights == 0.0
        right = self._correct[chosen] & left_out
        recalls, present = np.zeros(len(drawn)), np.zeros(len(drawn))
        for members in self._classes:
            n_members = left_out[:, members].sum(axis=1)
            recalls += right[:, members].sum(axis=1) / np.maximum(n_members, 1)
            present += n_members > 0
        return right.sum(axis=1) / left_out.sum(axis=1), recalls / present

    def _choose(self, weights: Weights) -> npt.NDArray[np.intp]:
        # The distinct predictions that the rule selects in each resample.
        accuracy, normalized = self._accuracies(weights)
        if self._rule == "one-standard-error":
            best = accuracy.argmax(axis=1)
            least = accuracy[np.arange(len(best)), best] - self._standard_error(weights, best)
            near = accuracy >= (least - EQUAL_WITHIN)[:, np.newaxis]
            near &= self._family == self._family[best][:, np.newaxis]
            simplest = np.where(near, self._simplicity, self._simplicity.max() + 1)
            return _best(simplest == simplest.min(axis=1)[:, np.newaxis], accuracy)
        everything = np.ones(accuracy.shape, dtype=np.bool_)
        if self._rule == "normalized_accuracy":
            return _best(_near_highest(everything, normalized), accuracy)
        return _best(_near_highest(everything, accuracy), normalized)

    def _accuracies(self, weights: Weights) -> tuple[Shares, Shares]:
        # Accuracy and normalized accuracy of each of the distinct predictions on what was drawn.
        drawn = [_sums(weights[:, members])[:, np.newaxis] for members in self._classes]
        right, recalls = np.zeros((2, len(weights), len(self._correct)))
        for rows in row_blocks(self._correct):
            correct = self._correct[rows].astype(np.float32)
            for members, total in zip(self._classes, drawn, strict=True):
                of_class = (weights[:, members] @ correct[:, members].T).astype(np.float64)
                right[:, rows] += of_class
                recalls[:, rows] += of_class / np.maximum(total, 1.0)
        present = np.sum([total > 0.0 for total in drawn], axis=0)
        return right / _sums(weights)[:, np.newaxis], recalls / present

    def _standard_error(self, weights: Weights, chosen: npt.NDArray[np.intp]) -> Shares:
        # Of the accuracies of the chosen ones in the folds; a fold of which nothing was drawn says nothing.
        right = self._correct[chosen] * weights
        parts = []
        for members in self._folds:
            total = _sums(weights[:, members])
            parts.append(np.where(total > 0.0, _sums(right[:, members]) / np.maximum(total, 1.0), np.nan))
        by_fold = np.stack(parts)
        n_folds = np.isfinite(by_fold).sum(axis=0) / self._n_repeats
        error: Shares = np.nanstd(by_fold, axis=0) / np.sqrt(np.maximum(n_folds - 1.0, 1.0))
        return error


def _sums(counts: Weights) -> Shares:
    # Quotients are taken in float64: float32 would not tell equal ones from others.
    sums: Shares = counts.sum(axis=1, dtype=np.float64)
    return sums


def _near_highest(allowed: npt.NDArray[np.bool_], values: Shares) -> npt.NDArray[np.bool_]:
    highest = np.where(allowed, values, -np.inf).max(axis=1)
    near: npt.NDArray[np.bool_] = allowed & (values >= (highest - EQUAL_WITHIN)[:, np.newaxis])
    return near


def _best(allowed: npt.NDArray[np.bool_], values: Shares) -> npt.NDArray[np.intp]:
    # The first of those with the highest value among the allowed ones.
    first: npt.NDArray[np.intp] = _near_highest(allowed, values).argmax(axis=1)
    return first
