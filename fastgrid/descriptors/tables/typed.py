"""Rows of formats that keep numbers as numbers: Parquet and .npz."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

from fastgrid.descriptors.scalars import text_of
from fastgrid.descriptors.tables.blocks import NOTHING, NUMBERS, TEXTS, BadCell, Numbers
from fastgrid.descriptors.tables.cells import MISSING, number_text

#: Numbers (float32, float64) or text; None in it is missing.
Column = Numbers | list[str | None]


class TypedRows:
    """Some rows (`fastgrid.descriptors.tables.blocks.Block`).

    Parameters
    ----------
    n_rows : int
    first : int
        How many rows stand before them.
    columns : mapping of int to ndarray, shape (n_rows,), or list of str
        Those that were wanted.
    refused : mapping of int to str
        Why columns cannot be read.
    """

    def __init__(
        self, n_rows: int, first: int, columns: Mapping[int, Column], refused: Mapping[int, str] | None = None
    ) -> None:
        self._n_rows = n_rows
        self._first = first
        self._columns = columns
        self._refused = refused or {}

    @property
    def n_rows(self) -> int:
        """How many there are."""
        return self._n_rows

    def place(self, row: int) -> str:
        """Return where a row stands in the file."""
        return f"row {self._first + row + 1}"

    def kind(self, column: int) -> str:
        """Return what a column holds; see `Block`."""
        if column in self._refused:
            return self._refused[column]
        values = self._columns[column]
        if not isinstance(values, list):
            return NUMBERS
        return TEXTS if any((value or "").strip() not in MISSING for value in values) else NOTHING

    def numbers(self, columns: Sequence[int]) -> tuple[Numbers, Sequence[BadCell]]:
        """Return some columns as numbers; see `Block`."""
        chosen: list[npt.NDArray[np.float64] | npt.NDArray[np.float32]] = []
        bad: list[BadCell] = []
        for column in columns:
            values = self._columns.get(column)
            if values is None or isinstance(values, list):
                texts: list[str | None] = [self._refused.get(column, "")] * self._n_rows if values is None else values
                bad += [BadCell(row, column, text or "") for row, text in enumerate(texts)]
                chosen.append(np.full(self._n_rows, np.nan))
            else:
                chosen.append(values)
        if not chosen:
            return np.empty((self._n_rows, 0), dtype=np.float32), bad
        return cast(Numbers, np.stack(chosen, axis=1)), bad

    def texts(self, column: int) -> list[str]:
        """Return a column as text; see `Block`."""
        if column in self._refused:
            return [""] * self._n_rows
        values = self._columns[column]
        if isinstance(values, list):
            return ["" if value is None else text_of(value).strip() for value in values]
        # By way of doubles: 0.1 as float32 is another number, and so another text.
        return [number_text(number) for number in values.astype(np.float64).tolist()]
