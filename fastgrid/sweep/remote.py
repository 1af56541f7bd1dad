"""The batches of a sweep on a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.cluster import Cluster
from fastgrid.common.cluster_calls import Call, LostCall, Part
from fastgrid.common.on_worker import WorkerFacts
from fastgrid.common.parcel import Parcel
from fastgrid.common.shared_file import SharedFile
from fastgrid.common.stopwatch import add_worker_seconds
from fastgrid.sweep.collector import Collector
from fastgrid.sweep.combinations import FeatureSet
from fastgrid.sweep.isolated import solve_in_new_process
from fastgrid.sweep.solving import solve_batch
from fastgrid.sweep.splits import Splits
from fastgrid.sweep.task import Batch, TaskResult, failed_task

Solved = tuple[list[TaskResult], dict[str, float]]

#: Share of a worker's memory limit that tasks may take: at 0.8 Dask has a worker pause.
SHARE_OF_LIMIT = 0.7

#: Threads that a sweep is cut for at least: what a worker has not handed back yet is lost with it.
LEAST_THREADS = 2

#: In the place of what a batch shares with others.
_NO_FRAME: dict[str, Any] = {
    "labels": np.empty(0, np.int16),
    "splits": Splits(0, (), ()),
    "item_weights": None,
}
_NOTHING = FeatureSet("", np.empty((0, 0), np.float32), np.empty(0, np.intp), np.empty(0, np.bool_))


@dataclass(frozen=True, eq=False)
class Frame:
    """What all batches of a sweep share beside features.

    Attributes
    ----------
    labels, splits, item_weights
        As of `Batch`.
    """

    labels: npt.NDArray[np.int16]
    splits: Splits
    item_weights: npt.NDArray[np.float64] | None


def solve_on_cluster(cluster: Cluster, collected: Collector, memory_limit: int | None, *, isolated: bool) -> None:
    """Solve the tasks that are missing in `collected` by the workers of `cluster`.

    Tasks of a batch that workers died of become failed ones.

    Parameters
    ----------
    cluster : Cluster
    collected : Collector
    memory_limit : int, optional
        Bytes that one worker may take; by default most of what it has.
    isolated : bool
        Every batch in a fresh Python process on its worker.

    Raises
    ------
    ClusterLostError
        When the scheduler or all workers are gone for good; `collected` has what came in before.
    """
    if not collected.missing():
        return
    cutting = Cutting(cluster, collected, memory_limit)
    calls, at_a_time = cutting.cut(())
    function = solve_alone_with if isolated else solve_with
    found = cluster.results(function, calls, cutting.parts, at_a_time=at_a_time, cut_again=cutting.cut)
    # Closed at once when an interrupt or a full disk ends the loop, which cancels what is under way.
    with closing(found):
        for position, solved in found:
            if isinstance(solved, LostCall):
                error = RuntimeError(solved.reason)
                collected.add([failed_task(index, error, died=True) for index in cutting.batches[position].indices])
            else:
                results, seconds = solved
                add_worker_seconds(seconds)
                collected.add(results)


class Cutting:
    """The missing tasks of a sweep cut into calls of a cluster, and cut again where it has grown.

    Attributes
    ----------
    batches : list of Batch
        Of all calls so far.
    parts : dict of str to Part
        What the calls share, under names that its content gives.
    """

    def __init__(self, cluster: Cluster, collected: Collector, memory_limit: int | None) -> None:
        self._cluster, self._collected, self._memory_limit = cluster, collected, memory_limit
        self.batches: list[Batch] = []
        self.parts: dict[str, Part] = {}
        self._names: dict[int, str] = {}

    def cut(self, under_way: Sequence[int]) -> tuple[list[Call], int]:
        """Return calls for all missing tasks but those of the batches at the positions `under_way`.

        Beside them, how many of these one worker may have under way.
        """
        facts = self._cluster.workers()
        all_threads, threads = sum(one.threads for one in facts.values()), max(one.threads for one in facts.values())
        busy = frozenset(index for position in under_way for index in self.batches[position].indices)
        batches, at_a_time = self._collected.batches(
            threads, least_memory(facts, self._memory_limit), max(LEAST_THREADS, all_threads), busy
        )
        self.batches += batches
        return [self._call(batch) for batch in batches], at_a_time

    def _call(self, batch: Batch) -> Call:
        # All batches of a sweep hold the same objects.
        features, splits = batch.features, batch.splits
        if id(features) not in self._names:
            self._share(features, _part_of_features(features))
        if id(splits) not in self._names:
            self._share(splits, Part(Frame(batch.labels, splits, batch.item_weights)))
        shared = self._names[id(features)], self._names[id(splits)]
        return Call(replace(batch, features=_NOTHING, **_NO_FRAME), shared)

    def _share(self, value: object, part: Part) -> None:
        name = Parcel(part.value).digest
        self._names[id(value)], self.parts[name] = name, part


def least_memory(facts: Mapping[str, WorkerFacts], memory_limit: int | None) -> int:
    """Return the bytes that tasks may take on the worker that has the least, all its threads together."""
    on_host = Counter(worker.host for worker in facts.values())
    usable = [
        int(SHARE_OF_LIMIT * worker.memory_limit)
        if worker.memory_limit
        else worker.available // (2 * on_host[worker.host])
        for worker in facts.values()
    ]
    return min(usable if memory_limit is None else [*usable, memory_limit])


def solve_with(batch: Batch, features: FeatureSet, frame: Frame) -> Solved:
    """Solve a batch that was sent without `features` and `frame`; see `solve_batch`."""
    return solve_batch(_whole(batch, features, frame))


def solve_alone_with(batch: Batch, features: FeatureSet, frame: Frame) -> Solved:
    """Solve a batch that was sent without `features` and `frame` in a process of its own."""
    return solve_in_new_process(_whole(batch, features, frame))


def _whole(batch: Batch, features: FeatureSet, frame: Frame) -> Batch:
    return replace(batch, features=features, labels=frame.labels, splits=frame.splits, item_weights=frame.item_weights)


def _part_of_features(features: FeatureSet) -> Part:
    # A memory-mapped array is sent as a plain one, and is known by its path only where the file is seen.
    here = replace(features, values=np.asarray(features.values), path=None)
    if features.path is None:
        return Part(here)
    file = SharedFile.of(features.path)
    return Part(here, file, replace(features, values=_NOTHING.values, path=file.path))
