"""What a worker refuses, and how many of its threads work at a time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fastgrid.common.on_worker import Conditions, NotSharedError, OtherArithmeticError, perform
from fastgrid.common.parcel import Parcel
from fastgrid.common.shared_file import SharedFile
from fastgrid.common.threads import single_threaded_blas


def identify() -> dict[str, str]:
    return {"arithmetic": "5", "fastgrid": "0.1.0"}


def add(first: int, second: int) -> int:
    return first + second


def test_a_call_is_given_what_it_shares() -> None:
    assert perform(Conditions(identify, "5", 1), add, 1, (), Parcel(2)) == 3


def test_other_arithmetic_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OtherArithmeticError, match=r"fastgrid 0\.1\.0"):
        perform(Conditions(identify, "6", 1), add, 1, (), Parcel(2))
    file = SharedFile(tmp_path / "not there", 1, "")
    with pytest.raises(NotSharedError, match="not there"):
        perform(Conditions(identify, "5", 1), add, 1, (file,), Parcel(2))


@pytest.mark.parametrize("at_a_time", [1, 2, 4])
def test_threads_wait_for_their_turn(at_a_time: int) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def work(number: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.002)
        with lock:
            now -= 1
        if number == 3:
            raise ValueError("an error gives the turn back too")
        return number

    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(perform, Conditions(identify, "5", at_a_time), work, n, ()) for n in range(40)]
    assert [call.result() for n, call in enumerate(calls) if n != 3] == [n for n in range(40) if n != 3]
    assert isinstance(calls[3].exception(), ValueError)
    assert most <= at_a_time


def blas_threads() -> set[int]:
    from threadpoolctl import threadpool_info

    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_blas_stays_at_one_thread_until_the_last_thread_has_left() -> None:
    np.linalg.norm(np.ones((2, 2)) @ np.ones((2, 2)))
    before = blas_threads()
    first, second = single_threaded_blas(), single_threaded_blas()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert blas_threads() == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == before
