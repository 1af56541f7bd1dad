"""NumPy's .npz: a matrix with the columns beside it, or one member for each column."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.array_errors import ARRAY_ERRORS
from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.tables.blocks import CELLS_AT_ONCE, MAXIMAL_VALUES, Block, Numbers, check_rows, feature_names
from fastgrid.descriptors.tables.lines import check_file
from fastgrid.descriptors.tables.typed import Column, TypedRows

#: The members that name the columns of the matrix.
NAMES = ("names", "feature_names", "columns")
#: The columns of the classes where none is named.
LABELS = ("labels", "label", "y")
#: Bytes of one member; text takes four for each character of its longest value.
_MAXIMAL_BYTES = 4 * 1024**3
_MAXIMAL_MEMBERS = 10_000
_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_NUMBERS = "fiub"
_BYTES_AT_ONCE = 8 * 1024 * 1024


@dataclass(frozen=True)
class _Member:
    """What the header of a member says."""

    entry: zipfile.ZipInfo
    name: str
    shape: tuple[int, ...]
    in_fortran_order: bool
    dtype: np.dtype[Any]
    begin: int

    @property
    def is_text(self) -> bool:
        return self.dtype.kind in "US"

    @property
    def is_numbers(self) -> bool:
        return self.dtype.kind in _NUMBERS


class NpzReader:
    """A .npz archive (`fastgrid.descriptors.tables.blocks.TableReader`).

    One matrix at most: a member of numbers of two dimensions, whose columns are called by the member ``names`` (or
    ``feature_names``, or ``columns``), else ``feature_0001`` and so on. Every member of one dimension, as long as the
    matrix has rows, is a column called by its own name. Nothing is unpickled.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UserError
        When it is no archive, damaged, too large, or holds anything else.
    """

    sparse = False
    groups: str | None = None

    def __init__(self, path: Path) -> None:
        check_file(path)
        self._path = path
        self._done = False
        try:
            with zipfile.ZipFile(path) as archive:
                members = self._members(archive)
                self._matrix = self._only_matrix(members)
                beside = [member for member in members if len(member.shape) == 1]
                naming = next((m for name in NAMES for m in beside if self._names_columns(m, name)), None)
                given = () if naming is None else tuple(_texts(_array(archive, naming)))
        except UserError:
            raise
        except ARRAY_ERRORS as error:
            raise self._damaged(error) from error
        self._beside = [member for member in beside if member is not naming]
        width = 0 if self._matrix is None else self._matrix.shape[1]
        self.columns = (*(given or feature_names(width)), *(member.name for member in self._beside))
        self._width = width
        self._n_rows = self._rows(beside if self._matrix is None else [self._matrix, *self._beside])
        check_rows(path, self._n_rows)
        self.label: str | None = next((name for name in LABELS if name in self.columns[width:]), None)

    def blocks(self, wanted: Sequence[int]) -> Iterator[Block]:
        """Yield the rows; see `TableReader`."""
        columns: dict[int, Column] = {}
        refused: dict[int, str] = {}
        try:
            with zipfile.ZipFile(self._path) as archive:
                matrix = None
                if self._matrix is not None and any(column < self._width for column in wanted):
                    matrix = _float_matrix(archive, self._matrix)
                for column in wanted:
                    if column < self._width and matrix is not None:
                        columns[column] = matrix[:, column]
                    elif column >= self._width:
                        self._take(archive, column, columns, refused)
        except ARRAY_ERRORS as error:
            raise self._damaged(error) from error
        self._done = True
        size = max(1, CELLS_AT_ONCE // max(1, len(columns)))
        for first in range(0, self._n_rows, size):
            last = min(first + size, self._n_rows)
            yield TypedRows(last - first, first, {n: values[first:last] for n, values in columns.items()}, refused)

    def share(self) -> float:
        """Return whether the file has been read."""
        return float(self._done)

    def _take(self, archive: zipfile.ZipFile, column: int, columns: dict[int, Column], refused: dict[int, str]) -> None:
        member = self._beside[column - self._width]
        if member.is_text:
            columns[column] = list(_texts(_array(archive, member)))
        elif member.is_numbers:
            columns[column] = _as_floats(_array(archive, member))
        else:
            refused[column] = f"holds {one_line(member.dtype, 60)}, neither numbers nor text"

    def _members(self, archive: zipfile.ZipFile) -> list[_Member]:
        entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
        if not entries:
            raise UserError(f"{self._path}: holds no arrays; write it with numpy.savez")
        if len(entries) > _MAXIMAL_MEMBERS:
            raise UserError(f"{self._path}: holds more than {_MAXIMAL_MEMBERS} arrays; put the columns into one matrix")
        return [self._member(archive, entry) for entry in entries]

    def _member(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> _Member:
        name = entry.filename.removesuffix(".npy")
        with archive.open(entry) as stream:
            version = np.lib.format.read_magic(stream)
            if version not in _HEADER_READERS:
                raise ValueError(f"{name} has the unknown format version {version}")
            shape, in_fortran_order, dtype = _HEADER_READERS[version](stream)
            member = _Member(entry, name, shape, in_fortran_order, dtype, stream.tell())
        if dtype.hasobject:
            raise self._refused(name, "holds Python objects, which are never read; save text as text: X.astype(str)")
        if math.prod(shape) * dtype.itemsize != entry.file_size - member.begin:
            raise ValueError(f"{name} has another size than its header says")
        if math.prod(shape) > MAXIMAL_VALUES or entry.file_size > _MAXIMAL_BYTES:
            raise self._refused(name, f"is larger than {MAXIMAL_VALUES} values or {_MAXIMAL_BYTES >> 30} GiB")
        return member

    def _only_matrix(self, members: Sequence[_Member]) -> _Member | None:
        matrices = [member for member in members if len(member.shape) == 2]
        others = [member for member in members if len(member.shape) not in (1, 2)]
        if others:
            raise self._refused(others[0].name, f"has {len(others[0].shape)} dimensions; give one or two")
        if len(matrices) > 1:
            names = ", ".join(one_line(member.name, 40) for member in matrices[:10])
            raise UserError(f"{self._path}: holds several matrices ({names}); keep one, with a row for each item")
        if matrices and not matrices[0].is_numbers:
            raise self._refused(matrices[0].name, f"is a matrix of {one_line(matrices[0].dtype, 60)}, not of numbers")
        return matrices[0] if matrices else None

    def _names_columns(self, member: _Member, name: str) -> bool:
        matrix = self._matrix
        return matrix is not None and member.name == name and member.is_text and member.shape == matrix.shape[1:]

    def _rows(self, members: Sequence[_Member]) -> int:
        for member in members[1:]:
            if member.shape[0] != members[0].shape[0]:
                first = f"{one_line(members[0].name, 40)} has {members[0].shape[0]}"
                raise self._refused(member.name, f"has {member.shape[0]} rows, but {first}; make them equally long")
        return members[0].shape[0] if members else 0

    def _refused(self, name: str, reason: str) -> UserError:
        return UserError(f"{self._path}: {one_line(name, 60)} {reason}")

    def _damaged(self, error: Exception) -> UserError:
        if isinstance(error, UserError):
            return error
        return UserError(f"{self._path}: is no .npz archive, or damaged ({one_line(error, 120)})")


def _array(archive: zipfile.ZipFile, member: _Member) -> npt.NDArray[Any]:
    with archive.open(member.entry) as stream:
        stream.read(member.begin)
        return np.frombuffer(_exactly(stream, member.entry.file_size - member.begin), dtype=member.dtype)


def _texts(array: npt.NDArray[Any]) -> list[str]:
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in array.tolist()]


def _float_matrix(archive: zipfile.ZipFile, member: _Member) -> npt.NDArray[np.float32]:
    # Part by part, so that doubles are not in memory beside the float32 they become.
    matrix = np.empty(member.shape, dtype=np.float32)
    # Of a matrix in Fortran's order what is stored are the rows of its transpose.
    by_rows = matrix.T if member.in_fortran_order else matrix
    length = by_rows.shape[1]
    most = max(1, _BYTES_AT_ONCE // max(1, length * member.dtype.itemsize))
    with archive.open(member.entry) as stream:
        stream.read(member.begin)
        for first in range(0, len(by_rows), most):
            part = by_rows[first : first + most]
            data = _exactly(stream, part.size * member.dtype.itemsize)
            values = _as_floats(np.frombuffer(data, dtype=member.dtype))
            with np.errstate(over="ignore"):
                part[...] = values.reshape(part.shape)
    return matrix


def _as_floats(array: npt.NDArray[Any]) -> Numbers:
    if array.dtype == np.float32:
        return array.astype(np.float32)
    return array.astype(np.float64)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError("it ends too early")
    return data
