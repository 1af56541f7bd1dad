import os

import numpy as np
import pytest

from fastgrid.common.errors import UserError
from fastgrid.model import container
from fastgrid.model.container import DamagedModelError, read_container, write_container

DESCRIPTION = {"name": "ünïcode \ud800 \n", "numbers": [1, 2.5, True, None], "z": {}, "a": 1}
ARRAYS = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
    "columns of a matrix": np.arange(6, dtype=np.float64).reshape(2, 3).T,
    "big-endian": np.arange(3, dtype=">i8"),
    "nothing": np.empty((0, 7), dtype=np.float64),
}


@pytest.fixture
def path(tmp_path):
    write_container(tmp_path / "x.model", DESCRIPTION, ARRAYS)
    return tmp_path / "x.model"


def test_what_was_written_is_read(path):
    description, arrays = read_container(path)
    assert description == DESCRIPTION and list(description) == list(DESCRIPTION)
    assert list(arrays) == list(ARRAYS)
    for name, array in arrays.items():
        assert array.dtype == ARRAYS[name].dtype.newbyteorder("=") and np.array_equal(array, ARRAYS[name])
        assert not array.flags.writeable


def test_same_content_same_bytes(path, tmp_path):
    write_container(tmp_path / "again.model", DESCRIPTION, ARRAYS)
    assert (tmp_path / "again.model").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("description", [{"x": float("nan")}, {"x": float("inf")}])
def test_numbers_must_be_finite(tmp_path, description):
    with pytest.raises(ValueError):
        write_container(tmp_path / "x.model", description, {})
    assert list(tmp_path.iterdir()) == []


def test_what_could_not_be_read_is_not_written(tmp_path, monkeypatch):
    nested = []
    for _ in range(40):
        nested = [nested]
    with pytest.raises(ValueError, match="nested too deeply"):
        write_container(tmp_path / "x.model", {"x": nested}, {})
    monkeypatch.setattr(container, "LARGEST_FILE", 1000)
    with pytest.raises(UserError, match=r"would take \d+ bytes"):
        write_container(tmp_path / "x.model", {}, {"a": np.zeros(200)})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("array", [np.array(["text"]), np.zeros((1, 1, 1)), np.array([None])])
def test_other_arrays_are_not_written(tmp_path, array):
    with pytest.raises(TypeError, match="cannot be stored"):
        write_container(tmp_path / "x.model", {}, {"a": array})


def test_every_truncation_is_seen(path):
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises((UserError, DamagedModelError)):
            read_container(path)


def test_every_flipped_bit_is_seen(path):
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 16]) + whole[position + 1 :])
        with pytest.raises((UserError, DamagedModelError)):
            read_container(path)


def test_appended_bytes_are_seen(path):
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(DamagedModelError, match="bytes are there and"):
        read_container(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x80\x04\x95", "is neither a fastgrid model nor a history"),
        (b"{}\n", "is neither a fastgrid model nor a history"),
        (b"\x8afastgrid\r\n\x1a" + bytes(100), "is neither a fastgrid model nor a history"),
        (container.MAGIC + b"\xff\x00\x00\x00" + bytes(100), r"newer fastgrid \(model schema 255.*upgrade"),
    ],
)
def test_foreign_files(tmp_path, content, message):
    path = tmp_path / "x.model"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"x.model: .*{message}"):
        read_container(path)


def test_huge_foreign_file_is_not_read(tmp_path):
    path = tmp_path / "huge.model"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UserError, match="is neither a fastgrid model nor a history"):
        read_container(path)


def test_stated_sizes_are_checked_before_anything_is_allocated(tmp_path):
    path = tmp_path / "huge.model"
    for size, header_size in [(2**40, 2**39), (2**20, 2**63), (2**29, 2**28)]:
        with path.open("wb") as file:
            file.write(container._PRELUDE.pack(container.MAGIC, container.SCHEMA_VERSION, size, header_size))
            file.truncate(size)
        with pytest.raises(DamagedModelError):
            read_container(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_neither_directory_nor_pipe_nor_nothing(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, message in [
        (tmp_path, "is a directory"),
        (tmp_path / "pipe", "is not a plain file"),
        (tmp_path / "none.model", "no such file"),
        (tmp_path / "pipe" / "below", "no such file"),
        (tmp_path / "nul\0.model", "is not a path"),
    ]:
        with pytest.raises(UserError, match=message):
            read_container(path)
