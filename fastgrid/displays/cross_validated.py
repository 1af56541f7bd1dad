"""The predictions that a search over a grid has made for samples that it was not trained on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class CrossValidated(NamedTuple):
    """What one point of a grid predicts.

    Attributes
    ----------
    actual, predicted : ndarray, shape (n_tested,)
        Labels of the samples that are tested.
    tested : ndarray of bool, shape (n_samples,)
        Which samples these are.
    classes : ndarray, shape (k,)
        All labels, sorted.
    """

    actual: npt.NDArray[Any]
    predicted: npt.NDArray[Any]
    tested: npt.NDArray[np.bool_]
    classes: npt.NDArray[Any]


def cross_validated(predictions: Any, y: npt.ArrayLike, index: int | None) -> CrossValidated:
    """Return what a point of a grid predicts for each sample when it is tested.

    Parameters
    ----------
    predictions : GridSearchSVC or GridPredictions
    y : array-like, shape (n_samples,)
        The labels that it was fitted on.
    index : int, optional
        Which point; by default the best of a search, else the first of those with the most correct predictions.

    Raises
    ------
    TypeError, ValueError
        For what holds no predictions, and for other labels.
    """
    answers, classes, best = _parts(predictions)
    actual = np.asarray(y)
    if actual.shape != answers.shape[1:]:
        raise ValueError(f"y has the shape {actual.shape}, and there are predictions for {answers.shape[1]} samples")
    strangers = np.setdiff1d(actual, classes)
    if strangers.size:
        raise ValueError(f"y holds {strangers[0]!r}, which is none of the labels that the search was fitted on")
    index = best if index is None else index
    if index is None:
        index = int(np.argmax(((answers >= 0) & (classes[answers] == actual)).sum(axis=1)))
    if not -len(answers) <= index < len(answers):
        raise ValueError(f"index is {index}, and there are {len(answers)} points")
    tested = answers[index] >= 0
    if not tested.any():
        raise ValueError(f"point {index} predicts nothing: its fits failed; choose another index")
    return CrossValidated(actual[tested], classes[answers[index][tested]], tested, classes)


def _parts(given: Any) -> tuple[npt.NDArray[np.intp], npt.NDArray[Any], int | None]:
    """Return the indices that each point predicts, the labels, and which point is the best, if that is said."""
    if hasattr(given, "predictions_"):
        return given.predictions_, given.classes_, getattr(given, "best_index_", None)
    if hasattr(given, "predictions") and hasattr(given, "classes"):
        return np.asarray(given.predictions), np.asarray(given.classes), None
    raise TypeError(
        f"{type(given).__name__} holds no predictions; give a fitted GridSearchSVC or what cross_val_predict_grid "
        "returns; for other searches take scikit-learn's cross_val_predict and from_predictions"
    )
