"""Confidence intervals of a share, also where items are not independent of each other."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from fastgrid.evaluation.outcomes import Outcomes

Shares = npt.NDArray[np.float64]
LEVEL = 0.95

#: What is below is a rounding of zero.
NO_ERROR = 1e-9


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval, in percent."""

    estimate: float
    low: float
    high: float


def wilson(share: Shares, size: Shares, level: float = LEVEL) -> tuple[Shares, Shares]:
    """Return the score interval of a share among `size` independent items (Wilson 1927).

    Parameters
    ----------
    share : ndarray of float64
        0 to 1.
    size : ndarray of float64
        Number of items; the *effective* number where they are not independent.
    level : float
        Confidence level.

    Returns
    -------
    (low, high) : ndarray of float64

    Notes
    -----
    With z the quantile of (1 + level) / 2: ((p + z^2 / 2n) +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n).

    Examples
    --------
    >>> low, high = wilson(np.array([0.9]), np.array([100.0]))
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.826, 0.945)
    """
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    scale = 1.0 + z * z / size
    middle = (share + z * z / (2.0 * size)) / scale
    half = z / scale * np.sqrt(np.maximum(share * (1.0 - share), 0.0) / size + (z / (2.0 * size)) ** 2)
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
    sums = group_sums(correct - share[:, np.newaxis], outcomes)
    squares = (sums**2).sum(axis=1)
    error = np.sqrt(squares * n_groups / max(n_groups - 1, 1)) / correct.shape[1]
    low, high = wilson(share, effective_size(share, error, n_groups), level)
    return 100.0 * share, 100.0 * low, 100.0 * high


def group_sums(values: npt.NDArray[np.float64], outcomes: Outcomes) -> npt.NDArray[np.float64]:
    """Add up over the tests of each group; (n, n_tests) becomes (n, n_groups)."""
    if outcomes.has_single_groups:
        return values[:, np.argsort(outcomes.test_group, kind="stable")]
    sums = np.zeros((len(values), outcomes.n_groups))
    for row, total in zip(values, sums, strict=True):
        total[:] = np.bincount(outcomes.test_group, weights=row, minlength=outcomes.n_groups)
    return sums
