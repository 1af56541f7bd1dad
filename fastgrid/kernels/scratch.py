"""Memory that is worked in again and again: to touch memory for the first time costs as much as to fill it."""

from __future__ import annotations

import threading
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.smo_state import aligned_empty


class Scratch:
    """Arrays under names, for one thread; what is taken under a name is valid until the name is taken again."""

    def __init__(self) -> None:
        self._rooms: dict[str, npt.NDArray[np.uint8]] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Return an array that holds anything, C-contiguous and aligned as by `aligned_empty`."""
        kind = np.dtype(dtype)
        needed = int(np.prod(shape)) * kind.itemsize
        room = self._rooms.pop(name, None)
        if room is None or len(room) < needed:
            room = None  # released before more is asked for
            room = aligned_empty((needed,), np.uint8)
        self._rooms[name] = room
        return room[:needed].view(kind).reshape(shape)

    def release(self) -> None:
        """Give all memory back that no array is left of."""
        self._rooms.clear()


_KEPT = threading.local()
#: Those of all threads that are still there.
_ALL: weakref.WeakSet[Scratch] = weakref.WeakSet()
_LOCK = threading.Lock()


def kept_scratch() -> Scratch:
    """Return the scratch of this thread, which stays from call to call until it is released."""
    if not hasattr(_KEPT, "scratch"):
        _KEPT.scratch = Scratch()
        with _LOCK:
            _ALL.add(_KEPT.scratch)
    scratch: Scratch = _KEPT.scratch
    return scratch


def release_all_scratch() -> None:
    """Release the scratch of every thread; arrays that a thread works in stay as long as it holds them."""
    with _LOCK:
        for scratch in tuple(_ALL):
            scratch.release()
