"""Small sweeps for the tests of this room."""

import itertools

import numpy as np
import pytest

from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.folds import gaia_folds
from fastgrid.sweep.splits import Splits


def feature_set(key, values, enumerated=None, **more):
    n = values.shape[1]
    flags = np.zeros(n, dtype=np.bool_) if enumerated is None else enumerated
    return FeatureSet(key, values.astype(np.float32), np.arange(n, dtype=np.intp), flags, **more)


@pytest.fixture
def small():
    """Three unequal classes, two feature sets that differ by a rescaling, all kernels."""
    rng = np.random.default_rng(5)
    labels = np.array([1] * 14 + [0] * 12 + [2] * 8, dtype=np.int16)[rng.permutation(34)]
    values = rng.normal(size=(34, 6)) + labels[:, np.newaxis] * np.array([1, 0, 0.5, 0, 0, -1])
    values[:, 4] = 3.0
    values[:, 5] = rng.integers(0, 3, 34)
    enumerated = np.array([False] * 5 + [True])
    scaled = values.copy()
    scaled[:, :4] *= 0.5
    features = {
        "plain": feature_set("plain", values, enumerated, equivalence="same"),
        "halved": feature_set("halved", scaled, enumerated, equivalence="same"),
        "fewer": feature_set("fewer", values[:, :3]),
    }
    combinations = [
        Combination(key, kernel, cost, gamma, balanced)
        for key, kernel, cost, gamma, balanced in itertools.product(
            features, ["poly", "rbf", "linear"], [0.25, 2.0, 16.0], [0.25, 0.5], [False, True]
        )
    ]
    return SweepInput(features, combinations, labels, Splits.of_folds(gaia_folds([str(c) for c in labels], 4, 1), 4))
