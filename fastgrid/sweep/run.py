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
from fastgrid.sweep.combinations import SweepInput, SweepResult
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
    the failure is part of the result. One that ended its process, or asked for more memory than there was, is tried
    alone.

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
    _solve_all(pool, options, collected)
    return collected.result()


def _solve_all(pool: Pool, options: SweepOptions, collected: Collector) -> None:
    limit, on_cluster = options.memory_limit or available_memory() // 2, isinstance(pool, ClusterPool)
    try:
        if isinstance(pool, ClusterPool):
            solve_on_cluster(pool.cluster, collected, options.memory_limit, isolated=options.isolated)
        else:
            _solve(pool, limit, options.isolated, collected)
        again = collected.forget_failures()
        if again:
            # What may have failed for want of memory has all of it to itself; on this machine, where it was solved on a
            # cluster: a batch may end one worker after the other.
            alone = any(result.died or result.out_of_memory for result in again)
            isolated = options.isolated or pool.uses_processes or on_cluster
            _solve(pool, limit, isolated, collected, alone=alone)
    finally:
        # A caller may write to its arrays before the next sweep.
        forget_kept()
        collected.make_safe()


def _solve(pool: Pool, limit: int, isolated: bool, collected: Collector, *, alone: bool = False) -> None:
    batches, workers = collected.batches(pool.jobs, limit)
    if alone:
        workers = 1
    if isolated:
        _collect(_in_new_processes(batches, workers), collected)
        return
    while batches:
        taken: list[Batch] = []
        try:
            _collect(_in_pool(batches, pool, workers, taken), collected)
            return
        except WorkersDiedError:
            # One of the batches under way ended its worker, and it is not known which: each in a process of its own.
            # The others go on in a new pool.
            pool.stop()
            unfinished = frozenset(collected.missing())
            suspects = [batch.only(unfinished) for batch in taken]
            _collect(_in_new_processes([batch for batch in suspects if batch.indices], workers), collected)
            batches = batches[len(taken) :]


def _collect(solving: Generator[Solved, None, None], collected: Collector) -> None:
    # Closed at once when an interrupt or a full disk ends the loop, which ends the processes behind it.
    with closing(solving) as found:
        for results, seconds in found:
            add_worker_seconds(seconds)
            collected.add(results)


def _in_new_processes(batches: Sequence[Batch], workers: int) -> Generator[Solved, None, None]:
    # The threads only wait for the processes they started.
    with no_process_left():
        yield from Pool(workers, "threads").map_unordered(solve_in_new_process, batches)


def _in_pool(batches: Sequence[Batch], pool: Pool, workers: int, taken: list[Batch]) -> Generator[Solved, None, None]:
    # What the pool takes in hand comes into `taken`.
    def handed_out() -> Generator[Batch, None, None]:
        for batch in batches:
            taken.append(batch)
            yield _to_travel(batch, pool) if pool.uses_processes else batch

    yield from pool.map_unordered(solve_batch, handed_out(), at_most=workers)


def _to_travel(batch: Batch, pool: Pool) -> Batch:
    features = batch.features
    if features.path is not None:
        features = replace(features, values=np.empty((0, 0), dtype=np.float32))
    # What workers of others keep would be theirs to carry after the sweep.
    return replace(batch, features=features, keep=batch.keep and pool.owns_workers)
