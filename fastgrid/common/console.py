"""What a run says while it goes: notes, warnings and one progress bar with the time left."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from fastgrid.common.errors import escaped

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: Seconds between two progress lines where there is no terminal to draw a bar on.
SECONDS_BETWEEN_LINES = 5.0

Watcher = Callable[[str, dict[str, tuple[int, int]]], None]

#: Share of the work after which the time left is worth telling: the first task may wait for compilation.
EARLIEST_ESTIMATE = 0.05


class Console:
    """Writes notes, warnings and progress to one stream.

    Parameters
    ----------
    quiet : bool
        Say nothing but warnings.
    stream : text stream, optional
        Standard error by default, so that results on standard output stay clean.
    """

    def __init__(self, quiet: bool = False, stream: TextIO | None = None) -> None:
        self.quiet = quiet
        self._stream = sys.stderr if stream is None else stream
        self._bar: Progress | None = None
        self._steps: _Steps | None = None
        self._watcher: Watcher | None = None
        self._unread = False

    @property
    def watched(self) -> bool:
        """Whether somebody is `watching`."""
        return self._watcher is not None

    @contextlib.contextmanager
    def watching(self, watcher: Watcher) -> Iterator[None]:
        """Tell `watcher` inside the block how far the work is, also when quiet: the step, units done and expected."""
        self._watcher = watcher
        try:
            yield
        finally:
            self._watcher = None

    def note(self, text: str) -> None:
        """Say something that is good to know."""
        if not self.quiet:
            self._print(text)

    def warn(self, text: str) -> None:
        """Say something that the user should look at, also when quiet."""
        self._print(f"warning: {escaped(text)}")

    @contextlib.contextmanager
    def progress(self) -> Iterator[None]:
        """Show one progress display over everything that happens inside the block."""
        if self._steps is not None:
            yield
            return
        self._steps = _Steps()
        try:
            if self.quiet:
                yield
            elif self._stream.isatty():
                with self._rich_bar() as bar:
                    self._bar = bar
                    self._steps.row = bar.add_task("", total=None)
                    yield
            else:
                yield
                self._line(force=self._steps.drawn)
        finally:
            self._bar = None
            self._steps = None

    def expect(self, step: str, total: int) -> None:
        """Announce a step of `total` units; a later call corrects the number."""
        if self._steps is not None:
            self._steps.totals[step] = total
            self._steps.done.setdefault(step, 0)
            self._draw()

    def advance(self, step: str, done: int) -> None:
        """Say that `done` units of `step` are finished by now."""
        if self._steps is not None:
            self._steps.done[step] = done
            self._steps.current = step
            self._draw()

    def _draw(self) -> None:
        steps = self._steps
        if steps is None:
            return
        if self._watcher is not None:
            self._watcher(steps.current, {step: (steps.done[step], total) for step, total in steps.totals.items()})
        if self.quiet:
            return
        if self._bar is not None and steps.row is not None:
            self._bar.update(
                steps.row, description=steps.current, completed=steps.finished, total=steps.expected or None
            )
        elif not self._stream.isatty():
            self._line(force=False)

    def _line(self, force: bool) -> None:
        steps = self._steps
        if steps is None:
            return
        now = time.monotonic()
        if force or now - steps.last_line >= SECONDS_BETWEEN_LINES:
            steps.last_line, steps.drawn = now, True
            share = steps.finished / steps.expected if steps.expected else 0.0
            elapsed = now - steps.started
            left = f", {duration(elapsed * (1 - share) / share)} left" if EARLIEST_ESTIMATE <= share < 1 else ""
            self._print(f"{steps.current}: {100 * share:.0f} % after {duration(elapsed)}{left}")

    def _print(self, text: str) -> None:
        if self._bar is not None:
            # Above the bar, without markup: names of files may hold brackets and colons.
            self._bar.console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)
        elif not self._unread:
            try:
                print(text, file=self._stream, flush=True)
            except BrokenPipeError:
                # Whoever read this (head, say) has seen enough; the work goes on.
                self._unread = True

    def _rich_bar(self) -> Progress:
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=RichConsole(file=self._stream),
            transient=True,
        )


class _Steps:
    # Units expected and done of every step of one progress display.

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.done: dict[str, int] = {}
        self.current = ""
        self.started = time.monotonic()
        self.last_line = self.started
        self.drawn = False
        self.row: TaskID | None = None

    @property
    def expected(self) -> int:
        return sum(self.totals.values())

    @property
    def finished(self) -> int:
        return sum(min(done, self.totals.get(step, done)) for step, done in self.done.items())


def duration(seconds: float) -> str:
    """Return a duration as people say it: ``2 min 05 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
