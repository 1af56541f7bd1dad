"""Where the groups of items come from: a file, a descriptor, or the folders of the descriptor files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.errors import UserError
from fastgrid.project.paths import absolute, portable

PathLike = str | os.PathLike[str]

PARENT_FOLDER = "parent-folder"
TABLE_ENDINGS = (".csv", ".tsv")
FILE_ENDINGS = (".yaml", ".yml", ".json", *TABLE_ENDINGS)


@dataclass(frozen=True)
class GroupSource:
    """Where the group of each item is found; see `group_source`.

    Attributes
    ----------
    kind : {"file", "descriptor", "parent-folder", "column"}
    name : str
        Absolute path of the file; path of the descriptor, without a leading dot; ``parent-folder``; column of the table
        that the items are rows of.
    """

    kind: str
    name: str

    @property
    def label(self) -> str:
        """What people are shown of it: of a file its name without the directory."""
        return Path(self.name).name if self.kind == "file" else self.name

    def is_same(self, other: GroupSource | None) -> bool:
        """Whether both are the same source, by whatever way their file was named."""
        if other is None or self.kind != other.kind:
            return False
        if self.kind == "file":
            return Path(self.name).resolve() == Path(other.name).resolve()
        return self.name == other.name

    def as_written(self, directory: PathLike) -> str:
        """Return what stands for it in a project file in `directory`; a file in there is named relative to it."""
        if self.kind != "file":
            return self.name
        path = portable(self.name, directory)
        # A bare name without a known ending would be taken for a descriptor once the file is gone.
        return path if _looks_like_file(path) else f"./{path}"


def asked_source(given: PathLike | None) -> GroupSource | None:
    """Return what an option or argument ``groups`` asks for; relative paths start from the current directory.

    Raises
    ------
    UserError
        When it is empty or a pattern.
    """
    if given is None:
        return None
    try:
        return group_source(given, Path.cwd())
    except ValueError as error:
        raise UserError(f"groups: {error}") from error


def group_source(given: PathLike, directory: PathLike) -> GroupSource:
    """Tell which of the three a value is.

    ``parent-folder`` is itself. What exists, has the ending of a YAML, JSON, CSV or TSV file, holds a slash, or is
    given as a path object, is a file. Everything else is the path of a descriptor.

    Parameters
    ----------
    given : str or path-like
    directory : path-like
        Where relative paths of files start from.

    Raises
    ------
    ValueError
        When it is empty or a pattern; the message is a clause to follow the name of the option or key.
    """
    text = os.fspath(given)
    if text == PARENT_FOLDER:
        return GroupSource(PARENT_FOLDER, text)
    if not text.strip() or "\0" in text:
        raise ValueError(
            f"is empty; give a file of groups, a descriptor such as metadata.tags.artist, or {PARENT_FOLDER}"
        )
    path = absolute(Path(directory) / text)
    if not isinstance(given, str) or _looks_like_file(text) or path.exists():
        return GroupSource("file", str(path))
    if "*" in text or "?" in text:
        raise ValueError(f"'{text}' is a pattern; give the path of one descriptor, such as metadata.tags.artist")
    return GroupSource("descriptor", text.removeprefix("."))


def table_group_source(given: PathLike, directory: PathLike) -> GroupSource:
    """Tell whether a value is a column of the table that a project is made from, or a file of groups.

    What has the ending of a YAML, JSON, CSV or TSV file, begins with a slash, ``./`` or ``../``, or is given as a path
    object, is a file. Everything else is a column.

    Parameters
    ----------
    given : str or path-like
    directory : path-like
        Where relative paths of files start from.

    Raises
    ------
    ValueError
        When it is empty or the folders of descriptor files; the message is a clause to follow the name of the key.
    """
    text = os.fspath(given)
    if text == PARENT_FOLDER or not text.strip() or "\0" in text:
        found = f"is {PARENT_FOLDER}, which is for descriptor files" if text == PARENT_FOLDER else "is empty"
        raise ValueError(f"{found}; give a column of the table, or a file of groups")
    is_file = Path(text).suffix.lower() in FILE_ENDINGS or text.startswith(("./", "../")) or Path(text).is_absolute()
    if is_file or not isinstance(given, str):
        return GroupSource("file", str(absolute(Path(directory) / text)))
    return GroupSource("column", text)


def _looks_like_file(text: str) -> bool:
    return "/" in text or os.sep in text or Path(text).suffix.lower() in FILE_ENDINGS
