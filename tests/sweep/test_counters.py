"""Counters are exact, the same for any number of workers, and the same after a resumed run."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from fastgrid.common.fanout import Pool
from fastgrid.kernels import padded_length
from fastgrid.solvers import Stopping
from fastgrid.sweep.batch_files import read_batch, write_batch
from fastgrid.sweep.combinations import Combination
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.task import Batch, Task


def sweep(given, pool=None, **options):
    return run_sweep(given, pool or Pool(1), SweepOptions(**options))


def asked(small, costs=(2.0**-10, 1.0, 2.0**20, 2.0**21)):
    """Three classes in four folds; with the last two costs no dual comes to its C."""
    return replace(small, combinations=[Combination("fewer", "rbf", cost, 4.0) for cost in costs])


@pytest.mark.parametrize("solver", ["smo", "smo-fast", "libsvm"])
def test_counters_of_a_small_sweep(small, solver):
    counters = sweep(asked(small), solver=solver).counters
    assert (counters.problems_asked, counters.problems_solved) == (16, 16)
    assert counters.pairs_asked == 4 * 4 * 3
    # The same problem with a C that nothing comes to is solved once per pair and fold.
    assert counters.pairs_solved == (48 if solver == "libsvm" else 36)
    n_test = np.array([len(tested) for tested in small.splits.test])
    expected = sum(4 * (34 - m) * padded_length(34 - m) + 8 * m * (34 - m) for m in n_test.tolist())
    assert counters.gram_bytes == expected
    assert counters.unconverged == 0
    if solver == "smo-fast":
        assert 0 < counters.warm_starts <= 24
    else:
        assert counters.warm_starts == 0


def test_iterations_made_are_those_of_the_problems_that_were_solved(small):
    together = sweep(asked(small)).counters
    alone = [sweep(asked(small, [cost])).counters for cost in (2.0**-10, 1.0, 2.0**20, 2.0**21)]
    assert [each.iterations for each in alone] == [each.iterations_made for each in alone]
    assert together.iterations == sum(each.iterations for each in alone)
    assert together.iterations_made == sum(each.iterations for each in alone[:3])
    assert alone[2] == alone[3]


def test_problems_at_the_cap_are_counted(small):
    found = sweep(asked(small, [2.0**-10, 2.0**20]), stopping=Stopping(1e-3, 12))
    assert found.counters.unconverged == 4
    assert found.unconverged == (1,)
    relaxed = sweep(asked(small, [2.0**-10, 2.0**20]), stopping=Stopping(1e-3, 12, 4))
    assert relaxed.counters.unconverged == 0
    assert relaxed.counters.iterations > found.counters.iterations


@pytest.mark.parametrize("solver", ["smo", "smo-fast"])
@pytest.mark.parametrize("backend", ["threads", pytest.param("processes", marks=pytest.mark.slow)])
def test_two_workers_count_as_one_does(small, solver, backend):
    alone = sweep(small, solver=solver)
    with Pool(2, backend) as pool:
        both = sweep(small, pool, solver=solver)
    assert both.counters == alone.counters
    np.testing.assert_array_equal(both.predicted, alone.predicted)


@pytest.mark.parametrize("solver", ["smo", "smo-fast"])
def test_a_resumed_run_counts_what_was_done_before(small, tmp_path, solver):
    whole = sweep(small, solver=solver, journal=tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "half")
    for entry in sorted((tmp_path / "half").iterdir())[::2]:
        entry.unlink()
    resumed = sweep(small, solver=solver, journal=tmp_path / "half")
    assert resumed.counters == whole.counters
    np.testing.assert_array_equal(resumed.predicted, whole.predicted)
    assert sorted(path.name for path in (tmp_path / "half").iterdir()) == sorted(
        path.name for path in (tmp_path / "whole").iterdir()
    )


def test_a_batch_travels_whole(small, tmp_path):
    tasks = (Task("poly", 0.25, 3, 1.0, np.array([[1.0, 2.0]])), Task("rbf", 0.5, 0, 0.0, np.ones((2, 2))))
    batch = Batch(
        small.feature_sets["plain"], 2, small.labels, small.splits, tasks, (4, 9), "smo-fast", Stopping(1e-4, 77, 2),
        12345, False,
    )  # fmt: skip
    write_batch(tmp_path / "batch.npz", batch)
    found = read_batch(tmp_path / "batch.npz")
    for name in ("fold", "indices", "solver", "stopping", "memory", "keep", "class_order"):
        assert getattr(found, name) == getattr(batch, name), name
    for own, expected in zip(found.tasks, tasks, strict=True):
        assert (own.kernel, own.gamma, own.degree, own.coef0) == (
            expected.kernel, expected.gamma, expected.degree, expected.coef0,
        )  # fmt: skip
        np.testing.assert_array_equal(own.costs, expected.costs)
    for name in ("values", "descriptor_of_dimension", "enumerated"):
        np.testing.assert_array_equal(getattr(found.features, name), getattr(batch.features, name))
    np.testing.assert_array_equal(found.labels, batch.labels)
    for name in ("training", "test"):
        for ours, theirs in zip(getattr(found.splits, name), getattr(batch.splits, name), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert found.splits.n_items == batch.splits.n_items


def test_a_matrix_that_is_written_to_between_sweeps(small, monkeypatch):
    # Nothing of one sweep is kept for the next in this process: its arrays may hold something else by then.
    monkeypatch.setattr("fastgrid.sweep.fold_base.CHEAP_PRODUCT", 0.0)
    values = np.round(small.feature_sets["fewer"].values * 4)
    features = replace(small.feature_sets["fewer"], values=values, enumerated=np.ones(3, dtype=np.bool_))
    grid = [Combination("fewer", "rbf", cost, 2.0**-6) for cost in (1.0, 16.0)]
    given = replace(small, combinations=grid, feature_sets={"fewer": features})
    before = sweep(given).predicted
    values[:, :] = values[::-1].copy()
    other = replace(given, feature_sets={"fewer": replace(features, values=values.copy())})
    after = sweep(given).predicted
    assert (after != before).any()
    np.testing.assert_array_equal(after, sweep(other).predicted)
