"""What a descriptor file must be to be read: the bounds, and the error that says which one it breaks."""

from __future__ import annotations

from fastgrid.common.errors import FastgridError

MEBIBYTE = 1024 * 1024
MAXIMAL_BYTES = 64 * MEBIBYTE
MAXIMAL_DEPTH = 64
# Two hundred times what an extractor writes for a whole piece; text of one million numbers is 20 MB.
MAXIMAL_VALUES = 1_000_000


class UnreadableError(FastgridError):
    """A descriptor file that cannot be read; the message is the reason, without the file's name."""


def too_many_values() -> UnreadableError:
    """Return the error for a file with more values than `MAXIMAL_VALUES`."""
    return UnreadableError(f"holds more than {MAXIMAL_VALUES} values; it does not look like a descriptor file")


def too_deep() -> UnreadableError:
    """Return the error for a file nested deeper than `MAXIMAL_DEPTH`."""
    return UnreadableError(f"is nested too deeply (more than {MAXIMAL_DEPTH} levels)")
