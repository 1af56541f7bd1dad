"""Tables of text with a line of names: CSV and TSV."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.yaml_nodes import located_error
from fastgrid.descriptors.tables.blocks import CELLS_AT_ONCE, NOTHING, NUMBERS, TEXTS, BadCell, Block, Numbers
from fastgrid.descriptors.tables.cells import mostly_numbers, numbers_of
from fastgrid.descriptors.tables.lines import LONGEST_ROW, Lines

_Row = list[str]


class DelimitedReader:
    """A CSV or TSV file (`fastgrid.descriptors.tables.blocks.TableReader`).

    Parameters
    ----------
    path : Path
    delimiter : str
        Comma or tab.

    Raises
    ------
    UserError
        When it cannot be read or has no first line.
    """

    label: str | None = None
    groups: str | None = None
    sparse = False

    def __init__(self, path: Path, delimiter: str) -> None:
        self._lines = Lines(path)
        self._delimiter = delimiter
        header = next(self._rows(), None)
        if header is None:
            raise UserError(f"{path}: is empty; give a table with the names of its columns in the first line")
        self.columns = tuple(name.strip() for name in header[1])
        if len(self.columns) == 1:
            raise located_error(str(path), header[0], _one_column(header[1][0], delimiter))

    def blocks(self, wanted: Sequence[int]) -> Iterator[Block]:
        """Yield the rows; see `TableReader`."""
        most = max(1, CELLS_AT_ONCE // len(self.columns))
        rows: list[_Row] = []
        places: list[int] = []
        begin = 0
        width = len(self.columns)
        # Closed here: an error keeps what stands in this function, and with it an open file.
        with contextlib.closing(self._rows()) as reader:
            next(reader)
            for place, row in reader:
                if len(row) != width:
                    raise located_error(
                        str(self._lines.path),
                        place,
                        f"has {len(row)} cells, but the first line has {width} names; a cell that holds "
                        f"{'a comma' if self._delimiter == ',' else 'a tab'} must be in quotes",
                    )
                rows.append(row)
                places.append(place)
                if len(rows) == most or self._lines.size - begin > LONGEST_ROW:
                    yield _Rows(rows, places)
                    rows, places, begin = [], [], self._lines.size
        if rows:
            yield _Rows(rows, places)

    def share(self) -> float:
        """Return how much of the file has been read."""
        return self._lines.share()

    def _rows(self) -> Generator[tuple[int, _Row], None, None]:
        # The rows that are not empty, each with the number of its last line.
        ends = [0]
        with contextlib.closing(self._bounded(ends)) as lines:
            reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
            try:
                for row in reader:
                    ends[0] = self._lines.size
                    if len(row) > 1 or any(cell.strip() for cell in row):
                        yield self._lines.number, row
            except csv.Error as error:
                raise self._lines.error(f"is no valid line of a table ({one_line(error, 120)})") from error

    def _bounded(self, ends: list[int]) -> Generator[str, None, None]:
        # A quote that is never closed must not take the whole file into one cell.
        for line in self._lines:
            if self._lines.size - ends[0] > 2 * LONGEST_ROW:
                raise self._lines.error(f"ends a row of more than {LONGEST_ROW >> 20} MiB; is a quote left open?")
            yield line


class _Rows:
    # Some rows of text.

    def __init__(self, rows: list[_Row], places: list[int]) -> None:
        self._rows = rows
        self._places = places

    @property
    def n_rows(self) -> int:
        return len(self._rows)

    def place(self, row: int) -> str:
        return f"line {self._places[row]}"

    def kind(self, column: int) -> str:
        found = mostly_numbers([row[column] for row in self._rows])
        return NOTHING if found is None else NUMBERS if found else TEXTS

    def numbers(self, columns: Sequence[int]) -> tuple[Numbers, list[BadCell]]:
        take = _taker(columns)
        cells = list(chain.from_iterable(map(take, self._rows)))
        numbers, bad = numbers_of(cells)
        width = len(columns)
        return numbers.reshape(len(self._rows), width), [
            BadCell(position // width, columns[position % width], cells[position]) for position in bad
        ]

    def texts(self, column: int) -> list[str]:
        return [row[column].strip() for row in self._rows]


def _taker(columns: Sequence[int]) -> Callable[[_Row], Sequence[str]]:
    if len(columns) > 1:
        return itemgetter(*columns)
    return lambda row: [row[column] for column in columns]


def _one_column(header: str, delimiter: str) -> str:
    signs = {"commas": ",", "tabs": "\t", "semicolons": ";"}
    found = [name for name, sign in signs.items() if sign in header and sign != delimiter]
    wanted = "commas" if delimiter == "," else "tabs"
    hint = f", but {found[0]}" if found else ""
    return f"has no {wanted}{hint}; separate the columns by {wanted}, with their names in the first line"
