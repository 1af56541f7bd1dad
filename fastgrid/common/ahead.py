"""Several iterables as one, each run in a thread a little ahead of who takes from it."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Generic, TypeVar, cast

Element = TypeVar("Element")

#: Seconds between two looks at whether anybody still wants something.
_PATIENCE = 0.05


class Ahead(Generic[Element]):
    """The elements of several iterables, as they come, those of each in their order.

    Parameters
    ----------
    iterables : sequence of callable
        Each returns an iterable, and is called in the thread that runs it.
    threads : int
        So many are run at a time.

    Notes
    -----
    An iterable is at most two elements ahead: one in hand, one of all of them in the queue. An exception of an iterable
    is raised here. Used as a context manager it leaves no thread behind. May be taken from in one thread after another.
    """

    def __init__(self, iterables: Sequence[Callable[[], Iterable[Element]]], threads: int) -> None:
        self._waiting = deque(iterables)
        self._elements: queue.Queue[tuple[Element | None, BaseException | None, bool]] = queue.Queue(1)
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in iterables[: max(threads, 1)]]
        self._running = len(self._threads)
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Ahead[Element]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Iterator[Element]:
        return self

    def __next__(self) -> Element:
        while self._running and not self._stopped.is_set():
            try:
                element, error, ended = self._elements.get(timeout=_PATIENCE)
            except queue.Empty:
                continue
            if error is not None:
                self._stopped.set()
                raise error
            if not ended:
                return cast("Element", element)
            self._running -= 1
        raise StopIteration

    def close(self) -> None:
        """End the threads, each as soon as it has the element that it is making."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                try:
                    make = self._waiting.popleft()
                except IndexError:
                    break
                iterable = make()
                with contextlib.closing(iterable) if isinstance(iterable, Generator) else contextlib.nullcontext():
                    for element in iterable:
                        if not self._put((element, None, False)):
                            return
            self._put((None, None, True))
        except BaseException as error:  # noqa: BLE001
            self._put((None, error, False))

    def _put(self, entry: tuple[Element | None, BaseException | None, bool]) -> bool:
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._elements.put(entry, timeout=_PATIENCE)
                return True
        return False
