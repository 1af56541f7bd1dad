"""How much text of descriptor files may be in memory while they are read."""

from __future__ import annotations

from dataclasses import dataclass

from fastgrid.descriptors.unreadable import MAXIMAL_BYTES, MEBIBYTE

#: Of all batches together that are handed on or under way.
DEFAULT_TEXT = 256 * MEBIBYTE
#: Larger batches are no faster.
LARGEST_TEXT = 4 * MEBIBYTE
_LEAST = 64 * 1024
#: A limit is for text, what is made of it in workers, and what is not of this module: numbers, code.
_SHARE = 8


@dataclass(frozen=True)
class ReadingLimits:
    """How text is divided into batches.

    Attributes
    ----------
    jobs : int
        Workers that take batches.
    memory : int, optional
        Bytes that reading may take; by default enough for the usual files.
    hand_on_all : bool
        No file is too large to be handed on.
    """

    jobs: int = 1
    memory: int | None = None
    hand_on_all: bool = False

    @property
    def batches_under_way(self) -> int:
        """Batches that may exist at a time: of each worker two handed on, one drawn and one being made; two waiting."""
        return 4 * self.jobs + 2

    @property
    def largest_file(self) -> int:
        """Bytes of a file that is handed on; larger ones are parsed where they are read, one at a time."""
        if self.hand_on_all:
            return MAXIMAL_BYTES
        text = DEFAULT_TEXT if self.memory is None else min(self.memory // _SHARE, DEFAULT_TEXT)
        return max(text // self.batches_under_way, _LEAST)

    @property
    def batch(self) -> int:
        """Bytes of text in a batch of several files, at most."""
        return min(LARGEST_TEXT, self.largest_file)
