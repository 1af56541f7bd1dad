"""Feature tables with mistakes: each is one line that names the file, the line and the column."""

import gc
import gzip
import io
import os
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fastgrid.common.errors import UserError
from fastgrid.descriptors.tables import TableSource, blocks, building, libsvm, lines, npz, read_feature_table
from fastgrid.descriptors.tables import delimited as delimited_module


def refused(path: Path, label: str | None = "label", **options) -> str:
    source = TableSource(path, label, options.pop("id", None), options.pop("format", None))
    with pytest.raises(UserError) as caught:
        read_feature_table(source, **options)
    message = str(caught.value)
    assert "\n" not in message and str(path) in message
    return message.replace(str(path), "FILE")


def written(directory: Path, data: str | bytes, name: str) -> Path:
    path = directory / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


TEXT = {
    "empty": ("", "FILE: is empty; give a table with the names of its columns in the first line"),
    "blank": ("\n\n", "FILE: is empty;"),
    "no rows": ("a,label\n", "FILE: holds no rows;"),
    "ragged": ("a,b,label\n1,2,x\n1,2,3,x\n", "FILE, line 3: has 4 cells, but the first line has 3 names; a cell"),
    "short": ("a,b,label\n1,x\n", "FILE, line 2: has 2 cells"),
    "tabs": ("a\tlabel\n1\tx\n", "FILE, line 1: has no commas, but tabs; separate the columns by commas"),
    "semicolons": ("a;label\n1,5;x\n", "FILE, line 1: has no commas, but semicolons"),
    "no such label": ("a,lable\n1,x\n", "FILE: has no column 'label' (label); similar are lable"),
    "no header": ("1,2\n3,4\n", "FILE: has no column 'label' (label); its columns are 1, 2"),
    "twice": ("a,b,a,label\n1,2,3,x\n", "FILE: columns 1 and 3 are both called 'a'; rename one of them"),
    "empty label": ("a,label\n1,x\n2, \n", "FILE, line 3: the class (column 'label') is empty; write it or remove"),
    "long label": (
        f"a,label\n1,{'x' * 201}\n",
        "FILE, line 2: the class (column 'label') is longer than 200 characters",
    ),
    "word": (
        "a,b,label\n1,2,x\n3,12..5,y\n",
        "FILE, line 3: column 'b' holds '12..5', which is no number; correct it, or",
    ),
    "underscore": ("a,label\n1,x\n1_0,y\n3,y\n", "FILE, line 3: column 'a' holds '1_0', which is no number"),
    "open quote": ('a,label\n1,"x\n2,y\n', "FILE, line 3: is no valid line of a table"),
    "text after a quote": ('a,label\n1,"x"y\n', "FILE, line 2: is no valid line of a table"),
    "long cell": (f"a,label\n1,{'x' * 200_000}\n", "FILE, line 2: is no valid line of a table (field larger than"),
    "old ends of lines": ("a,label\r1,x\r2,y\r", "FILE, line 1: is no valid line of a table"),
    "latin": ("a,label\n1,caf\xe9\n".encode("latin-1"), "FILE, line 2: is not UTF-8 text; save the file as UTF-8"),
    "utf-16": ("a,label\n1,x\n".encode("utf-16"), "FILE, line 1: is not UTF-8 text"),
    "cut off": (gzip.compress(b"a,label\n1,x\n" * 1000)[:-20], "FILE: is truncated: its gzip data ends too early"),
    "bad gzip": (b"\x1f\x8bnonsense", "FILE: cannot be read"),
}


@pytest.mark.parametrize("name", TEXT)
def test_text(tmp_path: Path, name: str):
    data, expected = TEXT[name]
    assert refused(written(tmp_path, data, "t.csv")).startswith(expected)


LIBSVM = {
    "index 0": ("1 0:5\n", "FILE, line 1: has the index 0; indices begin with 1 (scikit-learn: zero_based=False)"),
    "later index 0": ("1 0:5 1:2\n", "FILE, line 1: has the index 0"),
    "negative": ("1 -1:5\n", "FILE, line 1: '-1:5' is no feature; a line must be: class index:value"),
    "descending": ("1 1:1\n1 2:1 1:1\n", "FILE, line 2: index 1 comes after index 2; indices must ascend"),
    "twice": ("1 2:1 2:1\n", "FILE, line 1: index 2 comes after index 2"),
    "no value": ("1 2:\n", "FILE, line 1: '2:' is no feature"),
    "no colon": ("1 2 3:1\n", "FILE, line 1: '2' is no feature"),
    "word": ("1 2:x\n", "FILE, line 1: '2:x' is no feature"),
    "no class": ("1 1:2\n1:0.5 2:3\n", "FILE, line 2: begins with '1:0.5', which is no class"),
    "several classes": ("1,2 1:0.5\n", "FILE, line 1: begins with '1,2', which is no class"),
    "huge index": ("1 2000000000:1\n", "FILE, line 1: index 2000000000 is too large: at most 100000 features are read"),
    "qid missing": ("1 qid:1 1:1\n1 1:1\n", "FILE, line 2: has no qid, but the first line has one; add it"),
    "empty": ("# nothing\n", "FILE: holds no rows"),
}


@pytest.mark.parametrize("name", LIBSVM)
def test_libsvm(tmp_path: Path, name: str):
    data, expected = LIBSVM[name]
    assert refused(written(tmp_path, data, "t.libsvm"), None).startswith(expected)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files cannot be listed")
@pytest.mark.parametrize("name", [*TEXT, *LIBSVM])
def test_the_file_is_closed_while_the_error_lives(tmp_path: Path, name: str):
    is_text = name in TEXT
    path = written(tmp_path, (TEXT | LIBSVM)[name][0], "t.csv" if is_text else "t.libsvm")
    gc.disable()
    try:
        with pytest.raises(UserError) as caught:
            read_feature_table(TableSource(path, "label" if is_text else None))
        open_files = [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    finally:
        gc.enable()
    assert str(path) not in open_files and caught.value


def test_ids(tmp_path: Path):
    path = written(tmp_path, "id,a,label\np,1,x\nq,2,y\np,3,x\n", "t.csv")
    assert refused(path, id="id") == "FILE, line 4: id 'p' is there twice, first in line 2; rename one of them"
    path = written(tmp_path, "id,a,label\np,1,x\n,2,y\n", "t.csv")
    assert refused(path, id="id").startswith("FILE, line 3: the id (column 'id') is empty")
    assert refused(path, id="label") == "FILE: column 'label' is the label, and so neither id nor groups"
    assert "has no column 'artist' (groups)" in refused(path, groups="artist")


def test_what_is_no_file(tmp_path: Path):
    assert refused(tmp_path / "no.csv") == "FILE: there is no such file; check the path"
    (tmp_path / "d.csv").mkdir()
    assert refused(tmp_path / "d.csv").startswith("FILE: is a directory where a table is needed")
    os.mkfifo(tmp_path / "p.csv")
    assert refused(tmp_path / "p.csv", cache=tmp_path / "c").startswith("FILE: is a special file")
    assert "'xlsx' is no format" in refused(written(tmp_path, "x", "t.csv"), format="xlsx")


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = written(tmp_path, "a,b,label\n1,2,x\n3,4,y\n", "t.csv")
    monkeypatch.setattr(building, "MAXIMAL_VALUES", 3)
    assert refused(path).startswith("FILE: holds more than 3 values; exclude columns")
    monkeypatch.undo()
    monkeypatch.setattr(building, "MOST_CLASSES", 1)
    assert refused(path).startswith("FILE: column 'label' holds more than 1 classes; is it the right column?")
    monkeypatch.undo()
    monkeypatch.setattr(lines, "LONGEST_ROW", 8)
    assert refused(path).startswith("FILE, line 1: is longer than 0 MiB")
    monkeypatch.undo()
    monkeypatch.setattr(lines, "MAXIMAL_TEXT", 12)
    assert refused(path).startswith("FILE, line 2: the file holds more than 0 GiB of text")
    monkeypatch.undo()
    monkeypatch.setattr(delimited_module, "LONGEST_ROW", 20)
    long = written(tmp_path, 'a,label\n1,"' + "x\n" * 40, "long.csv")
    assert "ends a row of more than 0 MiB; is a quote left open?" in refused(long)
    monkeypatch.undo()
    monkeypatch.setattr(building, "_MOST_TEXT", 10)
    text = written(tmp_path, "key,label\nabc,x\nd,y\n", "text.csv")
    assert "columns of text take more than 0 GiB; leave some out, first --exclude 'key'" in refused(text)


def test_a_bomb_of_one_line_takes_no_memory(tmp_path: Path):
    # 64 MiB without an end of line, in 64 KiB.
    path = written(tmp_path, gzip.compress(b"a" * 2**26), "t.csv")
    assert refused(path).startswith("FILE, line 1: is longer than 16 MiB; is it the right file?")


def test_wide_libsvm_is_bounded_by_all_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(building, "MAXIMAL_VALUES", 150_000)
    assert "holds more than 150000 values" in refused(written(tmp_path, "1 99999:1\n" * 2, "t.svm"), None)
    assert libsvm.MAXIMAL_COLUMNS == blocks.MAXIMAL_COLUMNS


def saved(directory: Path, **members) -> Path:
    np.savez(directory / "t.npz", **members)
    return directory / "t.npz"


def test_npz(tmp_path: Path):
    X, y = np.ones((3, 2)), np.arange(3)
    assert "holds several matrices (X, Z); keep one" in refused(saved(tmp_path, X=X, Z=X, y=y), None)
    assert refused(saved(tmp_path, X=X, y=np.arange(4)), None).startswith("FILE: y has 4 rows, but X has 3")
    assert "has 3 dimensions; give one or two" in refused(saved(tmp_path, X=np.ones((3, 2, 1)), y=y), None)
    assert "has 0 dimensions" in refused(saved(tmp_path, X=X, y=np.array(1)), None)
    assert "X is a matrix of <U1, not of numbers" in refused(saved(tmp_path, X=X.astype("U1"), y=y), None)
    assert "has no column 'genre' (label)" in refused(saved(tmp_path, X=X, y=y), "genre")
    assert "is no .npz archive, or damaged" in refused(written(tmp_path, b"PK\x03\x04nonsense", "t.npz"), None)
    with zipfile.ZipFile(tmp_path / "t.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "holds no arrays; write it with numpy.savez" in refused(tmp_path / "t.npz", None)


class _Trap:
    def __reduce__(self):
        return (sys.exit, ("unpickled",))


def test_npz_never_unpickles(tmp_path: Path):
    path = saved(tmp_path, X=np.ones((2, 2)), y=np.array([_Trap(), 1], dtype=object))
    assert refused(path, None).startswith("FILE: y holds Python objects, which are never read; save text as text")


def test_npz_believes_no_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000), }"
    member = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\0" * 16
    with zipfile.ZipFile(tmp_path / "t.npz", "w") as archive:
        archive.writestr("X.npy", member)
    assert "damaged (X has another size than its header says)" in refused(tmp_path / "t.npz", None)
    monkeypatch.setattr(npz, "MAXIMAL_VALUES", 3)
    assert "X is larger than 3 values" in refused(saved(tmp_path, X=np.ones((2, 2)), y=np.arange(2)), None)
    monkeypatch.undo()
    whole = io.BytesIO()
    np.savez(whole, X=np.arange(4000.0).reshape(2000, 2), y=np.arange(2000) % 2)
    broken = bytearray(whole.getvalue())
    broken[5000:5010] = b"\xff" * 10
    assert "damaged" in refused(written(tmp_path, bytes(broken), "t.npz"), None)


def test_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    assert "is no Parquet file, or damaged" in refused(written(tmp_path, b"PAR1nonsense", "t.parquet"))
    table = pyarrow.Table.from_arrays([pyarrow.array([1, 2])] * 2 + [pyarrow.array(["x", None])], ["a", "a", "label"])
    parquet.write_table(table, tmp_path / "t.parquet")
    assert refused(tmp_path / "t.parquet").startswith("FILE: columns 1 and 2 are both called 'a'")
    parquet.write_table(table.select([0, 2]), tmp_path / "t.parquet")
    assert refused(tmp_path / "t.parquet").startswith("FILE, row 2: the class (column 'label') is empty")
    whole = (tmp_path / "t.parquet").read_bytes()
    assert "damaged" in refused(written(tmp_path, whole[:4] + b"\xff" * 40 + whole[44:], "t.parquet"))
    long = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 5000), pyarrow.array(["x" * 10**6]))
    table = pyarrow.table({"a": list(range(5000)), "label": long})
    parquet.write_table(table, tmp_path / "t.parquet", store_schema=False, dictionary_pagesize_limit=10**8)
    assert (tmp_path / "t.parquet").stat().st_size < 10**7
    # 5 GB of text, in 1 MB.
    assert "row 1: the class (column 'label') is longer than 200 characters" in refused(tmp_path / "t.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    message = refused(tmp_path / "t.parquet")
    assert message == "FILE: Parquet takes pyarrow; install it: pip install 'fastgrid[table]'"
