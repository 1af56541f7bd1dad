"""Parquet, by way of pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.tables.blocks import CELLS_AT_ONCE, MAXIMAL_VALUES, Block, Numbers, check_rows
from fastgrid.descriptors.tables.lines import check_file
from fastgrid.descriptors.tables.typed import Column, TypedRows


class ParquetReader:
    """A Parquet file (`fastgrid.descriptors.tables.blocks.TableReader`).

    Numbers and truth values are numbers; strings, plain or by dictionary, are text; columns of anything else cannot be
    used.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UserError
        When pyarrow is not installed, or the file is none or damaged.
    """

    label: str | None = None
    groups: str | None = None
    sparse = False

    def __init__(self, path: Path) -> None:
        arrow, parquet = _pyarrow(path)
        check_file(path)
        self._path = path
        # IndexError: text by dictionary, whose numbers nobody has checked.
        self._errors = (arrow.ArrowException, OSError, ValueError, IndexError)
        self._types = arrow.types
        try:
            # Not memory-mapped: a file that becomes shorter while it is read would end the process.
            self._schema = parquet.ParquetFile(path, memory_map=False).schema_arrow
            texts = [name for place, name in enumerate(self._schema.names) if self._is_text(self._value_type(place))]
            # Text stays numbered: a long one that stands in every row is in memory once.
            self._file = parquet.ParquetFile(path, memory_map=False, read_dictionary=texts)
            self._n_rows = int(self._file.metadata.num_rows)
        except self._errors as error:
            raise _damaged(path, error) from error
        check_rows(path, self._n_rows)
        self.columns = tuple(self._schema.names)
        self._done = 0

    def blocks(self, wanted: Sequence[int]) -> Iterator[Block]:
        """Yield the rows; see `TableReader`."""
        if self._n_rows * max(1, len(wanted)) > MAXIMAL_VALUES:
            raise UserError(f"{self._path}: holds more than {MAXIMAL_VALUES} values; exclude columns or choose rows")
        refused = {column: reason for column in wanted if (reason := self._refusal(column))}
        readable = [column for column in wanted if column not in refused]
        if not readable:
            yield TypedRows(self._n_rows, 0, {}, refused)
            return
        size = max(1, CELLS_AT_ONCE // len(wanted))
        names = [self.columns[column] for column in readable]
        try:
            for batch in self._file.iter_batches(batch_size=size, columns=names, use_threads=False):
                # The columns come in the order of the file.
                by_name = dict(zip(batch.schema.names, batch.columns, strict=True))
                values = {column: self._values(by_name[self.columns[column]]) for column in readable}
                yield TypedRows(batch.num_rows, self._done, values, refused)
                self._done += batch.num_rows
        except self._errors as error:
            raise _damaged(self._path, error) from error

    def share(self) -> float:
        """Return how much of the rows has been read."""
        return self._done / max(1, self._n_rows)

    def _refusal(self, column: int) -> str:
        kind = self._value_type(column)
        if self._is_number(kind) or self._is_text(kind) or self._types.is_null(kind):
            return ""
        return f"holds {one_line(kind, 60)}, neither numbers nor text"

    def _value_type(self, column: int) -> Any:
        kind = self._schema.field(column).type
        return kind.value_type if self._types.is_dictionary(kind) else kind

    def _is_number(self, kind: Any) -> bool:
        types = self._types
        return bool(
            types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind)
        )

    def _is_text(self, kind: Any) -> bool:
        types = self._types
        return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))

    def _values(self, array: Any) -> Column:
        if self._types.is_dictionary(array.type) and self._is_text(array.type.value_type):
            texts = array.dictionary.to_pylist()
            return [None if index is None else texts[index] for index in array.indices.to_pylist()]
        if self._types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if self._is_number(array.type):
            found = array.to_numpy(zero_copy_only=False)
            if found.dtype == np.object_:  # decimals, and truth values some of which are missing
                found = np.array([np.nan if value is None else float(value) for value in found.tolist()])
            numbers: Numbers = found if found.dtype == np.float32 else found.astype(np.float64)
            return numbers
        return list(array.to_pylist())


def _pyarrow(path: Path) -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UserError(f"{path}: Parquet takes pyarrow; install it: pip install 'fastgrid[table]'") from error
    return pyarrow, pyarrow.parquet


def _damaged(path: Path, error: Exception) -> UserError:
    if isinstance(error, UserError):
        return error
    return UserError(f"{path}: is no Parquet file, or damaged ({one_line(error, 120)})")
