"""What gathers the columns of a table while its blocks are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.assemble import LONGEST_TEXT, TOO_LONG
from fastgrid.descriptors.table import Float32Matrix
from fastgrid.descriptors.tables.blocks import Block, Numbers

#: Different texts of one column that are kept; names and comments have more.
MOST_TEXTS = 1000
TOO_MANY = f"holds more than {MOST_TEXTS} different texts"
_LONGEST_NAME = 200


def bad_place(path: Path, block: Block, row: int, message: str) -> UserError:
    """Return the error for a row of a block."""
    return UserError(f"{path}, {block.place(row)}: {one_line(message, 600)}")


class Names:
    """A column every cell of which names something: classes, ids.

    Parameters
    ----------
    path : Path
    column : str
    what : str
        How messages call what it names.
    """

    def __init__(self, path: Path, column: str, what: str) -> None:
        self._path = path
        self._what = f"the {what} (column '{one_line(column, 60)}')"
        self._same: dict[str, str] = {}
        self.values: list[str] = []

    @property
    def n_different(self) -> int:
        """How many different texts there were."""
        return len(self._same)

    def take(self, block: Block, texts: Sequence[str]) -> None:
        """Add the texts of a block.

        Raises
        ------
        UserError
            When one is empty or too long.
        """
        for row, text in enumerate(texts):
            if not text:
                raise bad_place(self._path, block, row, f"{self._what} is empty; write it or remove the row")
            if len(text) > _LONGEST_NAME:
                message = f"{self._what} is longer than {_LONGEST_NAME} characters; is it the right column?"
                raise bad_place(self._path, block, row, message)
            # One object for equal texts: classes repeat.
            self.values.append(self._same.setdefault(text, text))


class TextColumn:
    """A column of text, as numbers of its different texts, so that it takes little memory.

    Parameters
    ----------
    n_before : int
        How many empty cells came before the first text.
    """

    def __init__(self, n_before: int = 0) -> None:
        self.reason = ""
        self._number: dict[str, int] = {"": 0}
        self._parts = [np.zeros(n_before, dtype=np.int32)]

    def take(self, texts: Sequence[str]) -> None:
        """Add texts; once the column cannot be used, `reason` says why, and nothing more is kept."""
        if self.reason:
            return
        number = self._number
        self._parts.append(np.array([number.setdefault(text, len(number)) for text in texts], dtype=np.int32))
        if len(number) > MOST_TEXTS + 1:
            self.reason = TOO_MANY
        elif max(map(len, number)) > LONGEST_TEXT:
            self.reason = TOO_LONG
        if self.reason:
            self._number, self._parts = {}, []

    @property
    def longest(self) -> int:
        """Characters of the longest text."""
        return max(map(len, self._number), default=0)

    def texts(self, order: npt.NDArray[np.intp]) -> npt.NDArray[np.str_]:
        """Return the text of the rows at `order`."""
        known = np.array(list(self._number), dtype=np.str_)
        found: npt.NDArray[np.str_] = known[np.concatenate(self._parts)[order]]
        return found


class NumberColumns:
    """The columns of numbers, as float32.

    Parameters
    ----------
    count : int
    """

    def __init__(self, count: int) -> None:
        self._parts: list[Float32Matrix] = []
        self._bad = np.zeros(count, dtype=np.int64)
        self._first_bad: dict[int, str] = {}

    def take(self, block: Block, numbers: Numbers) -> None:
        """Add the numbers of a block, shape (n_rows, n_columns)."""
        with np.errstate(over="ignore"):
            values = np.ascontiguousarray(numbers, dtype=np.float32)
        self._parts.append(values)
        finite = np.isfinite(values)
        if finite.all():
            return
        for column in np.flatnonzero(~finite.all(axis=0)).tolist():
            row = int(np.argmin(finite[:, column]))
            if column not in self._first_bad:
                what = "is missing or NaN" if np.isnan(numbers[row, column]) else "is infinite or beyond float32"
                self._first_bad[column] = f"{what} in {block.place(row)}"
            self._bad[column] += np.count_nonzero(~finite[:, column])

    def reason(self, column: int) -> str:
        """Return why a column cannot be used, empty where it can."""
        if column not in self._first_bad:
            return ""
        more = int(self._bad[column]) - 1
        return self._first_bad[column] + (f" (and {more} more)" if more else "")

    def matrix(self, order: npt.NDArray[np.intp], columns: Sequence[int]) -> Float32Matrix:
        """Return some columns of the rows at `order`; what was gathered is gone then.

        Parameters
        ----------
        order : ndarray of intp, shape (n_rows,)
        columns : sequence of int

        Returns
        -------
        ndarray of float32, shape (n_rows, n_chosen)
        """
        place = np.empty(len(order), dtype=np.intp)
        place[order] = np.arange(len(order))
        values = np.empty((len(order), len(columns)), dtype=np.float32)
        chosen = np.array(columns, dtype=np.intp)
        first = 0
        # Each part is given back before the next one is copied, so that the matrix is not in memory twice.
        self._parts.reverse()
        while self._parts:
            part = self._parts.pop()
            values[place[first : first + len(part)]] = part[:, chosen]
            first += len(part)
        return values
