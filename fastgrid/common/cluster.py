"""A Dask cluster as a pool of workers on several machines."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from fastgrid.common.cluster_calls import Call, ClusterCalls, LostCall, Part
from fastgrid.common.cluster_connection import (
    ClusterLostError,
    configured_seconds,
    connect,
    quiet_dask,
    scheduler_address,
)
from fastgrid.common.errors import UserError, one_line
from fastgrid.common.fanout import Pool
from fastgrid.common.on_worker import ARITHMETIC, Conditions, Versions, WorkerFacts, worker_facts
from fastgrid.common.parcel import Parcel

Result = TypeVar("Result")

#: Seconds without any worker after which a run gives up, and the key of Dask's configuration that says otherwise.
WORKERS_SECONDS = 300.0
WORKERS_KEY = "fastgrid.wait-for-workers"

_CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)


class Cluster:
    """Workers that a Dask scheduler knows. They belong to the user: none is started or ended here.

    Parameters
    ----------
    address : str, optional
        Of the scheduler: ``tcp://host:port``.
    file : Path, optional
        The scheduler file that holds its address, instead.
    identify : callable
        Returns what a process runs, by name; a worker with another "arithmetic" is refused. A function of a module.
    release : callable
        Called on each worker at the end, to release what was kept. Likewise.
    say, note : callable
        Called with a line that the user should see, and with one that is good to know.

    Raises
    ------
    UserError
        When the scheduler does not answer or a worker cannot do the work.
    """

    def __init__(
        self,
        address: str | None,
        file: Path | None,
        *,
        identify: Callable[[], Versions],
        release: Callable[[], None],
        say: Callable[[str], None],
        note: Callable[[str], None],
    ) -> None:
        self._identify, self._release, self._say = identify, release, say
        self._said: set[str] = set()
        self._sent: dict[str, Any] = {}
        self._epoch = 0
        self._quiet = contextlib.ExitStack()
        self._quiet.enter_context(quiet_dask())
        try:
            self.address = scheduler_address(address, file, say)
            self.client = connect(self.address)
            try:
                found = self._described()
                threads = sum(facts.threads for facts in found.values())
                note(f"scheduler {self.address}: {len(found)} workers with {threads} threads in all")
            except BaseException:
                self._close()
                raise
        except BaseException:
            self._quiet.close()
            raise

    def workers(self) -> dict[str, WorkerFacts]:
        """Return what the workers are like, by address; waits for the first one.

        Raises
        ------
        UserError
            When one cannot do the work.
        ClusterLostError
            When the scheduler is gone, or no worker comes.
        """
        self.wait_for_workers()
        return self._described()

    def wait_for_workers(self) -> int:
        """Return how many threads the workers have together, once there is one at all."""
        seconds = configured_seconds(WORKERS_KEY, WORKERS_SECONDS)
        began = time.monotonic()
        while True:
            with self.talking():
                threads: int = sum(self.client.nthreads().values())
            if threads:
                return threads
            self._say_once(f"no worker is connected to the scheduler {self.address}: waiting for one")
            if time.monotonic() - began > seconds:
                raise ClusterLostError(
                    f"no worker came to the scheduler {self.address} within {seconds:g} seconds; finished work is "
                    "kept: start workers with `dask worker`, and the same command goes on"
                )
            time.sleep(0.2)

    def results(
        self,
        function: Callable[..., Result],
        calls: Sequence[Call],
        parts: Mapping[str, Part],
        *,
        at_a_time: int,
        cut_again: Callable[[Sequence[int]], tuple[Sequence[Call], int]] | None = None,
    ) -> Generator[tuple[int, Result | LostCall], None, None]:
        """Yield the position and the result of calls as they come in, in any order.

        A worker that is lost has its calls done by others; one that joins is used. Left early, it cancels what is under
        way.

        Parameters
        ----------
        function : callable
            A function of a module; called with an argument and the values of the parts that go with it.
        calls : sequence of Call
            Those that take long first.
        parts : mapping of str to Part
            What calls name.
        at_a_time : int
            Calls that one worker may work on at a time.
        cut_again : callable, optional
            Where there are twice as many threads as there were: is given the positions of the calls under way, and
            returns other calls in the place of all that are not, and `at_a_time`. Their positions go on from those of
            `calls`.

        Yields
        ------
        position : int
        result : object or LostCall
            The latter where workers died of it.

        Raises
        ------
        ClusterLostError
        UserError
            When a worker that joined cannot do the work.
        """
        conditions = Conditions(self._identify, self._identify()[ARITHMETIC], at_a_time)
        under_way = ClusterCalls(self, function, calls, parts, conditions, cut_again)
        try:
            yield from under_way.results()
        finally:
            under_way.cancel()

    def sent(self, key: str, value: object) -> Any:
        """Return Dask's future of `value`, sent to a worker under `key` if it is not there yet.

        Others get it from one that has it, when they need it. To have it sent to all at once would take less time, but
        if a worker dies meanwhile, Dask's scheduler asks that worker for ever (`replicate`, up to 2026.8 at least).
        """
        if key in self._sent and self._sent[key].status == "finished":
            return self._sent[key]
        for attempt in range(3):
            self._epoch += 1
            self.wait_for_workers()
            try:
                with self.talking():
                    # A name of its own each time: of one that was lost, Dask may still be at work on the loss.
                    names = self.client.scatter({f"{key}-{self._epoch}": Parcel(value)})
                break
            except ClusterLostError:
                # A worker that is lost meanwhile looks the same from here as a scheduler that is.
                if attempt == 2 or self.client.status != "running":
                    raise
        (self._sent[key],) = names.values()
        return self._sent[key]

    def forget_sent(self, futures: Sequence[Any]) -> None:
        """Have these values of `sent` sent anew when they are wanted again; others in their place stay."""
        for key in [key for key, future in self._sent.items() if any(future is lost for lost in futures)]:
            del self._sent[key]

    @contextlib.contextmanager
    def talking(self) -> Iterator[None]:
        """Turn whatever Dask raises inside the block into a ClusterLostError: mostly, that the scheduler is gone."""
        if self.client.status != "running":
            raise self.lost()
        try:
            yield
        except (OSError, RuntimeError, *_CANCELLED) as error:
            raise self.lost() from error
        except Exception as error:
            if self.client.status != "running":
                raise self.lost() from error
            raise ClusterLostError(
                f"the scheduler {self.address} reports {one_line(error) or type(error).__name__}; finished work is kept"
            ) from error

    def lost(self) -> ClusterLostError:
        """Return the error that says that the scheduler is gone."""
        return ClusterLostError(
            f"the connection to the scheduler {self.address} was lost; finished work is kept: the same command goes "
            "on, with another scheduler or without one"
        )

    def check_workers(self) -> None:
        """Raise a UserError where a worker cannot do the work."""
        self._described()

    def stop(self) -> None:
        """Release what was kept and close the connection."""
        if self.client.status == "running":
            with contextlib.suppress(Exception):
                self.client.run(self._release, on_error="ignore")
        self._close()
        self._quiet.close()

    def _close(self) -> None:
        self._sent.clear()
        with contextlib.suppress(Exception, *_CANCELLED):
            self.client.close(timeout=2)

    def _described(self) -> dict[str, WorkerFacts]:
        with self.talking():
            found = self.client.run(worker_facts, self._identify, on_error="return")
        own = self._identify()
        for address, facts in found.items():
            if isinstance(facts, OSError):
                continue  # lost just now
            if not isinstance(facts, WorkerFacts):
                raise UserError(
                    f"worker {address} cannot run fastgrid ({one_line(facts, 120) or type(facts).__name__}); install "
                    f"fastgrid {own['fastgrid']} where it runs"
                )
            if facts.versions.get(ARITHMETIC) != own[ARITHMETIC]:
                raise UserError(
                    f"worker {address} runs fastgrid {facts.versions.get('fastgrid')}, whose results may differ from "
                    f"those of fastgrid {own['fastgrid']} here; install the same version"
                )
            self._say_differences(address, facts.versions, own)
        return {address: facts for address, facts in found.items() if isinstance(facts, WorkerFacts)}

    def _say_differences(self, address: str, there: Versions, here: Versions) -> None:
        others = [f"{name} {there.get(name)} (here {own})" for name, own in here.items() if there.get(name) != own]
        if others:
            text = ", ".join(others)
            self._say_once(f"worker {address} has other versions: {text}", f"versions {text}")

    def _say_once(self, line: str, about: str | None = None) -> None:
        if (about or line) not in self._said:
            self._said.add(about or line)
            self._say(line)


class ClusterPool(Pool):
    """A cluster for sweeps, and what is fanned out beside them on this machine.

    Parameters
    ----------
    jobs : int
        Workers on this machine, which read files and try again what failed; started when they are needed.
    backend : str
        What these are, as of `Pool`.
    cluster : Cluster
        Its connection is closed with the pool.
    """

    def __init__(self, jobs: int, backend: str, cluster: Cluster) -> None:
        super().__init__(jobs, backend)
        self.cluster = cluster

    def start(self, warm_up: Callable[[], object]) -> None:
        """Do nothing: this machine's workers may not be needed at all."""

    def call(self, function: Callable[[], Result]) -> Result:
        """Return what `function` returns, from this process: no worker of this machine has loaded anything yet."""
        return function()

    def stop(self) -> None:
        """Close the connection to the cluster, and end the workers of this machine."""
        try:
            self.cluster.stop()
        finally:
            super().stop()
