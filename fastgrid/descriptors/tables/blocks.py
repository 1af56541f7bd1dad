"""What every reader of tables gives: the names of the columns, and the rows in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError

#: What a column holds, as far as a block tells.
NUMBERS, TEXTS, NOTHING = "numbers", "texts", "nothing"

#: So many cells are in memory as text, or as doubles, at once.
CELLS_AT_ONCE = 200_000
MAXIMAL_COLUMNS = 100_000
#: Of all columns that are read; 2 GB as float32.
MAXIMAL_VALUES = 500_000_000
#: Each has a name, which takes more than some values; Parquet needs a few bytes for any number of equal ones.
MAXIMAL_ROWS = 10_000_000

Numbers = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@dataclass(frozen=True)
class BadCell:
    """A cell of a column of numbers that holds something else.

    Attributes
    ----------
    row : int
        Of the block.
    column : int
        Of the table.
    text : str
    """

    row: int
    column: int
    text: str


class Block(Protocol):
    """Some rows that follow each other."""

    @property
    def n_rows(self) -> int:
        """How many there are."""

    def place(self, row: int) -> str:
        """Return where a row of the block stands in the file: ``line 7``."""

    def kind(self, column: int) -> str:
        """Return `NUMBERS`, `TEXTS`, `NOTHING`, or why the column can be neither, as a clause."""

    def numbers(self, columns: Sequence[int]) -> tuple[Numbers, Sequence[BadCell]]:
        """Return some columns as numbers, shape (n_rows, n_columns), and the cells that are none.

        What is missing, and what is no number, is NaN.
        """

    def texts(self, column: int) -> list[str]:
        """Return a column as text without blanks around it; empty where nothing is written."""


class TableReader(Protocol):
    """An open table.

    Attributes
    ----------
    columns : tuple of str
        Names in the order of the file, without any twice; empty for columns without a name.
    label, groups : str or None
        The columns of the classes and of the groups where the format says which they are.
    sparse : bool
        Whether a column that the file lacks is one of zeros.
    """

    columns: tuple[str, ...]
    label: str | None
    groups: str | None
    sparse: bool

    def blocks(self, wanted: Sequence[int]) -> Iterator[Block]:
        """Yield the rows in blocks; only the columns at `wanted` may be asked for."""

    def share(self) -> float:
        """Return how much of the file has been read, from 0 to 1."""


def feature_names(count: int) -> tuple[str, ...]:
    """Return names for columns that have none.

    Examples
    --------
    >>> feature_names(2)
    ('feature_0001', 'feature_0002')
    """
    return tuple(f"feature_{number:04d}" for number in range(1, count + 1))


def row_name(number: int) -> str:
    """Return what the row with this number, counted from 1, is called where no column says it.

    Examples
    --------
    >>> row_name(17)
    'row000017'
    """
    return f"row{number:06d}"


def check_rows(path: Path, n_rows: int) -> None:
    """Raise the `UserError` for a table with too many rows, before anything is made of them."""
    if n_rows > MAXIMAL_ROWS:
        raise UserError(f"{path}: holds more than {MAXIMAL_ROWS} rows; choose some of them, or give it in parts")
