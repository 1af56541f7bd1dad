"""Fan-out by whatever ``joblib.parallel_config`` says: its workers belong to the user, and are left as they are found.

joblib ends its process pool, which is one for the whole process, when a call raises or its results are not all taken.
Here an error comes back as a value, and what is under way when nobody wants more is waited for.
"""

from __future__ import annotations

import contextlib
import contextvars
import queue
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

#: What joblib is asked for where nothing is configured: kernels release the interpreter's lock.
HINT = "threads"


@dataclass(frozen=True)
class Configured:
    """What is configured where `configured` is called.

    Attributes
    ----------
    asked : int or None
        Number of workers as joblib takes it; what is configured, where it was left open.
    jobs : int
        How many there are.
    travels : bool
        Whether arguments and results travel between processes.
    order : {"generator", "list"}
        Whether results are to be had as they come, or all together only.
    """

    asked: int | None
    jobs: int
    travels: bool
    order: str


def configured(jobs: int | None) -> Configured:
    """Ask joblib what a call with ``n_jobs=jobs`` would do here.

    Raises
    ------
    ValueError
        By joblib, for 0 jobs.
    """
    import joblib
    from joblib.parallel import LokyBackend, MultiprocessingBackend, get_active_backend

    backend, _ = get_active_backend(prefer=HINT)
    # With the hint joblib forgets the number of a configuration that names no backend.
    asked = joblib.Parallel().n_jobs if jobs is None else jobs
    number = int(backend.effective_n_jobs(asked))
    # joblib's own processes are not started for one worker; those of others may be on another machine.
    local = number == 1 and isinstance(backend, LokyBackend | MultiprocessingBackend)
    travels = not getattr(backend, "supports_sharedmem", False) and not local
    generates = bool(getattr(backend, "supports_return_generator", False))
    return Configured(asked, number, travels, "generator" if generates else "list")


def configured_results(
    found: Configured, function: Callable[[Any], Any], arguments: Iterable[Any], *, ordered: bool, at_most: int
) -> Generator[Any, None, None]:
    """Yield the results of `function` over `arguments`, with `at_most` calls under way or waiting in a queue.

    Closed early, it starts nothing more and waits for what is under way.

    Parameters
    ----------
    found : Configured
    function : callable
    arguments : iterable
    ordered : bool
        Whether results are wanted in the order of `arguments`.
    at_most : int
    """
    import joblib

    order = found.order if ordered or found.order == "list" else "generator_unordered"
    drawn = Drawn(arguments)
    # One call per dispatch: joblib's automatic batching would hold finished results back.
    parallel = joblib.Parallel(
        n_jobs=found.asked, prefer=HINT, return_as=order, batch_size=1, pre_dispatch=at_most
    )  # fmt: skip
    results = iter(parallel(joblib.delayed(_outcome)(function, argument) for argument in drawn))
    try:
        for value, error in results:
            if error is not None:
                raise error
            yield value
        if drawn.error is not None:
            raise drawn.error
    finally:
        drawn.closed = True
        with warnings.catch_warnings(), contextlib.suppress(Exception):
            warnings.simplefilter("ignore")
            for _ in results:
                pass


def interruptible_results(function: Callable[[Any], Any], arguments: Iterable[Any]) -> Generator[Any, None, None]:
    """Yield the results of `function` over `arguments`, one after the other, so that Ctrl-C ends the wait for them.

    Compiled code hears of no interrupt. So it runs in a thread of its own, and the main thread waits; after an
    interrupt the call under way is left to end, and no other begins. In any other thread there is nothing to interrupt.
    """
    if threading.current_thread() is not threading.main_thread():
        yield from map(function, arguments)
        return
    outcomes: queue.SimpleQueue[tuple[Any, Exception | None] | None] = queue.SimpleQueue()
    drawn = Drawn(arguments)

    def work() -> None:
        for argument in drawn:
            outcomes.put(_outcome(function, argument))
        outcomes.put((None, drawn.error) if drawn.error is not None else None)

    # A daemon: the process can end while a call is under way.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    thread.start()
    try:
        while (outcome := _next(outcomes)) is not None:
            value, error = outcome
            if error is not None:
                raise error
            yield value
    except KeyboardInterrupt:
        drawn.closed = True
        raise
    finally:
        if not drawn.closed:
            drawn.closed = True
            thread.join()


def _next(outcomes: queue.SimpleQueue[tuple[Any, Exception | None] | None]) -> tuple[Any, Exception | None] | None:
    while True:
        # In pieces: not every system interrupts a wait without an end.
        with contextlib.suppress(queue.Empty):
            return outcomes.get(timeout=0.5)


class Drawn:
    """Arguments until nobody wants more, or an error ends them.

    joblib asks for arguments in threads of its own, where an error would be lost, and results waited for in vain.

    Attributes
    ----------
    closed : bool
        To be set when nobody wants more.
    error : Exception or None
        What ended the arguments.
    """

    def __init__(self, arguments: Iterable[Any]) -> None:
        self._arguments = arguments
        self.closed = False
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[Any]:
        try:
            for argument in self._arguments:
                if self.closed:
                    return
                yield argument
        except Exception as error:  # noqa: BLE001
            self.error = error


def _outcome(function: Callable[[Any], Any], argument: Any) -> tuple[Any, Exception | None]:
    try:
        return function(argument), None
    except Exception as error:  # raised again where the results are taken  # noqa: BLE001
        return None, error
