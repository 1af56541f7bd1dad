"""Values for other processes, whose arrays arrive in memory of their own."""

from __future__ import annotations

import hashlib
import pickle
from typing import Any


class Parcel:
    """A value on its way to another process.

    Its arrays are sent as they lie, without a copy. What comes in over a network is one long buffer, in which they lie
    anywhere; kernels are compiled for aligned arrays. So they are copied out of it on arrival, once.

    Parameters
    ----------
    value : object
        Anything that can be pickled.
    """

    def __init__(self, value: Any) -> None:
        self.value = value
        self._n_bytes: int | None = None

    def __sizeof__(self) -> int:
        # Asked by whoever keeps account of memory.
        if self._n_bytes is None:
            frame, buffers = _taken_apart(self.value)
            self._n_bytes = len(frame) + sum(buffer.raw().nbytes for buffer in buffers)
        return self._n_bytes

    @property
    def digest(self) -> str:
        """The sha256 of what is sent, in hexadecimal: values that have the same one are the same."""
        frame, buffers = _taken_apart(self.value)
        found = hashlib.sha256(frame)
        for buffer in buffers:
            found.update(buffer.raw())
        return found.hexdigest()

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Return how the value is made again from what is sent."""
        frame, buffers = _taken_apart(self.value)
        # Before protocol 5 nothing travels beside the frame.
        return _arrived, (frame, *(buffers if protocol >= 5 else map(bytes, buffers)))


def _taken_apart(value: Any) -> tuple[bytes, list[pickle.PickleBuffer]]:
    buffers: list[pickle.PickleBuffer] = []
    return pickle.dumps(value, protocol=5, buffer_callback=buffers.append), buffers


def _arrived(frame: bytes, *buffers: Any) -> Parcel:
    return Parcel(pickle.loads(frame, buffers=[bytearray(buffer) for buffer in buffers]))  # noqa: S301
