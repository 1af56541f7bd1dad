"""One run at a time in a project's directory, and what others can see of it: ``fastgrid status``.

Beside the record of a project lie, while a run is under way, its lock (``run.lock``) and how far it has come
(``run.progress.json``). Shards (``run_tests --shard``) have a lock and a progress of their own each. Both files go
when a run is done; what a run that was killed left there says how far it came.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fastgrid.common.console import Console
from fastgrid.common.errors import DryRunDone, UserError, one_line
from fastgrid.common.files import write_bytes, write_text
from fastgrid.common.locking import Owner, locked, owner_of
from fastgrid.project.record import JOURNAL, RECORD
from fastgrid.sweep.journal import entry_files

RUN = "run"
_STATE_FILE = re.compile(r"(run|shard-[1-9][0-9]*-of-[1-9][0-9]*)\.(lock|progress\.json)")

_LARGEST = 2**53
_YEAR_9999 = 253_370_764_800

#: Seconds between two writings of how far a run has come.
SECONDS_BETWEEN_WRITINGS = 1.0

_WAIT = "wait for it, or end it; fastgrid status says how far it is"


def shard_name(number: int, count: int) -> str:
    """Return what the lock and the progress of a shard are called."""
    return f"shard-{number}-of-{count}"


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes
    ----------
    name : str
        "run" or "shard-2-of-8".
    command : str
        The command line; empty where the library was used.
    pid : int
    host : str
    started, updated : float
        Seconds since 1970.
    step : str
        What it is at.
    steps : dict of str to (int, int)
        Units done and expected of each step so far.
    ended : str
        Why it ended before it was done; empty where it goes on or was killed.
    """

    name: str
    command: str
    pid: int
    host: str
    started: float
    updated: float
    step: str
    steps: dict[str, tuple[int, int]]
    ended: str = ""


@contextlib.contextmanager
def only_run(directory: Path, console: Console, command: str = "", name: str = RUN) -> Iterator[None]:
    """Keep other runs out of `directory` inside the block, and tell them how far this one is.

    Parameters
    ----------
    directory : Path
        Where the record of the project is.
    console : Console
        Which hears of the progress.
    command : str
        The command line.
    name : str
        "run", or that of a shard: shards of other numbers may be at work at the same time.

    Raises
    ------
    UserError
        When another process is at work in `directory`, or it cannot be written to.
    """
    with locked(directory / f"{name}.lock", _WAIT):
        _refuse_others(directory, name)
        path = directory / f"{name}.progress.json"
        if console.watched:
            # A run inside a run: that of train_model_from_sigs, which is a train_model.
            yield
            return
        writer = _Writer(path, name, command)
        before = _content(path)
        writer.write()
        with console.watching(writer.hear):
            try:
                yield
            except DryRunDone:
                path.unlink(missing_ok=True)
                raise
            except BaseException as error:
                if before and not writer.solves:
                    # What an earlier run left tells more than one that came to nothing.
                    write_bytes(path, before)
                elif not (directory / RECORD).exists() and (
                    writer.solves or any(True for _ in entry_files(directory / JOURNAL))
                ):
                    writer.write(ended=_why(error))
                else:
                    # There is nothing to go on with.
                    path.unlink(missing_ok=True)
                raise
        path.unlink(missing_ok=True)
        if name == RUN:
            _forget_shards(directory)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _why(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return one_line(error, 300) or type(error).__name__


def _refuse_others(directory: Path, name: str) -> None:
    # The run of the whole grid and shards keep each other out; shards of different numbers do not.
    for other, owner in owners_in(directory).items():
        if other != name and RUN in (other, name) and owner.alive:
            raise UserError(f"{directory}: {owner} is at work in it ({other}); {_WAIT}")


def owners_in(directory: Path) -> dict[str, Owner]:
    """Return who holds the locks of a run and of shards in `directory`, or left them behind."""
    found = {}
    for path in _state_files(directory):
        owner = owner_of(path) if path.suffix == ".lock" else None
        if owner is not None:
            found[path.stem] = owner
    return found


def progress_in(directory: Path) -> list[Progress]:
    """Return how far runs and shards in `directory` have come that are not done, sorted by name."""
    found = []
    for path in _state_files(directory):
        if path.suffix == ".json":
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
                found.append(_progress_of(json.loads(path.read_text(encoding="utf-8"))))
    return found


def _progress_of(document: dict[str, Any]) -> Progress:
    steps = {step: (done, total) for step, (done, total) in document.pop("steps").items()}
    progress = Progress(**document, steps=steps)
    texts = (progress.name, progress.command, progress.host, progress.step, progress.ended)
    counts = [progress.pid, *(number for pair in steps.values() for number in pair)]
    # Seconds of years that have four digits, as the clock shows them.
    seconds = (progress.started, progress.updated)
    if not (
        all(isinstance(text, str) for text in texts)
        and all(type(number) is int and 0 <= number < _LARGEST for number in counts)
        and all(type(number) in (int, float) and 0 <= number < _YEAR_9999 for number in seconds)
    ):
        raise ValueError("what stands there was not written by a run")
    return progress


def _forget_shards(directory: Path) -> None:
    # What shards left that were killed: a run has done their work, and it ran alone.
    for path in _state_files(directory):
        if not path.name.startswith(f"{RUN}."):
            path.unlink(missing_ok=True)


def _state_files(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if _STATE_FILE.fullmatch(path.name))
    except OSError:
        return []


class _Writer:
    # Writes how far a run has come, at most once a second.

    def __init__(self, path: Path, name: str, command: str) -> None:
        self._path = path
        now = time.time()
        self._known: dict[str, Any] = asdict(
            Progress(name, command, os.getpid(), socket.gethostname(), now, now, "start", {})
        )
        self._written = 0.0

    def hear(self, step: str, steps: dict[str, tuple[int, int]]) -> None:
        """Take over what the console was told; write it where the last writing is a while ago."""
        self._known |= {"step": step, "steps": steps}
        done, total = steps.get(step, (0, 1))
        if done >= total or time.monotonic() - self._written >= SECONDS_BETWEEN_WRITINGS:
            self.write()

    @property
    def solves(self) -> bool:
        """Whether it has come to solving."""
        return any(step.startswith("solving") for step in self._known["steps"])

    def write(self, ended: str = "") -> None:
        """Write what is known; a disk that is full or has vanished is left for those to tell who write results."""
        self._known |= {"updated": time.time(), "ended": ended}
        self._written = time.monotonic()
        with contextlib.suppress(UserError):
            write_text(self._path, json.dumps(self._known) + "\n")
