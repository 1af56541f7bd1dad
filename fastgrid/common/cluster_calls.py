"""Calls under way on a Dask cluster: how many at a time, what they share, what becomes of those that are lost."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fastgrid.common.cluster_connection import import_distributed
from fastgrid.common.errors import one_line
from fastgrid.common.on_worker import Conditions, NotSharedError, OtherArithmeticError, perform
from fastgrid.common.shared_file import SharedFile

if TYPE_CHECKING:
    from fastgrid.common.cluster import Cluster

#: Calls handed out per thread of the workers: one to work on, one to go on with.
PER_THREAD = 2

#: How often a call is handed out again whose shared values were lost with the workers that had them.
MOST_ATTEMPTS = 5

#: Seconds between two looks at which workers there are, and between two looks for results.
LOOK_SECONDS, NAP_SECONDS = 1.0, 0.01


@dataclass(frozen=True, eq=False)
class Part:
    """A value that calls share. It travels to each worker once.

    Attributes
    ----------
    value : object
    file : SharedFile, optional
        Where it is seen by a worker too, `without_file` goes there in the place of `value`.
    without_file : object
        The value without what is in the file.
    """

    value: object
    file: SharedFile | None = None
    without_file: object = None


@dataclass(frozen=True, eq=False)
class Call:
    """An argument, and the names of the parts that are given along with it."""

    argument: object
    parts: tuple[str, ...]


@dataclass(frozen=True)
class LostCall:
    """What comes in the place of a result; `reason` says why there is none."""

    reason: str


class ClusterCalls:
    """The calls of one `Cluster.results`."""

    def __init__(
        self,
        cluster: Cluster,
        function: Callable[..., Any],
        calls: Sequence[Call],
        parts: Mapping[str, Part],
        conditions: Conditions,
        cut_again: Callable[[Sequence[int]], tuple[Sequence[Call], int]] | None,
    ) -> None:
        self._cluster, self._function, self._calls, self._parts = cluster, function, list(calls), parts
        self._conditions, self._cut_again = conditions, cut_again
        self._cut_for = 0
        self._name = f"fastgrid-{uuid.uuid4().hex}"
        self._waiting = deque(range(len(calls)))
        self._attempts = [0] * len(calls)
        #: By Dask's key: position, future, futures of what it shares.
        self._under_way: dict[str, tuple[int, Any, Sequence[Any]]] = {}
        self._not_shared: set[str] = set()
        self._most = 0
        self._next_look = 0.0
        self._completed = import_distributed().as_completed(
            loop=cluster.client.loop, with_results=True, raise_errors=False
        )

    def results(self) -> Iterator[tuple[int, Any]]:
        """Yield position and result of each call as they come in."""
        while self._waiting or self._under_way:
            self._look_around()
            self._hand_out()
            for key, result in self._come_in():
                settled = self._settle(key, result)
                if settled is not None:
                    yield settled

    def cancel(self) -> None:
        """Take back what is under way."""
        futures = [future for _, future, _ in self._under_way.values()]
        self._under_way.clear()
        self._completed.clear()
        if futures and self._cluster.client.status == "running":
            with contextlib.suppress(Exception):
                self._cluster.client.cancel(futures, force=True)

    def _look_around(self) -> None:
        if time.monotonic() < self._next_look:
            return
        threads = self._cluster.wait_for_workers()
        with self._cluster.talking():
            each = self._cluster.client.nthreads()
        if each:
            scarce = sum(min(number, self._conditions.at_a_time) for number in each.values())
            threads = sum(each.values())
            # Where not every thread may work, a call that waits for its turn on one worker is kept from others.
            self._most = PER_THREAD * threads if scarce == threads else scarce
        self._next_look = time.monotonic() + LOOK_SECONDS
        self._cut_for = self._cut_for or threads
        if threads >= 2 * self._cut_for and self._cut_again is not None and self._waiting:
            self._cut_for = threads
            self._cut(*self._cut_again([index for index, _, _ in self._under_way.values()]))

    def _cut(self, calls: Sequence[Call], at_a_time: int) -> None:
        # Other calls in the place of those that wait.
        self._conditions = replace(self._conditions, at_a_time=at_a_time)
        self._waiting = deque(range(len(self._calls), len(self._calls) + len(calls)))
        self._calls += calls
        self._attempts += [0] * len(calls)

    def _hand_out(self) -> None:
        while self._waiting and len(self._under_way) < self._most:
            index = self._waiting.popleft()
            call = self._calls[index]
            files, shared = [], []
            for name in call.parts:
                part = self._parts[name]
                if part.file is not None and name not in self._not_shared:
                    files.append(part.file)
                    shared.append(self._cluster.sent(f"{name}-of-file", part.without_file))
                else:
                    shared.append(self._cluster.sent(name, part.value))
            self._attempts[index] += 1
            key = f"{self._name}-{index}-{self._attempts[index]}"
            with self._cluster.talking():
                future = self._cluster.client.submit(
                    perform, self._conditions, self._function, call.argument, tuple(files), *shared, key=key, pure=False
                )
            self._under_way[key] = index, future, shared
            self._completed.add(future)

    def _come_in(self) -> list[tuple[str, Any]]:
        while True:
            found = [(future.key, result) for future, result in self._completed.next_batch(block=False)]
            # What was cancelled while its result was on the way does not come by itself.
            known = {key for key, _ in found}
            found += [
                (key, None)
                for key, (_, future, _) in self._under_way.items()
                if future.status == "cancelled" and key not in known
            ]
            if found or self._cluster.client.status != "running" or time.monotonic() >= self._next_look:
                return found
            time.sleep(NAP_SECONDS)

    def _settle(self, key: str, result: Any) -> tuple[int, Any] | None:
        if key not in self._under_way:
            return None
        index, future, shared = self._under_way.pop(key)
        if future.status == "finished":
            return index, result
        if self._cluster.client.status != "running" or _connection_lost(future):
            raise self._cluster.lost()
        error = result[1] if isinstance(result, tuple) else result
        if isinstance(error, NotSharedError):
            names = self._calls[index].parts
            self._not_shared.update(name for name in names if self._is_at(name, str(error)))
            self._waiting.appendleft(index)
            return None
        if future.status != "error" and self._attempts[index] < MOST_ATTEMPTS:
            # Shared values were lost with the last worker that had them, or somebody restarted the workers.
            self._cluster.forget_sent(shared)
            self._waiting.appendleft(index)
            return None
        return index, self._given_up(error)

    def _is_at(self, name: str, path: str) -> bool:
        file: SharedFile | None = self._parts[name].file
        return file is not None and str(file.path) == path

    def _given_up(self, error: object) -> LostCall:
        if isinstance(error, import_distributed().KilledWorker):
            return LostCall("the workers that were given it died, one after the other")
        if isinstance(error, ImportError | AttributeError | OtherArithmeticError):
            # A worker that joined later may lack what the others have; then this says which one.
            self._cluster.check_workers()
        return LostCall(one_line(error) or type(error).__name__)


def _connection_lost(future: Any) -> bool:
    error = getattr(future._state, "exception", None)
    return future.status == "cancelled" and getattr(error, "reason", "") == "scheduler-connection-lost"
