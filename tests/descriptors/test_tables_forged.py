"""Tables that no program writes: every fault is one line, found before time or memory is spent on it."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hostile_input import refused

from fastgrid.common.errors import UserError
from fastgrid.descriptors import Descriptor, Kind
from fastgrid.descriptors.array_file import write_matrix
from fastgrid.descriptors.tables import TableSource, blocks, read_feature_table, read_rows
from fastgrid.report import read_predictions

PREDICTIONS = (
    *("ids", "classes", "actual", "fold", "preprocessing", "kernel", "C_exponent", "gamma_exponent", "balanceClasses"),
    "predicted",
)


def npz_of(path: Path, header: str, compression: int = zipfile.ZIP_STORED) -> Path:
    """Write an archive of arrays whose header is this text, with nothing behind it, called as those of predictions."""
    text = header.encode() + b"\n"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name in PREDICTIONS:
            archive.writestr(f"{name}.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text)
    return path


@pytest.mark.parametrize("header", ["{[]: 1}", "-" * 5000 + "1", "{'a", "(" * 500, "{1, 2, 'a'}", "{'descr': {[]}}"])
def test_headers_that_python_stumbles_over(tmp_path: Path, header: str) -> None:
    path = npz_of(tmp_path / "t.npz", header)
    assert "damaged" in refused(lambda: read_feature_table(TableSource(path)), path)
    assert "is not a whole file of predictions" in refused(lambda: read_predictions(path), path)


def test_damaged_lzma(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    buffer = io.BytesIO()
    np.save(buffer, np.arange(12.0).reshape(4, 3))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("ids.npy", buffer.getvalue())
    assert len(read_feature_table(TableSource(path)).collection.table.ids) == 4
    data = bytearray(path.read_bytes())
    start = data.index(b"ids.npy") + len(b"ids.npy")
    data[start + 4 : start + 30] = b"\xff" * 26
    path.write_bytes(data)
    assert "damaged" in refused(lambda: read_feature_table(TableSource(path)), path)


def test_rows_that_take_no_bytes(tmp_path: Path) -> None:
    header = "{'descr': '|V0', 'fortran_order': False, 'shape': (400000000,)}"
    path = npz_of(tmp_path / "t.npz", header)
    assert "holds more than 10000000 rows" in refused(lambda: read_feature_table(TableSource(path)), path)


def test_too_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(blocks, "MAXIMAL_ROWS", 3)
    columns = {"a": [1.0, 2.0, 3.0, 4.0]}
    parquet.write_table(arrow.table(columns), tmp_path / "t.parquet")
    np.savez(tmp_path / "t.npz", a=np.array(columns["a"]))
    (tmp_path / "t.csv").write_text("a,b\n1,1\n2,1\n3,1\n4,1\n")
    (tmp_path / "t.libsvm").write_text("1 1:1\n2 1:2\n1 1:3\n2 1:4\n")
    for path in sorted(tmp_path.iterdir()):
        name = ".feature_0001" if path.suffix == ".libsvm" else ".a"
        assert "holds more than 3 rows" in refused(lambda: read_feature_table(TableSource(path)), path)  # noqa: B023
        wanted = [Descriptor(name, Kind.REAL, 1)]
        assert "holds more than 3 rows" in refused(lambda: read_rows(TableSource(path), wanted), path)  # noqa: B023


def test_a_damaged_dictionary_in_parquet(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "t.parquet"
    table = arrow.table({"a": ["x", "y", "x", "z"]})
    parquet.write_table(table, path, compression="none", write_statistics=False)
    data = path.read_bytes()
    outcomes = set()
    for place in range(4, len(data) - 8):
        path.write_bytes(data[:place] + bytes([data[place] ^ 3]) + data[place + 1 :])
        try:
            read_feature_table(TableSource(path))
        except UserError as error:
            outcomes.add("list index out of range" in str(error))
    assert outcomes == {True, False}


def test_a_damaged_matrix_is_written_anew(tmp_path: Path) -> None:
    path, values = tmp_path / "m.npy", np.ones((2, 2), dtype=np.float32)
    text = b"{[]: 1}\n"
    path.write_bytes(b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text)
    write_matrix(path, values)
    np.testing.assert_array_equal(np.load(path), values)
