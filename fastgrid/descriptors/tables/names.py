"""The columns of a table by their names."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from fastgrid.common.errors import UserError, escaped, one_line
from fastgrid.common.yaml_nodes import located_error
from fastgrid.descriptors.tables.blocks import MAXIMAL_COLUMNS, TableReader

_MOST_SHOWN = 10
_LONGEST_NAME = 1000


def check_columns(path: Path, columns: Sequence[str]) -> None:
    """Refuse columns that cannot be told apart, or are too many.

    Raises
    ------
    UserError
    """
    if len(columns) > MAXIMAL_COLUMNS + 2:
        raise UserError(f"{path}: has {len(columns)} columns; at most {MAXIMAL_COLUMNS} are read")
    seen: dict[str, int] = {}
    for place, name in enumerate(columns, 1):
        if len(name) > _LONGEST_NAME:
            raise UserError(f"{path}: the name of column {place} is longer than {_LONGEST_NAME} characters; shorten it")
        if name and seen.setdefault(name, place) != place:
            shown = one_line(name, 60)
            raise UserError(f"{path}: columns {seen[name]} and {place} are both called '{shown}'; rename one of them")


def column_called(path: Path, reader: TableReader, name: str, what: str) -> int:
    """Return where the column called `name` stands.

    Parameters
    ----------
    path : Path
    reader : TableReader
    name : str
    what : str
        What it is wanted for, as messages call it: ``label``.

    Raises
    ------
    UserError
        When there is none.
    """
    if name and name in reader.columns:
        return reader.columns.index(name)
    columns = [column for column in reader.columns if column]
    folded = name.strip().casefold()
    same = [column for column in columns if column.strip().casefold() == folded]
    close = same[:3] or difflib.get_close_matches(name, columns[:2000], n=3)
    # The first and the last ones: labels tend to stand at either end.
    shown = close or (columns if len(columns) <= _MOST_SHOWN else [*columns[:5], "…", *columns[-5:]])
    known = ", ".join(one_line(column, 60) for column in shown)
    raise located_error(
        str(path),
        0,
        f"has no column {quoted(name)} ({what}); {'similar are' if close else 'its columns are'} {known}",
    )


def quoted(name: str) -> str:
    """Return a name as it is shown: blanks around it are seen."""
    return f"'{escaped(name) if len(name) <= 60 else one_line(name, 60)}'"


def descriptor_name(column: str) -> str:
    """Return the full name of the descriptor in a column: with a dot in front."""
    return f".{column}"
