"""Which combinations are not told from the selected one by the items that all of them were tested on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from fastgrid.evaluation.intervals import LEVEL, accuracy_intervals, group_sums, row_blocks
from fastgrid.evaluation.outcomes import Outcomes, distinct_answers

Shares = npt.NDArray[np.float64]

#: Groups with a difference times the sum of these differences, up to which sign patterns are counted.
MOST_COUNTED = 1_000_000


@dataclass(frozen=True, eq=False)
class Comparison:
    """All combinations beside the selected one; NaN, -1 and False for those that are not complete.

    Attributes
    ----------
    winner : int
        The selected combination.
    accuracy, low, high : ndarray of float64, shape (n_combinations,)
        Accuracy and its confidence interval, each combination by itself, in percent.
    n_different : ndarray of int64, shape (n_combinations,)
        Tests in which one of the two is right and the other wrong.
    p_value, corrected_p_value : ndarray of float64, shape (n_combinations,)
        Of the paired test against the winner, alone and corrected for the number of comparisons.
    indistinguishable : ndarray of bool, shape (n_combinations,)
        Whether the corrected p value is not below 1 - level. The winner is.
    n_compared : int
        Comparisons corrected for: different answers, the winner's aside.
    """

    winner: int
    accuracy: Shares
    low: Shares
    high: Shares
    n_different: npt.NDArray[np.int64]
    p_value: Shares
    corrected_p_value: Shares
    indistinguishable: npt.NDArray[np.bool_]
    n_compared: int


def compare(outcomes: Outcomes, winner: int, level: float = LEVEL) -> Comparison:
    """Compare every combination with `winner`, by the same items.

    Parameters
    ----------
    outcomes : Outcomes
    winner : int
        A complete combination.
    level : float
        Confidence level of the intervals; 1 - level is that of the tests together.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        When `winner` is not complete.

    Notes
    -----
    The test asks whether the signs of the differences of groups could be chance: d is the difference of correct
    predictions in a group, and the sum of all d is compared with sums whose signs are drawn. Where all differences are
    equally large, as with single items, that is the exact McNemar test (a binomial one); else the sign patterns are
    counted, or, where they are too many, the sum is taken as normal with variance sum(d^2) (Fisher's randomization
    test; Edgington and Onghena 2007, Randomization Tests). P values are corrected by Holm 1979, A simple sequentially
    rejective multiple test procedure. Combinations that get the same tests right are one comparison.

    The winner was chosen by the same items, so that its lead is too large, and p values are rather too small.
    """
    if not outcomes.complete[winner]:
        raise ValueError(f"combination {winner} is not complete")
    n_combinations = len(outcomes.predicted)
    distinct = distinct_answers(outcomes, [winner, *range(n_combinations)])
    accuracy, low, high = accuracy_intervals(distinct.correct, outcomes, level)
    p_value, n_different = _paired_tests(distinct.correct, outcomes)
    corrected = np.concatenate(([1.0], _holm(p_value[1:])))
    of = distinct.of_combination
    known = of >= 0
    return Comparison(
        winner=winner,
        accuracy=np.where(known, accuracy[of], np.nan),
        low=np.where(known, low[of], np.nan),
        high=np.where(known, high[of], np.nan),
        n_different=np.where(known, n_different[of], -1),
        p_value=np.where(known, p_value[of], np.nan),
        corrected_p_value=np.where(known, corrected[of], np.nan),
        indistinguishable=known & (corrected >= 1.0 - level)[of],
        n_compared=len(p_value) - 1,
    )


def _paired_tests(correct: npt.NDArray[np.bool_], outcomes: Outcomes) -> tuple[Shares, npt.NDArray[np.int64]]:
    # Of each row beside the first one: the p value, and the tests in which they differ.
    p_value, n_different = np.empty(len(correct)), np.empty(len(correct), dtype=np.int64)
    for rows in row_blocks(correct):
        lead = correct[0].astype(np.float64) - correct[rows]
        p_value[rows] = [_sign_flip(differences) for differences in group_sums(lead, outcomes)]
        n_different[rows] = np.count_nonzero(lead, axis=1)
    return p_value, n_different


def _sign_flip(differences: Shares) -> float:
    """Return the two-sided p value of the sum of `differences`, whole numbers, if each could have the other sign."""
    sizes = np.abs(differences[differences != 0.0]).astype(np.int64)
    if sizes.size == 0:
        return 1.0
    total = abs(round(float(differences.sum())))
    if sizes.min() == sizes.max():
        return _binomial(sizes.size, int((differences > 0.0).sum()))
    if sizes.size * int(sizes.sum()) <= MOST_COUNTED:
        return _counted(sizes, total)
    # Sums differ by 2 at the least: half of that is the correction for continuity.
    return min(1.0, 2.0 * NormalDist().cdf((1.0 - total) / math.sqrt(float((sizes**2).sum()))))


def _binomial(n: int, successes: int) -> float:
    """Return the two-sided p value of `successes` among `n` fair tosses."""
    fewer = min(successes, n - successes)
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1)))))
    k = np.arange(fewer + 1)
    tail = np.exp(logs[n] - logs[k] - logs[n - k] - n * math.log(2.0)).sum()
    return min(1.0, 2.0 * float(tail))


def _counted(sizes: npt.NDArray[np.int64], total: int) -> float:
    """Return the share of sign patterns whose sum is at least as far from zero as `total`."""
    # The distribution of the sum of those that keep their sign; all of them together make `everything`.
    everything = int(sizes.sum())
    shares = np.zeros(everything + 1)
    shares[0] = 1.0
    for size in sizes.tolist():
        shares[size:] = 0.5 * (shares[size:] + shares[:-size])
        shares[:size] *= 0.5
    sums = 2 * np.arange(everything + 1) - everything
    return min(1.0, float(shares[np.abs(sums) >= total].sum()))


def _holm(p_values: Shares) -> Shares:
    """Return Holm's corrected p values: (m - i) p of the i-th smallest, never below one before it."""
    order = np.argsort(p_values, kind="stable")
    steps = p_values[order] * np.arange(p_values.size, 0, -1)
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if p_values.size else steps
    return corrected
