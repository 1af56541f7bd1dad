"""The pool: order, errors, lost workers, and nothing left behind."""

import functools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fastgrid.common.fanout import Pool, WorkersDiedError, available_cores


def square(number: int) -> int:
    return number * number


def process_id(_: int) -> int:
    return os.getpid()


def fail(number: int) -> int:
    raise ValueError(f"no {number}")


def die(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def nap(_: int) -> int:
    time.sleep(0.01)
    return threading.get_ident()


def nothing() -> None:
    return None


def die_unless(parent: int) -> int:
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return parent


POOLS = [(1, "processes"), (2, "processes"), (2, "threads")]


@pytest.mark.parametrize(("jobs", "backend"), POOLS)
def test_all_results_come(jobs: int, backend: str) -> None:
    with Pool(jobs, backend) as pool:
        pool.start(nothing)
        assert list(pool.map_ordered(square, range(30))) == [n * n for n in range(30)]
        assert sorted(pool.map_unordered(square, range(30))) == [n * n for n in range(30)]
        assert list(pool.map_ordered(square, [])) == []


@pytest.mark.parametrize(("jobs", "backend"), POOLS)
def test_an_error_comes_through(jobs: int, backend: str) -> None:
    with Pool(jobs, backend) as pool, pytest.raises(ValueError, match="no 1"):
        list(pool.map_unordered(fail, [1]))


def test_who_does_the_work() -> None:
    assert set(Pool(1).map_ordered(process_id, range(3))) == {os.getpid()}
    assert set(Pool(2, "threads").map_ordered(process_id, range(3))) == {os.getpid()}
    with Pool(2) as pool:
        workers = set(pool.map_ordered(process_id, range(30)))
    assert os.getpid() not in workers and 1 <= len(workers) <= 2
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


def test_a_lost_worker_is_named_and_the_pool_can_be_started_anew() -> None:
    with Pool(2) as pool:
        with pytest.raises(WorkersDiedError):
            list(pool.map_unordered(die, range(8)))
        pool.stop()
        assert list(pool.map_ordered(square, [2])) == [4]


class Crowd:
    """Counts how many calls are under way; one waits until `enough` were."""

    def __init__(self, enough: int) -> None:
        self.enough, self.now, self.most = enough, 0, 0
        self.changed = threading.Condition()

    def __call__(self, number: int) -> int:
        with self.changed:
            self.now += 1
            self.most = max(self.most, self.now)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: self.most >= self.enough, timeout=60)
            self.changed.wait_for(lambda: self.most > self.enough, timeout=0.01)  # a chance for one too many
        with self.changed:
            self.now -= 1
        return number


@pytest.mark.parametrize("jobs", [1, 2, 4])
@pytest.mark.parametrize("at_most", [1, 2, 3, 4, 9, None])
def test_no_more_calls_at_a_time_than_asked_for(jobs: int, at_most: int | None) -> None:
    crowd = Crowd(jobs if at_most is None else min(jobs, at_most))
    with Pool(jobs, "threads") as pool:
        assert sorted(pool.map_unordered(crowd, range(12), at_most=at_most)) == list(range(12))
    assert crowd.most == crowd.enough
    assert crowd.now == 0


def test_one_call_at_a_time_in_processes(tmp_path: Path) -> None:
    with Pool(2) as pool:
        pool.start(nothing)
        alone = functools.partial(alone_in, str(tmp_path / "busy"))
        assert sorted(pool.map_unordered(alone, range(12), at_most=1)) == list(range(12))
        with pytest.raises(ValueError, match="no 1"):
            list(pool.map_unordered(fail, [1, 1, 1], at_most=1))
        assert list(pool.map_unordered(square, [], at_most=1)) == []


def alone_in(directory: str, number: int) -> int:
    Path(directory).mkdir()  # fails where another call has not removed it yet
    time.sleep(0.002)
    Path(directory).rmdir()
    return number


@pytest.mark.parametrize("backend", ["processes", "threads"])
def test_stopping_early_is_quiet(backend: str, recwarn: pytest.WarningsRecorder) -> None:
    for taken in (0, 1, 5):
        with Pool(2, backend) as pool:
            pool.start(nothing)
            results = pool.map_unordered(nap, range(50))
            for _ in range(taken):
                next(results)
            results.close()  # type: ignore[attr-defined]
    with Pool(2, backend) as pool:
        pool.start(nothing)
    assert not recwarn.list


def test_cores_are_counted() -> None:
    assert available_cores() == len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else True


@pytest.mark.parametrize(("jobs", "backend"), POOLS)
def test_one_call(jobs: int, backend: str) -> None:
    with Pool(jobs, backend) as pool:
        assert pool.call(functools.partial(square, 3)) == 9
        assert (pool.call(os.getpid) == os.getpid()) is not pool.uses_processes
        with pytest.raises(ValueError, match="no 4"):
            pool.call(functools.partial(fail, 4))


def test_a_call_whose_worker_dies_is_made_here() -> None:
    with Pool(2) as pool:
        assert pool.call(functools.partial(die_unless, os.getpid())) == os.getpid()
        assert list(pool.map_ordered(square, [1, 2])) == [1, 4]


ORPHANS = """
import os, sys, time
from fastgrid.common.fanout import Pool
def work(number):
    print(os.getpid(), flush=True)
    time.sleep(60)
if __name__ == "__main__":
    with Pool(2) as pool:
        list(pool.map_unordered(work, [1, 2]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signals")
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        workers = [int(process.stdout.readline()) for _ in range(2)]
        process.kill()
        # The stream ends once nobody can write to it any more.
        assert process.stdout.read() == ""
    assert len(set(workers)) == 2


KEPT: list[np.ndarray] = []


def keep_much(_: int) -> int:
    KEPT.append(np.ones(50_000_000))
    time.sleep(1.1)  # loky looks once a second
    return os.getpid()


@pytest.mark.slow
def test_workers_that_keep_much_are_not_ended(recwarn):
    with Pool(2) as pool:
        processes = set(pool.map_unordered(keep_much, range(8)))
    assert len(processes) == 2 and not recwarn.list


def failing_arguments():
    yield from range(5)
    raise ValueError("no more arguments")


@pytest.mark.parametrize("jobs, backend", [(1, "processes"), (2, "processes"), (2, "threads"), (2, "configured")])
@pytest.mark.parametrize("ordered", [True, False])
def test_arguments_that_fail_end_the_results(jobs, backend, ordered):
    """joblib asks for arguments in threads of its own, where an error would be lost and results waited for in vain."""
    with Pool(jobs, backend) as pool:
        fan_out = pool.map_ordered if ordered else pool.map_unordered
        found = []
        with pytest.raises(ValueError, match="no more arguments"):
            found.extend(fan_out(square, failing_arguments()))
        assert list(fan_out(square, iter([]))) == []
        assert sorted(fan_out(square, (n for n in range(5)))) == [0, 1, 4, 9, 16]
