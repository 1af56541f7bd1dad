"""What a sweep will take, before it begins: tasks, workers, ways of solving them, memory, time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fastgrid.sweep.collector import Collector
from fastgrid.sweep.combinations import SweepInput
from fastgrid.sweep.kept import forget_kept
from fastgrid.sweep.memory import WAYS, fixed_bytes
from fastgrid.sweep.options import SweepOptions
from fastgrid.sweep.plan import Plan, make_plan
from fastgrid.sweep.scheduling import estimated_seconds, kept_bytes, sizes_of, spread_of, workers_and_memory
from fastgrid.sweep.solving import solve_batch
from fastgrid.sweep.splits import Splits
from fastgrid.sweep.splitting import split_large
from fastgrid.sweep.task import Batch

#: Items of the sample on which the pace of this machine is measured, and tasks of it.
SAMPLE_ITEMS = 1000
SAMPLE_TASKS = 6


@dataclass(frozen=True)
class Outlook:
    """What a sweep will take.

    Attributes
    ----------
    problems_asked, problems : int
        Combinations times folds, and those of them that differ.
    known : int
        Problems that the journal answers.
    tasks : int
        Gram matrices that are left to be computed.
    workers : int
        How many work at a time.
    ways : mapping of str to int
        Tasks by the way of solving them, the fastest way first.
    bytes_needed : int
        Memory that all processes together take at most, as far as it is known before.
    least_bytes : int
        Memory without which it could not be sure to go on.
    seconds : float
        Roughly, by all workers together, on the machine that the estimate's constants are of.
    """

    problems_asked: int
    problems: int
    known: int
    tasks: int
    workers: int
    ways: Mapping[str, int]
    bytes_needed: int
    least_bytes: int
    seconds: float

    @property
    def duration(self) -> float:
        """Seconds from begin to end."""
        return self.seconds / self.workers


def foresee(given: SweepInput, jobs: int, limit: int, options: SweepOptions) -> Outlook:
    """Return what `run_sweep` will take.

    Parameters
    ----------
    given : SweepInput
    jobs : int
        Workers that there are.
    limit : int
        Bytes that all processes together may take.
    options : SweepOptions
        The journal among them is read, and nothing is written to it.
    """
    plan = split_large(given, make_plan(given))
    collected = Collector(given, plan, replace(options, progress=None, resumed=None))
    collected.read_journal()
    missing, kept = collected.missing(), kept_bytes(given, plan.keys, collected.tasks, jobs)
    if not missing:
        problems = plan.counters.problems_solved
        taken = fixed_bytes(jobs) + kept
        return Outlook(plan.counters.problems_asked, problems, problems, 0, jobs, {}, taken, taken, 0.0)
    keys, tasks = plan.keys, collected.tasks
    workers, memory, least = workers_and_memory(given, keys, tasks, missing, jobs, limit, options.solver)
    spreads = {features: spread_of(given.feature_sets[features]) for features in {keys[i].features for i in missing}}
    ways: Counter[str] = Counter()
    seconds, largest = 0.0, 0
    for index in missing:
        key, task = keys[index], tasks[index]
        (size,) = sizes_of(given, key.features, key.fold, [len(task.costs)], options.solver)
        way = size.way(memory)
        ways[way] += 1
        seconds += estimated_seconds(task, size, spreads[key.features])
        largest = max(largest, size.bytes_needed(way))
    return Outlook(
        plan.counters.problems_asked,
        plan.counters.problems_solved,
        collected.problems_done,
        len(missing),
        workers,
        {way: ways[way] for way in WAYS if ways[way]},
        workers * largest + (jobs - workers) * fixed_bytes(1) + (fixed_bytes(1) if jobs > 1 else 0) + kept,
        least,
        seconds,
    )


def measured_pace(given: SweepInput, options: SweepOptions) -> float:
    """Return how many times longer tasks take here than estimated, from a sample that takes a second or two.

    Parameters
    ----------
    given : SweepInput
    options : SweepOptions
        The solver and its stopping rule.
    """
    sample = _sample(given)
    plan = make_plan(sample)
    chosen = np.unique(np.linspace(0, len(plan.tasks) - 1, min(SAMPLE_TASKS, len(plan.tasks))).astype(np.intp))
    taken = [_timed(sample, plan, int(index), options) for index in chosen]
    forget_kept()
    return sum(seconds for seconds, _ in taken) / sum(expected for _, expected in taken)


def _timed(sample: SweepInput, plan: Plan, index: int, options: SweepOptions) -> tuple[float, float]:
    # Seconds that a task takes, and those that it is estimated to take.
    key, task = plan.keys[index], plan.tasks[index]
    features = sample.feature_sets[key.features]
    batch = Batch(
        features, key.fold, sample.labels, sample.splits, (task,), (index,), options.solver, options.stopping,
        keep=False, class_order=sample.class_order,
    )  # fmt: skip
    solve_batch(batch)  # loads machine code, and fills the caches
    begun = time.perf_counter()
    solve_batch(batch)
    taken = time.perf_counter() - begun
    (size,) = sizes_of(sample, key.features, key.fold, [len(task.costs)], options.solver)
    return taken, estimated_seconds(task, size, spread_of(features))


def _sample(given: SweepInput) -> SweepInput:
    # Every so-manieth item, of the first fold.
    training, test = given.splits.training[0], given.splits.test[0]
    step = max(1, -(-len(given.labels) // SAMPLE_ITEMS))
    items = np.sort(np.concatenate([training[::step], test[::step]]))
    place = {int(item): position for position, item in enumerate(items)}
    splits = Splits(
        len(items),
        (np.array([place[int(item)] for item in training[::step]], dtype=np.intp),),
        (np.array([place[int(item)] for item in test[::step]], dtype=np.intp),),
    )
    used = {combination.features for combination in given.combinations}
    features = {
        key: replace(chosen, values=np.ascontiguousarray(chosen.values[items]), path=None)
        for key, chosen in given.feature_sets.items()
        if key in used
    }
    return replace(given, feature_sets=features, labels=given.labels[items], splits=splits, item_weights=None)
