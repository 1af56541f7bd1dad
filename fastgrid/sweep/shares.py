"""Which tasks of a sweep are whose, where several runs that know nothing of each other share it (``--shard``)."""

from __future__ import annotations

from typing import NamedTuple

from fastgrid.sweep.combinations import SweepInput
from fastgrid.sweep.plan import Plan
from fastgrid.sweep.scheduling import cut


class Shard(NamedTuple):
    """One of several runs that share a sweep.

    Attributes
    ----------
    number : int
        From 1 to `total`.
    total : int
    """

    number: int
    total: int

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


def own_tasks(given: SweepInput, plan: Plan, shard: Shard) -> frozenset[int]:
    """Return the indices of the tasks that `shard` solves.

    A function of the sweep's input and the number of shards only: whatever the others have done, each task is the
    business of exactly one shard. The longest pieces come first, each to the shard that has the least to do so far.
    """
    load = [0.0] * shard.total
    own: set[int] = set()
    for seconds, (_, _, indices) in cut(given, plan.keys, plan.tasks, range(len(plan.tasks)), shard.total):
        lightest = load.index(min(load))
        load[lightest] += seconds
        if lightest == shard.number - 1:
            own.update(indices)
    return frozenset(own)
