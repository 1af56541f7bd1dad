"""Compressed data as a stream of what was compressed: gzip, bzip2, xz and zstd, within bounds of memory.

Several streams one behind the other, as parallel compressors write them, are one. Data that ends too early raises
`EOFError`, whatever the format; what else is wrong with it raises one of `Unpacked.errors`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from fastgrid.common.errors import UserError
from fastgrid.descriptors.unreadable import MEBIBYTE

#: What zstd and xz may keep of the data before; as much as the command zstd takes without being asked to take more.
LARGEST_WINDOW = 128 * MEBIBYTE
BUFFER = 256 * 1024
LONGEST_MAGIC = 6
_WINDOW_BITS = LARGEST_WINDOW.bit_length() - 1


@dataclass(frozen=True, eq=False)
class Unpacked:
    """A stream of unpacked data.

    Attributes
    ----------
    stream : binary file
        To be read forwards.
    format : str
        How it was compressed; empty for data that was not.
    errors : tuple of type
        What reading raises for damaged data, besides `EOFError`.
    """

    stream: BinaryIO
    format: str
    errors: tuple[type[Exception], ...]


def format_of(magic: bytes) -> str:
    """Return how data is compressed that begins with `magic` (`LONGEST_MAGIC` bytes); empty where it is not."""
    if magic.startswith(b"\x1f\x8b"):
        return "gzip"
    if magic.startswith(b"BZh"):
        return "bzip2"
    if magic == b"\xfd7zXZ\x00":
        return "xz"
    # A frame, or one that is to be skipped.
    if magic.startswith(b"\x28\xb5\x2f\xfd") or (magic[1:4] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5):
        return "zstd"
    return ""


def unpacking(packed: BinaryIO, format: str) -> Unpacked:
    """Return the unpacked data of a file that is compressed as `format_of` says.

    Parameters
    ----------
    packed : binary file
        At its beginning.
    format : str

    Raises
    ------
    UserError
        When nothing that reads zstd is installed.
    """
    if format == "gzip":
        return Unpacked(cast(BinaryIO, gzip.GzipFile(fileobj=packed)), format, (OSError, zlib.error))
    if format == "bzip2":
        return Unpacked(_frames(packed, bz2.BZ2Decompressor), format, (OSError,))
    if format == "xz":
        return Unpacked(_frames(packed, _xz_decompressor), format, (lzma.LZMAError,))
    return _zstd(packed) if format == "zstd" else Unpacked(packed, "", ())


def _xz_decompressor() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=LARGEST_WINDOW + 16 * MEBIBYTE)


def _frames(packed: BinaryIO, make: Callable[[], Any]) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Frames(packed, make), BUFFER))


class _Frames(io.RawIOBase):
    """One compressed stream behind the other, by decompressors of which each takes one.

    Not `bz2.BZ2File` and `lzma.LZMAFile`: the first takes damage behind the first stream for its end, the second has no
    limit of memory.
    """

    def __init__(self, packed: BinaryIO, make: Callable[[], Any]) -> None:
        self._packed = packed
        self._make = make
        self._decompressor = make()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            decompressor = self._decompressor
            if decompressor.eof:
                # xz may fill up with zeros.
                rest = (decompressor.unused_data or self._packed.read(BUFFER)).lstrip(b"\0")
                while not rest:
                    rest = self._packed.read(BUFFER)
                    if not rest:
                        return 0
                    rest = rest.lstrip(b"\0")
                decompressor = self._decompressor = self._make()
            else:
                rest = self._packed.read(BUFFER) if decompressor.needs_input else b""
                if not rest and decompressor.needs_input:
                    raise EOFError
            data = decompressor.decompress(rest, len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)


def _zstd(packed: BinaryIO) -> Unpacked:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # Python 3.14
    except ImportError:
        return _zstandard(packed)
    options = {zstd.DecompressionParameter.window_log_max: _WINDOW_BITS}
    return Unpacked(_frames(packed, lambda: zstd.ZstdDecompressor(options=options)), "zstd", (zstd.ZstdError,))


def _zstandard(packed: BinaryIO) -> Unpacked:
    try:
        import zstandard
    except ImportError as error:
        raise UserError("zstd data is read by the package zstandard: pip install 'fastgrid[zstd]'") from error
    # zstandard takes data that ends too early for its end. So a frame is put behind it, which comes out of it exactly
    # where all frames before were whole.
    mark = secrets.token_bytes(16)
    # Not compressible, so that what comes out where the data before was not whole ends otherwise.
    followed = _Followed(packed, zstandard.ZstdCompressor(write_checksum=True).compress(mark))
    decompressor = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
    inner = decompressor.stream_reader(cast(BinaryIO, followed), BUFFER, read_across_frames=True)
    outer = _Unmarked(followed, inner, mark, zstandard.ZstdError)
    return Unpacked(cast(BinaryIO, io.BufferedReader(outer, BUFFER)), "zstd", (zstandard.ZstdError,))


class _Followed:
    """A file with something behind it."""

    def __init__(self, packed: BinaryIO, behind: bytes) -> None:
        self._packed = packed
        self._behind = behind

    @property
    def ended(self) -> bool:
        return not self._behind

    def read(self, size: int) -> bytes:
        data = self._packed.read(size)
        if not data:
            data, self._behind = self._behind, b""
        return data


class _Unmarked(io.RawIOBase):
    """A stream without the mark at its end, which it must have."""

    def __init__(self, followed: _Followed, marked: Any, mark: bytes, error: type[Exception]) -> None:
        self._followed = followed
        self._marked = marked
        self._mark = mark
        self._error = error
        # What may be the mark.
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        while True:
            # What is read goes behind what was held back, and as much is held back again at its end.
            held = len(self._held)
            view[:held] = self._held
            count = held + self._read(view[held:])
            if count == held:
                if self._held != self._mark:
                    raise EOFError
                return 0
            length = max(count - len(self._mark), 0)
            self._held = bytes(view[length:count])
            if length:
                return length

    def _read(self, view: memoryview) -> int:
        try:
            return int(self._marked.readinto(view))
        except self._error as error:
            if self._followed.ended:
                raise EOFError("is truncated or damaged: its zstd data does not end as it should") from error
            raise
