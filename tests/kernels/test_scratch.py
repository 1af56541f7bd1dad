"""Memory that is used again: the same bytes, as many as are asked for, and none left once it is released."""

import threading
import tracemalloc

import numpy as np
import pytest

from fastgrid.kernels import Scratch, kept_scratch


def address(array):
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize(
    ("shape", "dtype"), [((7, 5), np.float32), ((3,), np.int64), ((0,), np.float64), ((9,), np.bool_)]
)
def test_arrays_are_as_asked_for(shape, dtype):
    array = Scratch().take("a", shape, dtype)
    assert array.shape == shape and array.dtype == dtype and array.flags.c_contiguous
    assert address(array) % 64 == 0 or array.size == 0
    array[...] = 1


def test_smaller_arrays_lie_where_the_larger_one_was():
    scratch = Scratch()
    large = scratch.take("a", (1000,), np.float64)
    assert address(scratch.take("a", (10, 10), np.float32)) == address(large)
    assert address(scratch.take("a", (1000,), np.float64)) == address(large)


def test_names_do_not_share_memory():
    scratch = Scratch()
    first, second = scratch.take("a", (100,), np.float64), scratch.take("b", (100,), np.float64)
    assert not np.shares_memory(first, second)


def test_more_memory_is_asked_for_when_the_old_is_given_back():
    scratch = Scratch()
    scratch.take("a", (2**20,), np.uint8)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    scratch.take("a", (2**21,), np.uint8)
    scratch.take("a", (2**22,), np.uint8)
    assert tracemalloc.get_traced_memory()[1] - before < 2**22 + 2**16
    scratch.release()
    assert tracemalloc.get_traced_memory()[0] - before < 2**16
    tracemalloc.stop()


def test_each_thread_has_its_own():
    seen = [kept_scratch()]
    thread = threading.Thread(target=lambda: seen.append(kept_scratch()))
    thread.start()
    thread.join()
    assert seen[0] is kept_scratch() and seen[0] is not seen[1]
