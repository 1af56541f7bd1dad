"""What the workers of a cluster run, and what they tell about themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastgrid.common.memory import available_memory
from fastgrid.common.parcel import Parcel
from fastgrid.common.shared_file import SharedFile

Versions = Mapping[str, str]

#: Among versions, that of the arithmetic: with another one, results would be others.
ARITHMETIC = "arithmetic"


class NotSharedError(Exception):
    """A worker does not see a file that the calling process sees; the argument is the path."""


class OtherArithmeticError(Exception):
    """A worker would come to other results than the calling process; the argument says what it runs."""


@dataclass(frozen=True)
class WorkerFacts:
    """What a worker is like.

    Attributes
    ----------
    host : str
    threads : int
        Calls that it works on at a time.
    memory_limit : int
        Bytes that the worker may take; 0 where it has no limit.
    available : int
        Bytes that can be had where it runs.
    versions : dict of str to str
        What it runs.
    """

    host: str
    threads: int
    memory_limit: int
    available: int
    versions: Versions


def worker_facts(identify: Callable[[], Versions], dask_worker: Any = None) -> WorkerFacts:
    """Return what the worker is like that Dask calls this on; `identify` says what it runs."""
    limit = dask_worker.memory_manager.memory_limit
    host = dask_worker.address.partition("://")[2].rpartition(":")[0]
    return WorkerFacts(host, dask_worker.state.nthreads, int(limit or 0), available_memory(), dict(identify()))


@dataclass(frozen=True)
class Conditions:
    """Under which conditions a worker may perform calls.

    Attributes
    ----------
    identify : callable
        Says what a worker runs.
    arithmetic : str
        What that has to be.
    at_a_time : int
        Calls that one worker may have under way.
    """

    identify: Callable[[], Versions]
    arithmetic: str
    at_a_time: int


def perform(
    conditions: Conditions,
    function: Callable[..., Any],
    argument: Any,
    files: tuple[SharedFile, ...],
    *shared: Parcel,
) -> Any:
    """Return what `function` makes of `argument` and the values that it shares with other calls.

    Raises
    ------
    OtherArithmeticError
        When the result would not be what the calling process expects.
    NotSharedError
        When one of `files` is not here.
    """
    found = conditions.identify()
    if found.get(ARITHMETIC) != conditions.arithmetic:
        raise OtherArithmeticError(f"fastgrid {found.get('fastgrid')}")
    for file in files:
        if not file.is_here():
            raise NotSharedError(str(file.path))
    with _turns.one_of(conditions.at_a_time):
        return function(argument, *(parcel.value for parcel in shared))


class _Turns:
    # Calls under way in this process; threads wait for their turn where memory is for fewer calls than threads.

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way = 0

    @contextmanager
    def one_of(self, most: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < most)
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()


_turns = _Turns()
