"""Files that are either whole or not there: written under a temporary name, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fastgrid.common.errors import UserError


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
        An empty temporary file in the same directory; removed again if the block raises.

    Raises
    ------
    UserError
        When the directory is missing, not writable or full.
    """
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:80]}.", suffix=".part", dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise writing_error(target, error) from error
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise writing_error(target, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` in one step (see `replacing`)."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


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


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
