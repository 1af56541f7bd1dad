"""Pieces of a sweep: each task once, the longest first, as even as may be, always the same."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as randomly
from hypothesis import strategies as st

from fastgrid.kernels import fresh_cost
from fastgrid.sweep.memory import TaskSize
from fastgrid.sweep.plan import make_plan
from fastgrid.sweep.scheduling import PIECES_PER_WORKER, cut, estimated_seconds, sizes_of, workers_and_memory
from fastgrid.sweep.task import Task

SIZE = TaskSize(n_items=1000, n_train=800, n_features=50, n_classes=4, n_largest=420, n_problems=2)


def rbf(costs, n_classes=4):
    return Task("rbf", 0.5, 0, 0.0, np.outer(costs, np.ones(n_classes)))


def seconds_of(given, plan, piece):
    features, fold, indices = piece
    sizes = sizes_of(given, features, fold, [len(plan.tasks[index].costs) for index in indices])
    own = [estimated_seconds(plan.tasks[index], size) for index, size in zip(indices, sizes, strict=True)]
    return fresh_cost(len(given.labels), given.feature_sets[features].values.shape[1]) + sum(own), own


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@randomly(jobs=st.integers(1, 9), data=st.data())
def test_each_missing_task_is_in_one_piece(jobs, data, small):
    plan = make_plan(small)
    missing = data.draw(st.lists(st.integers(0, len(plan.tasks) - 1), unique=True).map(sorted))
    pieces = cut(small, plan.keys, plan.tasks, missing, jobs)
    assert sorted(index for *_, indices in pieces for index in indices) == missing
    for features, fold, indices in pieces:
        assert indices
        assert {(plan.keys[index].features, plan.keys[index].fold) for index in indices} == {(features, fold)}
    seconds = [seconds_of(small, plan, piece) for piece in pieces]
    assert [total for total, _ in seconds] == sorted((total for total, _ in seconds), reverse=True)
    for _, own in seconds:
        assert own == sorted(own, reverse=True)
    assert pieces == cut(small, plan.keys, plan.tasks, missing, jobs)
    if jobs == 1:
        assert len({piece[:2] for piece in pieces}) == len(pieces)


def test_pieces_are_even_and_enough_for_all_workers(small):
    plan = make_plan(small)
    chosen = [index for index, key in enumerate(plan.keys) if key.features == "plain" and key.fold == 0]
    pieces = cut(small, plan.keys, plan.tasks, chosen, 1)
    assert len(pieces) == 1
    for jobs in (2, 3):
        pieces = cut(small, plan.keys, plan.tasks, chosen, jobs)
        assert len(pieces) == min(PIECES_PER_WORKER * jobs, len(chosen))
    # Of equal tasks no piece holds two more than another.
    equal = [replace(plan.tasks[chosen[0]]) for _ in range(11)]
    pieces = cut(small, [plan.keys[chosen[0]]] * 11, equal, range(11), 2)
    assert sorted(len(indices) for *_, indices in pieces) == [1] * 5 + [2] * 3


def test_estimates_grow_with_what_there_is_to_do():
    plain = estimated_seconds(rbf([1.0, 2.0]), SIZE)
    assert estimated_seconds(rbf([1.0, 2.0]), replace(SIZE, n_items=2000, n_train=1600)) > 2 * plain
    assert estimated_seconds(rbf([1.0, 64.0]), SIZE) > plain
    assert estimated_seconds(rbf([1.0, 2.0, 2.0]), replace(SIZE, n_problems=3)) > plain
    assert estimated_seconds(rbf([1.0, 2.0], 1), replace(SIZE, n_classes=1)) < plain
    # Costs that hold a polynomial's scale say nothing.
    large, little = (replace(rbf([cost]), kernel="poly") for cost in (1e9, 1e-9))
    assert estimated_seconds(large, SIZE) == estimated_seconds(little, SIZE)


@pytest.mark.parametrize(("jobs", "room", "workers"), [(4, 10, 4), (4, 3, 3), (4, 1.5, 1), (4, 0.1, 1), (1, 10, 1)])
def test_the_largest_task_says_how_many_workers_fit(small, jobs, room, workers):
    plan = make_plan(small)
    missing = range(len(plan.tasks))
    largest = max(
        sizes_of(small, key.features, key.fold, [len(task.costs)])[0].bytes_needed("whole")
        for key, task in zip(plan.keys, plan.tasks, strict=True)
    )
    limit = int(room * largest)
    assert workers_and_memory(small, plan.keys, plan.tasks, missing, jobs, limit) == (workers, limit // workers)
