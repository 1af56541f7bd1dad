"""The sweep against SVC on features, one combination and fold at a time."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from naive_svm import naive_predictions
from splits_of import folds_of

from fastgrid.common.fanout import Pool
from fastgrid.kernels import kept_scratch
from fastgrid.sweep import run, solving
from fastgrid.sweep.combinations import Combination
from fastgrid.sweep.fold_base import _KEPT
from fastgrid.sweep.kept import forget_kept
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits


def sweep(given, pool=None, **options):
    return run_sweep(given, pool or Pool(1), SweepOptions(**options))


def test_predictions_are_the_naive_ones(small):
    found = sweep(small)
    np.testing.assert_array_equal(
        found.predicted, naive_predictions(small.feature_sets, small.combinations, small.labels, folds_of(small))
    )
    assert found.predicted.dtype == np.int16
    assert not found.failures
    assert not found.unconverged


def test_a_class_missing_from_a_training_part_is_unknown_there(small):
    labels = np.where(np.arange(34) == 3, 7, small.labels).astype(np.int16)
    given = replace(small, labels=labels, combinations=small.combinations[:4])
    found = sweep(given).predicted
    assert (found[:, 3] != 7).all()
    np.testing.assert_array_equal(
        found, naive_predictions(given.feature_sets, given.combinations, labels, folds_of(given))
    )


def test_one_class_is_predicted_everywhere(small):
    given = replace(small, labels=np.full(34, 4, dtype=np.int16), combinations=small.combinations[:2])
    assert (sweep(given).predicted == 4).all()


def test_counters_add_up_and_name_the_rules(small):
    counters = sweep(small).counters
    shared = (
        counters.skipped_equal_preprocessing
        + counters.skipped_equal_weights
        + counters.skipped_polynomial_scale
        + counters.skipped_other
    )
    assert counters.combinations == 3 * 3 * 3 * 2 * 2
    assert counters.problems_asked == counters.combinations * 4
    assert counters.problems_solved + shared == counters.problems_asked
    # Two of the three feature sets are one; a linear kernel has no gamma; gammas a factor 2 apart and costs a factor
    # 8 apart make four of the six polynomial cells distinct.
    assert counters.skipped_equal_preprocessing == 4 * (36 - 6)
    assert counters.skipped_other == 3 * 4 * 6
    assert counters.skipped_polynomial_scale == 2 * 4 * 2 * (6 - 4)
    assert counters.skipped_equal_weights == 0
    assert counters.iterations > 0


def test_equal_classes_make_both_weightings_one_problem(small):
    labels = np.tile(np.array([0, 1], dtype=np.int16), 16)
    chosen = {"fewer": replace(small.feature_sets["fewer"], values=small.feature_sets["fewer"].values[:32])}
    combinations = [Combination("fewer", "rbf", 1.0, 0.5, balanced) for balanced in (False, True)]
    folds = np.repeat(np.arange(4, dtype=np.int16), 8)
    found = sweep(
        replace(small, feature_sets=chosen, combinations=combinations, labels=labels, splits=Splits.of_folds(folds, 4))
    )
    assert found.counters.skipped_equal_weights == 4
    np.testing.assert_array_equal(found.predicted[0], found.predicted[1])


def test_rescaled_features_that_lose_other_dimensions_are_not_shared(small):
    tiny = small.feature_sets["halved"].values.copy()
    tiny[:, 0] *= 1e-9
    features = dict(small.feature_sets, halved=replace(small.feature_sets["halved"], values=tiny))
    assert sweep(replace(small, feature_sets=features)).counters.skipped_equal_preprocessing == 0


@pytest.mark.parametrize(("jobs", "backend"), [(2, "threads"), (3, "threads"), (2, "processes")])
def test_the_number_of_workers_changes_nothing(small, jobs, backend, tmp_path):
    with Pool(jobs, backend) as pool:
        found = sweep(small, pool, journal=tmp_path / "journal")
    alone = sweep(small)
    np.testing.assert_array_equal(found.predicted, alone.predicted)
    assert found.counters == alone.counters


def test_workers_map_the_matrix_from_its_file(small, tmp_path):
    features = {}
    for key, chosen in small.feature_sets.items():
        np.save(tmp_path / f"{key}.npy", chosen.values)
        features[key] = replace(chosen, path=tmp_path / f"{key}.npy")
    with Pool(2, "processes") as pool:
        found = sweep(replace(small, feature_sets=features), pool)
    np.testing.assert_array_equal(found.predicted, sweep(small).predicted)


@pytest.mark.slow
def test_isolated_processes_give_the_same(small):
    given = replace(small, combinations=small.combinations[:10])
    found = sweep(given, isolated=True)
    np.testing.assert_array_equal(found.predicted, sweep(given).predicted)


def test_progress_counts_to_the_number_of_problems(small):
    seen = []
    found = sweep(small, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (found.counters.problems_solved, found.counters.problems_solved)


def test_a_failing_task_is_tried_twice_then_named(small, monkeypatch):
    real, tried = solving._solve_task, []

    def failing(index, chosen, prepared, batch, scratch):
        if chosen.kernel == "rbf" and chosen.gamma == 0.25 and batch.fold == 2 and batch.features.key == "fewer":
            tried.append(index)
            raise ArithmeticError("the kernel\nwent wrong")
        return real(index, chosen, prepared, batch, scratch)

    monkeypatch.setattr(solving, "_solve_task", failing)
    found = sweep(small)
    assert len(tried) == 2
    (failure,) = found.failures
    assert (failure.features, failure.kernel, failure.gamma, failure.fold) == ("fewer", "rbf", 0.25, 2)
    assert failure.reason == "the kernel went wrong"
    lost = np.array([c.features == "fewer" and c.kernel == "rbf" and c.gamma == 0.25 for c in small.combinations])
    expected = sweep_without_patch(small, monkeypatch, real)
    expected[np.ix_(lost, folds_of(small) == 2)] = -1
    np.testing.assert_array_equal(found.predicted, expected)


def sweep_without_patch(given, monkeypatch, real):
    monkeypatch.setattr(solving, "_solve_task", real)
    return sweep(given).predicted


def test_a_task_that_recovers_is_not_a_failure(small, monkeypatch):
    real, tried = solving._solve_task, []

    def failing_once(index, chosen, prepared, batch, scratch):
        tried.append(index)
        if len(tried) == 1:
            raise ArithmeticError("once")
        return real(index, chosen, prepared, batch, scratch)

    monkeypatch.setattr(solving, "_solve_task", failing_once)
    found = sweep(small)
    assert not found.failures
    assert (found.predicted >= 0).all()


def test_features_without_variation_fail_with_a_reason(small):
    flat = replace(small.feature_sets["fewer"], values=np.ones((34, 3), dtype=np.float32))
    given = replace(small, feature_sets={"fewer": flat}, combinations=[Combination("fewer", "rbf", 1.0, 1.0)])
    found = sweep(given)
    assert {failure.reason for failure in found.failures} == {
        f"no descriptor varies in the training part of fold {fold}" for fold in range(4)
    }
    assert (found.predicted == -1).all()


def die_in_a_worker(batch):
    """Stand-in for `solve_batch` whose process is killed for one of the batches."""
    if batch.features.key == "fewer" and batch.fold == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return solving.solve_batch(batch)


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(small, monkeypatch):
    monkeypatch.setattr(run, "solve_batch", die_in_a_worker)
    with Pool(2, "processes") as pool:
        found = sweep(small, pool)
    assert not found.failures
    np.testing.assert_array_equal(found.predicted, sweep_unpatched(small, monkeypatch))


def sweep_unpatched(given, monkeypatch):
    monkeypatch.setattr(run, "solve_batch", solving.solve_batch)
    return sweep(given).predicted


@pytest.mark.slow
def test_a_process_that_dies_alone_is_a_named_failure(small, tmp_path):
    chosen = replace(small.feature_sets["fewer"], path=Path(tmp_path / "gone.npy"))
    given = replace(small, feature_sets={"fewer": chosen}, combinations=[Combination("fewer", "rbf", 1.0, 1.0)])
    found = sweep(given, isolated=True)
    assert len(found.failures) == 4
    assert "gone.npy" in found.failures[0].reason


def test_nothing_is_kept_after_a_sweep(small):
    sweep(small)
    scratch = kept_scratch()
    assert not scratch._rooms and _KEPT._products is None
    scratch.take("gram", (10,), np.float64)
    forget_kept()
    assert not scratch._rooms
