"""Large tasks are cut by ranges of C: every problem once, in order, and the answers stay."""

from dataclasses import replace

import numpy as np
import pytest

from fastgrid.common.fanout import Pool
from fastgrid.sweep import run, splitting
from fastgrid.sweep.combinations import Combination
from fastgrid.sweep.plan import make_plan
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splitting import _ranges, split_large


@pytest.fixture(autouse=True)
def nothing_is_short(monkeypatch):
    monkeypatch.setattr(splitting, "SHORT", 0.0)


def one_gamma(small, costs):
    combinations = [Combination("plain", "rbf", cost, 0.5, balanced) for cost in costs for balanced in (False, True)]
    return replace(small, combinations=combinations)


def costs_of(plan, asked):
    task, row = plan.answers[asked]
    return plan.keys[task], plan.tasks[task].costs[row].tolist()


def test_every_problem_is_in_one_task_and_answers_what_it_did(small):
    given = one_gamma(small, 2.0 ** np.arange(-5, 12, 2))
    plan = make_plan(given)
    found = split_large(given, plan)
    assert len(found.tasks) > len(plan.tasks)
    assert found.answers.keys() == plan.answers.keys()
    for asked in plan.answers:
        assert costs_of(found, asked) == costs_of(plan, asked)
    assert sum(len(task.costs) for task in found.tasks) == sum(len(task.costs) for task in plan.tasks)
    assert found.counters is plan.counters


def test_small_tasks_stay_whole(small):
    gammas = 2.0 ** np.arange(-6, 7)
    combinations = [Combination("plain", "rbf", cost, gamma) for cost in (0.5, 2.0) for gamma in gammas]
    given = replace(small, combinations=combinations)
    plan = make_plan(given)
    found = split_large(given, plan)
    assert [task.costs.tolist() for task in found.tasks] == [task.costs.tolist() for task in plan.tasks]


def test_short_tasks_stay_whole(small, monkeypatch):
    given = one_gamma(small, [0.1, 1.0, 10.0])
    plan = make_plan(given)
    monkeypatch.setattr(splitting, "SHORT", 1e9)
    assert len(split_large(given, plan).tasks) == len(plan.tasks)


@pytest.mark.parametrize("n_parts", [1, 2, 3, 7])
def test_ranges_are_consecutive_and_even(n_parts):
    seconds = np.random.default_rng(n_parts).uniform(1.0, 2.0, 40)
    ranges = _ranges(seconds, n_parts)
    np.testing.assert_array_equal(np.concatenate(ranges), np.arange(40))
    assert len(ranges) == n_parts
    assert max(seconds[rows].sum() for rows in ranges) < seconds.sum() / n_parts + 2.0


def test_one_long_problem_leaves_no_empty_range():
    ranges = _ranges(np.array([1.0, 1.0, 1000.0]), 4)
    assert [rows.tolist() for rows in ranges if len(rows) == 0] == []
    np.testing.assert_array_equal(np.concatenate(ranges), [0, 1, 2])


def test_predictions_and_iterations_are_those_of_whole_tasks(small, monkeypatch):
    given = one_gamma(small, [0.1, 1.0, 10.0, 100.0])
    split = run_sweep(given, Pool(1), SweepOptions())
    monkeypatch.setattr(run, "split_large", lambda _given, plan: plan)
    whole = run_sweep(given, Pool(1), SweepOptions())
    np.testing.assert_array_equal(split.predicted, whole.predicted)
    assert split.counters.iterations == whole.counters.iterations
