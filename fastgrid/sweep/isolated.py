"""A batch in a Python process of its own: ``python -m fastgrid.sweep.isolated IN.npz OUT.npz``.

Used by cluster mode, and after a worker died, so that a batch that kills its process takes nothing else along.
Batch and results travel as .npz files without pickle.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fastgrid.solvers import Stopping
from fastgrid.sweep.combinations import FeatureSet
from fastgrid.sweep.solving import solve_batch
from fastgrid.sweep.splits import Splits
from fastgrid.sweep.task import Batch, Task, TaskResult, Work, failed_task


def solve_in_new_process(batch: Batch) -> tuple[list[TaskResult], dict[str, float]]:
    """Solve `batch` in a fresh Python process; its death becomes the tasks' error.

    Returns
    -------
    results, seconds
        As `solve_batch` would return them, but without seconds.
    """
    with tempfile.TemporaryDirectory(prefix="fastgrid-") as directory:
        given, found = Path(directory, "batch.npz"), Path(directory, "results.npz")
        write_batch(given, batch)
        command = [sys.executable, "-m", "fastgrid.sweep.isolated", str(given), str(found)]
        code, complaint = _RUNNING.run(command)
        if code == 0:
            return read_results(found), {}
    cause = f"signal {-code}" if code < 0 else f"exit code {code}"
    last_line = complaint.strip().rpartition("\n")[2]
    error = RuntimeError(f"its process ended with {cause}" + (f": {last_line}" if last_line else ""))
    return [failed_task(index, error) for index in batch.indices], {}


@contextlib.contextmanager
def no_process_left() -> Iterator[None]:
    """Kill the processes of `solve_in_new_process` that run when the block is left, and start no more from there."""
    global _RUNNING
    _RUNNING = running = _Running()
    try:
        yield
    finally:
        running.end()


class _Running:
    # The processes under way, started by several threads.

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._ended = False

    def run(self, command: list[str]) -> tuple[int, str]:
        """Run `command`; return its exit code and what it wrote to standard error."""
        with self._lock:
            if self._ended:
                return -signal.SIGKILL, ""
            # A session of its own: Ctrl-C is for the process that started it, which ends it.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            self._processes.add(process)
        complaint = process.communicate()[1]
        with self._lock:
            self._processes.discard(process)
        return process.returncode, complaint

    def end(self) -> None:
        with self._lock:
            self._ended = True
            for process in self._processes:
                process.kill()


_RUNNING = _Running()


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


def write_results(path: Path, results: list[TaskResult]) -> None:
    """Write task results to an .npz file."""
    arrays: dict[str, Any] = {"header": np.array(json.dumps([_summary(result) for result in results]))}
    for position, result in enumerate(results):
        arrays[f"predicted{position}"] = result.predicted
        arrays[f"iterations{position}"] = result.iterations
        arrays[f"converged{position}"] = result.converged
        if result.decisions is not None:
            arrays[f"decisions{position}"] = result.decisions
    np.savez(path, **arrays)


def _summary(result: TaskResult) -> tuple[int, str, tuple[int, ...]]:
    return result.index, result.error, dataclasses.astuple(result.work)


def read_results(path: Path) -> list[TaskResult]:
    """Read what `write_results` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        return [
            TaskResult(
                index,
                stored[f"predicted{position}"],
                stored[f"iterations{position}"],
                stored[f"converged{position}"],
                Work(*work),
                error,
                stored.get(f"decisions{position}"),
            )
            for position, (index, error, work) in enumerate(json.loads(str(stored["header"])))
        ]


def main(arguments: list[str]) -> int:
    """Solve the batch in the file named first and write the results to the file named second."""
    given, found = map(Path, arguments)
    write_results(found, solve_batch(read_batch(given))[0])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
