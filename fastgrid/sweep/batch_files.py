"""Batches and results as .npz files without pickle, for solving in a process of its own."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from fastgrid.common.files import replacing
from fastgrid.solvers import Stopping
from fastgrid.sweep.combinations import FeatureSet
from fastgrid.sweep.splits import Splits
from fastgrid.sweep.task import Batch, Task, TaskResult, Work


def write_batch(path: Path, batch: Batch) -> None:
    """Write `batch` to an .npz file."""
    features = batch.features
    header: dict[str, Any] = {
        "key": features.key,
        "path": None if features.path is None else str(features.path.resolve()),
        "fold": batch.fold,
        "solver": batch.solver,
        "stopping": dataclasses.astuple(batch.stopping),
        "memory": batch.memory,
        "keep": batch.keep,
        "class_order": batch.class_order,
        "decisions": batch.decisions,
        "kind": features.kind,
        "indices": batch.indices,
        "tasks": [(task.kernel, task.gamma, task.degree, task.coef0) for task in batch.tasks],
    }
    costs: dict[str, Any] = {f"costs{position}": task.costs for position, task in enumerate(batch.tasks)}
    np.savez(
        path,
        header=np.array(json.dumps(header)),
        values=features.values,
        descriptor_of_dimension=features.descriptor_of_dimension,
        enumerated=features.enumerated,
        labels=batch.labels,
        item_weights=np.empty(0) if batch.item_weights is None else batch.item_weights,
        **_split_arrays(batch.splits),
        **costs,
    )


def read_batch(path: Path) -> Batch:
    """Read what `write_batch` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        header = json.loads(str(stored["header"]))
        features = FeatureSet(
            header["key"],
            stored["values"],
            stored["descriptor_of_dimension"],
            stored["enumerated"],
            path=None if header["path"] is None else Path(header["path"]),
            kind=header["kind"],
        )
        tasks = tuple(
            Task(kernel, gamma, degree, coef0, stored[f"costs{position}"])
            for position, (kernel, gamma, degree, coef0) in enumerate(header["tasks"])
        )
        labels, splits, weights = stored["labels"], _read_splits(stored), stored["item_weights"]
    return Batch(
        features,
        header["fold"],
        labels,
        splits,
        tasks,
        tuple(header["indices"]),
        header["solver"],
        Stopping(*header["stopping"]),
        header["memory"],
        header["keep"],
        header["class_order"],
        weights if len(weights) else None,
        header["decisions"],
    )


def _split_arrays(splits: Splits) -> dict[str, Any]:
    sizes = np.array([[len(part) for part in parts] for parts in (splits.training, splits.test)], dtype=np.int64)
    nothing = np.empty(0, dtype=np.intp)
    return {
        "split_sizes": sizes.reshape(2, len(splits)),
        "training": np.concatenate([nothing, *splits.training]),
        "test": np.concatenate([nothing, *splits.test]),
    }


def _read_splits(stored: Any) -> Splits:
    sizes = stored["split_sizes"]
    parts = [
        tuple(np.split(stored[name], np.cumsum(own)[:-1])) if len(own) else ()
        for name, own in zip(("training", "test"), sizes, strict=True)
    ]
    return Splits(len(stored["labels"]), parts[0], parts[1])


def write_result(path: Path, result: TaskResult) -> None:
    """Write the result of a task to an .npz file, which is whole or not there."""
    header = result.index, result.error, result.out_of_memory, dataclasses.astuple(result.work)
    arrays: dict[str, Any] = {
        "header": np.array(json.dumps(header)),
        "predicted": result.predicted,
        "iterations": result.iterations,
        "converged": result.converged,
    }
    if result.decisions is not None:
        arrays["decisions"] = result.decisions
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def read_result(path: Path) -> TaskResult:
    """Read what `write_result` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        index, error, out_of_memory, work = json.loads(str(stored["header"]))
        return TaskResult(
            index,
            stored["predicted"],
            stored["iterations"],
            stored["converged"],
            Work(*work),
            error,
            stored.get("decisions"),
            out_of_memory=out_of_memory,
        )
