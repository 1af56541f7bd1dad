"""The journal: finished tasks are found again, and only for the very same task."""

from dataclasses import replace

import numpy as np
import pytest
from splits_of import folds_of

from fastgrid.common.fanout import Pool
from fastgrid.solvers import Stopping
from fastgrid.sweep import run, solving
from fastgrid.sweep.combinations import Combination
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits


@pytest.fixture
def solved(monkeypatch):
    """Problems that were really solved, as (kernel, gamma, number of cost vectors)."""
    seen = []
    real = solving._solve_task

    def counting(index, chosen, prepared, batch, scratch):
        seen.append((chosen.kernel, chosen.gamma, len(chosen.costs)))
        return real(index, chosen, prepared, batch, scratch)

    monkeypatch.setattr(solving, "_solve_task", counting)
    return seen


def sweep(given, tmp_path, **options):
    return run_sweep(given, Pool(1), SweepOptions(journal=tmp_path / "journal", **options))


def test_a_second_run_solves_nothing(small, tmp_path, solved):
    first = sweep(small, tmp_path)
    solved.clear()
    second = sweep(small, tmp_path)
    assert not solved
    np.testing.assert_array_equal(first.predicted, second.predicted)
    assert first.counters == second.counters


def test_an_interrupted_run_goes_on(small, tmp_path, solved, monkeypatch):
    def interrupted(batch):
        if len(solved) > 10:
            raise KeyboardInterrupt
        return solving.solve_batch(batch)

    monkeypatch.setattr(run, "solve_batch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sweep(small, tmp_path)
    before = len(solved)
    monkeypatch.setattr(run, "solve_batch", solving.solve_batch)
    found = sweep(small, tmp_path)
    tasks = len(list((tmp_path / "journal").iterdir()))
    assert before > 10
    assert len(solved) == tasks
    np.testing.assert_array_equal(found.predicted, run_sweep(small, Pool(1), SweepOptions()).predicted)


def test_more_gammas_solve_only_the_new_ones(small, tmp_path, solved):
    combinations = [Combination("fewer", "rbf", 1.0, gamma) for gamma in (0.5, 1.0)]
    sweep(replace(small, combinations=combinations), tmp_path)
    solved.clear()
    sweep(replace(small, combinations=[*combinations, Combination("fewer", "rbf", 1.0, 2.0)]), tmp_path)
    assert solved == [("rbf", 2.0, 1)] * 4


@pytest.mark.parametrize("change", ["values", "labels", "folds", "tol", "enumerated"])
def test_another_task_is_not_found(small, tmp_path, solved, change):
    given = replace(small, combinations=[Combination("fewer", "rbf", 1.0, 0.5)])
    sweep(given, tmp_path)
    chosen = given.feature_sets["fewer"]
    tol = 1e-3
    if change == "values":
        chosen = replace(chosen, values=np.nextafter(chosen.values, np.float32(9)))
    elif change == "enumerated":
        chosen = replace(chosen, enumerated=np.array([True, False, False]))
    elif change == "labels":
        given = replace(given, labels=np.roll(given.labels, 1))
    elif change == "folds":
        given = replace(given, splits=Splits.of_folds(np.roll(folds_of(given), 1), 4))
    else:
        tol = 1e-4
    solved.clear()
    sweep(replace(given, feature_sets={"fewer": chosen}), tmp_path, stopping=Stopping(tol))
    assert len(solved) == 4


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no more", "truncate", "flip"])
def test_a_damaged_entry_is_solved_again(small, tmp_path, solved, damage):
    given = replace(small, combinations=[Combination("fewer", "rbf", 1.0, 0.5)])
    before = sweep(given, tmp_path).predicted
    entry = min((tmp_path / "journal").iterdir())
    whole = entry.read_bytes()
    if damage == "truncate":
        entry.write_bytes(whole[: len(whole) // 2])
    elif damage == "flip":
        middle = whole.index(b"predicted.npy") + 140
        entry.write_bytes(whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :])
    else:
        entry.write_bytes(damage)
    solved.clear()
    after = sweep(given, tmp_path).predicted
    assert len(solved) == 1
    np.testing.assert_array_equal(before, after)


def test_failures_are_not_kept(small, tmp_path, monkeypatch):
    given = replace(small, combinations=[Combination("fewer", "rbf", 1.0, 0.5)])
    real = solving._solve_task
    monkeypatch.setattr(solving, "_solve_task", lambda *given: 1 / 0)
    assert len(sweep(given, tmp_path).failures) == 4
    monkeypatch.setattr(solving, "_solve_task", real)
    assert not sweep(given, tmp_path).failures
