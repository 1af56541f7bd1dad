"""The exceptions that a user may meet."""

from __future__ import annotations


class FastgridError(Exception):
    """Base class of all errors raised on purpose by fastgrid.

    What would steer a terminal is escaped in the message (`escaped`): it may hold names of files, which hold anything.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*(escaped(one) if isinstance(one, str) else one for one in arguments))


class UserError(FastgridError):
    """A mistake in what the user gave: one line that names the file, the key and the remedy.

    The command line prints the message without a traceback and ends with exit code 2.
    """

    exit_code = 2


class ProjectFileError(UserError):
    """A mistake whose remedy is to edit the project file, which therefore stays where it was just written."""


class TaskFailuresError(FastgridError):
    """Some tasks of a sweep failed twice; everything else was finished and written.

    The command line ends with exit code 3.
    """

    exit_code = 3


class DryRunDone(Exception):  # noqa: N818 - nothing is wrong
    """Ends a dry run where solving would begin.

    Attributes
    ----------
    plan : object
        What the run would take.
    lines : list of str
        That in words.
    """

    def __init__(self, plan: object, lines: list[str]) -> None:
        super().__init__("dry run")
        self.plan = plan
        self.lines = lines


# Joiners that several scripts are written with; they are not printable by themselves, and harmless.
_JOINERS = "\u200c\u200d"


def one_line(text: object, limit: int = 300) -> str:
    """Return `text` on one line, cut to `limit` characters, for use inside an error message or a table.

    What would steer a terminal or cannot be encoded (control characters, marks that reverse the direction of writing,
    surrogates) is escaped.
    """
    line = escaped(" ".join(str(text).split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def escaped(text: str) -> str:
    r"""Return `text` with every character that cannot be printed as Python would write it.

    Examples
    --------
    >>> escaped("日本 \x1b[31m")
    '日本 \\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in _JOINERS
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
