"""Threads of the linear algebra below numpy."""

from __future__ import annotations

import functools
import sys
from contextlib import AbstractContextManager
from typing import Any, cast


def single_threaded_blas() -> AbstractContextManager[Any]:
    """Return a context in which BLAS uses one thread.

    The pool of workers is the parallelism; and sums come out the same whatever the number of cores.
    """
    controller = _controller("scipy.linalg" in sys.modules)
    return cast("AbstractContextManager[Any]", controller.limit(limits=1, user_api="blas"))


@functools.cache
def _controller(_with_scipy: bool) -> Any:
    # Finding the loaded libraries takes milliseconds: once per process, and again when scipy brought its own.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
