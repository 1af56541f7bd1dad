"""Platt's sigmoid: the probability of a pair's first class as a function of the decision value.

Lin, Lin & Weng (2007), "A note on Platt's probabilistic outputs for support vector machines", Machine Learning 68:
Newton's method with backtracking on the regularised maximum likelihood, written so that no exponential overflows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAXIMUM_ITERATIONS = 100
SMALLEST_STEP = 1e-10
SMALLEST_CURVATURE = 1e-12
GRADIENT_TOLERANCE = 1e-5
SUFFICIENT_DECREASE = 1e-4

Float64Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sigmoid:
    """P(first class | decision value f) = 1 / (1 + exp(slope f + offset)).

    Attributes
    ----------
    slope, offset : float
        LIBSVM's ``probA`` and ``probB``.
    """

    slope: float
    offset: float


def fit_sigmoid(decisions: Float64Vector, positive: npt.NDArray[np.bool_]) -> Sigmoid:
    """Return the sigmoid of greatest likelihood, with Platt's smoothed targets.

    Parameters
    ----------
    decisions : ndarray of float64, shape (n,)
        Decision values, positive for the first class; of items that the deciding machine was not trained on.
    positive : ndarray of bool, shape (n,)
        Whether an item is of the first class.

    Returns
    -------
    Sigmoid
        The last iterate, as in LIBSVM, where the iterations or the line search end before the gradient vanishes.
    """
    n_positive = float(np.count_nonzero(positive))
    n_negative = len(positive) - n_positive
    targets = np.where(positive, (n_positive + 1.0) / (n_positive + 2.0), 1.0 / (n_negative + 2.0))
    slope, offset = 0.0, float(np.log((n_negative + 1.0) / (n_positive + 1.0)))
    loss = _loss(decisions, targets, slope, offset)
    for _ in range(MAXIMUM_ITERATIONS):
        gradient, newton = _newton_direction(decisions, targets, slope, offset)
        if max(abs(gradient[0]), abs(gradient[1])) < GRADIENT_TOLERANCE:
            break
        descent = gradient[0] * newton[0] + gradient[1] * newton[1]
        step = 1.0
        while step >= SMALLEST_STEP:
            candidate = slope + step * newton[0], offset + step * newton[1]
            candidate_loss = _loss(decisions, targets, *candidate)
            if candidate_loss < loss + SUFFICIENT_DECREASE * step * descent:
                slope, offset, loss = *candidate, candidate_loss
                break
            step /= 2.0
        else:
            break
    return Sigmoid(slope, offset)


def logistic(exponents: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return 1 / (1 + exp(x)) for each x, without overflow."""
    shrunk = np.exp(-np.abs(exponents))
    return np.where(exponents >= 0.0, shrunk, 1.0) / (1.0 + shrunk)


def _loss(decisions: Float64Vector, targets: Float64Vector, slope: float, offset: float) -> float:
    # -sum t log p + (1 - t) log(1 - p) with p = 1 / (1 + exp(z)):  sum t z + log(1 + exp(-z)).
    z = decisions * slope + offset
    return float(np.sum(np.where(z >= 0.0, targets, targets - 1.0) * z + np.log1p(np.exp(-np.abs(z)))))


def _newton_direction(
    decisions: Float64Vector, targets: Float64Vector, slope: float, offset: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    # Gradient g and -inverse(H + sigma I) g of the loss in (slope, offset).
    probability = logistic(decisions * slope + offset)
    residual = targets - probability
    weight = probability * (1.0 - probability)
    g1, g2 = float(np.sum(decisions * residual)), float(np.sum(residual))
    h11 = float(np.sum(decisions * decisions * weight)) + SMALLEST_CURVATURE
    h22 = float(np.sum(weight)) + SMALLEST_CURVATURE
    h21 = float(np.sum(decisions * weight))
    # By Cauchy-Schwarz the determinant is at least this; cancellation must not make it zero.
    floor = SMALLEST_CURVATURE * (h11 + h22 - SMALLEST_CURVATURE)
    determinant = max(h11 * h22 - h21 * h21, floor)
    return (g1, g2), (-(h22 * g1 - h21 * g2) / determinant, -(h11 * g2 - h21 * g1) / determinant)
