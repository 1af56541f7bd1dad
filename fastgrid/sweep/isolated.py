"""A batch in a Python process of its own: ``python -m fastgrid.sweep.isolated DIRECTORY``.

Used by cluster mode, and after a worker died, so that a task that kills its process takes nothing else along. Results
are files that appear in the directory as tasks finish: what a process had finished when it ended is not lost, and the
task that it was at is known.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fastgrid.common.processes import RunningProcesses, end_with_parent
from fastgrid.sweep.batch_files import read_batch, read_result, write_batch, write_result
from fastgrid.sweep.solving import solve_batch
from fastgrid.sweep.task import Batch, TaskResult, failed_task

_BATCH, _STARTED = "batch.npz", "started"


def solve_in_new_process(batch: Batch) -> tuple[list[TaskResult], dict[str, float]]:
    """Solve `batch` in a fresh Python process; its death becomes the error of the task that it was at.

    The tasks after that one go on in another process.

    Returns
    -------
    results, seconds
        As `solve_batch` would return them, but without seconds.
    """
    results: list[TaskResult] = []
    rest = batch
    while rest.indices:
        found, started, death = _solve_once(rest)
        results += found
        remaining = rest.indices[len(found) :]
        if death is None or not remaining:
            break
        # A process that does not come to its first task will not do so for another one.
        culprits = remaining[:1] if started else remaining
        results += [failed_task(index, RuntimeError(death), died=True) for index in culprits]
        rest = rest.only(frozenset(remaining[len(culprits) :]))
    return results, {}


def _solve_once(batch: Batch) -> tuple[list[TaskResult], bool, str | None]:
    # The results of the tasks that one process finished, whether it came to the first one, and what ended it if it
    # did not finish all.
    with tempfile.TemporaryDirectory(prefix="fastgrid-") as name:
        directory = Path(name)
        write_batch(directory / _BATCH, batch)
        _, code, complaint = _RUNNING.run([sys.executable, "-m", "fastgrid.sweep.isolated", name])
        paths = [_result_path(directory, position) for position in range(len(batch.indices))]
        found = []
        for path in paths:
            if not path.exists():
                break
            found.append(read_result(path))
        started = (directory / _STARTED).exists()
    if len(found) == len(paths):
        return found, started, None
    cause = f"signal {-code}" if code < 0 else f"exit code {code}"
    if code == -signal.SIGKILL:
        cause += " (killed; if it was for want of memory, a memory limit helps)"
    last_line = complaint.strip().rpartition("\n")[2]
    return found, started, f"its process ended with {cause}" + (f": {last_line}" if last_line else "")


def _result_path(directory: Path, position: int) -> Path:
    return directory / f"result{position}.npz"


@contextlib.contextmanager
def no_process_left() -> Iterator[None]:
    """Kill the processes of `solve_in_new_process` that run when the block is left, and start no more from there."""
    global _RUNNING
    _RUNNING = running = RunningProcesses()
    try:
        yield
    finally:
        running.end()


_RUNNING = RunningProcesses()


def main(arguments: list[str]) -> int:
    """Solve the batch in the directory named and write the result of each task beside it."""
    end_with_parent()
    directory = Path(arguments[0])
    batch = read_batch(directory / _BATCH)
    (directory / _STARTED).touch()
    position_of = {index: position for position, index in enumerate(batch.indices)}
    solve_batch(batch, lambda result: write_result(_result_path(directory, position_of[result.index]), result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
