"""The repeats of an evaluation as one: every item once for each repeat, in folds of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.evaluation import Scores, score
from fastgrid.report.predictions import Predictions

#: Predictions that are scored at a time, which takes ten bytes for each of them.
MOST_AT_ONCE = 2**23


@dataclass(frozen=True, eq=False)
class Pooled:
    """The predictions of all repeats of an evaluation, repeat by repeat.

    Attributes
    ----------
    predicted : ndarray of int16, shape (n_combinations, n_repeats * n_items)
        Predicted class codes; -1 for no prediction.
    actual : ndarray of int16, shape (n_repeats * n_items,)
    fold : ndarray of int32, shape (n_repeats * n_items,)
        Fold f of repeat r, both counted from 0, is ``f + r * nfold``.
    n_folds : int
        Of all repeats together.
    """

    predicted: npt.NDArray[np.int16]
    actual: npt.NDArray[np.int16]
    fold: npt.NDArray[np.int32]
    n_folds: int


def pooled(repeats: Sequence[Predictions], n_folds: int, combinations: slice = slice(None)) -> Pooled:
    """Put the repeats of an evaluation together.

    Parameters
    ----------
    repeats : sequence of Predictions
        Of the same items and combinations.
    n_folds : int
        Of each repeat.
    combinations : slice
        Only these of them.
    """
    parts = [repeat.predicted[combinations] for repeat in repeats]
    return Pooled(
        parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1),
        np.concatenate([repeat.actual for repeat in repeats]),
        np.concatenate([_fold(repeat, number * n_folds) for number, repeat in enumerate(repeats)]),
        n_folds * len(repeats),
    )


def pooled_scores(repeats: Sequence[Predictions], n_folds: int) -> Scores:
    """Score every combination over all repeats: accuracy pooled, deviations over the folds of all repeats.

    Parameters
    ----------
    repeats, n_folds
        As of `pooled`.
    """
    first = repeats[0]
    n_classes, n_combinations = len(first.classes), len(first.predicted)
    size = max(1, MOST_AT_ONCE // max(1, len(repeats) * len(first.ids)))
    parts = []
    for start in range(0, n_combinations, size):
        together = pooled(repeats, n_folds, slice(start, start + size))
        parts.append(score(together.predicted, together.actual, together.fold, together.n_folds, n_classes))
    return joined_scores(parts)


def joined_scores(parts: Sequence[Scores]) -> Scores:
    """Return the scores of some combinations followed by those of others."""
    return Scores(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("accuracy", "accuracy_std", "normalized_accuracy", "normalized_accuracy_std", "complete")
        )
    )


def _fold(repeat: Predictions, before: int) -> npt.NDArray[np.int32]:
    fold = repeat.fold.astype(np.int32)
    return np.where(fold >= 0, fold + before, fold)
