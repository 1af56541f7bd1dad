"""The journal: finished tasks are found again, and only for the very same task."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splits_of import folds_of

from fastgrid.common.fanout import Pool
from fastgrid.solvers import Stopping
from fastgrid.sweep import journal, journal_entry, run, solving
from fastgrid.sweep.combinations import Combination
from fastgrid.sweep.journal import Journal
from fastgrid.sweep.journal_entry import Entry, decode, encode
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits
from fastgrid.sweep.task import Work
from fastgrid.sweep.task_digests import digest_of_costs


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


def sweep(asked, tmp_path, **options):
    return run_sweep(asked, Pool(1), SweepOptions(journal=tmp_path / "journal", **options))


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


def test_more_costs_solve_only_the_new_ones(small, tmp_path, solved):
    few = [Combination("fewer", "rbf", cost, 0.5) for cost in (0.5, 8.0)]
    more = [Combination("fewer", "rbf", cost, 0.5) for cost in (0.25, 0.5, 2.0, 8.0)]
    sweep(replace(small, combinations=few), tmp_path)
    solved.clear()
    told = []
    found = sweep(replace(small, combinations=more), tmp_path, resumed=lambda *numbers: told.append(numbers))
    assert solved == [("rbf", 0.5, 2)] * 4
    assert told == [(8, 16, 0)]
    fresh = run_sweep(replace(small, combinations=more), Pool(1), SweepOptions())
    np.testing.assert_array_equal(found.predicted, fresh.predicted)
    assert found.counters.iterations == fresh.counters.iterations
    # From then on, both the larger and the smaller grid are there.
    solved.clear()
    sweep(replace(small, combinations=more), tmp_path)
    sweep(replace(small, combinations=more[1:3]), tmp_path)
    assert not solved


def test_a_path_along_the_costs_is_one_thing(small, tmp_path, solved):
    # What smo-fast answers depends on where it comes from, so that a longer path is another task.
    few = [Combination("fewer", "rbf", cost, 0.5) for cost in (0.5, 8.0)]
    more = [*few, Combination("fewer", "rbf", 16.0, 0.5)]
    sweep(replace(small, combinations=few), tmp_path, solver="smo-fast")
    solved.clear()
    sweep(replace(small, combinations=more), tmp_path, solver="smo-fast")
    assert solved == [("rbf", 0.5, 3)] * 4


def test_what_an_input_does_not_touch_is_kept(small, tmp_path, solved):
    combinations = [Combination(key, "rbf", 1.0, 0.5) for key in ("plain", "fewer")]
    sweep(replace(small, combinations=combinations), tmp_path)
    values = small.feature_sets["plain"].values.copy()
    values[3, 0] += 1
    changed = {**small.feature_sets, "plain": replace(small.feature_sets["plain"], values=values)}
    solved.clear()
    sweep(replace(small, combinations=combinations, feature_sets=changed), tmp_path)
    assert len(solved) == 4


@pytest.mark.parametrize("change", ["values", "labels", "folds", "tol", "enumerated"])
def test_another_task_is_not_found(small, tmp_path, solved, change):
    asked = replace(small, combinations=[Combination("fewer", "rbf", 1.0, 0.5)])
    sweep(asked, tmp_path)
    chosen = asked.feature_sets["fewer"]
    tol = 1e-3
    if change == "values":
        chosen = replace(chosen, values=np.nextafter(chosen.values, np.float32(9)))
    elif change == "enumerated":
        chosen = replace(chosen, enumerated=np.array([True, False, False]))
    elif change == "labels":
        asked = replace(asked, labels=np.roll(asked.labels, 1))
    elif change == "folds":
        asked = replace(asked, splits=Splits.of_folds(np.roll(folds_of(asked), 1), 4))
    else:
        tol = 1e-4
    solved.clear()
    sweep(replace(asked, feature_sets={"fewer": chosen}), tmp_path, stopping=Stopping(tol))
    assert len(solved) == 4


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no more", "truncate", "flip"])
def test_a_damaged_entry_is_solved_again(small, tmp_path, solved, damage):
    asked = replace(small, combinations=[Combination("fewer", "rbf", 1.0, 0.5)])
    before = sweep(asked, tmp_path).predicted
    entry = min((tmp_path / "journal").iterdir())
    assert Journal(tmp_path / "journal").damaged == 0
    whole = entry.read_bytes()
    if damage == "truncate":
        entry.write_bytes(whole[: len(whole) // 2])
    elif damage == "flip":
        middle = whole.index(b"predicted.npy") + 140
        entry.write_bytes(whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :])
    else:
        entry.write_bytes(damage)
    solved.clear()
    told = []
    after = sweep(asked, tmp_path, resumed=lambda *numbers: told.append(numbers)).predicted
    assert len(solved) == 1
    assert told == [(3, 4, 1)]
    np.testing.assert_array_equal(before, after)


def test_an_entry_under_the_name_of_another_is_not_believed(small, tmp_path, solved):
    asked = replace(small, combinations=[Combination("fewer", "rbf", 1.0, 0.5)])
    before = sweep(asked, tmp_path).predicted
    first, second, *_ = sorted((tmp_path / "journal").iterdir())
    second.write_bytes(first.read_bytes())
    solved.clear()
    np.testing.assert_array_equal(sweep(asked, tmp_path).predicted, before)
    assert len(solved) == 1


def an_entry(decisions: bool) -> tuple[str, Entry]:
    rng = np.random.default_rng(0)
    costs = np.array([[1.0, 2.0], [4.0, 8.0]])
    entry = Entry(
        costs,
        rng.integers(0, 2, (2, 5)).astype(np.int16),
        np.array([12, 34]),
        np.array([True, False]),
        Work(1, 2, 3, 4),
        rng.normal(size=(2, 1, 5)) if decisions else None,
    )
    return f"{'a' * 64}-{digest_of_costs(costs)}.npz", entry


@pytest.mark.parametrize("decisions", [False, True])
def test_an_entry_comes_back_as_it_was(decisions):
    name, entry = an_entry(decisions)
    found = decode(name, encode(name, entry))
    assert found.work == entry.work
    for part in ("costs", "predicted", "iterations", "converged", *(["decisions"] if decisions else [])):
        np.testing.assert_array_equal(getattr(found, part), getattr(entry, part))
    assert decode("b" + name[1:], encode(name, entry)) is None


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_changed_entry_is_never_believed(data):
    name, entry = an_entry(True)
    content = bytearray(encode(name, entry))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    found = decode(name, bytes(content[: data.draw(st.sampled_from([len(content), place]))]))
    # What is left are bytes of the archive that say nothing, such as dates.
    if found is not None:
        assert encode(name, found) == encode(name, entry)


@pytest.mark.parametrize("bit", [0, 3, 7])
def test_every_byte_may_change(bit):
    # One bit of the archive says "encrypted", another how many bytes there are.
    name, entry = an_entry(False)
    content = encode(name, entry)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << bit
        found = decode(name, bytes(changed))
        assert found is None or encode(name, found) == content


@pytest.mark.parametrize("work", [None, [1, 2], [1, 2, 3, 4, 5], [1.5, 2.0, 3.0, 4.0], 7])
def test_an_entry_without_its_counters_is_not_believed(work):
    name, entry = an_entry(False)
    arrays = {**journal_entry._arrays(entry), "work": np.array(work)}
    if work is None:
        del arrays["work"]
    content = io.BytesIO()
    np.savez(content, **arrays, checksum=np.array(journal_entry._checksum(name, arrays)))
    assert decode(name, content.getvalue()) is None


def test_what_is_written_is_made_safe(small, tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(journal, "_flush", flushed.append)
    asked = replace(small, combinations=[Combination("fewer", "rbf", 1.0, 0.5)])
    sweep(asked, tmp_path)
    assert {path for path in flushed if path.suffix} == set((tmp_path / "journal").iterdir())
    assert tmp_path / "journal" in flushed


def test_failures_are_not_kept(small, tmp_path, monkeypatch):
    asked = replace(small, combinations=[Combination("fewer", "rbf", 1.0, 0.5)])
    real = solving._solve_task
    monkeypatch.setattr(solving, "_solve_task", lambda *given: 1 / 0)
    assert len(sweep(asked, tmp_path).failures) == 4
    monkeypatch.setattr(solving, "_solve_task", real)
    assert not sweep(asked, tmp_path).failures
