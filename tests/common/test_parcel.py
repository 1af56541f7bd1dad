"""Values arrive as they were, in memory of their own, wherever they lay on the way."""

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from fastgrid.common.parcel import Parcel
from fastgrid.common.shared_file import SharedFile


def arrived(value, offset=0):
    """Send `value` as a network would: all in one buffer, `offset` bytes from its start."""
    buffers = []
    frame = pickle.dumps(Parcel(value), protocol=5, buffer_callback=buffers.append)
    views = []
    for buffer in buffers:
        raw = buffer.raw()
        whole = bytearray(offset + raw.nbytes)
        whole[offset:] = raw
        views.append(memoryview(whole)[offset:])
    assert len(frame) < 1000 or not views
    return pickle.loads(frame, buffers=views).value


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.intp])
def test_arrays_arrive_aligned_and_writeable(dtype) -> None:
    values = np.arange(1000, dtype=dtype).reshape(50, 20)
    for offset in (0, 1, 3):
        found = arrived({"values": values, "label": "x"}, offset)["values"]
        np.testing.assert_array_equal(found, values)
        assert found.flags.aligned and found.flags.c_contiguous and found.dtype == dtype
    np.testing.assert_array_equal(arrived(values.T), values.T)


def test_a_parcel_knows_its_size_and_content() -> None:
    values = np.arange(10_000, dtype=np.float32)
    assert sys.getsizeof(Parcel(values)) >= values.nbytes
    for protocol in (4, 5):
        again = pickle.loads(pickle.dumps(Parcel(values), protocol))
        assert sys.getsizeof(again) >= values.nbytes
        np.testing.assert_array_equal(again.value, values)
    assert Parcel(values).digest == Parcel(values.copy()).digest != Parcel(values + 1).digest
    assert Parcel(("a", values)).digest != Parcel(("b", values)).digest


def test_a_file_is_the_same_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    file = SharedFile.of(path)
    assert file.path == path and file.size == 3
    assert pickle.loads(pickle.dumps(file)).is_here()
    for other in (b"abd", b"abcd"):
        (tmp_path / "b").write_bytes(other)
        (tmp_path / "b").replace(path)
        assert not file.is_here()
    path.unlink()
    assert not file.is_here()
    with pytest.raises(FileNotFoundError):
        SharedFile.of(path)
