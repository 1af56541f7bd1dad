"""Assignment of items to folds."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def gaia_folds(labels: Sequence[str], n_folds: int, seed: float | str) -> npt.NDArray[np.int16]:
    """Assign items to stratified folds as Gaia 2.4.6 does.

    Each class by itself: its items in the given order are shuffled by ``random.shuffle`` after ``random.seed(seed)``
    (the same seed for every class) and cut into runs of ceil(n / n_folds). The last folds of a small class may get
    nothing of it.

    Parameters
    ----------
    labels : sequence of str, length n
        Class of each item, in the order of the ground truth.
    n_folds : int
    seed : float or str
        As in the project file; ``1`` and ``1.0`` give the same folds.

    Returns
    -------
    ndarray of int16, shape (n,)
        Fold of each item, in the same order.
    """
    folds = np.empty(len(labels), dtype=np.int16)
    members: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        members.setdefault(label, []).append(index)
    for indices in members.values():
        shuffled = list(indices)
        random.Random(seed).shuffle(shuffled)
        size = (len(shuffled) - 1) // n_folds + 1
        for position, index in enumerate(shuffled):
            folds[index] = position // size
    return folds
