"""The order of the combinations, best first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.evaluation.scores import Scores

Levels = npt.NDArray[np.intp]

# Percentages that are equal in theory may differ in their last bits; different ones differ by far more.
EQUAL_WITHIN = 1e-9


@dataclass(frozen=True, eq=False)
class Ranking:
    """Where each combination stands.

    Attributes
    ----------
    order : ndarray of intp, shape (n_combinations,)
        The combinations, best first; those that are not complete come last, in project order.
    accuracy_rank : ndarray of intp, shape (n_combinations,)
        Place of each combination in `order`, counted from 1; 0 for one that is not complete.
    normalized_accuracy_rank : ndarray of intp, shape (n_combinations,)
        Place by normalized accuracy alone, counted from 1; among equals the one with the smaller
        `accuracy_rank` comes first (Gaia 2.4.6 puts it last); 0 for one that is not complete.
    tied : ndarray of bool, shape (n_combinations,)
        Whether another complete combination has the same four numbers: accuracy, normalized accuracy and both
        deviations, each equal within 1e-9. Their order rests on C, gamma or the place in the project only.
    """

    order: Levels
    accuracy_rank: Levels
    normalized_accuracy_rank: Levels
    tied: npt.NDArray[np.bool_]


def rank(
    scores: Scores,
    c_exponent: npt.NDArray[np.integer | np.floating],
    gamma_exponent: npt.NDArray[np.integer | np.floating],
) -> Ranking:
    """Rank the combinations.

    The larger accuracy comes first, then the larger normalized accuracy, the smaller deviation of the
    accuracy, the smaller deviation of the normalized accuracy, the smaller C, the smaller gamma, and at last
    the place in the project. (Gaia 2.4.6 prefers the larger deviation and then a name that changes from run
    to run.)

    Parameters
    ----------
    scores : Scores
        The scores of all combinations in project order.
    c_exponent, gamma_exponent : ndarray of int or float, shape (n_combinations,)
        Exponents of C and gamma; any constant where a kernel has no gamma.

    Returns
    -------
    Ranking
        The order and the places.

    Raises
    ------
    ValueError
        When the exponents do not fit the number of combinations.
    """
    n_combinations = scores.accuracy.size
    if c_exponent.shape != (n_combinations,) or gamma_exponent.shape != (n_combinations,):
        raise ValueError(f"one exponent of C and of gamma is needed for each of {n_combinations} combinations")
    complete = np.flatnonzero(scores.complete)
    levels = [
        -_levels(scores.accuracy[complete]),
        -_levels(scores.normalized_accuracy[complete]),
        _levels(scores.accuracy_std[complete]),
        _levels(scores.normalized_accuracy_std[complete]),
    ]
    # lexsort is stable and takes its most important key last.
    order = complete[np.lexsort((gamma_exponent[complete], c_exponent[complete], *reversed(levels)))]
    accuracy_rank = _places(order, n_combinations)
    by_normalized = complete[np.lexsort((accuracy_rank[complete], levels[1]))]
    tied = np.zeros(n_combinations, dtype=np.bool_)
    tied[complete] = _shared(np.column_stack(levels))
    return Ranking(
        order=np.concatenate((order, np.flatnonzero(~scores.complete))),
        accuracy_rank=accuracy_rank,
        normalized_accuracy_rank=_places(by_normalized, n_combinations),
        tied=tied,
    )


def _levels(values: npt.NDArray[np.float64]) -> Levels:
    """Return the number of each value among the different ones, ascending, equal within `EQUAL_WITHIN`.

    Neighbours are compared rather than rounded: two that differ in the last bit may round to different sides.
    """
    order = np.argsort(values, kind="stable")
    steps = np.diff(values[order], prepend=values[order[:1]]) > EQUAL_WITHIN
    levels = np.empty(values.size, dtype=np.intp)
    levels[order] = np.cumsum(steps)
    return levels


def _places(order: Levels, n_combinations: int) -> Levels:
    places = np.zeros(n_combinations, dtype=np.intp)
    places[order] = np.arange(1, order.size + 1)
    return places


def _shared(rows: Levels) -> npt.NDArray[np.bool_]:
    """Return which rows occur more than once."""
    if len(rows) == 0:
        return np.zeros(0, dtype=np.bool_)
    _, group, count = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    # numpy 2.0 alone returns the inverse as a column here.
    shared: npt.NDArray[np.bool_] = count[group.reshape(-1)] > 1
    return shared
