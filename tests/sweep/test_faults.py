"""Workers that are killed, tasks that kill them, want of memory: nothing finished is lost, what fails is named."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fastgrid.common.fanout import Pool
from fastgrid.sweep import run, solving
from fastgrid.sweep.combinations import Combination
from fastgrid.sweep.run import SweepOptions, run_sweep

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signals")

GAMMAS = (0.25, 0.5, 1.0, 2.0)

# Runs at the start of every Python process: the task of gamma = 1 in fold 2 notes that it was tried, and what else is
# running, and then does what the test wants of it.
CUSTOMIZATION = """
import contextlib, os, pathlib, signal
from fastgrid.sweep import solving

NOTES = pathlib.Path(os.environ["FASTGRID_TEST_NOTES"])
solve_task = solving._solve_task

def noted(index, task, shared, batch, scratch):
    running = NOTES / f"running{os.getpid()}"
    running.touch()
    try:
        if task.gamma == 1.0 and batch.fold == 2:
            others = [path for path in NOTES.glob("running*") if path != running and alive(path)]
            with (NOTES / "tried").open("a") as file:
                file.write(f"{os.getpid()} {len(others)}\\n")
            WHAT
        return solve_task(index, task, shared, batch, scratch)
    finally:
        running.unlink()

def alive(path):
    with contextlib.suppress(OSError):
        os.kill(int(path.name[7:]), 0)
        return True

solving._solve_task = noted
"""
KILL = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture
def customized(tmp_path, monkeypatch):
    """Make processes that are started from here do what is given in a certain task; return the notes they leave."""

    def customize(what):
        (tmp_path / "sitecustomize.py").write_text(CUSTOMIZATION.replace("WHAT", what))
        (tmp_path / "notes").mkdir()
        before = os.environ.get("PYTHONPATH")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *([before] if before else [])]))
        monkeypatch.setenv("FASTGRID_TEST_NOTES", str(tmp_path / "notes"))
        return tmp_path / "notes" / "tried"

    return customize


@pytest.fixture
def asked(small):
    """Sixteen tasks."""
    return replace(small, combinations=[Combination("fewer", "rbf", cost, g) for g in GAMMAS for cost in (1.0, 4.0)])


def tries(path: Path) -> list[tuple[int, int]]:
    """Return process and number of other tasks under way for each try of the task."""
    return [tuple(map(int, line.split())) for line in path.read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("isolated", [False, True], ids=["pool", "cluster mode"])
def test_a_task_that_kills_its_processes_is_set_aside(asked, customized, isolated):
    expected = run_sweep(asked, Pool(1), SweepOptions()).predicted
    tried = customized(KILL)
    with Pool(2) as pool:
        found = run_sweep(asked, pool, SweepOptions(isolated=isolated))
    (failure,) = found.failures
    assert (failure.gamma, failure.fold) == (1.0, 2)
    assert "signal 9" in failure.reason
    # By a worker; in a process of its own; and once more with nothing beside it.
    assert len(tries(tried)) == (2 if isolated else 3)
    assert tries(tried)[-1][1] == 0
    held_out = found.splits.test[2]
    lost = np.zeros(expected.shape, dtype=np.bool_)
    lost[np.ix_([number for number, one in enumerate(asked.combinations) if one.gamma == 1.0], held_out)] = True
    np.testing.assert_array_equal(found.predicted, np.where(lost, -1, expected))


@pytest.mark.slow
def test_what_died_once_is_solved_alone(asked, customized):
    expected = run_sweep(asked, Pool(1), SweepOptions())
    tried = customized(f"if len((NOTES / 'tried').read_text().splitlines()) < 3: {KILL}")
    with Pool(2) as pool:
        found = run_sweep(asked, pool, SweepOptions())
    assert not found.failures and len(tries(tried)) == 3
    np.testing.assert_array_equal(found.predicted, expected.predicted)
    assert found.counters == expected.counters


@pytest.mark.slow
def test_the_pool_is_made_anew(asked, customized, monkeypatch):
    alone = []
    in_new_process = run.solve_in_new_process
    monkeypatch.setattr(run, "solve_in_new_process", lambda batch: alone.append(batch) or in_new_process(batch))
    monkeypatch.setattr("fastgrid.sweep.scheduling.LONGEST_PIECE", 1e-9)
    monkeypatch.setattr("fastgrid.sweep.scheduling.LEAST_SHARE", 0.0)
    tried = customized(f"if len((NOTES / 'tried').read_text().splitlines()) < 2: {KILL}")
    with Pool(2) as pool:
        found = run_sweep(asked, pool, SweepOptions())
    assert not found.failures and len(tries(tried)) == 2
    # Sixteen pieces; those that were under way or waiting, not all that were left.
    assert 1 <= len(alone) <= 5


def test_want_of_memory_is_tried_again_alone(asked, monkeypatch):
    solve, at_once, seen = solving._solve_task, [], []

    def greedy(index, task, shared, batch, scratch):
        at_once.append(index)
        try:
            if task.gamma == 1.0 and batch.fold == 2:
                seen.append(index)
                if len(seen) == 1:
                    raise MemoryError("3 GiB")
            if len(seen) == 2:
                assert len(at_once) == 1
            return solve(index, task, shared, batch, scratch)
        finally:
            at_once.remove(index)

    monkeypatch.setattr(solving, "_solve_task", greedy)
    used = []
    map_unordered = Pool.map_unordered
    monkeypatch.setattr(
        Pool,
        "map_unordered",
        lambda pool, *given, at_most: used.append(at_most) or map_unordered(pool, *given, at_most=at_most),
    )
    found = run_sweep(asked, Pool(2, "threads"), SweepOptions())
    assert not found.failures and len(seen) == 2
    assert used == [2, 1]
