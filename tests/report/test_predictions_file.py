"""predictions.npz: the same bytes for the same content, and a clear word about anything else."""

import dataclasses
import io
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastgrid.common.errors import UserError
from fastgrid.report import Predictions, read_predictions, write_predictions

KEYS = [
    "ids",
    "classes",
    "actual",
    "fold",
    "preprocessing",
    "kernel",
    "C_exponent",
    "gamma_exponent",
    "balanceClasses",
    "predicted",
]


def example(**changes):
    predictions = Predictions(
        ids=("a", "b/ü", "c"),
        classes=("x", "y"),
        actual=np.array([0, 1, 1], dtype=np.int16),
        fold=np.array([0, 1, -1], dtype=np.int16),
        preprocessing=("basic", "mfcc"),
        kernel=("RBF", "poly"),
        c_exponent=np.array([-5, 11]),
        gamma_exponent=np.array([0.5, 3.0]),
        balance_classes=np.array([True, False]),
        predicted=np.array([[0, 1, -1], [1, 1, -1]], dtype=np.int16),
    )
    return dataclasses.replace(predictions, **changes)


def assert_same(found, expected):
    for field in dataclasses.fields(Predictions):
        left, right = getattr(found, field.name), getattr(expected, field.name)
        assert type(left) is type(right)
        np.testing.assert_array_equal(left, right)
        if isinstance(left, np.ndarray):
            assert left.dtype == right.dtype


def test_what_was_written_reads_back(tmp_path):
    path = tmp_path / "without_extension"
    write_predictions(path, example())
    assert_same(read_predictions(path), example())
    assert [child.name for child in tmp_path.iterdir()] == ["without_extension"]


def test_keys_and_types_are_those_of_gaias_run(tmp_path, shared_data):
    ours = read_predictions(shared_data / "gaia_run" / "predictions.npz")
    write_predictions(tmp_path / "again.npz", ours)
    assert_same(read_predictions(tmp_path / "again.npz"), ours)
    with (
        np.load(shared_data / "gaia_run" / "predictions.npz", allow_pickle=False) as golden,
        np.load(tmp_path / "again.npz", allow_pickle=False) as again,
    ):
        assert again.files == golden.files == KEYS
        for key in KEYS:
            np.testing.assert_array_equal(again[key], golden[key])
            wider = np.int16 if golden[key].dtype == np.int8 else golden[key].dtype
            assert again[key].dtype == wider


def test_equal_predictions_give_equal_bytes(tmp_path):
    write_predictions(tmp_path / "1", example())
    columns = np.asfortranarray(example().predicted.astype(np.int64))
    write_predictions(tmp_path / "2", example(ids=list(example().ids), predicted=columns))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    with zipfile.ZipFile(tmp_path / "1") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


MISTAKES = [
    ({"actual": np.array([0, 1])}, "actual has 2 items, others have 3"),
    ({"actual": np.array([0, 1, 2])}, "actual has values outside 0 to 1"),
    ({"predicted": np.array([[0, 0, -2], [0, 0, 0]])}, "predicted has values outside -1 to 1"),
    ({"predicted": np.zeros((2, 3))}, "predicted has the type float64"),
    ({"predicted": np.zeros(3, dtype=int)}, "1 dimensions"),
    ({"fold": np.array([0, 0, 40000])}, "fold has values outside"),
    ({"ids": ("a", "a", "b")}, "ids has the same name twice"),
    ({"kernel": ("RBF",)}, "kernel has 1 combinations, others have 2"),
    ({"balance_classes": np.array([0, 1])}, "balanceClasses has the type"),
    ({"c_exponent": np.array([np.nan, 1.0])}, "C_exponent has a value that is not a number"),
]


@pytest.mark.parametrize(("changes", "reason"), MISTAKES)
def test_contradictions_are_not_written(tmp_path, changes, reason):
    with pytest.raises(ValueError, match=reason):
        write_predictions(tmp_path / "p.npz", example(**changes))
    assert list(tmp_path.iterdir()) == []


def stored(tmp_path, **changes):
    """A file with the arrays of `example`, some replaced (None: left out), written by numpy itself."""
    write_predictions(tmp_path / "good.npz", example())
    with np.load(tmp_path / "good.npz", allow_pickle=False) as good:
        arrays = dict(good) | changes
    np.savez(tmp_path / "bad.npz", **{k: v for k, v in arrays.items() if v is not None})
    return tmp_path / "bad.npz"


def reading_error(path):
    with pytest.raises(UserError) as caught:
        read_predictions(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kernel": None, "fold": None}, "lacks fold, kernel"),
        ({"ids": np.array(["a", "b", None], dtype=object)}, "ids has the type object"),
        ({"ids": np.array([1, 2, 3])}, "ids has the type int64"),
        ({"actual": np.array([0, 1, 7])}, "actual has values outside 0 to 1"),
        ({"predicted": np.zeros((2, 4), dtype=int)}, "predicted has 4 items"),
    ],
)
def test_other_files_are_named_with_their_mistake(tmp_path, changes, reason):
    assert reason in reading_error(stored(tmp_path, **changes))


def test_a_missing_file_a_directory_and_a_foreign_file(tmp_path):
    assert "does not exist" in reading_error(tmp_path / "none.npz")
    reading_error(tmp_path)
    for content in (b"", b"hello", b"PK\x03\x04"):
        (tmp_path / "foreign").write_bytes(content)
        assert "is not a whole file of predictions" in reading_error(tmp_path / "foreign")


def test_a_forged_size_allocates_nothing(tmp_path):
    path = stored(tmp_path)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<i2", "fortran_order": False, "shape": (2, 10**15)})
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["predicted.npy"] = header.getvalue() + bytes(12)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    assert "predicted has another size than its header says" in reading_error(path)


@pytest.fixture(scope="module")
def good_bytes(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "p.npz"
    write_predictions(path, example())
    return path.read_bytes()


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_but_never_a_traceback(tmp_path, good_bytes, data):
    damaged = bytearray(good_bytes)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(damaged), len(damaged) // 2, len(damaged) - 1]))
    path = tmp_path / "damaged.npz"
    path.write_bytes(bytes(damaged[:end]))
    try:
        read_predictions(path)
    except UserError as error:
        assert str(error).startswith(str(path))
