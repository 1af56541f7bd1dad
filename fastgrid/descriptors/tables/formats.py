"""Which format a table has, and its reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.tables.blocks import TableReader
from fastgrid.descriptors.tables.delimited import DelimitedReader
from fastgrid.descriptors.tables.libsvm import LibsvmReader
from fastgrid.descriptors.tables.npz import NpzReader
from fastgrid.descriptors.tables.parquet import ParquetReader


def _delimited(delimiter: str) -> Callable[[Path], TableReader]:
    def opened(path: Path) -> TableReader:
        _refuse_binary(path)
        return DelimitedReader(path, delimiter)

    return opened


_READERS: Mapping[str, Callable[[Path], TableReader]] = {
    "csv": _delimited(","),
    "tsv": _delimited("\t"),
    "parquet": ParquetReader,
    "npz": NpzReader,
    "libsvm": LibsvmReader,
}
FORMATS = tuple(_READERS)
_OF_ENDING = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".npz": "npz",
    ".libsvm": "libsvm",
    ".svm": "libsvm",
    ".svmlight": "libsvm",
}


@dataclass(frozen=True)
class TableSource:
    """A table and what its columns are.

    Attributes
    ----------
    path : Path
        Absolute.
    label : str or None
        The column of the classes; None where the format says it (LIBSVM, members of .npz).
    id : str or None
        The column of the ids; without one items are called by the number of their row.
    format : str or None
        One of `FORMATS`; None goes by the ending of the name.
    """

    path: Path
    label: str | None = None
    id: str | None = None
    format: str | None = None


def open_table(path: Path, form: str | None = None) -> TableReader:
    """Open a table.

    Parameters
    ----------
    path : Path
    form : str, optional
        One of `FORMATS`; by default the ending of the name tells, a ``.gz`` behind it left out.

    Returns
    -------
    TableReader

    Raises
    ------
    UserError
        When the format is not known, or the file cannot be read as what it should be.
    """
    kind = format_of(path) if form is None else form
    if kind not in FORMATS:
        raise UserError(f"{one_line(path)}: '{one_line(kind, 40)}' is no format; use one of {', '.join(FORMATS)}")
    return _READERS[kind](path)


def _refuse_binary(path: Path) -> None:
    # What is not text under the name of text; the reader says what cannot be opened.
    try:
        with path.open("rb") as handle:
            magic = handle.read(4)
    except OSError:
        return
    if magic == b"PAR1":
        raise UserError(f"{one_line(path)}: is Parquet, whatever its name says; give --table-format parquet")
    if magic == b"PK\3\4":
        raise UserError(
            f"{one_line(path)}: is a zip archive, not text; give --table-format npz if it is one, and save a "
            "spreadsheet as CSV"
        )


def may_be_table(path: Path | None) -> bool:
    """Tell whether the name of a file has the ending of a table."""
    return path is not None and Path(path.name.lower().removesuffix(".gz")).suffix in _OF_ENDING


def format_of(path: Path) -> str:
    """Return the format that the ending of a name tells.

    Raises
    ------
    UserError
        When it tells none.
    """
    name = path.name.lower().removesuffix(".gz")
    kind = _OF_ENDING.get(Path(name).suffix)
    if kind is None:
        endings = ", ".join(_OF_ENDING)
        raise UserError(
            f"{one_line(path)}: its ending tells no format of tables ({endings}); name it: --table-format csv"
        )
    return kind
