"""The results on disk: one line of JSON per Gram matrix and solver, appended as it is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]
Key = tuple[str, str, float, int, str]


def key_of(record: Record) -> Key:
    """Return what a record is about: set, kernel, gamma, fold, solver."""
    return record["set"], record["kernel"], record["gamma"], record["fold"], record["solver"]


class Records:
    """The lines of a file that need not be there yet.

    A last line without its end, of a run that was interrupted, is dropped.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.by_key: dict[Key, Record] = {}
        text = path.read_bytes() if path.is_file() else b""
        whole = text[: text.rfind(b"\n") + 1]
        if whole != text:
            path.write_bytes(whole)
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                record = json.loads(line)
                self.by_key[key_of(record)] = record
            except (ValueError, KeyError, TypeError) as error:
                raise SystemExit(f"{path}, line {number}: no result of this benchmark; name another file") from error

    def has(self, key: Key, digest: str, maximum_iterations: int) -> bool:
        """Return whether a result is there.

        Raises
        ------
        SystemExit
            Where it is the result of another problem.
        """
        found = self.by_key.get(key)
        if found is None:
            return False
        if (found["digest"], found["maximum_iterations"]) != (digest, maximum_iterations):
            raise SystemExit(f"{self.path}: holds results of other data or another cap; name another file")
        return True

    def add(self, record: Record) -> None:
        self.by_key[key_of(record)] = record
        with self.path.open("a") as lines:
            lines.write(json.dumps(record) + "\n")
