"""The pool whose workers joblib's configuration names: the same results, and nothing of the user's is touched."""

import functools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import numpy as np
import pytest

from fastgrid.common.fanout import Pool, WorkersDiedError


def square(number: int) -> int:
    return number * number


def process_id(_: int) -> int:
    return os.getpid()


def fail_late(number: int) -> int:
    if number == 2:
        raise ValueError(f"no {number}")
    return number


def die(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def leave_a_mark(directory: str, number: int) -> int:
    Path(directory, str(number)).touch()
    time.sleep(0.005)
    return number


def nothing() -> None:
    raise AssertionError("workers of others are not warmed up")


def where(argument: tuple[int, np.ndarray]) -> tuple[str, int, bool]:
    values = argument[1]
    name = str(getattr(values, "filename", ""))
    return name, int(values.sum()), values.flags.writeable


def workers_of_loky(number: int = 2) -> set[int]:
    """The process ids of the pool that joblib keeps for everybody."""
    found: set[int] = set()
    while len(found) < number:
        with joblib.parallel_config(backend="loky", n_jobs=number):
            found |= set(joblib.Parallel()(joblib.delayed(nap)(0.01) for _ in range(4 * number)))
    return found


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


#: A process that has threads and forks may hang, the more so where what runs is followed.
FORKS = pytest.param("multiprocessing", marks=pytest.mark.compiled)
BACKENDS = ["loky", "threading", FORKS, "sequential"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")  # of fork, from Python 3.12 on
def test_all_results_come(backend: str) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2), Pool(None, "configured") as pool:
        assert pool.jobs == (1 if backend == "sequential" else 2)
        assert pool.uses_processes is (backend in ("loky", "multiprocessing"))
        pool.start(nothing)
        assert list(pool.map_ordered(square, range(20))) == [n * n for n in range(20)]
        assert sorted(pool.map_unordered(square, range(20))) == [n * n for n in range(20)]
        assert sorted(pool.map_unordered(square, range(5), at_most=1)) == [n * n for n in range(5)]
        assert list(pool.map_unordered(square, [])) == []
        assert pool.call(functools.partial(square, 3)) == 9
        here = set(pool.map_unordered(process_id, range(4))) == {os.getpid()}
        assert here is not pool.uses_processes


def test_without_a_configuration_work_is_done_here() -> None:
    pool = Pool(None, "configured")
    assert (pool.jobs, pool.uses_processes, pool.owns_workers) == (1, False, False)
    assert set(pool.map_ordered(process_id, range(3))) == {os.getpid()}


@pytest.mark.parametrize(("jobs", "expected"), [(3, 3), (-1, joblib.cpu_count()), (1, 1)])
def test_threads_are_the_hint_for_a_number_alone(jobs: int, expected: int) -> None:
    pool = Pool(jobs, "configured")
    assert (pool.jobs, pool.uses_processes) == (expected, False)
    idents = set(pool.map_ordered(lambda _: threading.get_ident(), range(4)))
    assert threading.get_ident() not in idents  # the one that waits hears of interrupts
    with joblib.parallel_config(n_jobs=jobs):
        assert (Pool(None, "configured").jobs, Pool(2, "configured").jobs) == (expected, 2)


@pytest.mark.parametrize(
    ("jobs", "backend", "message"),
    [(0, "configured", "n_jobs == 0"), (None, "threads", "jobs is None"), (2, "loky", "use one of processes, threads")],
)
def test_wrong_pools_are_named(jobs: int | None, backend: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pool(jobs, backend)


@pytest.mark.parametrize("ordered", [True, False])
def test_the_processes_of_others_live_on(ordered: bool, recwarn: pytest.WarningsRecorder) -> None:
    before = workers_of_loky()
    with joblib.parallel_config(backend="loky", n_jobs=2), Pool(None, "configured") as pool:
        fan_out = pool.map_ordered if ordered else pool.map_unordered
        for taken in (0, 1, 5):
            results = fan_out(square, range(40))
            for _ in range(taken):
                next(results)
            results.close()  # type: ignore[attr-defined]
        with pytest.raises(ValueError, match="no 2"):
            list(fan_out(fail_late, range(20)))
        pool.stop()
        assert set(fan_out(process_id, range(20))) <= before
    assert workers_of_loky() == before
    assert not recwarn.list


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_closed_early_no_more_is_begun(backend: str, tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2):
        results = Pool(None, "configured").map_unordered(functools.partial(leave_a_mark, str(tmp_path)), range(2000))
        next(results)
        results.close()  # type: ignore[attr-defined]
        begun = len(list(tmp_path.iterdir()))
        assert begun < 2000
        list(Pool(None, "configured").map_unordered(square, range(8)))
    assert len(list(tmp_path.iterdir())) == begun
    assert not recwarn.list


def test_a_lost_worker_is_named_and_work_goes_on() -> None:
    with joblib.parallel_config(backend="loky", n_jobs=2), Pool(None, "configured") as pool:
        with pytest.raises(WorkersDiedError):
            list(pool.map_unordered(die, range(8)))
        pool.stop()
        assert list(pool.map_ordered(square, [2])) == [4]


def test_an_array_of_many_calls_is_written_once() -> None:
    values = np.ones(300_000)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        found = list(Pool(None, "configured").map_unordered(where, [(number, values) for number in range(12)]))
    assert len(set(found)) == 1
    name, total, writeable = found[0]
    assert name and total == 300_000 and not writeable


def nested(jobs: int | None, number: int) -> tuple[int, int, int]:
    """The workers of a pool in here, of one in one of its calls, and what the first gave."""
    pool = Pool(jobs, "configured")
    return pool.jobs, max(pool.map_ordered(jobs_here, [jobs] * 3)), sum(pool.map_ordered(square, range(number)))


def jobs_here(jobs: int | None) -> int:
    return Pool(jobs, "configured").jobs


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_inside_another_call_of_joblib(backend: str) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2):
        alone = joblib.Parallel()(joblib.delayed(nested)(None, number) for number in range(4))
        more = joblib.Parallel()(joblib.delayed(nested)(2, number) for number in range(4))
    # joblib's own rule: threads at the second level where they are asked for, nothing at the third.
    assert [counts[:2] for counts in alone] == [(1, 1)] * 4
    assert [counts[:2] for counts in more] == [(2, 1)] * 4
    assert [total for *_, total in more] == [0, 0, 1, 5]


def test_dask(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    place = str(tmp_path / "dask")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0", local_directory=place
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
        Pool(None, "configured") as pool,
    ):
        assert (pool.jobs, pool.uses_processes) == (2, True)
        assert list(pool.map_ordered(square, range(20))) == [n * n for n in range(20)]
        results = pool.map_unordered(square, range(40))
        next(results)
        results.close()  # type: ignore[attr-defined]
        with pytest.raises(ValueError, match="no 2"):
            list(pool.map_unordered(fail_late, range(20)))
        assert sorted(pool.map_unordered(square, range(20), at_most=1)) == [n * n for n in range(20)]


STUBBORN = """
import os, signal, sys, threading
from fastgrid.common.fanout import Pool

begun = []

def stubborn(number):
    begun.append(number)
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(60.0)

try:
    list(Pool(1, "configured").map_unordered(stubborn, [1, 2]))
except KeyboardInterrupt:
    print("interrupted", begun)
"""


def test_an_interrupt_ends_the_wait_for_a_call_that_hears_of_none() -> None:
    # In a process of its own, whose main thread is the test's.
    done = subprocess.run([sys.executable, "-c", STUBBORN], capture_output=True, text=True, timeout=50.0, check=False)
    assert (done.returncode, done.stdout) == (0, "interrupted [1]\n"), done.stderr


def test_one_worker_hands_on_results_and_errors_and_may_be_left_early() -> None:
    pool = Pool(1, "configured")
    assert list(pool.map_ordered(square, [1, 2, 3])) == [1, 4, 9]
    with pytest.raises(ValueError, match="no 2"):
        list(pool.map_ordered(fail_late, [1, 2, 3]))
    results = pool.map_ordered(square, range(1000))
    assert next(results) == 1 - 1
    results.close()
    inside = []
    thread = threading.Thread(target=lambda: inside.extend(pool.map_ordered(square, [4])))
    thread.start()
    thread.join()
    assert inside == [16]
