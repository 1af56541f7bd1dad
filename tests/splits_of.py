"""Which fold tests an item, where each item is tested once."""

import numpy as np


def folds_of(given):
    """The fold in which each item of a SweepInput is tested."""
    folds = np.full(len(given.labels), -1, dtype=np.int16)
    for fold, tested in enumerate(given.splits.test):
        folds[tested] = fold
    return folds
