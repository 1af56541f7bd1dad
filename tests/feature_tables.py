"""Writing one table in every format, for tests."""

import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FORMATS = ("csv", "csv.gz", "tsv", "parquet", "npz", "members.npz", "libsvm")


@dataclass(frozen=True)
class Rows:
    """A table: float64 values, shape (n_rows, n_columns), with a class and an id for each row."""

    values: np.ndarray
    labels: Sequence[str]
    ids: Sequence[str] | None = None
    names: Sequence[str] | None = None

    @property
    def columns(self) -> list[str]:
        return list(self.names or (f"feature_{n:04d}" for n in range(1, self.values.shape[1] + 1)))


def write(rows: Rows, directory: Path, form: str) -> Path:
    """Write `rows` as ``table.FORM``: classes in the column ``label``, ids, if any, in ``id``."""
    path = directory / f"table.{form}"
    if form in ("csv", "csv.gz", "tsv"):
        data = as_text(rows, "\t" if form == "tsv" else ",").encode()
        path.write_bytes(gzip.compress(data) if form == "csv.gz" else data)
    elif form == "parquet":
        _write_parquet(rows, path)
    elif form == "libsvm":
        path.write_text("".join(_libsvm_line(label, row) for label, row in zip(rows.labels, rows.values, strict=True)))
    else:
        ids = {} if rows.ids is None else {"id": np.array(rows.ids)}
        columns = dict(zip(rows.columns, rows.values.T, strict=True))
        matrix = {"X": rows.values, "names": np.array(rows.columns)}
        np.savez(path, label=np.array(rows.labels), **ids, **(matrix if form == "npz" else columns))
    return path


def as_text(rows: Rows, delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    ids = [[item] for item in rows.ids] if rows.ids is not None else [[]] * len(rows.labels)
    writer.writerow([*(["id"] if rows.ids is not None else []), *rows.columns, "label"])
    for item, row, label in zip(ids, rows.values.tolist(), rows.labels, strict=True):
        writer.writerow([*item, *map(repr, row), label])
    return text.getvalue()


def _write_parquet(rows: Rows, path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    columns = {} if rows.ids is None else {"id": list(rows.ids)}
    columns |= dict(zip(rows.columns, rows.values.T, strict=True)) | {"label": list(rows.labels)}
    parquet.write_table(pyarrow.table(columns), path, row_group_size=7)


def _libsvm_line(label: str, row: np.ndarray) -> str:
    features = (f"{index}:{value!r}" for index, value in enumerate(row.tolist(), 1) if value)
    return f"{' '.join([label, *features])}\n"
