"""Accuracy and normalized accuracy of every combination, with their spread over the folds.

The order of the floating-point operations is that of Gaia 2.4.6, so that equal predictions give equal bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.integer]
Percentages = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CombinationScore:
    """The four numbers of one combination, in percent."""

    accuracy: float
    accuracy_std: float
    normalized_accuracy: float
    normalized_accuracy_std: float


@dataclass(frozen=True, eq=False)
class FoldScores:
    """What each fold contributes, in percent.

    Attributes
    ----------
    folds : ndarray of int64, shape (n_tested_folds,)
        The numbers of the folds that have test items, ascending.
    accuracy : ndarray of float64, shape (n_tested_folds, n_combinations)
        Share of the fold's test items that were predicted correctly.
    normalized_accuracy : ndarray of float64, shape (n_tested_folds, n_combinations)
        Mean of the recalls of the classes that occur in the fold.
    """

    folds: npt.NDArray[np.int64]
    accuracy: Percentages
    normalized_accuracy: Percentages


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of all combinations, in percent; NaN where a combination is not complete.

    Attributes
    ----------
    accuracy, accuracy_std : ndarray of float64, shape (n_combinations,)
        Accuracy over all folds together; population standard deviation of the accuracies of the folds.
    normalized_accuracy, normalized_accuracy_std : ndarray of float64, shape (n_combinations,)
        Unweighted mean and population standard deviation of the normalized accuracies of the folds.
    complete : ndarray of bool, shape (n_combinations,)
        Whether the combination has a prediction for every tested item.
    """

    accuracy: Percentages
    accuracy_std: Percentages
    normalized_accuracy: Percentages
    normalized_accuracy_std: Percentages
    complete: Flags

    def of(self, combination: int) -> CombinationScore:
        """Return the four numbers of one combination."""
        return CombinationScore(
            float(self.accuracy[combination]),
            float(self.accuracy_std[combination]),
            float(self.normalized_accuracy[combination]),
            float(self.normalized_accuracy_std[combination]),
        )


def score(predicted: Codes, actual: Codes, fold: Codes, n_folds: int, n_classes: int) -> Scores:
    """Score every combination as Gaia 2.4.6 does.

    A fold without test items contributes nothing: it is neither a zero in the means nor counted in what they
    are divided by. (A stored result names only the folds of its items, so an empty fold cannot be seen in it;
    counting it would make the same predictions score differently before and after they were stored.)

    Parameters
    ----------
    predicted : ndarray of int, shape (n_combinations, n_items)
        Predicted class codes, -1 where there is no prediction.
    actual : ndarray of int, shape (n_items,)
        Actual class codes, 0 to n_classes - 1.
    fold : ndarray of int, shape (n_items,)
        The fold in which each item is tested; -1 for one that is never tested and left out of everything.
    n_folds, n_classes : int
        Upper bounds of the fold numbers and the class codes.

    Returns
    -------
    Scores
        Percentages, NaN for a combination that lacks a prediction for a tested item: a score over fewer items
        than the others would not be comparable.

    Raises
    ------
    ValueError
        When shapes disagree, codes are out of range or no item is tested.

    Notes
    -----
    With `r[f, c]` the correct and `n[f, c]` all test items of class c in fold f (Gaia 2.4.6 behaviour):

    - accuracy = 100 sum(r) / sum(n), and of a fold = 100 sum_c r[f, c] / sum_c n[f, c];
    - normalized accuracy of a fold = mean over the classes with n[f, c] > 0 of 100 r[f, c] / n[f, c].

    Examples
    --------
    >>> import numpy as np
    >>> actual, fold = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    >>> scores = score(np.array([[0, 1, 0, 1], [0, 0, 0, -1]]), actual, fold, n_folds=2, n_classes=2)
    >>> scores.accuracy, scores.accuracy_std, scores.complete
    (array([75., nan]), array([25., nan]), array([ True, False]))
    """
    _check(predicted, actual, fold, n_folds, n_classes)
    tested = np.flatnonzero(np.asarray(fold) >= 0)
    complete: Flags = np.all(predicted[:, tested] >= 0, axis=1)
    n_correct = (predicted[:, tested] == actual[tested]).sum(axis=1)
    by_fold = score_folds(predicted, actual, fold, n_folds, n_classes)
    return Scores(
        accuracy=_only(complete, 100.0 * n_correct / tested.size),
        accuracy_std=_only(complete, _population_std(by_fold.accuracy)),
        normalized_accuracy=_only(complete, _mean(by_fold.normalized_accuracy)),
        normalized_accuracy_std=_only(complete, _population_std(by_fold.normalized_accuracy)),
        complete=complete,
    )


def score_folds(predicted: Codes, actual: Codes, fold: Codes, n_folds: int, n_classes: int) -> FoldScores:
    """Score every combination in every fold that has test items.

    A missing prediction counts as a wrong one here; `score` is what leaves incomplete combinations out.

    Parameters
    ----------
    predicted, actual, fold, n_folds, n_classes
        As for `score`.

    Returns
    -------
    FoldScores
        Percentages per fold.

    Raises
    ------
    ValueError
        As for `score`.
    """
    _check(predicted, actual, fold, n_folds, n_classes)
    sizes = _count_groups(actual, fold, n_folds, n_classes)
    folds = np.flatnonzero(sizes.sum(axis=1))
    sizes = sizes[folds]
    n_correct = _count_correct(predicted, actual, fold, sizes, folds)
    accuracy = 100.0 * n_correct.sum(axis=1) / sizes.sum(axis=1)[:, np.newaxis]
    # A class without items in a fold has no recall there: it adds 0 to the sum and 0 to the divisor.
    recall = 100.0 * n_correct / np.maximum(sizes, 1)[:, :, np.newaxis]
    present = (sizes > 0).sum(axis=1)[:, np.newaxis]
    return FoldScores(folds, accuracy, _total(recall.swapaxes(0, 1)) / present)


def _check(predicted: Codes, actual: Codes, fold: Codes, n_folds: int, n_classes: int) -> None:
    if predicted.ndim != 2 or actual.shape != predicted.shape[1:] or fold.shape != actual.shape:
        raise ValueError(
            f"predicted {predicted.shape}, actual {actual.shape} and fold {fold.shape} do not fit together"
        )
    tested = actual[fold >= 0]
    if tested.size == 0:
        raise ValueError("no item is tested in any fold")
    if fold.max() >= n_folds or tested.min() < 0 or tested.max() >= n_classes:
        raise ValueError(f"a fold number is not below {n_folds} or a class code not in 0 to {n_classes - 1}")


def _count_groups(actual: Codes, fold: Codes, n_folds: int, n_classes: int) -> npt.NDArray[np.int64]:
    """Return how many items of each class each fold tests, shape (n_folds, n_classes)."""
    sizes = np.zeros((n_folds, n_classes), dtype=np.int64)
    tested = fold >= 0
    np.add.at(sizes, (fold[tested], actual[tested]), 1)
    return sizes


def _count_correct(
    predicted: Codes,
    actual: Codes,
    fold: Codes,
    sizes: npt.NDArray[np.int64],
    folds: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Return the correct predictions per fold of `folds`, class and combination.

    Items are put in the order of their (fold, class), so that every count is one segment of a `reduceat`:
    integers, and no work for the pairs that do not occur. Shape (len(folds), n_classes, n_combinations).
    """
    tested = np.flatnonzero(fold >= 0)
    order = tested[np.lexsort((actual[tested], fold[tested]))]
    correct = predicted[:, order] == actual[order]
    n_correct = np.zeros((*sizes.shape, predicted.shape[0]), dtype=np.int64)
    occurring = sizes > 0
    starts = np.concatenate(([0], np.cumsum(sizes[occurring])[:-1]))
    n_correct[occurring] = np.add.reduceat(correct, starts, axis=1, dtype=np.int64).T
    return n_correct


def _total(values: Percentages) -> Percentages:
    """Return the sum over the first axis.

    `numpy.sum` chooses its order of addition by the shape of the array: a combination alone would get other
    last bits than the same one among many.
    """
    total: Percentages = np.zeros_like(values[0])
    for row in values:
        total += row
    return total


def _mean(values: Percentages) -> Percentages:
    return _total(values) / len(values)


def _population_std(values: Percentages) -> Percentages:
    """Return the standard deviation over the first axis, divided by the number of rows."""
    deviation: Percentages = values - _mean(values)
    return np.sqrt(_mean(deviation * deviation))


def _only(complete: Flags, values: Percentages) -> Percentages:
    return np.where(complete, values, np.nan)
