"""The batches of a sweep on a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
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

#: Threads that a sweep is cut for at least, since workers may join later.
LEAST_THREADS = 16

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
    facts = cluster.workers()
    limit, threads = least_memory(facts, memory_limit), max(worker.threads for worker in facts.values())
    pieces_for = max(LEAST_THREADS, sum(worker.threads for worker in facts.values()))
    batches, at_a_time = collected.batches(threads, limit, pieces_for)
    function = solve_alone_with if isolated else solve_with
    with closing(_fan_out(cluster, function, batches, at_a_time)) as found:
        for results, seconds in found:
            add_worker_seconds(seconds)
            collected.add(results)


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


def _fan_out(
    cluster: Cluster, function: Callable[..., Solved], batches: Sequence[Batch], at_a_time: int
) -> Generator[Solved, None, None]:
    calls, parts = calls_of(batches)
    with closing(cluster.results(function, calls, parts, at_a_time=at_a_time)) as found:
        for position, solved in found:
            if isinstance(solved, LostCall):
                error = RuntimeError(solved.reason)
                yield [failed_task(index, error) for index in batches[position].indices], {}
            else:
                yield solved


def calls_of(batches: Sequence[Batch]) -> tuple[list[Call], dict[str, Part]]:
    """Return the calls that solve `batches`, without what they share, and that, under names that its content gives."""
    parts: dict[str, Part] = {}
    names: dict[int, str] = {}

    def name_of(value: object, part: Part) -> str:
        names[id(value)] = name = Parcel(part.value).digest
        parts[name] = part
        return name

    calls = []
    for batch in batches:
        # All batches of a sweep hold the same objects.
        features = names.get(id(batch.features)) or name_of(batch.features, _part_of_features(batch.features))
        frame = names.get(id(batch.splits)) or name_of(
            batch.splits, Part(Frame(batch.labels, batch.splits, batch.item_weights))
        )
        calls.append(Call(replace(batch, features=_NOTHING, **_NO_FRAME), (features, frame)))
    return calls, parts


def _part_of_features(features: FeatureSet) -> Part:
    # A memory-mapped array is sent as a plain one, and is known by its path only where the file is seen.
    here = replace(features, values=np.asarray(features.values), path=None)
    if features.path is None:
        return Part(here)
    file = SharedFile.of(features.path)
    return Part(here, file, replace(features, values=_NOTHING.values, path=file.path))
