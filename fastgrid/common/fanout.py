"""Fan-out of independent calls over processes or threads, all of it through joblib."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from typing import Any, TypeVar, cast

from fastgrid.common.configured import Drawn, configured, configured_results, interruptible_results
from fastgrid.common.processes import end_with_parent

Argument = TypeVar("Argument")
Result = TypeVar("Result")

#: Seconds that a pool which is stopped is given to hand on the calls it has taken.
LONGEST_SETTLING = 0.5

BACKENDS = {"processes": "loky", "threads": "threading"}
#: The backend that is the user's: not among the others, since no command has it.
CONFIGURED = "configured"


class WorkersDiedError(Exception):
    """A worker process ended without giving its result (killed, or out of memory)."""


def available_cores() -> int:
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Pool:
    """A pool of workers, started once and used for everything that a run fans out.

    Parameters
    ----------
    jobs : int, optional
        Number of workers; 1 runs everything in this process. As joblib takes it where the backend is "configured": -1
        for as many as there are, None for what is configured.
    backend : {"processes", "threads", "configured"}
        "configured": workers are those of ``joblib.parallel_config``, threads where it names no backend.

    Attributes
    ----------
    jobs : int
        How many workers there are.

    Raises
    ------
    ValueError
        For no number of workers, or another backend.

    Notes
    -----
    Used as a context manager it leaves no process behind, also when it is left by an interrupt. Configured workers are
    the user's: they are neither warmed up nor ended. A pool of them is made and used inside the same configuration.
    """

    def __init__(self, jobs: int | None, backend: str = "processes") -> None:
        if backend not in (*BACKENDS, CONFIGURED):
            raise ValueError(f"backend is {backend!r}; use one of {', '.join((*BACKENDS, CONFIGURED))}")
        self.backend = backend
        self._configured = configured(jobs) if backend == CONFIGURED else None
        if self._configured is not None:
            jobs = self._configured.jobs
        if jobs is None:
            raise ValueError(f"jobs is None; only with the backend {CONFIGURED!r} it is left to joblib")
        self.jobs = jobs
        self._warming: Generator[Any, None, None] | None = None

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def uses_processes(self) -> bool:
        """Whether arguments and results travel between processes."""
        if self._configured is not None:
            return self._configured.travels
        return self.jobs > 1 and self.backend == "processes"

    @property
    def owns_workers(self) -> bool:
        """Whether the workers are this pool's own; those of another may be used by others, now and later."""
        return self._configured is None

    def start(self, warm_up: Callable[[], object]) -> None:
        """Start the worker processes in the background and have each call `warm_up` (imports, say)."""
        if self.uses_processes and self.owns_workers:
            self._warming = self._begin("generator_unordered", _warm, [warm_up] * self.jobs)

    def map_unordered(
        self,
        function: Callable[[Argument], Result],
        arguments: Iterable[Argument],
        *,
        at_most: int | None = None,
    ) -> Iterator[Result]:
        """Yield the results of `function` over `arguments` as they come, with `at_most` calls under way at a time.

        Arguments that are made as they are asked for are so when there is room for them: by default two for each worker
        are handed on, and one more for each is drawn. They may be asked for in several threads, one after the other.

        Raises
        ------
        WorkersDiedError
            When a worker process was lost; results not yet yielded are lost with it.
        """
        return self._map(function, arguments, "generator_unordered", at_most)

    def map_ordered(self, function: Callable[[Argument], Result], arguments: Iterable[Argument]) -> Iterator[Result]:
        """Yield the results of `function` over `arguments` in their order; see `map_unordered`."""
        return self._map(function, arguments, "generator")

    def call(self, function: Callable[[], Result]) -> Result:
        """Return what `function` returns, from a worker: for work that wants what workers have loaded already.

        Where the worker is lost it is done here.
        """
        try:
            (result,) = self.map_ordered(_call_plain, [function])
        except WorkersDiedError:
            self.stop()
            return function()
        return cast("Result", result)

    def stop(self) -> None:
        """End the worker processes at once, where they are this pool's own."""
        if not self.owns_workers:
            return
        if self._warming is not None:
            _close(self._warming)
            self._warming = None
        executor = _executor() if self.uses_processes else None
        if executor is not None:
            # The executor is given back while its queues may still hold calls, so the workers are killed rather
            # than asked.
            _hush_manager()
            with contextlib.suppress(Exception):
                executor.shutdown(wait=True, kill_workers=True)

    def _map(
        self,
        function: Callable[[Argument], Result],
        arguments: Iterable[Argument],
        order: str,
        at_most: int | None = None,
    ) -> Iterator[Result]:
        if (isinstance(arguments, Sized) and not len(arguments)) or (self.jobs == 1 and not self.uses_processes):
            yield from map(function, arguments) if self.owns_workers else interruptible_results(function, arguments)
            return
        if self._configured is not None:
            under_way = self._under_way(at_most)
            with _worker_loss_named():
                yield from configured_results(
                    self._configured, function, arguments, ordered=order == "generator", at_most=under_way
                )
            return
        with _worker_loss_named():
            drawn = Drawn(arguments)
            results = self._begin(order, _call, ((function, argument) for argument in drawn), at_most)
            try:
                for _ in self._warming or ():
                    pass
                self._warming = None
                # Not "yield from": what is closed early is closed here, without a word.
                for result in results:  # noqa: UP028
                    yield result
                if drawn.error is not None:
                    raise drawn.error
            finally:
                drawn.closed = True
                _close(results)

    def _begin(
        self, order: str, function: Callable[..., Any], arguments: Iterable[Any], at_most: int | None = None
    ) -> Generator[Any, None, None]:
        import joblib

        # One call per dispatch: joblib's automatic batching would hold finished results back.
        parallel = joblib.Parallel(
            n_jobs=self.jobs,
            backend=BACKENDS[self.backend],
            return_as=order,
            batch_size=1,
            pre_dispatch=self._under_way(at_most),
        )
        delayed = joblib.delayed(function)
        results: Generator[Any, None, None] | None = None
        try:
            with _interrupts_held() if self.uses_processes else contextlib.nullcontext():
                results = parallel(delayed(argument) for argument in arguments)
        except KeyboardInterrupt:
            if results is not None:
                _close(results)
            raise
        assert results is not None
        return results

    def _under_way(self, at_most: int | None) -> int:
        # Two calls per worker: with more than its queue takes, loky trips over the rest when it is stopped.
        return 2 * self.jobs if at_most is None or at_most >= self.jobs else at_most


def _executor() -> Any:
    # The pool of processes that joblib keeps, None where there is none: asking joblib for it would start one.
    module = sys.modules.get("joblib.externals.loky.reusable_executor")
    return None if module is None else module._executor


def _close(results: Generator[Any, None, None]) -> None:
    # joblib warns of results that nobody fetched; after an interrupt, and of a warm-up, nobody wants them. Closing
    # kills the workers, over which loky's thread trips while it has calls in hand that its queue has room for.
    executor, end = _executor(), time.monotonic() + LONGEST_SETTLING
    while executor is not None and time.monotonic() < end:
        if executor._work_ids.empty() or executor._call_queue is None or executor._call_queue.full():
            break
        time.sleep(0.001)
    _hush_manager()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results.close()


def _hush_manager() -> None:
    # Once workers are killed, loky's thread may trip over what they had in hand, and would print a traceback.
    ordinary = threading.excepthook

    def hook(given: threading.ExceptHookArgs) -> None:
        if given.thread is None or not given.thread.name.startswith("ExecutorManagerThread"):
            ordinary(given)

    if getattr(ordinary, "__qualname__", "") != hook.__qualname__:
        threading.excepthook = hook


@contextlib.contextmanager
def _worker_loss_named() -> Iterator[None]:
    from concurrent.futures.process import BrokenProcessPool

    try:
        yield
    except BrokenProcessPool as error:
        raise WorkersDiedError(str(error)) from error


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    # Processes and threads started inside inherit the mask, so that Ctrl-C, which a terminal sends to all of them,
    # reaches this process only (after the block).
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    # Python before 3.12 takes the mask away while it starts this helper of every pool: so it is started before.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _call(call: tuple[Callable[[Any], Any], Any]) -> Any:
    function, argument = call
    settle_in_worker()
    return function(argument)


def _call_plain(function: Callable[[], Any]) -> Any:
    return function()


def _warm(warm_up: Callable[[], object]) -> None:
    settle_in_worker()
    warm_up()


def settle_in_worker() -> None:
    """Leave Ctrl-C to the parent process, which ends its workers itself, and end with it; does nothing in the parent.

    A parent that is killed cannot end its workers: they would wait for work for minutes, and go on with what they have.
    """
    import multiprocessing

    if multiprocessing.parent_process() is None:
        return
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Where psutil is installed, loky ends workers that keep more than 300 MB, as ours do on purpose.
    executor = sys.modules.get("joblib.externals.loky.process_executor")
    if hasattr(executor, "_USE_PSUTIL"):
        executor._USE_PSUTIL = False  # type: ignore[union-attr]
    end_with_parent()
