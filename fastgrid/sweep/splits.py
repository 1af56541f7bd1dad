"""Which items are trained on, and which are tested, in each part of a cross-validation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Splits:
    """Training and test items of every fold.

    Attributes
    ----------
    n_items : int
    training : tuple of ndarray of intp, shape (n_train,)
        Items in the order in which a solver is to see them: iterates and ties depend on it.
    test : tuple of ndarray of intp, shape (n_test,)
        In the order of the predictions; may be empty, and may overlap other folds'.
    """

    n_items: int
    training: tuple[Positions, ...]
    test: tuple[Positions, ...]

    def __len__(self) -> int:
        return len(self.training)

    @staticmethod
    def of_folds(folds: npt.NDArray[np.int16], n_folds: int) -> Splits:
        """Return the splits in which each fold is tested on what the others train.

        Parameters
        ----------
        folds : ndarray of int16, shape (n_items,)
            The fold in which an item is tested, 0..n_folds-1.
        n_folds : int
            Folds without an item are allowed.

        Examples
        --------
        >>> splits = Splits.of_folds(np.array([0, 1, 0], dtype=np.int16), 2)
        >>> splits.training[0].tolist(), splits.test[0].tolist()
        ([1], [0, 2])
        """
        numbers = range(n_folds)
        return Splits(
            len(folds),
            tuple(np.flatnonzero(folds != fold) for fold in numbers),
            tuple(np.flatnonzero(folds == fold) for fold in numbers),
        )

    @staticmethod
    def of_indices(n_items: int, pairs: Iterable[tuple[npt.ArrayLike, npt.ArrayLike]]) -> Splits:
        """Return the splits that a splitter of scikit-learn gives.

        Parameters
        ----------
        n_items : int
        pairs : iterable of (training, test)
            Indices or masks. As with scikit-learn, an index may occur several times, and on both sides.

        Raises
        ------
        ValueError
            For an index that is no item.

        Examples
        --------
        >>> Splits.of_indices(4, [([3, 0], [1, 2]), ([True, True, False, False], [-1])]).training[1].tolist()
        [0, 1]
        """
        training, test = [], []
        for number, (trained, tested) in enumerate(pairs):
            training.append(_positions(number, n_items, trained))
            test.append(_positions(number, n_items, tested))
        return Splits(n_items, tuple(training), tuple(test))


def _positions(number: int, n_items: int, given: npt.ArrayLike) -> Positions:
    # Counted from the start; negative indices count from the end, as everywhere in Python.
    chosen = np.asarray(given)
    if chosen.dtype == np.bool_ and chosen.shape == (n_items,):
        return np.flatnonzero(chosen)
    if chosen.size == 0:
        return np.empty(0, dtype=np.intp)
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
        raise ValueError(
            f"split {number} is given as {chosen.dtype} of shape {chosen.shape}; indices are whole numbers"
        )
    positions = chosen.astype(np.intp)
    positions[positions < 0] += n_items
    if positions.min() < 0 or positions.max() >= n_items:
        raise ValueError(f"split {number} names items beyond the {n_items} that there are")
    return positions
