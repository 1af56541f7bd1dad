"""The seconds of a sweep: every task's are divided among what it answers, and no file has any."""

from dataclasses import replace

import numpy as np
import pytest

from fastgrid.common import stopwatch
from fastgrid.common.fanout import Pool
from fastgrid.sweep import solving
from fastgrid.sweep.combinations import Combination
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.solving import solve_batch


class Clock:
    """A clock that goes on by one second whenever it is asked."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(stopwatch.time, "perf_counter", Clock())


@pytest.fixture
def seen(monkeypatch):
    """The results of all batches, with the seconds of their phases."""
    found = []

    def spy(batch):
        results, seconds = solve_batch(batch)
        found.append((results, seconds))
        return results, seconds

    monkeypatch.setattr("fastgrid.sweep.run.solve_batch", spy)
    return found


@pytest.mark.parametrize("limit", [None, 1])
@pytest.mark.usefixtures("clock")
def test_they_add_up_to_those_of_the_phases(small, seen, limit):
    found = run_sweep(small, Pool(1), SweepOptions(memory_limit=limit))
    assert found.fit_seconds.shape == found.score_seconds.shape == (len(small.combinations), 4)
    assert found.fit_seconds.dtype == found.score_seconds.dtype == np.float64
    assert (found.fit_seconds > 0).all() and (found.score_seconds > 0).all()
    for results, seconds in seen:
        fit = sum(result.fit_seconds for result in results)
        assert fit == pytest.approx(seconds["Gram"] + seconds["solving"])
        assert sum(result.score_seconds for result in results) == pytest.approx(seconds["predicting"])
    both = [(result.fit_seconds, result.score_seconds) for results, _ in seen for result in results]
    totals = found.fit_seconds.sum(), found.score_seconds.sum()
    assert totals == pytest.approx(tuple(map(sum, zip(*both, strict=True))))


@pytest.mark.usefixtures("clock")
def test_what_answers_alike_shares_alike(small):
    given = replace(small, combinations=[Combination("fewer", "linear", 1.0, gamma) for gamma in (1.0, 2.0, 4.0)])
    found = run_sweep(given, Pool(1), SweepOptions())
    one = run_sweep(replace(given, combinations=given.combinations[:1]), Pool(1), SweepOptions())
    for name in ("fit_seconds", "score_seconds"):
        np.testing.assert_allclose(3 * getattr(found, name), np.repeat(getattr(one, name), 3, axis=0))


@pytest.mark.usefixtures("clock")
def test_a_fold_base_is_paid_for_by_all_tasks_that_use_it(small, monkeypatch):
    real = solving.make_fold_base

    def slow(*arguments, **more):
        stopwatch.time.perf_counter.now += 1000.0
        return real(*arguments, **more)

    monkeypatch.setattr(solving, "make_fold_base", slow)
    grid = [Combination("fewer", "rbf", 1.0, gamma) for gamma in (0.25, 0.5, 1.0, 2.0)]
    found = run_sweep(replace(small, combinations=grid), Pool(1), SweepOptions())
    assert (found.fit_seconds >= 250.0).all() and (found.fit_seconds < 300.0).all()


@pytest.mark.slow
@pytest.mark.usefixtures("clock")
def test_there_are_none_where_nothing_was_solved(small, tmp_path, monkeypatch):
    given = replace(small, combinations=small.combinations[:5])
    first = run_sweep(given, Pool(1), SweepOptions(journal=tmp_path / "first"))
    run_sweep(given, Pool(1), SweepOptions(journal=tmp_path / "second"))
    entries = [[path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in ("first", "second")]
    assert entries[0] == entries[1]
    again = run_sweep(given, Pool(1), SweepOptions(journal=tmp_path / "first"))
    apart = run_sweep(given, Pool(1), SweepOptions(isolated=True))
    monkeypatch.setattr(solving, "predict", lambda *_: 1 / 0)
    failed = run_sweep(given, Pool(1), SweepOptions())
    for found in (again, apart, failed):
        assert found.fit_seconds.shape == first.fit_seconds.shape
        assert not found.fit_seconds.any() and not found.score_seconds.any()


def test_threads_have_seconds_too(small):
    with Pool(2, "threads") as pool:
        found = run_sweep(small, pool, SweepOptions())
    assert (found.fit_seconds >= 0).all() and (found.score_seconds >= 0).all()
    assert found.fit_seconds.sum() > 0 < found.score_seconds.sum()
