"""What a run says, on a terminal, into a file, and when it is quiet."""

import io
import re

import pytest

from fastgrid.common import console as module
from fastgrid.common.console import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_notes_and_warnings() -> None:
    for quiet, expected in ((False, "seen\nwarning: look\n"), (True, "warning: look\n")):
        stream = io.StringIO()
        console = Console(quiet, stream)
        console.note("seen")
        console.warn("look")
        assert stream.getvalue() == expected


def test_nobody_may_read_it() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    console = Console(stream=Closed())
    with console.progress():
        console.note("not seen")
        console.expect("reading", 1)
        console.advance("reading", 1)
        console.warn("neither")


def test_a_line_every_few_seconds_where_there_is_no_terminal(clock: list[float]) -> None:
    stream = io.StringIO()
    console = Console(stream=stream)
    with console.progress():
        console.expect("reading", 10)
        for done in range(11):
            clock[0] += 1
            console.advance("reading", done)
        console.expect("solving", 90)
        clock[0] += 60
        console.advance("solving", 40)
    assert stream.getvalue().splitlines() == [
        "reading: 40 % after 5 s, 8 s left",
        "reading: 90 % after 10 s, 1 s left",
        "solving: 50 % after 1 min 11 s, 1 min 11 s left",
        "solving: 50 % after 1 min 11 s, 1 min 11 s left",
    ]


def test_a_short_run_and_a_quiet_one_say_nothing(clock: list[float]) -> None:
    for quiet, seconds in ((False, 1), (True, 1000)):
        stream = io.StringIO()
        console = Console(quiet, stream)
        with console.progress():
            console.expect("reading", 2)
            clock[0] += seconds
            console.advance("reading", 1)
        assert stream.getvalue() == ""


def test_a_bar_on_a_terminal_and_warnings_above_it() -> None:
    stream = Terminal()
    console = Console(stream=stream)
    with console.progress(), console.progress():
        console.expect("solving", 4)
        console.advance("solving", 1)
        console.warn("file [bold]x[/bold] :smile: is odd")
        console.advance("solving", 2)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert "warning: file [bold]x[/bold] :smile: is odd" in text
    assert "solving" in text and "50 %" in text and "left" in text
    console.warn("after")
    assert stream.getvalue().endswith("warning: after\n")


def test_progress_outside_of_a_display_is_nothing() -> None:
    stream = io.StringIO()
    console = Console(stream=stream)
    console.expect("reading", 3)
    console.advance("reading", 3)
    assert stream.getvalue() == ""


def test_the_display_is_closed_after_an_error() -> None:
    stream = Terminal()
    console = Console(stream=stream)
    with pytest.raises(KeyboardInterrupt), console.progress():
        raise KeyboardInterrupt
    assert stream.getvalue().count("\x1b[?25l") == stream.getvalue().count("\x1b[?25h")
