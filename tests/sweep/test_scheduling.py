"""Pieces of a sweep: each task once, the longest first, as even as may be, always the same."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as randomly
from hypothesis import strategies as st

from fastgrid.kernels import fresh_cost
from fastgrid.sweep import memory
from fastgrid.sweep.combinations import FeatureSet
from fastgrid.sweep.memory import TaskSize
from fastgrid.sweep.plan import make_plan
from fastgrid.sweep.scheduling import (
    PIECES_PER_WORKER,
    Spread,
    cut,
    estimated_seconds,
    kept_bytes,
    sizes_of,
    spread_of,
    workers_and_memory,
)
from fastgrid.sweep.task import Task

SIZE = TaskSize(n_items=1000, n_train=800, n_features=50, n_classes=4, n_largest=420, n_problems=2)


def rbf(costs, n_classes=4):
    return Task("rbf", 0.5, 0, 0.0, np.outer(costs, np.ones(n_classes)))


def seconds_of(given, plan, piece):
    features, fold, indices = piece
    sizes = sizes_of(given, features, fold, [len(plan.tasks[index].costs) for index in indices])
    spread = spread_of(given.feature_sets[features])
    own = [estimated_seconds(plan.tasks[index], size, spread) for index, size in zip(indices, sizes, strict=True)]
    return fresh_cost(len(given.labels), given.feature_sets[features].values.shape[1]) + sum(own), own


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@randomly(jobs=st.integers(1, 9), data=st.data())
def test_each_missing_task_is_in_one_piece(jobs, data, small):
    plan = make_plan(small)
    missing = data.draw(st.lists(st.integers(0, len(plan.tasks) - 1), unique=True).map(sorted))
    pieces = [piece for _, piece in cut(small, plan.keys, plan.tasks, missing, jobs)]
    assert sorted(index for *_, indices in pieces for index in indices) == missing
    for features, fold, indices in pieces:
        assert indices
        assert {(plan.keys[index].features, plan.keys[index].fold) for index in indices} == {(features, fold)}
    seconds = [seconds_of(small, plan, piece) for piece in pieces]
    assert [total for total, _ in seconds] == sorted((total for total, _ in seconds), reverse=True)
    for _, own in seconds:
        assert own == sorted(own, reverse=True)
    assert pieces == [piece for _, piece in cut(small, plan.keys, plan.tasks, missing, jobs)]
    if jobs == 1:
        assert len({piece[:2] for piece in pieces}) == len(pieces)


def test_pieces_are_even_and_enough_for_all_workers(small):
    plan = make_plan(small)
    chosen = [index for index, key in enumerate(plan.keys) if key.features == "plain" and key.fold == 0]
    pieces = [piece for _, piece in cut(small, plan.keys, plan.tasks, chosen, 1)]
    assert len(pieces) == 1
    for jobs in (2, 3):
        pieces = [piece for _, piece in cut(small, plan.keys, plan.tasks, chosen, jobs)]
        assert len(pieces) == min(PIECES_PER_WORKER * jobs, len(chosen))
    # Of equal tasks no piece holds two more than another.
    equal = [replace(plan.tasks[chosen[0]]) for _ in range(11)]
    pieces = [piece for _, piece in cut(small, [plan.keys[chosen[0]]] * 11, equal, range(11), 2)]
    assert sorted(len(indices) for *_, indices in pieces) == [1] * 5 + [2] * 3


def test_estimates_grow_with_what_there_is_to_do():
    def estimate(task, **size):
        return estimated_seconds(task, replace(SIZE, **size), Spread(squared_distance=2.0, squared_norm=10.0))

    plain = estimate(rbf([1.0, 2.0]))
    assert estimate(rbf([1.0, 2.0]), n_items=2000, n_train=1600) > 2 * plain
    assert estimate(rbf([1.0, 64.0])) > plain
    assert estimate(rbf([1.0, 2.0, 2.0]), n_problems=3) > plain
    assert estimate(rbf([1.0, 2.0], 1), n_classes=1) < plain
    # Items that are all far from each other are no hard problem, however large the cost.
    assert estimate(replace(rbf([1e3]), gamma=100.0)) < estimate(rbf([1e3]))
    for kernel in ("poly", "linear"):
        assert estimate(replace(rbf([1e9]), kernel=kernel)) > estimate(replace(rbf([1e-9]), kernel=kernel))


@pytest.mark.parametrize("kernel", ["rbf", "poly", "linear"])
@pytest.mark.parametrize("gamma", [2.0**900, 2.0**-900])
def test_estimates_of_parameters_beyond_all_measure_are_numbers(kernel, gamma):
    task = replace(rbf([2.0**900]), kernel=kernel, gamma=gamma, degree=3)
    assert 0.0 < estimated_seconds(task, SIZE, Spread(2.0, 10.0)) < np.inf


def test_the_spread_is_that_of_scaled_features():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 3)).astype(np.float32) * np.float32([1.0, 1000.0, 1.0]) + np.float32([5.0, 0.0, 0.0])
    enumerated = np.array([False, False, True])
    found = spread_of(FeatureSet("all", values, np.arange(3), enumerated))
    low, high = values[:, :2].min(axis=0), values[:, :2].max(axis=0)
    scaled = np.column_stack([(values[:, :2] - low) / (high - low), values[:, 2]]).astype(np.float64)
    squares = ((scaled[:, np.newaxis] - scaled) ** 2).sum(axis=2)
    assert found.squared_distance == pytest.approx(squares.mean(), rel=1e-4)
    assert found.squared_norm == pytest.approx((scaled**2).sum(axis=1).mean(), rel=1e-4)


def test_values_that_are_not_finite_leave_the_rest_of_the_spread():
    values = np.array([[0.0, np.nan, 3.0], [1.0, 1.0, 3.0]], dtype=np.float32)
    found = spread_of(FeatureSet("all", values, np.arange(3), np.zeros(3, dtype=np.bool_)))
    assert found.squared_distance == pytest.approx(0.5)


@pytest.mark.parametrize(("jobs", "room", "workers"), [(4, 10, 4), (4, 3, 3), (4, 1, 1), (4, 0.1, 1), (1, 10, 1)])
def test_the_largest_task_says_how_many_workers_fit(small, jobs, room, workers):
    plan = make_plan(small)
    missing = range(len(plan.tasks))
    largest = max(
        sizes_of(small, key.features, key.fold, [len(task.costs)])[0].bytes_needed("whole")
        for key, task in zip(plan.keys, plan.tasks, strict=True)
    )
    idle = 0 if jobs == 1 else jobs - workers + 1
    kept = kept_bytes(small, plan.keys, plan.tasks, jobs)
    limit = int(room * largest) + idle * memory._FIXED + kept
    found = workers_and_memory(small, plan.keys, plan.tasks, missing, jobs, limit)
    assert found[:2] == (workers, int(room * largest) // workers)
    assert found[2] > jobs * memory._FIXED * (jobs > 1) + kept
    assert kept == 6 * len(small.combinations) * len(small.labels)
