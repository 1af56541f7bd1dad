"""Tar archives, compressed or not, read from front to end without unpacking anything to the disk.

The archive is not trusted: what describes a member is bounded, sizes are, nothing is read backwards, and no name in it
is ever taken for a path of this machine.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.members import Member, member_name
from fastgrid.descriptors.source import Fingerprint
from fastgrid.descriptors.unpacking import BUFFER, LONGEST_MAGIC, Unpacked, format_of, unpacking
from fastgrid.descriptors.unreadable import MAXIMAL_BYTES, MEBIBYTE, UnreadableError

#: Bytes of the headers of one member: names, times, attributes.
LARGEST_DESCRIPTION = 128 * 1024
LINK = "is a link in the archive, not a file"
MISSING = "is not in the archive"
TWICE = "occurs more than once in the archive"
_BLOCK = 512


@dataclass(frozen=True)
class ArchivedFile:
    """What an archive says of one of its members.

    Attributes
    ----------
    name : str
        As `member_name` gives it; empty where the name leads out of the archive.
    written : str
        The name as it is written.
    size : int
    offset : int
        Where the content begins in the unpacked archive.
    is_directory : bool
    fault : str
        Why it cannot be read, a clause to follow the name; empty where it can.
    """

    name: str
    written: str
    size: int
    offset: int
    is_directory: bool = False
    fault: str = ""


class _DamageError(Exception):
    """The archive cannot be read on; the message is a clause to follow its name."""


class Archive:
    """An archive that is open for one reading.

    Parameters
    ----------
    path : Path
    digest : bool, default False
        Compute the digest of the fingerprint while it is read; see `digested`.

    Attributes
    ----------
    format : str
        How it is compressed; empty where it is not.
    fingerprint : Fingerprint or None
        Of the archive; None until all of it was read. Without a digest where the archive is not compressed: most of it
        is passed over.

    Raises
    ------
    UserError
        When it cannot be opened; also by the methods, when it is damaged or was changed meanwhile.
    """

    def __init__(self, path: Path, *, digest: bool = False) -> None:
        self.path = path
        self.fingerprint: Fingerprint | None = None
        with self._named():
            self._file = path.open("rb", buffering=0)
            with ExitStack() as stack:
                stack.enter_context(self._file)
                self._status = os.fstat(self._file.fileno())
                self.format = format_of(self._file.read(LONGEST_MAGIC))
                self._file.seek(0)
                self._checksum = hashlib.sha256() if digest and self.format else None
                packed = self._file if self._checksum is None else _Hashing(self._file, self._checksum)
                buffered = cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, packed), BUFFER))
                self._stream = _Forwards(self._unpacked(buffered))
                # Left open where nothing of this failed.
                stack.pop_all()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def files(self) -> Iterator[ArchivedFile]:
        """Yield what is in the archive, in its order; directories too.

        A name that occurs twice is yielded twice. Once all were yielded, `fingerprint` is known.
        """
        with self._named():
            yield from self._members()
            self._stream.finish()
            self.fingerprint = self._fingerprint()

    def content(self, file: ArchivedFile) -> bytes:
        """Return the content of the member that was yielded last.

        Raises
        ------
        UnreadableError
            When the member is not readable.
        """
        if file.fault:
            raise UnreadableError(file.fault)
        with self._named():
            return self._stream.take(file.size)

    def _unpacked(self, packed: BinaryIO) -> Unpacked:
        try:
            return unpacking(packed, self.format)
        except UserError as error:
            raise UserError(f"{one_line(self.path)}: {error}") from error

    def _members(self) -> Iterator[ArchivedFile]:
        # tarfile takes a damaged header, and the end of the file, for the end of the archive: so they are looked at.
        tar = tarfile.open(fileobj=cast(BinaryIO, self._stream), mode="r:")  # noqa: SIM115
        while True:
            self._stream.asked = 0
            info = tar.next()
            if info is None:
                break
            # Not kept: an archive may have any number of members.
            tar.members.clear()  # type: ignore[attr-defined]
            if sum(map(len, map(str, tar.pax_headers.values()))) > LARGEST_DESCRIPTION:
                raise _DamageError("holds global headers that are too large")
            yield _archived_file(info)
        if not self._stream.at_end_marker:
            if self._stream.last:
                raise _DamageError(f"is damaged: there is no valid header at byte {self._stream.tell() - _BLOCK}")
            raise _DamageError("is truncated: it ends without the mark of its end")

    def digested(self, wanted: Callable[[], bool] = lambda: True) -> Fingerprint:
        """Return the fingerprint with its digest, for which an archive that is not compressed is read once more.

        See `fingerprint_of` for `wanted`.
        """
        with self._named():
            seen = self._fingerprint()
            if seen.sha256:
                return seen
            whole = fingerprint_of(self.path, wanted)
            if (whole.size, whole.modified) != (seen.size, seen.modified):
                raise _DamageError("was changed while it was read")
            return whole

    def _fingerprint(self) -> Fingerprint:
        digest = "" if self._checksum is None else self._checksum.hexdigest()
        status = self.path.stat()
        if (status.st_size, status.st_mtime_ns) != (self._status.st_size, self._status.st_mtime_ns):
            raise _DamageError("was changed while it was read")
        return Fingerprint(status.st_size, status.st_mtime_ns, digest)

    @contextmanager
    def _named(self) -> Iterator[None]:
        # Everything that can be wrong with an archive, in one line with its name.
        try:
            yield
        except _DamageError as error:
            raise UserError(f"{one_line(self.path)}: {error}; get it again or make it anew") from error
        except (tarfile.TarError, RecursionError) as error:
            reason = one_line(error, 100) if isinstance(error, tarfile.TarError) else "too many headers"
            raise UserError(f"{one_line(self.path)}: is not a tar archive, or is damaged ({reason})") from error
        except OSError as error:
            raise UserError(f"{one_line(self.path)}: cannot be read: {error.strerror or error}") from error


def read_member(member: Member) -> bytes:
    """Return the content of one file of an archive.

    Raises
    ------
    UnreadableError
        When it is not there or no file.
    UserError
        When the archive is damaged.
    """
    found: bytes | None = None
    reason = MISSING
    with Archive(member.archive) as archive:
        for file in archive.files():
            if file.name != member.name or not file.name:
                continue
            if found is not None or reason != MISSING:
                raise UnreadableError(TWICE)
            reason = file.fault
            found = None if file.fault else archive.content(file)
    if found is None:
        raise UnreadableError(reason)
    return found


def fingerprint_of(path: Path, wanted: Callable[[], bool] = lambda: True) -> Fingerprint:
    """Return the fingerprint of an archive, with its digest.

    Parameters
    ----------
    path : Path
    wanted : callable, optional
        Asked now and then whether to go on; what is returned after it said no is of no use.

    Raises
    ------
    OSError
        When it cannot be read.
    """
    checksum = hashlib.sha256()
    with path.open("rb", buffering=0) as handle:
        status = os.fstat(handle.fileno())
        while wanted() and (data := handle.read(MEBIBYTE)):
            checksum.update(data)
    return Fingerprint(status.st_size, status.st_mtime_ns, checksum.hexdigest())


def unchanged_archive(path: Path, recorded: Fingerprint) -> Fingerprint | None:
    """Return the fingerprint of an archive if its content is what it was, else None.

    Its content is only looked at, and not unpacked for that, where it is as large as it was but its time is another.
    """
    try:
        status = path.stat()
        if status.st_size != recorded.size:
            return None
        if status.st_mtime_ns == recorded.modified:
            return recorded
        present = fingerprint_of(path)
    except (OSError, ValueError):
        return None
    return present if present.sha256 == recorded.sha256 else None


def read_slice(archive: Path, offset: int, size: int) -> bytes:
    """Return a part of an archive that is not compressed.

    Raises
    ------
    UnreadableError
        When it cannot be had.
    """
    try:
        with archive.open("rb", buffering=0) as handle:
            handle.seek(offset)
            data = handle.read(size)
            while len(data) < size and (more := handle.read(size - len(data))):
                data += more
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
    if len(data) != size:
        raise UnreadableError("is truncated: the archive ends too early")
    return data


def _archived_file(info: tarfile.TarInfo) -> ArchivedFile:
    if info.size < 0:
        raise _DamageError(f"is damaged: the size of {one_line(info.name, 100)} is negative")
    fault = ""
    if info.isdir():
        fault = "is a directory, not a file"
    elif info.issym() or info.islnk():
        fault = LINK
    elif info.issparse():
        fault = "is a sparse file in the archive, which is not supported"
    elif not info.isreg():
        fault = "is a special file"
    elif info.size > MAXIMAL_BYTES:
        fault = f"is larger than {MAXIMAL_BYTES // MEBIBYTE} MiB"
    return ArchivedFile(member_name(info.name), info.name, info.size, info.offset_data, info.isdir(), fault)


class _Hashing(io.RawIOBase):
    """A file of which a digest is made while it is read."""

    def __init__(self, file: Any, checksum: Any) -> None:
        self._file = file
        self._checksum = checksum

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count: int = self._file.readinto(buffer)
        self._checksum.update(memoryview(buffer)[:count])
        return count


class _Forwards:
    """The unpacked archive as `tarfile` reads it: forwards only, and no more than headers.

    Attributes
    ----------
    asked : int
        Bytes that were read since it was set to 0, what was passed over and `take` not counted.
    last : bytes
        The last that was read.
    """

    def __init__(self, unpacked: Unpacked) -> None:
        self._unpacked = unpacked
        self._position = 0
        self.asked = 0
        self.last = b""

    @property
    def at_end_marker(self) -> bool:
        return len(self.last) == _BLOCK and not self.last.strip(b"\0")

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> int:
        if position < self._position:
            raise _DamageError("is damaged: the size of a member is wrong")
        if not self._unpacked.format:
            self._position = self._unpacked.stream.seek(position)
        while self._position < position and self._read(min(BUFFER, position - self._position)):
            pass
        return self._position

    def read(self, size: int) -> bytes:
        self.asked += size
        if size < 0 or self.asked > LARGEST_DESCRIPTION:
            raise _DamageError("is damaged: what describes one of its members is too large")
        self.last = self._read(size)
        return self.last

    def take(self, size: int) -> bytes:
        data = self._read(size)
        if len(data) != size:
            raise _DamageError("is truncated: it ends within a file")
        return data

    def finish(self) -> None:
        """Read what is left, so that checksums of the compressed data are compared."""
        while self._unpacked.format and self._read(BUFFER):
            pass

    def _read(self, size: int) -> bytes:
        name = self._unpacked.format
        try:
            data = self._unpacked.stream.read(size)
        except EOFError as error:
            said = str(error) if name == "zstd" and str(error) else f"is truncated: its {name} data ends too early"
            raise _DamageError(said) from error
        except self._unpacked.errors as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise _DamageError(f"holds damaged {name} data ({one_line(error, 100)})") from error
        self._position += len(data)
        return data
