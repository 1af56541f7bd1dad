"""Finished tasks on disk: one small file each, named by a digest of everything that determines it."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.files import make_directory, replacing
from fastgrid.solvers import Stopping
from fastgrid.sweep.combinations import FeatureSet, SweepInput
from fastgrid.sweep.plan import GramKey
from fastgrid.sweep.splits import Splits
from fastgrid.sweep.task import Task, TaskResult, Work

#: Raised whenever the arithmetic changes in a way that may change a prediction.
NUMERIC_VERSION = 5


class Journal:
    """A directory of finished tasks.

    Parameters
    ----------
    directory : Path
        Created when the first task is written.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, digest: str, index: int, shape: tuple[int, int], n_pairs: int | None = None) -> TaskResult | None:
        """Return the finished task called `digest`, or None where there is none or the file is damaged.

        Parameters
        ----------
        digest : str
        index : int
            What the caller calls the task.
        shape : tuple of int
            Expected shape of the predictions, (n_problems, n_test).
        n_pairs : int, optional
            Pairs of classes of which decision values are expected; none by default.
        """
        path = self._path(digest)
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as entry:
                predicted, iterations, converged = entry["predicted"], entry["iterations"], entry["converged"]
                decisions = None if n_pairs is None else entry["decisions"]
                work = Work(*_whole_numbers(entry["work"], len(dataclasses.fields(Work))))
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
            return None
        well_typed = predicted.dtype == np.int16 and iterations.dtype == np.int64 and converged.dtype == np.bool_
        if not well_typed or predicted.shape != shape or iterations.shape != shape[:1] or converged.shape != shape[:1]:
            return None
        if decisions is not None and (decisions.dtype, decisions.shape) != (np.float64, (shape[0], n_pairs, shape[1])):
            return None
        return TaskResult(index, predicted, iterations, converged, work, decisions=decisions)

    def write(self, digest: str, result: TaskResult) -> None:
        """Keep a finished task; the file is whole or not there."""
        make_directory(self.directory)
        more: dict[str, Any] = {} if result.decisions is None else {"decisions": result.decisions}
        with replacing(self._path(digest)) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                predicted=result.predicted,
                iterations=result.iterations,
                converged=result.converged,
                work=np.array(dataclasses.astuple(result.work), dtype=np.int64),
                **more,
            )

    def _path(self, digest: str) -> Path:
        return self.directory / f"{digest}.npz"


def _whole_numbers(array: npt.NDArray[np.int64], count: int) -> list[int]:
    if array.dtype != np.int64 or array.shape != (count,):
        raise ValueError(f"{array.shape} of {array.dtype} for {count} counters")
    numbers: list[int] = array.tolist()
    return numbers


class TaskDigests:
    """Digests of the tasks of one sweep; what they share is hashed once."""

    def __init__(self, given: SweepInput, solver: str, stopping: Stopping) -> None:
        self._given = given
        self._settings = [
            NUMERIC_VERSION,
            given.class_order,
            solver,
            *(repr(number) for number in dataclasses.astuple(stopping)),
            # Entries without decision values have the names that they had before there were any.
            *(["decisions"] if given.decisions else []),
        ]
        weights = np.empty(0) if given.item_weights is None else given.item_weights
        labels = hashlib.sha256(np.ascontiguousarray(given.labels).tobytes())
        labels.update(np.ascontiguousarray(weights, dtype=np.float64).tobytes())
        self._labels = labels.hexdigest()
        self._features: dict[str, str] = {}
        self._folds: dict[int, str] = {}

    def digest(self, key: GramKey, task: Task) -> str:
        """Return the sha256, in hexadecimal, of everything that determines the result of `task`."""
        if key.features not in self._features:
            self._features[key.features] = _digest_features(self._given.feature_sets[key.features])
        if key.fold not in self._folds:
            self._folds[key.fold] = _digest_split(self._given.splits, key.fold)
        parts = [
            *self._settings,
            self._features[key.features],
            self._labels,
            self._folds[key.fold],
            task.kernel,
            *(repr(float(number)) for number in (task.gamma, task.degree, task.coef0)),
            task.costs.shape,
            hashlib.sha256(task.costs.tobytes()).hexdigest(),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


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
