"""Files that are either whole or not there: written under a temporary name, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from fastgrid.common.errors import UserError

_PIECE = 2**18


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place when the block ends without an error.

    Parameters
    ----------
    path : path-like
        The file to create or replace; its directory must exist.

    Yields
    ------
    Path
        A name in the same directory for the block to create (not created here: reopening an empty file would have
        some file systems write it to the disk at once, ten times slower); removed again if the block raises.

    Raises
    ------
    UserError
        When the directory is missing, not writable or full, or `path` is a directory or a device.
    """
    target = Path(path)
    status = _status(target)
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise UserError(f"{target}: is not a plain file; give another path")
    # Named before it is created: an interrupt between the two must not leave it behind.
    temporary = target.with_name(f".{target.name[:50]}.{secrets.token_hex(8)}.part")
    try:
        yield temporary
        temporary.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise writing_error(target, error) from error
        raise


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` in one step (see `replacing`); a file that holds just that is left as it is."""
    target = Path(path)
    if _holds(target, data):
        return
    with replacing(target) as temporary, temporary.open("wb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]


def read_at_most(file: BinaryIO, size: int) -> bytes:
    """Return the next bytes of a file, so many at the most.

    Piece by piece: Python makes room at once for as many bytes as are asked for, even where the file is small.
    """
    parts: list[bytes] = []
    while size and (part := file.read(min(size, _PIECE))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _status(path: Path) -> os.stat_result | None:
    # None where there is nothing, or it cannot be told: then writing fails, and says why.
    try:
        return path.stat()
    except (OSError, ValueError):
        return None


def _holds(path: Path, data: bytes) -> bool:
    status = _status(path)
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size != len(data):
        return False
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8, line ends as they are, to `path` in one step (see `replacing`)."""
    write_bytes(path, text.encode("utf-8"))


def make_directory(path: str | os.PathLike[str]) -> Path:
    """Create the directory `path` with its parents, and say plainly why it cannot be had."""
    directory = Path(path)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(f"{directory}: is a file where a directory is needed; give another path") from error
    except OSError as error:
        raise writing_error(directory, error) from error
    return directory


def writing_error(path: Path, error: OSError) -> UserError:
    """Return the one-line error for an `OSError` met while writing `path`."""
    if isinstance(error, UserError):
        return error
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(f"{path}: the disk is full; make room and run the same command again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(f"{path}: not writable; choose another output directory or change its permissions")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return UserError(f"{path}: its directory does not exist; create it or give another path")
    return UserError(f"{path}: cannot be written ({error.strerror or error})")
