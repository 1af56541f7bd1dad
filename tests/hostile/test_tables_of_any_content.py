"""Feature tables of any content, in every format: read for a training, and for a prediction."""

import csv
import gzip
import io
import json

import numpy as np
import pytest
from hostile_input import WORD, cases, changed_bytes, command_outcome, explore, outcome, within_bounds
from hypothesis import strategies as st

from fastgrid.common.errors import UserError
from fastgrid.descriptors import Descriptor, Kind
from fastgrid.descriptors.tables import FORMATS, TableSource, read_feature_table
from fastgrid.model.training import train
from fastgrid.project.prediction import predict_table

CASES = cases(10)

NAMES = ["a", "b", "c", "label", "id"]
ROWS = [
    ["1", "2.5", "x", "p", "i1"],
    ["-3", "1e5", "y", "q", "i2"],
    ["0", "nan", "x", "p", "i3"],
    ["4", "", "z", "q", "i4"],
]
CELL = st.one_of(WORD, WORD, st.sampled_from([cell for row in ROWS for cell in row]), st.floats().map(repr))


def delimited(rows: list[list[str]], delimiter: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


def npz(**members: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **members)
    return buffer.getvalue()


def parquet(columns: dict[str, list]) -> bytes:
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    writer.write_table(arrow.table(columns), buffer)
    return buffer.getvalue()


X = np.arange(12.0).reshape(4, 3)
LABELS = np.array(["p", "q", "p", "q"])
ARRAYS = st.sampled_from(
    [
        X,
        X.T,
        X.astype(np.float32),
        X.astype(">f8"),
        X.astype(np.int8),
        X > 3,
        np.asfortranarray(X),
        X[:0],
        X[:, :0],
        X[0],
        X.astype(np.float16),
        X.astype(np.longdouble),
        X.astype(np.complex64),
        X[np.newaxis],
        np.array(3.0),
        LABELS,
        LABELS[:2],
        LABELS.astype("S4"),
        np.array(["p", "p\0q", "", "é"]),
        np.array([b"\xff", b"a", b"b", b"c"]),
        np.zeros(4, "M8[s]"),
        np.zeros(4, "m8[s]"),
        np.zeros(4, "V3"),
        np.zeros(4, [("a", "f8"), ("b", "U3")]),
        np.array([1, None, 2, 3], object),
        np.zeros((4, 0), "U0"),
        np.zeros(4, "U0"),
        np.array([np.inf, np.nan, 1e39, 1e-46]),
        np.array([2**63, 1, 2, 3], np.uint64),
        np.array(["a", "b", "c"]),
        np.array(["a", "a", "c"]),
        np.array(["label", "", "é"]),
        np.array(["a", "b"]),
    ]
)
MEMBERS = st.dictionaries(
    st.sampled_from(["X", "Y", "names", "feature_names", "columns", "y", "label", "id", "a", "", "a/b", "a\nb"]),
    ARRAYS,
    max_size=4,
)
COLUMNS = st.sampled_from(
    [
        [1.0, 2.0, None, float("nan")],
        [1, 2, 3, 4],
        [True, None, False, True],
        ["x", None, "", "é"],
        ["p", "q", "p", "q"],
        [None] * 4,
        [b"\xff", b"a", None, b""],
        [[1], [2], [], None],
        [{"a": 1}] * 4,
        [1 << 60, -1, 0, 1],
        ["i1", "i2", "i3", "i4"],
    ]
)


@st.composite
def tables(draw: st.DrawFn, form: str) -> bytes:
    """Return the bytes of a table with odd cells, or of a good one that is damaged."""
    way = draw(st.integers(0, 3))
    if form in ("csv", "tsv"):
        delimiter = "," if form == "csv" else "\t"
        good = delimited([NAMES, *ROWS], delimiter)
        if way < 2:
            rows = [list(NAMES), *(list(row) for row in ROWS)]
            for row, column, cell in draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), CELL), max_size=3)):
                rows[row][column] = cell
            return delimited(rows, delimiter)
    elif form == "libsvm":
        good = b"1 qid:1 1:2 3:4.5\n-1 qid:2 2:1e5 # a comment\n+1 qid:2\n2 qid:1 1:1 2:2 3:3\n"
        good = draw(st.sampled_from([good, good.replace(b"qid:1 ", b"").replace(b"qid:2", b"")]))
        if way < 2:
            words = st.sampled_from(
                [
                    "1",
                    "-1",
                    "+1",
                    "1.0",
                    "a",
                    "1:2",
                    "2:3",
                    "3:nan",
                    "3:inf",
                    "0:1",
                    "300:1",
                    "100001:1",
                    "4:",
                    ":4",
                    "qid:1",
                    "qid:",
                    "1:1:1",
                    "٣:1",
                    "1_0:1",
                    "5:1_0",
                    "#",
                    "1,2",
                    "-1:1",
                    "2:1e999",
                ]
            )
            return "\n".join(map(" ".join, draw(st.lists(st.lists(words, max_size=4), max_size=4)))).encode()
    elif form == "npz":
        good = npz(X=X, names=np.array(["a", "b", "c"]), label=LABELS)
        if way < 2:
            return npz(**draw(MEMBERS))
    else:
        good = parquet({"a": [1.0, 2.0, 3.0, None], "c": ["x", "y", "x", None], "label": ["p", "q", "p", "q"]})
        if way < 2:
            return parquet(draw(st.dictionaries(st.sampled_from([*NAMES, "", "é", "a\nb"]), COLUMNS, max_size=4)))
    if way == 3 and form != "parquet":
        good = gzip.compress(good, mtime=0)
    return draw(changed_bytes([good]))


OPTIONS = st.sampled_from(
    [{}, {"label": "label"}, {"label": "label", "id": "id"}, {"id": "id"}, {"label": "c", "id": "a"}]
)


@CASES
@pytest.mark.parametrize("form", FORMATS)
def test_any_table_is_read_or_refused(form, times, tmp_path) -> None:
    path = tmp_path / f"t.{form}"
    read = [0]

    def check(case: tuple[bytes, dict]) -> None:
        data, options = case
        path.write_bytes(data)
        source = TableSource(path, **options)
        with within_bounds(data, least=2**25):
            found = outcome(lambda: read_feature_table(source), path)
        if isinstance(found, UserError):
            return
        read[0] += 1
        table = found.collection.table
        assert len(set(table.ids)) == len(table.ids) > 0 and np.isfinite(table.values).all()
        assert not found.labels or set(found.labels) == set(table.ids)
        assert all(entry.reason.isprintable() for entry in found.collection.left_out_descriptors)

    explore(st.tuples(tables(form), OPTIONS), check, times)
    assert read[0] >= 2 * times


@CASES
@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_a_table_is_what_the_csv_module_reads(form, times, tmp_path) -> None:
    path = tmp_path / f"t.{form}"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        found = outcome(lambda: read_feature_table(TableSource(path, "label")), path)
        if isinstance(found, UserError) or data.startswith(b"\x1f\x8b"):
            return
        text = io.StringIO(data.decode("utf-8-sig"), newline="")
        rows = list(csv.reader(text, delimiter="," if form == "csv" else "\t"))
        names, rows = rows[0], [row for row in rows[1:] if any(cell.strip() for cell in row)]
        column = [name.strip() for name in names].index("label")
        assert list(found.labels.values()) == [row[column].strip() for row in rows]

    explore(tables(form), check, times)


@pytest.fixture(scope="module")
def model():
    from transform_tables import make_table

    numbers = {".a": [0.0, 1.0, 0.2, 1.2, 0.1, 1.1], ".b": [0.0, 0.5, 1.0, 0.0, 0.5, 1.5]}
    found = train(
        make_table(numbers),
        ["p", "q"] * 3,
        class_name="m",
        steps=[],
        kernel="linear",
        C=1.0,
        gamma=1.0,
        balance_classes=False,
        seed=1,
    )
    assert found.required_descriptors == (Descriptor(".a", Kind.REAL, 1), Descriptor(".b", Kind.REAL, 1))
    return found


@CASES
@pytest.mark.parametrize("form", FORMATS)
def test_rows_are_classified_or_left_out(model, form, times, tmp_path) -> None:
    path = tmp_path / f"t.{form}"

    def check(case: tuple[bytes, str | None]) -> None:
        data, column = case
        path.write_bytes(data)
        with within_bounds(data, least=2**25):
            found = outcome(lambda: predict_table(model, path, id_column=column), path)
        if not isinstance(found, UserError):
            prediction, left_out = found
            assert np.isfinite(prediction.probabilities).all()
            assert len({*prediction.ids, *(entry.name for entry in left_out)}) == len(prediction.ids) + len(left_out)
            assert all(entry.reason.isprintable() for entry in left_out)

    explore(st.tuples(tables(form), st.sampled_from([None, "id"])), check, times)


@CASES
def test_the_commands_that_read_tables(model, times, tmp_path, capsys) -> None:
    saved = tmp_path / "m.model"
    model.save(saved)

    def check(case: tuple[str, bytes]) -> None:
        form, data = case
        path = tmp_path / f"t.{form}"
        path.write_bytes(data)
        _, out = command_outcome(capsys, ["predict", saved, "--table", path], path)
        assert all(set(json.loads(line)) == {"id", "class", "probability"} for line in out.splitlines())
        project = tmp_path / "new" / "p.project"
        project.unlink(missing_ok=True)
        command = ["generate_classification_project", project, tmp_path / "new/d", tmp_path / "new/r", "-q"]
        command_outcome(capsys, [*command, "--table", path, "--label", "label"], path)

    explore(st.one_of([st.tuples(st.just(form), tables(form)) for form in FORMATS]), check, times / 4)
