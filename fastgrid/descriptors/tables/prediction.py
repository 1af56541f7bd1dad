"""The rows of a table for a model that knows which descriptors it wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.collection import LeftOut
from fastgrid.descriptors.table import Descriptor, DescriptorTable, Kind
from fastgrid.descriptors.tables.blocks import MAXIMAL_VALUES, Block, TableReader, check_rows, row_name
from fastgrid.descriptors.tables.formats import TableSource, open_table
from fastgrid.descriptors.tables.gathering import Names, bad_place
from fastgrid.descriptors.tables.lines import check_file
from fastgrid.descriptors.tables.names import check_columns, column_called
from fastgrid.descriptors.validity import INVALID

#: Where a column is one of zeros that the file leaves out.
_ZEROS = -1


def read_rows(
    source: TableSource, descriptors: Sequence[Descriptor], *, usual_id: str | None = None
) -> tuple[DescriptorTable, tuple[LeftOut, ...]]:
    """Read exactly the given descriptors of every row.

    Parameters
    ----------
    source : TableSource
        Its label does not matter.
    descriptors : sequence of Descriptor
        What a model was trained on, real or text, of one dimension each. Other columns do not matter.
    usual_id : str, optional
        The column of the ids where `source` names none and there is such a column.

    Returns
    -------
    table : DescriptorTable
        The rows that have all of them, in the order of the file; possibly none.
    left_out : tuple of LeftOut
        The others: those where a cell is missing, no number or infinite.

    Raises
    ------
    UserError
        When a column is missing, or an id is empty or there twice.
    """
    check_file(source.path)
    reader = open_table(source.path, source.format)
    check_columns(source.path, reader.columns)
    if source.id is None and usual_id in reader.columns:
        source = replace(source, id=usual_id)
    wanted = tuple(sorted(descriptors, key=lambda descriptor: descriptor.name))
    columns = {descriptor.name: _column(source, reader, descriptor) for descriptor in wanted}
    rows = _Rows(source, reader, wanted, columns)
    for block in reader.blocks(rows.needed):
        rows.take(block)
    return rows.table(), tuple(rows.left_out)


def _column(source: TableSource, reader: TableReader, descriptor: Descriptor) -> int:
    name = descriptor.name.removeprefix(".")
    if descriptor.length != 1:
        raise UserError(
            f"{source.path}: the model wants {descriptor.length} values of {one_line(descriptor.name, 100)}, and so "
            "descriptor files, not a table"
        )
    if reader.sparse and name not in reader.columns and name.startswith("feature_"):
        return _ZEROS
    return column_called(source.path, reader, name, "the model was trained on it")


class _Rows:
    # The usable rows so far.

    def __init__(
        self, source: TableSource, reader: TableReader, wanted: tuple[Descriptor, ...], columns: dict[str, int]
    ) -> None:
        self.left_out: list[LeftOut] = []
        self._path, self._names, self._wanted = source.path, reader.columns, wanted
        self._id = None if source.id is None else column_called(source.path, reader, source.id, "id")
        self._real = [columns[d.name] for d in wanted if d.kind is Kind.REAL]
        self._texts = [columns[d.name] for d in wanted if d.kind is Kind.TEXT]
        used = {*self._real, *self._texts, *(() if self._id is None else (self._id,))}
        self.needed = sorted(used - {_ZEROS})
        self._n_read = 0
        self._seen: set[str] = set()
        self._ids: list[str] = []
        self._values: list[np.ndarray[tuple[int, int], np.dtype[np.float32]]] = []
        self._text: list[list[str]] = []

    def take(self, block: Block) -> None:
        check_rows(self._path, self._n_read + block.n_rows)
        if (self._n_read + block.n_rows) * max(1, len(self._wanted)) > MAXIMAL_VALUES:
            raise UserError(f"{self._path}: holds more than {MAXIMAL_VALUES} values; predict it in parts")
        ids = self._ids_of(block)
        self._n_read += block.n_rows
        present = [column for column in self._real if column != _ZEROS]
        values = np.zeros((block.n_rows, len(self._real)), dtype=np.float32)
        bad = {}
        if present:
            numbers, cells = block.numbers(present)
            with np.errstate(over="ignore"):
                values[:, [place for place, column in enumerate(self._real) if column != _ZEROS]] = numbers
            bad = {(cell.row, cell.column): cell.text for cell in cells}
        finite = np.isfinite(values)
        usable = finite.all(axis=1)
        for row in np.flatnonzero(~usable).tolist():
            column = self._real[int(np.argmin(finite[row]))]
            self.left_out.append(LeftOut(ids[row], self._path, self._reason(block, row, column, bad)))
        kept = np.flatnonzero(usable).tolist()
        self._ids += [ids[row] for row in kept]
        self._values.append(values[usable])
        texts = [block.texts(column) for column in self._texts]
        self._text += [[column[row] for column in texts] for row in kept]

    def _ids_of(self, block: Block) -> list[str]:
        if self._id is None:
            return [row_name(self._n_read + row + 1) for row in range(block.n_rows)]
        names = Names(self._path, self._names[self._id], "id")
        names.take(block, block.texts(self._id))
        for row, item in enumerate(names.values):
            if item in self._seen:
                raise bad_place(self._path, block, row, f"id '{one_line(item, 60)}' is there twice; rename one of them")
            self._seen.add(item)
        return names.values

    def _reason(self, block: Block, row: int, column: int, bad: dict[tuple[int, int], str]) -> str:
        name = one_line(self._names[column], 60)
        if (row, column) in bad:
            return f"{block.place(row)}: column '{name}' holds '{one_line(bad[row, column], 40)}', which is no number"
        return f"{block.place(row)}: column '{name}' is empty or {INVALID}"

    def table(self) -> DescriptorTable:
        values = np.concatenate(self._values) if self._values else np.empty((0, len(self._real)), dtype=np.float32)
        text = np.array(self._text, dtype=np.str_).reshape(len(self._ids), len(self._texts))
        return DescriptorTable(tuple(self._ids), self._wanted, values, text)
