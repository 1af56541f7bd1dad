"""The numbers, texts and lists of Qt's data streams (QDataStream, version Qt_4_4), read within bounds, and written.

All numbers are big-endian (spec/gaia-history.md, section 1).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TypeVar

from fastgrid.common.errors import one_line

Element = TypeVar("Element")

_NULL_LENGTH = 0xFFFFFFFF
_U32, _I32, _I8, _DOUBLE = (struct.Struct(form) for form in (">I", ">i", ">b", ">d"))


class DamagedHistoryError(ValueError):
    """Bytes that are no stream, or not the one that is expected; the message is a clause."""


class _NullText(str):
    # A text that is none: read as an empty one, written as none again.
    __slots__ = ()


NULL_TEXT = _NullText("")


class Reader:
    """Reads a stream from its beginning to its end.

    What is asked for beyond the end raises `DamagedHistoryError`, before any memory is taken for it.

    Parameters
    ----------
    data : memoryview
    """

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._place = 0

    @property
    def place(self) -> int:
        """Bytes read so far."""
        return self._place

    @property
    def left(self) -> int:
        """Bytes that are left."""
        return len(self._data) - self._place

    def u32(self) -> int:
        """Read a number from 0 to 2^32 - 1."""
        return int(_U32.unpack(self._take(4))[0])

    def i32(self) -> int:
        """Read a number from -2^31 to 2^31 - 1."""
        return int(_I32.unpack(self._take(4))[0])

    def i8(self) -> int:
        """Read a number from -128 to 127."""
        return int(_I8.unpack(self._take(1))[0])

    def boolean(self) -> bool:
        """Read a byte that is 0 or 1."""
        value = self.i8()
        if value not in (0, 1):
            raise self.damage(f"holds {value} where 0 or 1 is expected")
        return bool(value)

    def double(self) -> float:
        """Read a number of 64 bits."""
        return float(_DOUBLE.unpack(self._take(8))[0])

    def text(self) -> str:
        """Read a text; one that is none comes back as `NULL_TEXT`."""
        length = self.u32()
        if length == _NULL_LENGTH:
            return NULL_TEXT
        if length % 2:
            raise self.damage("holds a text of half a character")
        return bytes(self._take(length)).decode("utf-16-be", "surrogatepass")

    def content(self) -> memoryview:
        """Read bytes."""
        length = self.u32()
        if length == _NULL_LENGTH:
            raise self.damage("lacks bytes where some are expected")
        return self._take(length)

    def many(self, read: Callable[[], Element], least: int) -> tuple[Element, ...]:
        """Read a count and so many elements.

        Parameters
        ----------
        read : callable
            Reads one of them.
        least : int
            Bytes that one takes at the least.
        """
        return tuple(read() for _ in range(self.count(least)))

    def count(self, least: int) -> int:
        """Read how many elements follow, each of `least` bytes or more."""
        count = self.u32()
        if count * least > self.left:
            raise self.damage(f"says that {count} elements follow, for which it is too short")
        return count

    def finish(self, what: str) -> None:
        """Raise the error where something is left."""
        if self.left:
            raise self.damage(f"goes on for {self.left} bytes behind the end of {what}")

    def damage(self, clause: str) -> DamagedHistoryError:
        """Return the error that says what is wrong and where."""
        return DamagedHistoryError(f"{one_line(clause, 200)} (at byte {self._place})")

    def _take(self, length: int) -> memoryview:
        if length > self.left:
            raise self.damage(f"is truncated or damaged: it ends within {length} bytes of which {self.left} are there")
        start, self._place = self._place, self._place + length
        return self._data[start : self._place]


class Writer:
    """Writes a stream."""

    def __init__(self) -> None:
        self._data = bytearray()

    @property
    def data(self) -> bytes:
        """What was written."""
        return bytes(self._data)

    def u32(self, value: int) -> None:
        """Write a number from 0 to 2^32 - 1."""
        self._data += _U32.pack(value)

    def i32(self, value: int) -> None:
        """Write a number from -2^31 to 2^31 - 1."""
        self._data += _I32.pack(value)

    def i8(self, value: int) -> None:
        """Write a number from -128 to 127."""
        self._data += _I8.pack(value)

    def double(self, value: float) -> None:
        """Write a number of 64 bits."""
        self._data += _DOUBLE.pack(value)

    def text(self, value: str) -> None:
        """Write a text."""
        if value is NULL_TEXT:
            self.u32(_NULL_LENGTH)
        else:
            self.content(value.encode("utf-16-be", "surrogatepass"))

    def content(self, value: bytes) -> None:
        """Write bytes, after their number."""
        self.u32(len(value))
        self._data += value
