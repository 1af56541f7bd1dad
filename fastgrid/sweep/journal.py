"""Finished tasks on disk: one small file each, named by digests of everything that determines it.

A name is two digests, that of the Gram matrix (with labels, fold and solver) and that of the cost vectors solved on it.
So a grid with some more C finds what it has in common with an earlier one, and solves the rest.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fastgrid.common.files import make_directory, write_bytes
from fastgrid.sweep.journal_entry import Entry, decode, encode
from fastgrid.sweep.task import TaskResult, Work
from fastgrid.sweep.task_digests import TaskName

#: Names of the files of a journal; the first form is of earlier versions, which is not read any more.
ENTRY_NAME = re.compile(r"[0-9a-f]{64}(?:-([0-9a-f]{32}))?\.npz")

#: Seconds for which finished tasks may be lost if the power fails. Making each safe at once would take a few
#: milliseconds on many disks, longer than many a task.
SECONDS_AT_RISK = 5.0


class Journal:
    """A directory of finished tasks.

    Parameters
    ----------
    directory : Path
        Created when the first task is written.

    Attributes
    ----------
    damaged : int
        How many files could not be believed so far; they are removed, and what they held is solved again.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.damaged = 0
        self._names = self._list()
        self._not_safe: list[Path] = []
        self._safe_since = time.monotonic()

    def _list(self) -> dict[str, list[str]]:
        # File names by Gram matrix.
        names: dict[str, list[str]] = {}
        with contextlib.suppress(OSError), os.scandir(self.directory) as found:
            for name in sorted(entry.name for entry in found):
                matched = ENTRY_NAME.fullmatch(name)
                if matched and matched[1]:
                    names.setdefault(name[:64], []).append(name)
        return names

    def read(
        self, name: TaskName, costs: npt.NDArray[np.float64], n_test: int, n_pairs: int | None = None
    ) -> list[tuple[Entry, dict[int, int]]]:
        """Return what is known of the answers to `costs`.

        Parameters
        ----------
        name : TaskName
        costs : ndarray of float64, shape (n_problems, n_classes)
        n_test : int
            How many test items there must be.
        n_pairs : int, optional
            Pairs of classes of which decision values are expected; none by default.

        Returns
        -------
        list of (Entry, dict of int to int)
            Entries, and for rows of `costs` the row of the entry that answers it. No row comes twice.
        """
        wanted = {row.tobytes(): number for number, row in enumerate(costs)}
        whole = f"{name.gram}-{name.costs}.npz"
        found = []
        # The very same task comes first: what answers it needs no other.
        for file_name in sorted(self._names.get(name.gram, ()), key=lambda own: own != whole):
            if not wanted:
                break
            entry = self._entry(file_name)
            if entry is None or not entry.fits(n_test, n_pairs):
                continue
            rows = {
                wanted.pop(key): place
                for place, row in enumerate(entry.costs)
                if entry.costs.shape[1] == costs.shape[1] and (key := row.tobytes()) in wanted
            }
            if rows:
                found.append((entry, rows))
        return found

    def _entry(self, file_name: str) -> Entry | None:
        path = self.directory / file_name
        try:
            content = path.read_bytes()
        except OSError:
            return None
        entry = decode(file_name, content)
        if entry is None:
            self.damaged += 1
            with contextlib.suppress(OSError):
                path.unlink()
        return entry

    def write(self, name: TaskName, costs: npt.NDArray[np.float64], result: TaskResult) -> None:
        """Keep a finished task; the file is whole or not there.

        Raises
        ------
        UserError
            When it cannot be written.
        """
        file_name = f"{name.gram}-{name.costs}.npz"
        entry = Entry(costs, result.predicted, result.iterations, result.converged, result.work, result.decisions)
        path = make_directory(self.directory) / file_name
        write_bytes(path, encode(file_name, entry))
        self._not_safe.append(path)
        if time.monotonic() - self._safe_since > SECONDS_AT_RISK:
            self.make_safe()

    def make_safe(self) -> None:
        """Have the disk hold all that was written, so that it outlives a failure of the power."""
        for path in (*self._not_safe, self.directory):
            with contextlib.suppress(OSError):
                _flush(path)
        self._not_safe.clear()
        self._safe_since = time.monotonic()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def entry_files(directory: Path) -> Iterator[Path]:
    """Yield the files of the journal in `directory`, sorted by name; none where there is no such directory."""
    names: list[str] = []
    with contextlib.suppress(OSError), os.scandir(directory) as found:
        names = sorted(entry.name for entry in found if ENTRY_NAME.fullmatch(entry.name))
    yield from (directory / name for name in names)


def joined(
    index: int, n_problems: int, parts: list[tuple[Entry, dict[int, int]]], solved: TaskResult | None
) -> TaskResult:
    """Return the result of a task whose answers come of several entries and of what was solved now.

    Parameters
    ----------
    index : int
        What the caller calls the task.
    n_problems : int
    parts : list of (Entry, dict of int to int)
        As `Journal.read` returns them.
    solved : TaskResult or None
        The answers to the rows that are in none of `parts`, in their order.
    """
    known = {row for _, rows in parts for row in rows}
    sources = [(entry.predicted, entry.iterations, entry.converged, entry.decisions, rows) for entry, rows in parts]
    work = [entry.work for entry, _ in parts]
    if solved is not None:
        rest = [row for row in range(n_problems) if row not in known]
        places = dict(zip(rest, range(len(rest)), strict=True))
        sources.append((solved.predicted, solved.iterations, solved.converged, solved.decisions, places))
        work.append(solved.work)
    source_of = {row: (source, place) for source in sources for row, place in source[4].items()}
    ordered = [source_of[row] for row in range(n_problems)]
    decisions = [source[3][place] for source, place in ordered if source[3] is not None]
    return TaskResult(
        index,
        np.stack([source[0][place] for source, place in ordered]),
        np.array([source[1][place] for source, place in ordered], dtype=np.int64),
        np.array([source[2][place] for source, place in ordered], dtype=np.bool_),
        Work(*(sum(numbers) for numbers in zip(*map(astuple, work), strict=True))),
        decisions=np.stack(decisions) if decisions else None,
        fit_seconds=0.0 if solved is None else solved.fit_seconds,
        score_seconds=0.0 if solved is None else solved.score_seconds,
    )
