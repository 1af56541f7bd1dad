"""The features of one fold: the same for all folds, or what a transformer makes of them there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.search.answers import Fold, Rows
from fastgrid.search.data import check_finite

Matrix = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class FoldRows:
    """The features of one fold.

    Attributes
    ----------
    fold : Fold
    by_item : ndarray of float32 or float64, shape (n_items, d), or None
        Those of each item; anything for items that are neither trained on nor evaluated. None where an item has two.
    apart : pair of ndarray, optional
        Those of the rows trained on and of the rows evaluated, where an item has others when it is evaluated.
    """

    fold: Fold
    by_item: Matrix | None = None
    apart: tuple[Matrix, Matrix] | None = None

    @property
    def trained(self) -> Matrix:
        """Features of the rows trained on, in the order of the fold."""
        return self._part(self.fold.training, 0)

    @property
    def evaluated(self) -> Matrix:
        """Features of the rows evaluated, in the order of the fold."""
        return self._part(self.fold.evaluated, 1)

    def _part(self, rows: Rows, number: int) -> Matrix:
        if self.by_item is not None:
            return self.by_item[rows]
        assert self.apart is not None
        return self.apart[number]


def rows_by_item(fold: Fold, n_items: int, trained: Matrix, evaluated: Matrix) -> FoldRows:
    """Return the features of a fold by item, if those of an item are the same wherever it occurs.

    Parameters
    ----------
    fold : Fold
    n_items : int
    trained, evaluated : ndarray of float32 or float64, shape (n_train, d) and (n_evaluated, d)
    """
    if trained.shape[1] == evaluated.shape[1]:
        values = np.zeros((n_items, trained.shape[1]), dtype=np.result_type(trained, evaluated))
        values[fold.training] = trained
        values[fold.evaluated] = evaluated
        if np.array_equal(values[fold.training], trained) and np.array_equal(values[fold.evaluated], evaluated):
            return FoldRows(fold, values)
    return FoldRows(fold, apart=(trained, evaluated))


def first_of_equal(rows: Matrix) -> Rows | None:
    """Return the position of the first row that is equal to each one; None where no two are."""
    _, first, same = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return None if len(first) == len(rows) else first[same.reshape(-1)]


def numbers_of(scaler: Any, made: Any) -> Matrix:
    """Return what a transformer has made as a matrix of finite float32 or float64; what is sparse becomes dense.

    Raises
    ------
    ValueError
        For no matrix, and for NaN or infinity.
    """
    values = np.asarray(made.toarray() if hasattr(made, "toarray") else made)
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"{type(scaler).__name__} makes values of shape {values.shape}; an SVC needs a matrix")
    check_finite(values)
    return values
