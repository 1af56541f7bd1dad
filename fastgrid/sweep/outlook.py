"""What a sweep will take, before it begins: tasks, workers, ways of solving them, memory, time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from fastgrid.sweep.collector import Collector
from fastgrid.sweep.combinations import SweepInput
from fastgrid.sweep.memory import SPEED, WAYS, fixed_bytes
from fastgrid.sweep.options import SweepOptions
from fastgrid.sweep.plan import make_plan
from fastgrid.sweep.scheduling import estimated_seconds, kept_bytes, sizes_of, spread_of, workers_and_memory
from fastgrid.sweep.splitting import split_large
from fastgrid.sweep.ways import possible_way


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
        way = possible_way(task.kernel, size.way(memory), size.n_classes)
        ways[way] += 1
        seconds += estimated_seconds(task, size, spreads[key.features]) / SPEED[way]
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
