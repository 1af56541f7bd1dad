"""Digests of tasks: what a result on disk is named by, so that it is found again for the very same problem only."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import added_kernel
from fastgrid.solvers import Stopping
from fastgrid.sweep.combinations import FeatureSet, SweepInput
from fastgrid.sweep.plan import GramKey
from fastgrid.sweep.splits import Splits
from fastgrid.sweep.task import Task

#: Raised whenever the arithmetic changes in a way that may change a prediction.
NUMERIC_VERSION = 5

#: Solvers whose answer to one cost vector depends on what else the task holds (a path along C).
_PATH_SOLVERS = frozenset({"smo-fast"})

#: Hexadecimal digits of the second half of a name: of costs on one Gram matrix there are few.
_COSTS_DIGITS = 32


class TaskName(NamedTuple):
    """What names the result of a task.

    Attributes
    ----------
    gram : str
        Sha256, in hexadecimal, of all that the answer to one of its cost vectors depends on besides that vector.
    costs : str
        The first digits of that of its cost vectors.
    """

    gram: str
    costs: str


class TaskDigests:
    """Names of the results of the tasks of one sweep; what they share is hashed once."""

    def __init__(self, given: SweepInput, solver: str, stopping: Stopping) -> None:
        self._given = given
        self._by_path = solver in _PATH_SOLVERS
        self._settings = [
            NUMERIC_VERSION,
            given.class_order,
            solver,
            *(repr(number) for number in dataclasses.astuple(stopping)),
            *(["decisions"] if given.decisions else []),
        ]
        weights = np.empty(0) if given.item_weights is None else given.item_weights
        labels = hashlib.sha256(np.ascontiguousarray(given.labels).tobytes())
        labels.update(np.ascontiguousarray(weights, dtype=np.float64).tobytes())
        self._labels = labels.hexdigest()
        self._features: dict[str, str] = {}
        self._folds: dict[int, str] = {}

    def name(self, key: GramKey, task: Task) -> TaskName:
        """Return what names the result of `task`."""
        if key.features not in self._features:
            self._features[key.features] = _digest_features(self._given.feature_sets[key.features])
        if key.fold not in self._folds:
            self._folds[key.fold] = _digest_split(self._given.splits, key.fold)
        costs = digest_of_costs(task.costs)
        parts = [
            *self._settings,
            self._features[key.features],
            self._labels,
            self._folds[key.fold],
            task.kernel,
            *(repr(float(number)) for number in (task.gamma, task.degree, task.coef0)),
            *([] if (added := added_kernel(task.kernel)) is None else [added.digest]),
            *([costs] if self._by_path else []),
        ]
        return TaskName(hashlib.sha256(json.dumps(parts).encode()).hexdigest(), costs)


def digest_of_costs(costs: npt.NDArray[np.float64]) -> str:
    """Return the first digits of the sha256 of cost vectors, shape (n_problems, n_classes)."""
    digest = hashlib.sha256(json.dumps(costs.shape).encode())
    digest.update(np.ascontiguousarray(costs).data)
    return digest.hexdigest()[:_COSTS_DIGITS]


def _digest_split(splits: Splits, fold: int) -> str:
    digest = hashlib.sha256(json.dumps([len(splits.training[fold]), len(splits.test[fold])]).encode())
    for positions in (splits.training[fold], splits.test[fold]):
        digest.update(positions.astype(np.int64).data)
    return digest.hexdigest()


def _digest_features(features: FeatureSet) -> str:
    values = features.values
    digest = hashlib.sha256(json.dumps([features.kind, str(values.dtype), *values.shape]).encode())
    for array in (features.values, features.descriptor_of_dimension.astype(np.int64), features.enumerated):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
