"""The bytes of one file: bounded, unpacked, and with a fingerprint that tells whether they have changed."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path

from fastgrid.descriptors.unreadable import MAXIMAL_BYTES, MEBIBYTE, UnreadableError

GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Fingerprint:
    """What a file looked like when it was read.

    Attributes
    ----------
    size : int
        Bytes on disk.
    modified : int
        Time of the last change, in nanoseconds.
    sha256 : str
        Digest of the bytes on disk, in hexadecimal; empty when none was asked for.
    member : str
        Of a file in an archive, its name there: all else is the archive's. Empty for any other.
    """

    size: int
    modified: int
    sha256: str
    member: str = ""


def read_source(path: Path, *, digest: bool = False) -> tuple[bytes, Fingerprint]:
    """Return the bytes of `path` as they are on disk.

    Parameters
    ----------
    path : Path
    digest : bool, default False
        Compute the digest of the fingerprint.

    Returns
    -------
    data : bytes
    fingerprint : Fingerprint

    Raises
    ------
    UnreadableError
        When there is no such file, it is not a regular one, it may not be read or it is too large.
    """
    try:
        # Asked before opening: opening a pipe would wait for its writer for ever.
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a special file"
            raise UnreadableError(f"is {kind}, not a file")
        _check_size(status.st_size, "")
        with path.open("rb") as handle:
            data = handle.read(status.st_size + 1)
    except FileNotFoundError as error:
        raise UnreadableError("does not exist") from error
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UnreadableError("has a name that no file can have") from error
    if len(data) != status.st_size:
        raise UnreadableError("was changed while it was read")
    checksum = hashlib.sha256(data).hexdigest() if digest else ""
    return data, Fingerprint(len(data), status.st_mtime_ns, checksum)


def fingerprint_of(path: Path) -> Fingerprint:
    """Return the fingerprint of a file of any size, which is read piece by piece.

    Raises
    ------
    OSError, ValueError
        When it cannot be read.
    """
    with path.open("rb") as handle:
        modified = os.fstat(handle.fileno()).st_mtime_ns
        checksum = hashlib.sha256()
        size = 0
        while part := handle.read(MEBIBYTE):
            checksum.update(part)
            size += len(part)
    return Fingerprint(size, modified, checksum.hexdigest())


def unpacked(data: bytes) -> bytes:
    """Return `data`, decompressed where it is gzip; what it is called does not matter.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    bytes

    Raises
    ------
    UnreadableError
        When the compressed data is damaged, ends early or unpacks to more than the maximal size.
    """
    if not data.startswith(GZIP_MAGIC):
        return data
    parts: list[bytes] = []
    size = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            while part := stream.read(MEBIBYTE):
                parts.append(part)
                size += len(part)
                _check_size(size, " when unpacked")
    except EOFError as error:
        raise UnreadableError("is truncated: its gzip data ends too early") from error
    except (OSError, zlib.error) as error:
        raise UnreadableError(f"holds damaged gzip data ({error})") from error
    return b"".join(parts)


def still_same(path: Path, recorded: Fingerprint | None) -> tuple[bool, Fingerprint | None]:
    """Tell whether the content of `path` is still what it was; read it only where size or time differ.

    Parameters
    ----------
    path : Path
    recorded : Fingerprint or None
        None when the content could not be had at the time.

    Returns
    -------
    same : bool
        True also when the content cannot be had now either.
    present : Fingerprint or None
        What to record from now on; meaningful only when `same` is true.
    """
    if recorded is not None:
        try:
            status = path.stat()
        except (OSError, ValueError):
            return False, None
        if status.st_size != recorded.size:
            return False, None
        if status.st_mtime_ns == recorded.modified:
            return True, recorded
        try:
            present = fingerprint_of(path)
        except (OSError, ValueError):
            return False, None
        return present.sha256 == recorded.sha256, present
    try:
        return False, read_source(path, digest=True)[1]
    except UnreadableError:
        return True, None


def _check_size(size: int, when: str) -> None:
    if size > MAXIMAL_BYTES:
        raise UnreadableError(f"is larger than {MAXIMAL_BYTES // MEBIBYTE} MiB{when}")
