"""The exceptions that a user may meet."""

from __future__ import annotations


class FastgridError(Exception):
    """Base class of all errors raised on purpose by fastgrid."""


class UserError(FastgridError):
    """A mistake in what the user gave: one line that names the file, the key and the remedy.

    The command line prints the message without a traceback and ends with exit code 2.
    """

    exit_code = 2


class TaskFailuresError(FastgridError):
    """Some tasks of a sweep failed twice; everything else was finished and written.

    The command line ends with exit code 3.
    """

    exit_code = 3


def one_line(text: object, limit: int = 300) -> str:
    """Return `text` on one line, cut to `limit` characters, for use inside an error message."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
