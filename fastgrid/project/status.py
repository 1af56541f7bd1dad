"""``fastgrid status``: what can be told of a running, dead or finished run from the files that it leaves."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fastgrid.common.console import duration
from fastgrid.common.errors import UserError
from fastgrid.project.paths import absolute
from fastgrid.project.record import JOURNAL, RECORD, record_directory
from fastgrid.project.run_state import Progress, owners_in, progress_in
from fastgrid.project.schema import load_project
from fastgrid.sweep.journal import entry_files

RUNNING, DEAD, STOPPED = "running", "dead", "stopped"


@dataclass(frozen=True)
class RunStatus:
    """A run or shard that is not done.

    Attributes
    ----------
    state : str
        "running"; "dead", where its process is gone without a word; "stopped", where it ended with one (Ctrl-C, an
        error).
    progress : Progress
    """

    state: str
    progress: Progress


@dataclass(frozen=True)
class Status:
    """What is known of a project's runs.

    Attributes
    ----------
    project : Path
        The project file.
    directory : Path
        Where its record is.
    runs : tuple of RunStatus
    finished_tasks : int
        Files of the journal.
    results : float or None
        When the results were written that are there, in seconds since 1970.
    combinations, failures : int
        Of these results.
    """

    project: Path
    directory: Path
    runs: tuple[RunStatus, ...]
    finished_tasks: int
    results: float | None = None
    combinations: int = 0
    failures: int = 0


def status(output: str | os.PathLike[str]) -> list[Status]:
    """Return the status of each project in a directory.

    Parameters
    ----------
    output : path-like
        A project file, a directory of project files (OUTPUT_DIR), or PROJECT_DIR in one.

    Raises
    ------
    UserError
        When there is no project.
    """
    path = absolute(output)
    if path.is_file():
        return [_status(path)]
    for directory in (path, path.parent):
        projects = sorted(found for found in directory.glob("[!.]*.project") if found.is_file())
        found = [_status(project) for project in projects]
        own = [one for one in found if path in (directory, one.directory)]
        if own:
            return own
    if (path / "run.lock").exists() or (path / "results" / "run.lock").exists():
        raise UserError(f"{path}: a run has begun there, and has not written its project yet; ask again in a moment")
    what = "holds no project" if path.is_dir() else "does not exist"
    raise UserError(f"{path}: {what}; give the OUTPUT_DIR of a training, or its project file")


def _status(project_file: Path) -> Status:
    directory = record_directory(load_project(project_file))
    owners = owners_in(directory)
    runs = []
    for progress in progress_in(directory):
        owner = owners.get(progress.name)
        alive = owner is not None and owner.alive and owner.pid == progress.pid
        runs.append(RunStatus(RUNNING if alive else STOPPED if progress.ended else DEAD, progress))
    finished = sum(1 for _ in entry_files(directory / JOURNAL))
    results = _results(directory / RECORD)
    return Status(project_file, directory, tuple(runs), finished, *results)


def _results(record: Path) -> tuple[float | None, int, int]:
    # When results were written, of how many combinations, and how many tasks failed.
    try:
        document = json.loads(record.read_text(encoding="utf-8"))
        return record.stat().st_mtime, len(document["combinations"]), len(document["failures"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None, 0, 0


def as_json(status: Status) -> dict[str, Any]:
    """Return the status as what JSON can hold."""
    return {
        "project": str(status.project),
        "directory": str(status.directory),
        "runs": [{"state": run.state, **asdict(run.progress)} for run in status.runs],
        "finished_tasks": status.finished_tasks,
        "results": status.results,
        "combinations": status.combinations,
        "failures": status.failures,
    }


def lines(status: Status) -> list[str]:
    """Return the status as lines for people."""
    name = status.project.stem
    found = [line for run in status.runs for line in _run_lines(name, run)]
    if status.results is not None:
        failed = f", {status.failures} tasks failed" if status.failures else ""
        found.append(f"{name}: results of {status.combinations} combinations since {_clock(status.results)}{failed}")
    elif not status.runs and status.finished_tasks:
        found.append(f"{name}: no results yet; what is finished is used by: fastgrid run_tests {status.project}")
    elif not status.runs:
        found.append(f"{name}: no results yet and no run; begin with: fastgrid run_tests {status.project}")
    found.append(f"{name}: {status.finished_tasks} finished tasks in {status.directory / JOURNAL}")
    return found


def _run_lines(name: str, run: RunStatus) -> list[str]:
    progress = run.progress
    what = name if progress.name == "run" else f"{name}, {progress.name.replace('-', ' ')}"
    steps = [
        f"{step} {done} of {total} ({100 * done / total:.0f} %)"
        for step, (done, total) in progress.steps.items()
        if total
    ]
    how_far = "; ".join(steps) or "just begun"
    who = f"process {progress.pid} on {progress.host}"
    taken = duration(progress.updated - progress.started)
    if run.state == RUNNING:
        since = duration(time.time() - progress.started)
        return [f"{what}: running for {since} ({who}): {how_far}"]
    why = f"ended ({progress.ended})" if run.state == STOPPED else f"is dead ({who} does not run any more)"
    again = progress.command or "the same call"
    return [
        f"{what}: {why} at {_clock(progress.updated)} after {taken}: {how_far}",
        f"{what}: what was finished is kept; go on with: {again}",
    ]


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
