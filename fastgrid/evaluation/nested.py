"""Nested cross-validation: the selection is made anew in each fold, by items that the fold does not test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.evaluation.choosing import Orders, selected
from fastgrid.evaluation.ranking import rank
from fastgrid.evaluation.scores import score

Codes = npt.NDArray[np.integer]
Exponents = npt.NDArray[np.integer | np.floating]


@dataclass(frozen=True, eq=False)
class NestedEstimate:
    """What nested cross-validation came to.

    Attributes
    ----------
    accuracy, normalized_accuracy, accuracy_std, normalized_accuracy_std : float
        As `fastgrid.evaluation.score` computes them, of the predictions below; in percent.
    chosen : tuple of int
        The combination chosen in each outer fold.
    predicted : ndarray of int16, shape (n_items,)
        What it predicted for the fold's test items.
    """

    accuracy: float
    normalized_accuracy: float
    accuracy_std: float
    normalized_accuracy_std: float
    chosen: tuple[int, ...]
    predicted: npt.NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class InnerPredictions:
    """The cross-validation inside the training part of one outer fold.

    Attributes
    ----------
    items : ndarray of intp, shape (n_train,)
        The training part.
    predicted : ndarray of int16, shape (n_combinations, n_train)
        Class codes; -1 for no prediction.
    fold : ndarray of int16, shape (n_train,)
        The inner fold in which each is tested.
    """

    items: npt.NDArray[np.intp]
    predicted: npt.NDArray[np.int16]
    fold: npt.NDArray[np.int16]


def nested_estimate(
    inner: Sequence[InnerPredictions],
    predicted: Codes,
    actual: Codes,
    fold: Codes,
    n_classes: int,
    rule: str,
    c_exponent: Exponents,
    gamma_exponent: Exponents,
    family: Codes | None = None,
) -> NestedEstimate:
    """Select in every outer fold by its inner predictions, and score the selected ones on what the fold tests.

    Parameters
    ----------
    inner : sequence of InnerPredictions, length n_folds
    predicted : ndarray of int, shape (n_combinations, n_items)
        Predictions of the ordinary cross-validation, whose folds are the outer ones.
    actual, fold : ndarray of int, shape (n_items,)
    n_classes : int
    rule : str
        One of `fastgrid.evaluation.choosing.RULES`.
    c_exponent, gamma_exponent : ndarray, shape (n_combinations,)
    family : ndarray of int, shape (n_combinations,), optional
        As of `Orders`.

    Returns
    -------
    NestedEstimate

    Raises
    ------
    ValueError
        When no combination is complete in some fold.

    Notes
    -----
    Varma and Simon 2006, Bias in error estimation when using cross-validation for model selection, BMC
    Bioinformatics 7.
    """
    chosen, found = [], np.full(len(actual), -1, dtype=np.int16)
    for number, part in enumerate(inner):
        scores = score(part.predicted, actual[part.items], part.fold, int(part.fold.max()) + 1, n_classes)
        ranking = rank(scores, c_exponent, gamma_exponent)
        orders = Orders.of(scores, ranking, c_exponent, gamma_exponent, family)
        chosen.append(selected(rule, orders, scores, len(np.unique(part.fold[part.fold >= 0]))))
        tested = fold == number
        found[tested] = predicted[chosen[-1], tested]
    outer = score(found[np.newaxis], actual, fold, len(inner), n_classes).of(0)
    return NestedEstimate(
        outer.accuracy,
        outer.normalized_accuracy,
        outer.accuracy_std,
        outer.normalized_accuracy_std,
        tuple(chosen),
        found,
    )
