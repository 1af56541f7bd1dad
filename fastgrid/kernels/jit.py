"""The one place that holds numba's options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

#: No fastmath: LIBSVM's iterates are reproduced bit for bit, and NaN must stay NaN.
#: ``nogil`` lets threads run side by side; ``error_model="numpy"`` keeps divisions free of branches.
JIT_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "boundscheck": False}


def jit(function: Function) -> Function:
    """Compile `function` lazily in nopython mode with the options that all kernels share.

    The machine code is cached on disk. Where no cache directory can be had (a read-only installation without a
    home directory), numba raises while decorating; the function is then compiled anew in each process.
    """
    return _compiled(function)


def jit_inline(function: Function) -> Function:
    """Compile as `jit` does, and copy the machine code into every jitted caller.

    For small functions called in every iteration: a call between jitted functions passes each array as seven
    numbers, which costs as much as a pass over a hundred items. The function may not create arrays: references are
    not counted, since numba counts them at every call, with a locked instruction.
    """
    return _compiled(function, forceinline=True, _nrt=False)


def jit_borrowing(function: Function) -> Function:
    """Compile as `jit` does, for functions that only look at arrays and create none: references are not counted."""
    return _compiled(function, _nrt=False)


def _compiled(function: Function, **more: Any) -> Function:
    try:
        compiled: Function = numba.njit(cache=True, **more, **JIT_OPTIONS)(function)
    except RuntimeError:
        compiled = numba.njit(cache=False, **more, **JIT_OPTIONS)(function)
    return compiled
