"""The account of memory: never less than what a task takes, and the way and the workers that fit."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from fastgrid.solvers import Stopping
from fastgrid.sweep import memory
from fastgrid.sweep.combinations import FeatureSet
from fastgrid.sweep.kept import forget_kept
from fastgrid.sweep.memory import WAYS, TaskSize, memory_of_each, task_size, workers_that_fit
from fastgrid.sweep.solving import solve_batch
from fastgrid.sweep.splits import Splits
from fastgrid.sweep.task import Batch, Task

SIZE = TaskSize(n_items=1000, n_train=800, n_features=50, n_classes=4, n_largest=420, n_problems=9)


@pytest.fixture(params=["smo", "smo-fast", "libsvm"])
def solver(request):
    return request.param


def batch_of(n, d, k, n_problems, solver, *, outliers=False, cost=1.0, shift=0.3):
    rng = np.random.default_rng(0)
    labels = (np.arange(n) % k).astype(np.int16)
    splits = Splits.of_folds((np.arange(n) // k % 10).astype(np.int16), 10)
    values = (rng.normal(size=(n, d)) + shift * labels[:, np.newaxis]).astype(np.float32)
    if outliers:  # the ranges of a share of the features, or of all, differ in this fold
        held_out = splits.test[0][:2]
        values[held_out, : int(outliers * d)] = np.array([[30.0], [-30.0]], dtype=np.float32)
    features = FeatureSet("a", values, np.arange(d), np.zeros(d, dtype=np.bool_))
    task = Task("rbf", 2.0**-6, 3, 0.0, cost * 2.0 ** np.linspace(0, 4, n_problems)[:, np.newaxis] * np.ones(k))
    size = task_size(labels, splits, 0, d, n_problems, solver)
    return Batch(features, 0, labels, splits, (task,), (0,), solver, Stopping()), size


def peak_of(batch):
    """Bytes that solving takes, compiled and loaded before; the whole data's products are made and kept."""
    solve_batch(batch)
    forget_kept()
    tracemalloc.start()
    try:
        ((result,), _) = solve_batch(batch)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        forget_kept()
    assert not result.error
    return peak


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("shape", "more"),
    [
        ((1200, 40, 2, 3), {}),
        ((1200, 40, 4, 3), {}),
        ((300, 3000, 3, 2), {}),
        ((800, 500, 3, 2), {"outliers": 0.35}),
        ((800, 500, 3, 2), {"outliers": 1.0}),
        ((600, 6, 2, 40), {}),
    ],
    ids=["tall", "four classes", "wide", "a third corrected", "all different", "many costs"],
)
def test_a_task_takes_no_more_than_the_formula_says(way, shape, more, solver, monkeypatch):
    # What the formula adds for code and Python hides nothing here, and strips are as small as the problems.
    monkeypatch.setattr(memory, "_FIXED", 2**20)
    monkeypatch.setattr(memory, "STRIP_BYTES", 2**18)
    monkeypatch.setattr("fastgrid.sweep.ways.STRIP_BYTES", 2**18)
    monkeypatch.setattr("fastgrid.solvers.one_vs_one.BLOCK_NUMBERS", 2**14)
    batch, size = batch_of(*shape, solver, **more)
    monkeypatch.setattr(TaskSize, "way", lambda *_: way)
    needed = size.bytes_needed(way)
    assert peak_of(replace(batch, memory=needed)) <= needed


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("solver", ["smo", "smo-fast"])
def test_decision_values_are_in_the_account(way, solver, monkeypatch):
    monkeypatch.setattr(memory, "_FIXED", 2**20)
    monkeypatch.setattr(memory, "STRIP_BYTES", 2**18)
    monkeypatch.setattr("fastgrid.sweep.ways.STRIP_BYTES", 2**18)
    monkeypatch.setattr("fastgrid.solvers.one_vs_one.BLOCK_NUMBERS", 2**14)
    batch, plain = batch_of(400, 4, 12, 40, solver)
    batch = replace(batch, splits=Splits(400, batch.splits.training, (np.arange(400),) * 10), decisions=True)
    size = task_size(batch.labels, batch.splits, 0, 4, 40, solver, decisions=True)
    assert size.decision_bytes == 8 * 40 * 66 * 400
    monkeypatch.setattr(TaskSize, "way", lambda *_: way)
    needed = size.bytes_needed(way)
    # The pairs' values are most of it, so that the account without them would not do.
    assert plain.bytes_needed(way) < peak_of(replace(batch, memory=needed)) <= needed


@pytest.mark.parametrize("way", ["whole", "gram", "pairs"])
def test_newton_steps_are_in_the_account(way, monkeypatch):
    monkeypatch.setattr(memory, "_FIXED", 2**20)
    monkeypatch.setattr(memory, "STRIP_BYTES", 2**18)
    monkeypatch.setattr("fastgrid.sweep.ways.STRIP_BYTES", 2**18)
    batch, size = batch_of(900, 12, 2, 3, "smo-fast", cost=2.0**7, shift=0.05)
    from fastgrid.solvers import smo_fast

    free, real = [], smo_fast.newton

    def spy(gram, given, lower, upper, *more):
        free.append(int(((given.beta > lower) & (given.beta < upper)).sum()))
        return real(gram, given, lower, upper, *more)

    monkeypatch.setattr(smo_fast, "newton", spy)
    monkeypatch.setattr(TaskSize, "way", lambda *_: way)
    needed = size.bytes_needed(way)
    assert peak_of(replace(batch, memory=needed)) <= needed
    assert max(free) > 20  # of many, see tests/solvers/test_active_set.py


def test_tasks_of_a_batch_may_be_solved_in_different_ways(monkeypatch):
    # What one way keeps is given back before the other begins.
    monkeypatch.setattr(memory, "_FIXED", 2**20)
    monkeypatch.setattr(memory, "STRIP_BYTES", 2**18)
    monkeypatch.setattr("fastgrid.sweep.ways.STRIP_BYTES", 2**18)
    monkeypatch.setattr("fastgrid.sweep.fold_base.CHEAP_PRODUCT", 0.0)
    batch, size = batch_of(1000, 40, 6, 2, "smo")
    small, large = batch.tasks[0], replace(batch.tasks[0], costs=np.repeat(batch.tasks[0].costs, 2, axis=0))
    budget = size.bytes_needed("whole")
    held = []
    from fastgrid.sweep import solving

    real = solving.predict

    def spy(task, base, way, given, scratch):
        held.append((way, tracemalloc.get_traced_memory()[0]))
        return real(task, base, way, given, scratch)

    monkeypatch.setattr(solving, "predict", spy)
    both = replace(batch, tasks=(small, large), indices=(0, 1), memory=budget)
    tracemalloc.start()
    results, _ = solve_batch(both)
    tracemalloc.stop()
    forget_kept()
    assert [way for way, _ in held] == ["whole", "gram"]
    assert held[0][1] > 8 * 1000**2 > held[1][1]
    np.testing.assert_array_equal(results[1].predicted[::2], results[0].predicted)


def test_sizes_are_those_of_the_training_part():
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 5], dtype=np.int16)
    folds = np.array([0, 0, 1, 0, 0, 1, 0, 0, 0, 1], dtype=np.int16)
    assert task_size(labels, Splits.of_folds(folds, 2), 1, 7, 4) == TaskSize(10, 7, 7, 3, 5, 4)
    assert task_size(labels[:3], Splits.of_folds(folds[:3], 2), 1, 7, 4, "libsvm") == TaskSize(
        3, 2, 7, 1, 2, 4, "libsvm"
    )


def test_what_is_tested_beside_or_trained_on_twice_counts():
    labels, everything = np.array([0, 0, 1, 1, 1], dtype=np.int16), np.arange(5)
    splits = Splits(5, (np.array([0, 2, 3]), np.repeat(everything, 2)), (everything, everything[:1]))
    sizes = [task_size(labels, splits, fold, 7, 4) for fold in (0, 1)]
    assert [(size.n_train, size.n_more_tests) for size in sizes] == [(3, 3), (10, 6)]
    for size, n_test in zip(sizes, (5, 1), strict=True):
        without = replace(size, n_more_tests=size.n_more_tests - n_test)
        assert size.bytes_needed("whole") - without.bytes_needed("whole") == 8 * n_test * size.n_train
        assert without.n_items - without.n_train + without.n_more_tests == 0


@pytest.mark.parametrize("name", ["n_items", "n_features", "n_largest", "n_problems", "n_decisions"])
@pytest.mark.parametrize("way", WAYS)
def test_more_of_anything_takes_more(name, way, solver):
    size = replace(SIZE, solver=solver, n_items=20_000, n_train=15_000, n_largest=8000, n_decisions=9)
    more = replace(size, **{name: 2 * getattr(size, name)})
    assert more.bytes_needed(way) > size.bytes_needed(way)


def test_the_fastest_way_that_fits_is_taken():
    size = TaskSize(n_items=20_000, n_train=16_000, n_features=50, n_classes=4, n_largest=8000, n_problems=9)
    whole, gram, pairs, rows = (size.bytes_needed(way) for way in WAYS)
    assert whole > gram > pairs > rows
    assert [size.way(bytes_) for bytes_ in (whole, whole - 1, gram, gram - 1, pairs, pairs - 1, rows, 0)] == [
        "whole", "gram", "gram", "pairs", "pairs", "rows", "rows", "rows",
    ]  # fmt: skip
    # With two classes all training items are a pair.
    assert {replace(size, n_classes=2, n_largest=16_000).way(bytes_) for bytes_ in range(0, 2 * whole, 10**8)} == {
        "whole", "pairs", "rows",
    }  # fmt: skip


def test_workers_are_as_many_as_get_most_done():
    needed, idle = SIZE.bytes_needed("whole"), memory._FIXED
    four = 4 * needed + idle
    assert workers_that_fit(SIZE, 4, four) == 4
    # What gives out the work takes memory too, and so does each worker that waits.
    two = 2 * needed + 3 * idle
    assert memory_of_each(2, 4, two) == needed
    # More workers in a way that is little slower get more done than few in the fastest; of equals the fewer are taken.
    size = TaskSize(n_items=8000, n_train=6400, n_features=57, n_classes=11, n_largest=1200, n_problems=9)
    whole, gram, pairs = (size.bytes_needed(way) for way in WAYS[:3])
    assert workers_that_fit(size, 2, 2 * gram + idle) == 2
    assert size.way(memory_of_each(2, 2, 2 * gram + idle)) == "gram"
    assert workers_that_fit(size, 8, whole + 8 * pairs + 9 * idle) == 8
    # On demand is slow: one worker with a Gram matrix is better than two without.
    assert workers_that_fit(size, 2, pairs + 2 * idle) == 1
    assert workers_that_fit(size, 4, 0) == 1
