"""The one place that holds numba's options, and that imports numba: at the first call of a kernel, not before.

Importing numba takes longer than many a command: a process that calls no kernel (one that hands its work to workers,
or lists results) goes without it.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

#: No fastmath: LIBSVM's iterates are reproduced bit for bit, and NaN must stay NaN.
#: ``nogil`` lets threads run side by side; ``error_model="numpy"`` keeps divisions free of branches.
JIT_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "boundscheck": False}


def jit(function: Function) -> Function:
    """Compile `function` lazily in nopython mode with the options that all kernels share.

    The machine code is cached on disk. Where no cache directory can be had (a read-only installation without a
    home directory), numba raises while decorating; the function is then compiled anew in each process.
    """
    return _postponed(function)


def jit_inline(function: Function) -> Function:
    """Compile as `jit` does, and copy the machine code into every jitted caller.

    For small functions called in every iteration: a call between jitted functions passes each array as seven
    numbers, which costs as much as a pass over a hundred items. The function may not create arrays: references are
    not counted, since numba counts them at every call, with a locked instruction.
    """
    return _postponed(function, forceinline=True, _nrt=False)


def jit_borrowing(function: Function) -> Function:
    """Compile as `jit` does, for functions that only look at arrays and create none: references are not counted."""
    return _postponed(function, _nrt=False)


def stand_in(make: Callable[[], Any]) -> Any:
    """Return what takes the place of ``make()`` in the globals of kernels until numba is imported."""
    waiting = _StandIn(make)
    with _LOCK:
        _WAITING.append(waiting)
    return waiting


def decorate_all() -> None:
    """Give every jitted function that is still waiting for numba to numba (it is compiled when called)."""
    with _LOCK:
        waiting = tuple(_WAITING)
        for each in waiting:
            each.decorated = each.make()
        # Only now may a module lose the stand-ins: another thread that finds numba's function in its place may call
        # it at once, and so needs those that it calls. Their names are looked up where a kernel was defined.
        for kernel in waiting:
            names = kernel.function.__globals__ if isinstance(kernel, _Kernel) else {}
            for name, value in list(names.items()):
                if isinstance(value, _StandIn):
                    names[name] = value.decorated
        del _WAITING[: len(waiting)]


def compiled_before(module: str) -> bool:
    """Tell, without numba, whether its cache has machine code of a module of this package for this Python.

    True also where it is not known: where the directory of the package cannot be written to, numba keeps it elsewhere.
    """
    pattern = f"{module}.*.py{sys.version_info[0]}{sys.version_info[1]}*.nbi"
    elsewhere = os.environ.get("NUMBA_CACHE_DIR")
    if elsewhere:
        return any(Path(elsewhere).glob(f"**/{pattern}"))
    package = Path(__file__).parent
    return any(package.glob(f"__pycache__/{pattern}")) or not os.access(package, os.W_OK)


class _StandIn:
    # Of something that needs numba.

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make
        self.decorated: Any = None


class _Kernel(_StandIn):
    # Of a jitted function, until one is called, or asked for what numba knows of it.

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        super().__init__(lambda: _decorated(function, options))
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self.decorated is None:
            decorate_all()
        return self.decorated(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        # Found on numba's function only. Names with underscores are asked for by copy, inspect and pytest.
        if name.startswith("__"):
            raise AttributeError(name)
        decorate_all()
        return getattr(self.decorated, name)


_LOCK = threading.RLock()
_WAITING: list[_StandIn] = []


def _postponed(function: Function, **more: Any) -> Function:
    kernel = _Kernel(function, {**more, **JIT_OPTIONS})
    with _LOCK:
        _WAITING.append(kernel)
    return cast("Function", kernel)


def _decorated(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    import numba

    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:
        return numba.njit(cache=False, **options)(function)
