"""The leaves of many files, their numbers outside of memory where they are many."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
import numpy.typing as npt

from fastgrid.common.files import make_directory, writing_error
from fastgrid.descriptors.leaves import Leaves, Structure

#: Bytes of numbers that are kept in memory.
IN_MEMORY = 32 * 1024 * 1024
#: Text of a file is longer for a reader to see that it is too long, and no longer.
LONGEST_KEPT = 1001

_Entry = tuple[Structure, npt.NDArray[np.int32], int, int, tuple[str, ...]]


class LeavesStore(Mapping[str, Leaves]):
    """Leaves by item id, as if all were in memory.

    Only the numbers are put away. Text and lengths stay, equal ones as one object. Notes are not kept, and of text
    longer than 1000 characters no more than tells that it is.

    Parameters
    ----------
    directory : Path, optional
        Where the file for the numbers is made, which has no name and is gone when the process ends; created if it is
        missing. By default that of the system for temporary files.

    Notes
    -----
    Used as a context manager it gives back memory and disk. Iterated over in the order of `order`.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        # Never rolled over by itself: the directory may have to be made.
        self._numbers: IO[bytes] = tempfile.SpooledTemporaryFile(dir=None if directory is None else str(directory))  # noqa: SIM115
        self._on_disk = False
        self._end = 0
        self._entries: dict[str, _Entry] = {}
        self._structures: dict[Structure, Structure] = {}
        self._texts: dict[str, str] = {}
        self._lengths: dict[bytes, npt.NDArray[np.int32]] = {}

    def __enter__(self) -> LeavesStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._entries.clear()
        self._numbers.close()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._entries

    def __getitem__(self, item_id: str) -> Leaves:
        structure, lengths, place, n_values, texts = self._entries[item_id]
        self._numbers.seek(place)
        return Leaves(structure, lengths, np.frombuffer(self._numbers.read(4 * n_values), np.float32), texts)

    def without_numbers(self) -> Iterator[tuple[str, Leaves]]:
        """Yield all leaves in order as if there were no numbers in them, though their lengths tell of them."""
        nothing = np.empty(0, dtype=np.float32)
        for item_id, (structure, lengths, _, _, texts) in self._entries.items():
            yield item_id, Leaves(structure, lengths, nothing, texts)

    def structure(self, item_id: str) -> Structure:
        """Return the layout of a file; equal layouts are one object."""
        return self._entries[item_id][0]

    def add(self, item_id: str, leaves: Leaves, structure: Structure) -> None:
        """Take in the leaves of a file; `structure` is its layout, as `shared` gives it.

        Raises
        ------
        UserError
            When the disk is full.
        """
        numbers = leaves.values.tobytes()
        self._write(numbers)
        texts = tuple(self._texts.setdefault(text, text) for text in (text[:LONGEST_KEPT] for text in leaves.texts))
        as_bytes = leaves.lengths.tobytes()
        lengths = self._lengths.setdefault(as_bytes, np.frombuffer(as_bytes, dtype=np.int32))
        self._entries[item_id] = (structure, lengths, self._end, len(leaves.values), texts)
        self._end += len(numbers)

    def shared(self, structure: Structure) -> Structure:
        """Return the one object for a layout."""
        return self._structures.setdefault(structure, structure)

    def remove(self, item_id: str) -> None:
        """Forget a file."""
        del self._entries[item_id]

    def order(self, ids: list[str]) -> None:
        """Put the files into the order of `ids`, which may hold others too."""
        self._entries = {item_id: self._entries[item_id] for item_id in ids if item_id in self._entries}

    def _write(self, numbers: bytes) -> None:
        try:
            if not self._on_disk and self._end + len(numbers) > IN_MEMORY:
                if self._directory is not None:
                    make_directory(self._directory)
                self._numbers.rollover()  # type: ignore[attr-defined]
                self._on_disk = True
            self._numbers.seek(self._end)
            self._numbers.write(numbers)
        except OSError as error:
            raise writing_error(self._directory or Path(tempfile.gettempdir()), error) from error
