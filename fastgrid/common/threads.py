"""Threads of the linear algebra below numpy."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Hold BLAS to one thread inside the block.

    The pool of workers is the parallelism; and sums come out the same whatever the number of cores. The number is the
    whole process's: where several threads are in such a block, the last one to leave gives the others back.
    """
    _HELD.enter()
    try:
        yield
    finally:
        _HELD.leave()


class _Held:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limits = ExitStack()
        self._limited: set[bool] = set()

    def enter(self) -> None:
        with self._lock:
            with_scipy = "scipy.linalg" in sys.modules
            if with_scipy not in self._limited:
                self._limits.enter_context(_controller(with_scipy).limit(limits=1, user_api="blas"))
                self._limited.add(with_scipy)
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limited.clear()
                self._limits.close()


_HELD = _Held()


@functools.cache
def _controller(_with_scipy: bool) -> Any:
    # Finding the loaded libraries takes milliseconds: once per process, and again when scipy brought its own.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
