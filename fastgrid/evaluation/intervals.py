"""Confidence intervals of a share, also where items are not independent of each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.evaluation.outcomes import Outcomes

Shares = npt.NDArray[np.float64]
LEVEL = 0.95

#: Numbers that are in memory as float64 at a time.
BLOCK = 2_000_000

#: What is below is a rounding of zero.
NO_ERROR = 1e-9


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval, in percent."""

    estimate: float
    low: float
    high: float


def student_quantile(probability: float, degrees_of_freedom: int) -> float:
    """Return a quantile of Student's t distribution.

    Exact for one and two degrees of freedom; else four terms of the expansion around the normal quantile [1]_, which
    are within 0.2 % for probabilities of 0.025 to 0.975, and within 1 % for 0.005 to 0.995.

    Parameters
    ----------
    probability : float
        Between 0 and 1, exclusive.
    degrees_of_freedom : int
        At least 1.

    Returns
    -------
    float
        The value below which the variable lies with the probability.

    References
    ----------
    .. [1] M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 1964, formula 26.7.5.
    """
    if degrees_of_freedom == 1:
        return math.tan(math.pi * (probability - 0.5))
    if degrees_of_freedom == 2:
        return (2 * probability - 1) / math.sqrt(2 * probability * (1 - probability))
    z: float = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum((z, *(term / degrees_of_freedom**power for power, term in enumerate(terms, start=1))))


def wilson(share: Shares, size: Shares, n_groups: int, level: float = LEVEL) -> tuple[Shares, Shares]:
    """Return the score interval of a share among `size` independent items.

    Parameters
    ----------
    share : ndarray of float64
        0 to 1.
    size : ndarray of float64
        Number of items; the *effective* number where they are not independent.
    n_groups : int
        Number of groups that are independent of each other, at least 2.
    level : float
        Confidence level.

    Returns
    -------
    (low, high) : ndarray of float64

    Notes
    -----
    With t the quantile of (1 + level) / 2: ((p + t^2 / 2n) +- t sqrt(p (1 - p) / n + t^2 / 4n^2)) / (1 + t^2 / n)
    (Wilson 1927). The quantile is Student's with n_groups - 1 degrees of freedom instead of the normal one, since the
    effective number of items is estimated from so many groups (Dean and Pagano 2015, Evaluating confidence interval
    methods for binomial proportions in clustered surveys, Journal of Survey Statistics and Methodology 3).

    Examples
    --------
    >>> low, high = wilson(np.array([0.9]), np.array([100.0]), n_groups=100)
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.825, 0.945)
    """
    t = student_quantile((1.0 + level) / 2.0, n_groups - 1)
    scale = 1.0 + t * t / size
    middle = (share + t * t / (2.0 * size)) / scale
    half = t / scale * np.sqrt(np.maximum(share * (1.0 - share), 0.0) / size + (t / (2.0 * size)) ** 2)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def effective_size(share: Shares, standard_error: Shares, n_groups: int) -> Shares:
    """Return how many independent items would give `share` with this standard error: p (1 - p) / se^2.

    `n_groups` where the error is zero or nothing is known of it (p is 0 or 1).
    """
    spread = share * (1.0 - share)
    known = (standard_error > NO_ERROR) & (spread > NO_ERROR)
    size: Shares = np.where(known, spread / np.where(known, standard_error, 1.0) ** 2, float(n_groups))
    return np.maximum(size, 1.0)


def accuracy_intervals(
    correct: npt.NDArray[np.bool_], outcomes: Outcomes, level: float = LEVEL
) -> tuple[Shares, Shares, Shares]:
    """Return the accuracies of some predictions with their intervals.

    Parameters
    ----------
    correct : ndarray of bool, shape (n_predictions, n_tests)
    outcomes : Outcomes
        What the tests are.
    level : float

    Returns
    -------
    (accuracy, low, high) : ndarray of float64, shape (n_predictions,)
        In percent.

    Notes
    -----
    The standard error is that of a ratio estimate from whole groups: with e the sums of (correct - accuracy) over each
    of G groups and n tests, se^2 = G / (G - 1) sum(e^2) / n^2 (Cochran 1977, Sampling Techniques, 6.3). It goes into
    Wilson's interval as an effective number of items.
    """
    share = correct.mean(axis=1)
    n_groups = outcomes.n_groups
    squares = np.zeros(len(correct))
    for rows in row_blocks(correct):
        sums = group_sums(correct[rows] - share[rows, np.newaxis], outcomes)
        squares[rows] = np.square(sums, out=sums).sum(axis=1)
    error = np.sqrt(squares * n_groups / max(n_groups - 1, 1)) / correct.shape[1]
    low, high = wilson(share, effective_size(share, error, n_groups), max(n_groups, 2), level)
    return 100.0 * share, 100.0 * low, 100.0 * high


def row_blocks(values: npt.NDArray[Any]) -> Iterator[slice]:
    """Yield the rows of a matrix in pieces of at most `BLOCK` numbers, one row at the least."""
    size = max(1, BLOCK // max(values.shape[1], 1))
    for start in range(0, len(values), size):
        yield slice(start, start + size)


def group_sums(values: npt.NDArray[np.float64], outcomes: Outcomes) -> npt.NDArray[np.float64]:
    """Add up over the tests of each group; (n, n_tests) becomes (n, n_groups)."""
    if outcomes.has_single_groups:
        return values[:, np.argsort(outcomes.test_group, kind="stable")]
    sums = np.zeros((len(values), outcomes.n_groups))
    for row, total in zip(values, sums, strict=True):
        total[:] = np.bincount(outcomes.test_group, weights=row, minlength=outcomes.n_groups)
    return sums
