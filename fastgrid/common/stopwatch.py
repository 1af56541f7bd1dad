"""Where the time of a run goes: seconds per named phase, in this process and in its workers.

The phases of this process do not overlap: each moment counts for the innermost phase open at it, so that they add up
to the whole. Without a recording open, a phase costs and keeps nothing. Seconds stand on the console only; files that
a run writes are the same from run to run.

Workers record for themselves and send their seconds along with what they computed::

    with recording() as timings:        # in the worker, around one batch
        with phase("solving"):
            ...
    return results, timings.seconds

    add_worker_seconds(seconds)         # in the parent, as results come in

A recording belongs to the thread that opened it, so this holds for workers that are threads, or the parent itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

#: What is in no phase.
OTHER = "other"


@dataclass
class Timings:
    """The seconds of one recording.

    Attributes
    ----------
    seconds : dict of str to float
        Wall-clock seconds of each phase of this process, in the order in which the phases first began.
    workers : dict of str to float
        Seconds of each phase of the workers, added up over all of them.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    workers: dict[str, float] = field(default_factory=dict)
    _open: list[str] = field(default_factory=lambda: [OTHER], repr=False)
    _since: float = field(default_factory=lambda: time.perf_counter(), repr=False)

    def enter(self, name: str) -> None:
        """Begin the phase `name` inside the one that is open."""
        self._settle()
        self.seconds.setdefault(name, 0.0)
        self._open.append(name)

    def leave(self) -> None:
        """End the innermost open phase."""
        self._settle()
        if len(self._open) > 1:
            self._open.pop()

    def _settle(self) -> None:
        # What has passed since the last change belongs to the phase that is open.
        now = time.perf_counter()
        self.seconds[self._open[-1]] = self.seconds.get(self._open[-1], 0.0) + now - self._since
        self._since = now


_CURRENT: ContextVar[Timings | None] = ContextVar("fastgrid_timings", default=None)


@contextmanager
def recording() -> Iterator[Timings]:
    """Record the phases of this thread inside the block; a recording inside another one is apart from it."""
    timings = Timings()
    token = _CURRENT.set(timings)
    try:
        yield timings
    finally:
        timings.leave()
        _CURRENT.reset(token)


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Count the time inside the block as `name`'s, less that of phases inside it; works as a decorator too."""
    timings = _CURRENT.get()
    if timings is None:
        yield
        return
    timings.enter(name)
    try:
        yield
    finally:
        timings.leave()


def add_worker_seconds(seconds: Mapping[str, float]) -> None:
    """Add what a worker recorded to the recording of this thread, if there is one.

    Parameters
    ----------
    seconds : mapping of str to float
        `Timings.seconds` of the worker.
    """
    timings = _CURRENT.get()
    if timings is not None:
        for name, value in seconds.items():
            timings.workers[name] = timings.workers.get(name, 0.0) + value


def seconds_since_process_start() -> float:
    """Return how long this process has been running, so that the start of Python and the first imports count.

    From the system where it tells (Linux, to a hundredth of a second), else the processor time used so far: at its
    start a process does nothing but compute.
    """
    try:
        # Field 22 of proc(5)'s stat, counted from after the name, which may hold spaces.
        fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except (OSError, AttributeError, IndexError, ValueError):
        return time.process_time()


def timings_table(timings: Timings) -> str:
    """Return the phases as lines of text: seconds and shares of the whole, those of workers below.

    Examples
    --------
    >>> print(timings_table(Timings({"reading": 3.0, "sweep": 1.0}, {"solving": 1.5})), end="")
    seconds    share  phase
       3.00     75 %  reading
       1.00     25 %  sweep
       4.00    100 %  all
    of workers, added up:
       1.50    100 %  solving
    """
    total = sum(timings.seconds.values())
    lines = ["seconds    share  phase", *_rows(timings.seconds), f"{total:7.2f}    100 %  all"]
    if timings.workers:
        lines += ["of workers, added up:", *_rows(timings.workers)]
    return "\n".join(lines) + "\n"


def _rows(seconds: Mapping[str, float]) -> list[str]:
    # What is in no phase comes last.
    total = sum(seconds.values()) or 1.0
    ordered = sorted(seconds.items(), key=lambda entry: entry[0] == OTHER)
    return [f"{value:7.2f}   {100 * value / total:4.0f} %  {name}" for name, value in ordered]
