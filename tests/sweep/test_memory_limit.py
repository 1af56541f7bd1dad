"""How many workers a memory limit allows, and what each may take."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.common.fanout import Pool
from fastgrid.solvers import Stopping
from fastgrid.sweep.memory import SPEED, WAYS, TaskSize, memory_of_each, workers_that_fit
from fastgrid.sweep.run import SweepOptions, run_sweep

#: What a process takes that does nothing yet.
IDLE = TaskSize(0, 0, 0, 1, 0, 0).bytes_needed("whole") - 6 * 16**2

#: Too little for anything but rows on demand.
NOTHING = 1

SIZES = st.builds(
    TaskSize,
    n_items=st.integers(10, 50_000),
    n_train=st.integers(5, 10),
    n_features=st.integers(1, 3000),
    n_classes=st.integers(1, 20),
    n_largest=st.integers(2, 20_000),
    n_problems=st.integers(1, 50),
)


@given(SIZES, st.integers(1, 64), st.integers(1, 2**40))
def test_all_processes_together_keep_to_the_limit(size: TaskSize, jobs: int, limit: int) -> None:
    workers = workers_that_fit(size, jobs, limit)
    assert 1 <= workers <= jobs
    others = 0 if jobs == 1 else 1 + jobs - workers
    each = memory_of_each(workers, jobs, limit)
    assert workers * each + others * IDLE <= max(limit, others * IDLE)
    done = []
    for number in range(1, jobs + 1):
        room = memory_of_each(number, jobs, limit)
        way = size.way(room)
        done.append(number * SPEED[way] if size.bytes_needed(way) <= room else 0)
    assert workers == 1 + done.index(max(done))


@pytest.mark.parametrize(("limit", "way"), [("16G", "pairs"), ("4G", "pairs"), ("1G", "rows"), ("64G", "whole")])
def test_the_way_of_a_large_problem(limit: str, way: str) -> None:
    size = TaskSize(32561, 21707, 123, 2, 21707, 3)
    assert size.way(int(limit[:-1]) * 2**30) == way
    needed = [size.bytes_needed(each) for each in WAYS if each != "gram"]
    assert needed == sorted(needed, reverse=True)


def test_smo_fast_on_demand_goes_to_half_the_tolerance(small) -> None:
    options = SweepOptions("smo-fast", Stopping(1e-2), memory_limit=NOTHING)
    found = run_sweep(small, Pool(1), options)
    expected = run_sweep(small, Pool(1), SweepOptions("smo", Stopping(5e-3), memory_limit=NOTHING))
    np.testing.assert_array_equal(found.predicted, expected.predicted)
    assert found.counters == expected.counters
    looser = run_sweep(small, Pool(1), SweepOptions("smo", Stopping(1e-2), memory_limit=NOTHING))
    assert looser.counters.iterations < found.counters.iterations
