"""Whatever memory there is, predictions are the same."""

import threading

import numpy as np
import pytest
from naive_svm import naive_predictions
from splits_of import folds_of

from fastgrid.common.fanout import Pool
from fastgrid.sweep import memory, run, ways
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.memory import task_size
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits


@pytest.fixture
def taken(monkeypatch):
    """The ways that tasks were solved in; and that the function behind each was called."""
    seen = []
    for way, name in (
        ("whole", "_by_whole_matrix"),
        ("gram", "_by_gram"),
        ("pairs", "_by_pairs"),
        ("rows", "_by_rows"),
    ):
        real = getattr(ways, name)

        def spy(task, base, batch, *scratch, way=way, real=real):
            assert (base.products is not None) == (way == "whole")
            seen.append(way)
            return real(task, base, batch, *scratch)

        monkeypatch.setattr(ways, name, spy)
    return seen


def sweep_input(n_classes, kernel, *, costs=(0.1, 2.0, 30.0), integers=True, n=120, n_features=6):
    # Integers that are not scaled: inner products are exact in any order, and so kernel values are the same bits.
    rng = np.random.default_rng(n_classes)
    labels = (np.arange(n) % n_classes).astype(np.int16)
    values = rng.normal(size=(n, n_features)) * 3 + 4 * labels[:, np.newaxis] * rng.normal(size=n_features)
    values = (np.round(values) if integers else values).astype(np.float32)
    gamma = 2.0**-6 if kernel == "rbf" else 2.0**-8
    grid = [Combination("a", kernel, cost, gamma, balanced) for cost in costs for balanced in (False, True)]
    features = FeatureSet("a", values, np.arange(n_features), np.full(n_features, integers))
    return SweepInput(
        {"a": features}, grid, labels, Splits.of_folds((np.arange(n) // n_classes % 4).astype(np.int16), 4)
    )


def limits(given, solver):
    """For each way a number of bytes with which it is the one that is taken, for all folds and for one worker."""
    width, problems = given.feature_sets["a"].values.shape[1], len(given.combinations)
    sizes = [task_size(given.labels, given.splits, fold, width, problems, solver) for fold in range(len(given.splits))]
    needed = {way: max(size.bytes_needed(way) for size in sizes) for way in ("whole", "gram", "pairs")}
    if sizes[0].n_classes == 2:
        del needed["gram"]
    kept = answers(given)
    return {**{way: needed[way] + kept for way in needed}, "rows": 1}


def answers(given):
    """Bytes that are set aside for the predictions."""
    return 6 * len(given.combinations) * len(given.labels)


def sweep(given, solver, limit=None, pool=None):
    found = run_sweep(given, pool or Pool(1), SweepOptions(solver=solver, memory_limit=limit))
    assert not found.failures
    return found


@pytest.fixture
def narrow_strips(monkeypatch):
    """Strips of some kilobytes: otherwise, small problems take less as a whole than in pairs."""
    monkeypatch.setattr("fastgrid.sweep.memory.STRIP_BYTES", 4096)
    monkeypatch.setattr(ways, "STRIP_BYTES", 4096)


@pytest.mark.parametrize("kernel", ["rbf", "poly", "linear"])
@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("solver", ["smo", "smo-fast", "libsvm"])
@pytest.mark.usefixtures("narrow_strips")
def test_each_way_gives_the_same_predictions(kernel, n_classes, solver, taken):
    given = sweep_input(n_classes, kernel)
    expected = sweep(given, solver)
    assert set(taken) == {"whole"}
    if solver != "smo-fast":
        naive = naive_predictions(given.feature_sets, given.combinations, given.labels, folds_of(given))
        np.testing.assert_array_equal(expected.predicted, naive)
    for way, limit in limits(given, solver).items():
        taken.clear()
        found = sweep(given, solver, limit)
        assert set(taken) == {way}
        if solver == "smo-fast" and way == "rows":  # LIBSVM's iterates, there
            assert (found.predicted == expected.predicted).mean() > 0.99
            continue
        np.testing.assert_array_equal(found.predicted, expected.predicted)
        assert found.counters.iterations == expected.counters.iterations
        if (solver, way) == ("libsvm", "rows"):  # LIBSVM itself solves again what is known
            continue
        assert found.counters.iterations_made == expected.counters.iterations_made
        assert found.counters.pairs_solved == expected.counters.pairs_solved
        assert found.counters.warm_starts == expected.counters.warm_starts


@pytest.mark.parametrize("kernel", ["rbf", "poly"])
@pytest.mark.usefixtures("narrow_strips")
def test_scaled_features_too(kernel, taken):
    given = sweep_input(3, kernel, integers=False, costs=(2.0, 16.0))
    expected = sweep(given, "smo")
    for way, limit in limits(given, "smo").items():
        taken.clear()
        np.testing.assert_array_equal(sweep(given, "smo", limit).predicted, expected.predicted)
        assert set(taken) == {way}


@pytest.mark.usefixtures("narrow_strips")
def test_a_class_of_one_item_and_a_missing_class_in_pairs(taken):
    given = sweep_input(2, "rbf")
    labels = given.labels.copy()
    labels[5], labels[6] = 2, 3
    given = SweepInput(given.feature_sets, given.combinations, labels, given.splits)
    expected = naive_predictions(given.feature_sets, given.combinations, labels, folds_of(given))
    for way, limit in limits(given, "smo").items():
        taken.clear()
        np.testing.assert_array_equal(sweep(given, "smo", limit).predicted, expected)
        assert set(taken) == {way}


@pytest.mark.usefixtures("narrow_strips")
def test_kernel_values_that_overflow_are_refused_in_each_way():
    given = sweep_input(2, "poly", costs=(1.0,))
    values = given.feature_sets["a"].values.copy()
    values[folds_of(given) == 1] *= 1e13  # in the test part of one fold, in the training part of the others
    features = FeatureSet("a", values, np.arange(6), np.ones(6, dtype=np.bool_))
    large = SweepInput({"a": features}, given.combinations, given.labels, given.splits)
    for limit in limits(large, "smo").values():
        found = run_sweep(large, Pool(1), SweepOptions(memory_limit=limit))
        assert len(found.failures) == 4
        assert all("the values of the kernel overflow" in failure.reason for failure in found.failures)
        assert (found.predicted == -1).all()


@pytest.mark.parametrize(("room", "idle", "at_once"), [(3, 1, 3), (2, 2, 2), (1, 3, 1), (0.5, 0, 1)])
def test_no_more_workers_than_fit(room, idle, at_once, monkeypatch):
    given = sweep_input(2, "rbf", costs=(0.1,), n=40)
    expected = sweep(given, "smo")
    lock, gate, now, most = threading.Lock(), threading.Condition(), [0], [0]
    real = run.solve_batch

    def counting(batch):
        with gate:
            now[0] += 1
            most[0] = max(most[0], now[0])
            gate.notify_all()
            assert gate.wait_for(lambda: most[0] >= at_once, timeout=60)
            gate.wait_for(lambda: most[0] > at_once, timeout=0.02)  # a chance for one too many
        try:
            with lock:
                assert batch.keep == (at_once == 3)
                return real(batch)
        finally:
            with gate:
                now[0] -= 1

    monkeypatch.setattr(run, "solve_batch", counting)
    kept = answers(given)
    limit = int(room * (limits(given, "smo")["whole"] - kept)) + idle * memory._FIXED + kept
    with Pool(3, "threads") as pool:
        found = sweep(given, "smo", limit, pool)
    assert most[0] == at_once
    np.testing.assert_array_equal(found.predicted, expected.predicted)
