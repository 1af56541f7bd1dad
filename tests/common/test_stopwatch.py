"""Phases: exclusive, adding up to the whole, apart for every thread and every recording."""

import math
import threading
import time
from pathlib import Path

import pytest

from fastgrid.common import stopwatch
from fastgrid.common.stopwatch import (
    Timings,
    add_worker_seconds,
    phase,
    recording,
    seconds_since_process_start,
    timings_table,
)


class Clock:
    """A clock that stands still between calls of `wait`."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock()
    monkeypatch.setattr(stopwatch.time, "perf_counter", fake)
    return fake


def test_each_moment_counts_for_the_innermost_phase(clock: Clock) -> None:
    with recording() as timings:
        clock.wait(1)
        with phase("sweep"):
            clock.wait(2)
            with phase("writing"):
                clock.wait(4)
            clock.wait(8)
        with phase("writing"):
            clock.wait(16)
        clock.wait(32)
    clock.wait(64)
    assert timings.seconds == {"other": 33, "sweep": 10, "writing": 20}
    assert timings.workers == {}


def test_an_error_ends_its_phases(clock: Clock) -> None:
    with recording() as timings:
        with pytest.raises(KeyError), phase("outer"), phase("inner"):
            clock.wait(1)
            raise KeyError
        clock.wait(2)
    assert timings.seconds == {"other": 2, "outer": 0, "inner": 1}


def test_a_phase_around_a_function(clock: Clock) -> None:
    @phase("counting")
    def count(number: int) -> int:
        clock.wait(number)
        return number

    assert count(1) == 1
    with recording() as timings:
        assert count(2) + count(3) == 5
    assert timings.seconds["counting"] == 5


def test_nothing_is_kept_without_a_recording(clock: Clock) -> None:
    with phase("nobody asked"):
        clock.wait(1)
    add_worker_seconds({"solving": 1.0})
    with recording() as timings:
        pass
    assert timings.seconds == {"other": 0} and timings.workers == {}


def test_the_seconds_of_workers_are_added_up(clock: Clock) -> None:
    def batch(seconds: int) -> dict[str, float]:
        # In the parent itself, as with one worker: a recording inside a recording.
        with recording() as own, phase("solving"):
            clock.wait(seconds)
        return own.seconds

    with recording() as timings, phase("sweep"):
        for seconds in (1, 2):
            add_worker_seconds(batch(seconds))
        add_worker_seconds({"Gram": 8.0})
    assert timings.seconds == {"other": 0, "sweep": 3}
    assert timings.workers == {"other": 0, "solving": 3, "Gram": 8}


def test_a_thread_has_no_part_in_the_recording_of_another() -> None:
    kept: list[Timings] = []

    def work() -> None:
        with phase("of the thread"):
            pass
        with recording() as own, phase("its own"):
            kept.append(own)

    with recording() as timings:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert set(timings.seconds) == {"other"}
    assert set(kept[0].seconds) == {"other", "its own"}


def test_time_since_the_process_started(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 <= seconds_since_process_start() < math.inf
    numbers = " ".join(str(number) for number in range(3, 50)).replace(" 22 ", " 4500 ")
    monkeypatch.setattr(Path, "read_text", lambda self, **_: f"17 (a (b) c) {numbers}\n")
    monkeypatch.setattr(stopwatch.os, "sysconf", {"SC_CLK_TCK": 100}.__getitem__)
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(time, "clock_gettime", {7: 47.5}.__getitem__)
    assert seconds_since_process_start() == 2.5


@pytest.mark.parametrize("text", ["", "17 (python) R 1", "17 (python) " + "x " * 50])
def test_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self, **_: text)
    monkeypatch.setattr(time, "process_time", lambda: 12.5)
    assert seconds_since_process_start() == 12.5


def test_table() -> None:
    assert timings_table(Timings()) == "seconds    share  phase\n   0.00    100 %  all\n"
    lines = timings_table(Timings({"other": 1.0, "reading": 1.0})).splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["reading", "other", "all"]
