"""What a confusion matrix says of each class, and what guessing would reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.integer]
Percentages = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassScores:
    """Scores of each class, in percent; NaN where there is nothing to divide by.

    Attributes
    ----------
    precision : ndarray of float64, shape (n_classes,)
        Of the tests predicted as the class, those that are of it.
    recall : ndarray of float64, shape (n_classes,)
        Of the tests of the class, those predicted as it.
    f1 : ndarray of float64, shape (n_classes,)
        Harmonic mean of both, 2 right / (predicted + actual): 0 where a class is never right.
    support : ndarray of int64, shape (n_classes,)
        Tests of the class.
    """

    precision: Percentages
    recall: Percentages
    f1: Percentages
    support: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Baseline:
    """What always saying the largest class reaches, in percent.

    Attributes
    ----------
    code : int
        Of the largest class; of equal ones the first.
    accuracy, normalized_accuracy : float
    """

    code: int
    accuracy: float
    normalized_accuracy: float


def class_scores(matrix: Counts) -> ClassScores:
    """Return precision, recall, F1 and support of each class.

    Parameters
    ----------
    matrix : ndarray of int, shape (n_classes, n_classes)
        Rows are actual, columns predicted classes; see `fastgrid.evaluation.confusion`.

    Examples
    --------
    >>> scores = class_scores(np.array([[3, 1], [0, 4]]))
    >>> scores.precision.tolist(), scores.recall.tolist(), scores.f1.round(1).tolist()
    ([100.0, 80.0], [75.0, 100.0], [85.7, 88.9])
    """
    right = np.diag(matrix).astype(np.float64)
    predicted, actual = matrix.sum(axis=0), matrix.sum(axis=1)
    return ClassScores(
        _percent(right, predicted),
        _percent(right, actual),
        _percent(2.0 * right, predicted + actual),
        actual.astype(np.int64),
    )


def baseline(support: Counts) -> Baseline:
    """Return what the majority class reaches.

    Parameters
    ----------
    support : ndarray of int, shape (n_classes,)
        Tests of each class.

    Raises
    ------
    ValueError
        When there are no tests.

    Examples
    --------
    >>> baseline(np.array([30, 60, 10]))
    Baseline(code=1, accuracy=60.0, normalized_accuracy=33.333333333333336)
    """
    if support.sum() == 0:
        raise ValueError("there are no tests")
    code = int(support.argmax())
    return Baseline(code, 100.0 * float(support[code] / support.sum()), 100.0 / int((support > 0).sum()))


def _percent(part: Percentages, whole: Counts) -> Percentages:
    return np.where(whole > 0, 100.0 * part / np.maximum(whole, 1), np.nan)
