"""Feature tables: what each format holds, and what of it comes into the table."""

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from feature_tables import FORMATS, Rows, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fastgrid.common.errors import UserError
from fastgrid.descriptors import Descriptor, Kind
from fastgrid.descriptors.tables import TableSource, read_feature_table, read_rows
from fastgrid.descriptors.tables.cells import MISSING, mostly_numbers, number_text, numbers_of


def read(path: Path, label: str | None = "label", **options):
    source = TableSource(path, label, options.pop("id", None), options.pop("format", None))
    return read_feature_table(source, **options)


def left_out(found) -> dict[str, str]:
    return {entry.name: entry.reason for entry in found.collection.left_out_descriptors}


def text_table(directory: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = directory / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# What comes in


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same(tmp_path: Path, form: str):
    values = np.random.default_rng(1).normal(size=(20, 4))
    values[3, 2] = 0.0
    rows = Rows(values, [str(n % 3) for n in range(20)])
    found = read(write(rows, tmp_path, form))
    table = found.collection.table
    assert table.names == (".feature_0001", ".feature_0002", ".feature_0003", ".feature_0004")
    assert table.ids == tuple(f"row{n:06d}" for n in range(1, 21))
    np.testing.assert_array_equal(table.values, values.astype(np.float32))
    assert found.labels == dict(zip(table.ids, rows.labels, strict=True))
    assert left_out(found) == {}


def test_ids_sort_rows_and_names_sort_columns(tmp_path: Path):
    path = text_table(tmp_path, "b,label,a,id\n1,x,10,two\n2,y,20,one\n")
    found = read(path, id="id")
    table = found.collection.table
    assert (table.ids, table.names) == (("one", "two"), (".a", ".b"))
    np.testing.assert_array_equal(table.values, [[20, 2], [10, 1]])
    assert list(found.labels.items()) == [("one", "y"), ("two", "x")]


def test_quotes_mark_blanks_and_ends_of_lines(tmp_path: Path):
    plain = read(text_table(tmp_path, "a,b b,label\n1,2,x\n3,4,y z\n"))
    text = '\ufeff"a", b b ,label\r\n\r\n 1,"2", x\r\n"3",4,"y z"\r\n\r\n'
    found = read(text_table(tmp_path, text, "other.csv"))
    assert found.labels == plain.labels
    assert found.collection.table.names == (".a", ".b b")
    np.testing.assert_array_equal(found.collection.table.values, plain.collection.table.values)


def test_a_quoted_cell_may_hold_lines_and_separators(tmp_path: Path):
    path = text_table(tmp_path, 'note,a,label\n"one,\ntwo",1,x\nthree,2,y\n')
    table = read(path).collection.table
    assert table.descriptors == (Descriptor(".a", Kind.REAL, 1), Descriptor(".note", Kind.TEXT, 1))
    assert table.text[:, 0].tolist() == ["one,\ntwo", "three"]


def test_text_becomes_text_and_too_much_of_it_is_left_out(tmp_path: Path):
    lines = "".join(f"{n},k{n % 2},n{n},{'l' * 1001},x\n" for n in range(1100))
    found = read(text_table(tmp_path, f"a,key,name,long,label\n{lines}"))
    assert found.collection.table.names == (".a", ".key")
    assert set(found.collection.table.text[:, 0]) == {"k0", "k1"}
    assert left_out(found) == {
        ".long": "holds text of more than 1000 characters",
        ".name": "holds more than 1000 different texts",
    }


def test_text_after_thousands_of_empty_cells(tmp_path: Path):
    empty = "".join(f"{n},,,,x\n" for n in range(50_000))
    found = read(text_table(tmp_path, f"a,key,late,never,label\n{empty}7,b,3,,y\n"))
    assert found.collection.table.text[:, 0].tolist() == [""] * 50_000 + ["b"]
    assert left_out(found) == {".late": "is missing in the first rows", ".never": "is empty in every row"}


def test_unusable_columns_are_left_out_with_the_place(tmp_path: Path):
    text = "ok,gap,inf,huge,same,,label\n1,2,1,1,5,0,x\n2,NA,2,1e39,5,1,y\n3,?,-inf,3,5,2,x\n"
    found = read(text_table(tmp_path, text))
    assert found.collection.table.names == (".ok",)
    assert left_out(found) == {
        ".gap": "is missing or NaN in line 3 (and 1 more)",
        ".inf": "is infinite or beyond float32 in line 4",
        ".huge": "is infinite or beyond float32 in line 3",
        ".same": "does not vary: maximum - minimum < 1e-7 in every dimension",
        "column 6": "has no name in the first line",
    }


def test_excluded_columns_are_not_read(tmp_path: Path):
    path = text_table(tmp_path, "a,mfcc1,mfcc2,label\n1,oops,2,x\n2,3,oops,y\n")
    found = read(path, excluded=[".mfcc*", ".nothing"])
    assert found.collection.table.names == (".a",)
    assert left_out(found) == {f".mfcc{n}": "is among the excluded descriptors" for n in (1, 2)}
    with pytest.raises(UserError, match=r"t\.csv: .*'\.nothing' matches no column"):
        read(path, excluded=[".mfcc*", ".nothing"], fail_on_unmatched=True)


def test_groups_are_kept_beside_the_table(tmp_path: Path):
    found = read(text_table(tmp_path, "a,artist,label\n1,Ann ,x\n2,,y\n3,Ann,y\n"), groups="artist")
    assert found.collection.table.names == (".a",)
    assert found.collection.texts["groups"] == {"row000001": ("Ann",), "row000003": ("Ann",)}


def test_a_table_without_features(tmp_path: Path):
    found = read(text_table(tmp_path, "a,label\n1,x\n2,y\n"), excluded=["*"])
    assert found.collection.table.values.shape == (2, 0) and list(found.labels.values()) == ["x", "y"]


def test_libsvm_text(tmp_path: Path):
    text = "# made by hand\n+1 qid:7 1:0.5 4:2 # first\n\n-1 qid:8 2:1e-3\n1.0 qid:7\n"
    found = read(text_table(tmp_path, text, "t.svm"), None, groups="qid")
    assert list(found.labels.values()) == ["1", "-1", "1"]
    assert found.collection.texts["groups"]["row000002"] == ("8",)
    np.testing.assert_array_equal(
        found.collection.table.values, np.array([[0.5, 0, 2], [0, 1e-3, 0], [0, 0, 0]], dtype=np.float32)
    )
    assert left_out(found) == {".feature_0003": "does not vary: maximum - minimum < 1e-7 in every dimension"}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "<f8", ">f8", "i1", "u8", "?"])
def test_npz_matrices_of_any_type(tmp_path: Path, dtype: str, order: str):
    values = np.asarray(np.random.default_rng(2).integers(0, 2, size=(9, 3)), dtype=dtype, order=order)
    np.savez_compressed(tmp_path / "t.npz", X=values, y=np.arange(9) % 2)
    found = read(tmp_path / "t.npz", None)
    np.testing.assert_array_equal(found.collection.table.values, values.astype(np.float32))
    assert list(found.labels.values()) == ["0", "1"] * 4 + ["0"]


def test_npz_of_bytes_and_strange_members(tmp_path: Path):
    labels, when = np.array([b"a", b"b"]), np.array(["2020", "2021"], dtype="datetime64[Y]")
    np.savez(tmp_path / "t.npz", a=np.array([1.0, 2.0]), labels=labels, when=when)
    found = read(tmp_path / "t.npz", None)
    assert list(found.labels.values()) == ["a", "b"]
    assert left_out(found) == {".when": "holds datetime64[Y], neither numbers nor text"}


def test_parquet_types(tmp_path: Path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {
        "int": pyarrow.array([1, 2, 3], pyarrow.int16()),
        "bool": pyarrow.array([True, False, True]),
        "decimal": pyarrow.array([1, 2, 4], pyarrow.decimal128(5, 2)),
        "half": pyarrow.array(np.array([1, 2, 3], dtype=np.float16)),
        "key": pyarrow.array(["a", "b", None]).dictionary_encode(),
        "large": pyarrow.array(["x", None, "z"], pyarrow.large_string()),
        "codes": pyarrow.array([5, 5, 7]).dictionary_encode(),
        "a.b": pyarrow.array(["p", "q", "p"]),
        "gap": pyarrow.array([1.0, None, 3.0]),
        "flag": pyarrow.array([True, None, False]),
        "list": pyarrow.array([[1], [2], [3]]),
        "null": pyarrow.nulls(3),
        "label": pyarrow.array([1.0, 2.0, 1.0]),
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet")
    table = found.collection.table
    assert table.names == (".a.b", ".bool", ".codes", ".decimal", ".half", ".int", ".key", ".large")
    np.testing.assert_array_equal(table.values, [[1, 5, 1, 1, 1], [0, 5, 2, 2, 2], [1, 7, 4, 3, 3]])
    assert table.text.tolist() == [["p", "a", "x"], ["q", "b", ""], ["p", "", "z"]]
    assert list(found.labels.values()) == ["1", "2", "1"]
    reasons = left_out(found)
    assert reasons[".gap"] == reasons[".flag"] == "is missing or NaN in row 2"
    assert reasons[".list"].endswith("neither numbers nor text") and reasons[".null"] == "is empty in every row"


def test_endings_and_the_format_that_is_named(tmp_path: Path):
    data = gzip.compress(b"1 1:2\n0 1:3\n")
    assert read(text_table(tmp_path, data, "letter.scale.gz"), None, format="libsvm").labels["row000001"] == "1"
    # Packed is what begins so, whatever it is called.
    assert read(text_table(tmp_path, data, "packed.libsvm"), None).labels["row000002"] == "0"
    with pytest.raises(UserError, match=r"letter.scale.gz: its ending tells no format .*--table-format csv"):
        read(tmp_path / "letter.scale.gz", None)


# Hypothesis


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=arrays.arrays(
        np.float64,
        st.tuples(st.integers(1, 12), st.integers(1, 5)),
        elements=st.floats(-3e38, 3e38, allow_nan=False),
    ),
    form=st.sampled_from(FORMATS),
    data=st.data(),
)
def test_what_is_written_is_read(tmp_path: Path, values, form: str, data):
    if form == "libsvm":
        values[:, -1] = 1.0  # a last column of zeros is not in such a file
    labels = data.draw(st.lists(st.sampled_from(["1", "2", "-3"]), min_size=len(values), max_size=len(values)))
    found = read(write(Rows(values, labels), tmp_path, form))
    expected = values.astype(np.float32)
    with np.errstate(over="ignore"):
        varies = ~(expected.max(axis=0) - expected.min(axis=0) < np.float32(1e-7))
    np.testing.assert_array_equal(found.collection.table.values, expected[:, varies])
    assert list(found.labels.values()) == labels


_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=20)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ids=st.lists(_text.map(str.strip).filter(bool), min_size=2, unique=True),
    form=st.sampled_from(["csv", "tsv", "npz"]),
)
def test_ids_of_any_characters(tmp_path: Path, ids: list[str], form: str):
    rows = Rows(np.arange(len(ids), dtype=float)[:, np.newaxis], ids, ids)
    found = read(write(rows, tmp_path, form), id="id")
    assert found.labels == dict(zip(sorted(ids), sorted(ids), strict=True))
    row = {
        item: value for item, (value,) in zip(found.collection.table.ids, found.collection.table.values, strict=True)
    }
    assert row == {item: number for number, item in enumerate(ids)}


@given(
    st.lists(
        st.one_of(st.floats().map(repr), st.integers(-(10**40), 10**40).map(str), st.sampled_from(sorted(MISSING)))
    )
)
def test_cells_as_python_reads_them(cells: list[str]):
    numbers, bad = numbers_of(cells)
    expected = [float("nan") if cell in MISSING else float(cell) for cell in cells]
    assert bad == []
    np.testing.assert_array_equal(numbers, expected)


@pytest.mark.parametrize("cell", ["1_0", "\u0661", "0x1", "1,5", "\u22121", "one", "1 2", "1d5", "true"])
def test_cells_that_are_no_numbers(cell: str):
    numbers, bad = numbers_of(["1", cell, " .5 ", "NA", ".inf"])
    assert bad == [1]
    np.testing.assert_array_equal(numbers, [1, np.nan, 0.5, np.nan, np.inf])
    assert mostly_numbers([cell]) is False


def test_number_texts():
    assert [number_text(n) for n in (1.0, -0.0, 1e20, 0.1, float("inf"))] == ["1", "0", str(10**20), "0.1", "inf"]


# The cache


def test_the_table_is_read_again_only_where_it_changed(tmp_path: Path):
    path, cache = text_table(tmp_path, "a,b,label,other\n1,2,x,p\n3,4,y,q\n"), tmp_path / "kept"
    first = read(path, cache=cache)
    assert not first.collection.from_cache
    again = read(path, cache=cache)
    assert again.collection.from_cache and again.labels == first.labels
    assert isinstance(again.collection.table.values, np.memmap)
    np.testing.assert_array_equal(again.collection.table.values, first.collection.table.values)
    # Another column of classes, other exclusions, another id: another table.
    assert read(path, "other", cache=cache).labels == {"row000001": "p", "row000002": "q"}
    assert not read(path, "other", cache=cache, excluded=[".a"]).collection.from_cache
    assert not read(path, "other", id="label", cache=cache, excluded=[".a"]).collection.from_cache
    path.write_text("a,b,label,other\n1,2,x,p\n3,5,y,q\n")
    changed = read(path, cache=cache)
    assert not changed.collection.from_cache and changed.collection.table.values[1, 1] == 5
    path.touch()
    assert read(path, cache=cache).collection.from_cache


@pytest.mark.slow
def test_memory_does_not_grow_with_the_text(tmp_path: Path):
    def peak(zeros: int) -> int:
        line = ",".join([f"1.5{'0' * zeros}"] * 20)
        path = tmp_path / f"{zeros}.csv"
        with path.open("w") as file:
            file.write(",".join(f"c{n}" for n in range(20)) + ",label\n")
            file.writelines(f"{line},x\n" for _ in range(30_000))
        tracemalloc.start()
        try:
            read(path)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    short, long = peak(0), peak(60)
    # 36 MB more text; of it a block of 200,000 cells is in memory at once.
    assert long - short < 25_000_000


# Rows for a model


def wanted(*names: str, kind: Kind = Kind.REAL) -> list[Descriptor]:
    return [Descriptor(name, kind, 1) for name in names]


def test_rows_by_name_in_their_order(tmp_path: Path):
    path = text_table(tmp_path, "id,b,extra,a,key\nz,1,oops,2,k\ny,3,,4,\nx,NA,,5,k\nw,oops,,6,k\n")
    table, lost = read_rows(TableSource(path, id="id"), [*wanted(".b", ".a"), *wanted(".key", kind=Kind.TEXT)])
    assert table.ids == ("z", "y") and table.names == (".a", ".b", ".key")
    np.testing.assert_array_equal(table.values, [[2, 1], [4, 3]])
    assert table.text[:, 0].tolist() == ["k", ""]
    assert [(entry.name, entry.reason) for entry in lost] == [
        ("x", "line 4: column 'b' is empty or holds NaN or infinity"),
        ("w", "line 5: column 'b' holds 'oops', which is no number"),
    ]


def test_rows_lacking_a_column(tmp_path: Path):
    path = text_table(tmp_path, "tempo,b\n1,2\n")
    with pytest.raises(UserError, match=r"t\.csv: has no column 'temp' \(the model .*similar are tempo"):
        read_rows(TableSource(path), wanted(".b", ".temp"))
    with pytest.raises(UserError, match=r"wants 3 values of \.mfcc, and so descriptor files"):
        read_rows(TableSource(path), [Descriptor(".mfcc", Kind.REAL, 3)])


def test_rows_of_libsvm_text_with_fewer_features(tmp_path: Path):
    path = text_table(tmp_path, "0 1:5\n0 2:6\n", "t.libsvm")
    table, _ = read_rows(TableSource(path), wanted(".feature_0001", ".feature_0003"))
    np.testing.assert_array_equal(table.values, [[5, 0], [0, 0]])
    with pytest.raises(UserError, match="has no column 'tempo'"):
        read_rows(TableSource(path), wanted(".tempo"))
