"""The sweep: plan, look up what is finished, solve the rest over a pool, put the predictions together."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np

from fastgrid.common.cluster import ClusterPool
from fastgrid.common.fanout import Pool, WorkersDiedError
from fastgrid.common.memory import available_memory
from fastgrid.common.stopwatch import add_worker_seconds
from fastgrid.sweep.collector import Collector
from fastgrid.sweep.combinations import FeatureSet, SweepInput, SweepResult
from fastgrid.sweep.isolated import no_process_left, solve_in_new_process
from fastgrid.sweep.kept import forget_kept
from fastgrid.sweep.options import SweepOptions
from fastgrid.sweep.plan import make_plan
from fastgrid.sweep.remote import solve_on_cluster
from fastgrid.sweep.solving import solve_batch
from fastgrid.sweep.splitting import split_large
from fastgrid.sweep.task import Batch, TaskResult

Solved = tuple[list[TaskResult], dict[str, float]]

__all__ = ["SweepOptions", "run_sweep"]


def run_sweep(given: SweepInput, pool: Pool, options: SweepOptions) -> SweepResult:
    """Predict every item by every combination, each item in the fold where it is held out.

    A task that fails is tried once more; if it fails again its combinations have no prediction (-1) in that fold and
    the failure is part of the result.

    Parameters
    ----------
    given : SweepInput
    pool : Pool
    options : SweepOptions

    Returns
    -------
    SweepResult
        The same for any number of workers.
    """
    plan = split_large(given, make_plan(given))
    collected = Collector(given, plan, options)
    collected.read_journal()
    limit, on_cluster = options.memory_limit or available_memory() // 2, isinstance(pool, ClusterPool)
    try:
        if isinstance(pool, ClusterPool):
            solve_on_cluster(pool.cluster, collected, options.memory_limit, isolated=options.isolated)
        else:
            _solve(pool, limit, options.isolated, collected)
        if collected.forget_failures():
            # Here, where it was solved on a cluster: a batch may end one worker after the other.
            _solve(pool, limit, options.isolated or pool.uses_processes or on_cluster, collected)
    finally:
        # A caller may write to its arrays before the next sweep.
        forget_kept()
    return collected.result()


def _solve(pool: Pool, limit: int, isolated: bool, collected: Collector) -> None:
    batches, workers = collected.batches(pool.jobs, limit)
    try:
        _collect(batches, pool, workers, isolated, collected)
    except WorkersDiedError:
        # Some batch ended its worker, and it is not known which: each in a process of its own from here on.
        pool.stop()
        remaining = [batch.only(frozenset(collected.missing())) for batch in batches]
        _collect([batch for batch in remaining if batch.indices], pool, workers, True, collected)


def _collect(batches: Sequence[Batch], pool: Pool, workers: int, isolated: bool, collected: Collector) -> None:
    # Closed at once when an interrupt or a full disk ends the loop, which ends the processes behind it.
    with closing(_fan_out(batches, pool, workers, isolated)) as found:
        for results, seconds in found:
            add_worker_seconds(seconds)
            collected.add(results)


def _fan_out(batches: Sequence[Batch], pool: Pool, workers: int, isolated: bool) -> Generator[Solved, None, None]:
    if isolated:
        # The threads only wait for the processes they started.
        with no_process_left():
            yield from Pool(workers, "threads").map_unordered(solve_in_new_process, batches)
        return
    if pool.uses_processes:
        # What workers of others keep would be theirs to carry after the sweep.
        batches = [
            replace(batch, features=_without_values(batch.features), keep=batch.keep and pool.owns_workers)
            for batch in batches
        ]
    yield from pool.map_unordered(solve_batch, batches, at_most=workers)


def _without_values(features: FeatureSet) -> FeatureSet:
    if features.path is None:
        return features
    return replace(features, values=np.empty((0, 0), dtype=np.float32))
