"""One run at a time in a directory: a file that names its owner, and that outlives no owner.

The lock is a lease: its owner touches the file every few seconds, on network file systems too. Where the owner ran on
this machine, its end is noticed at once; on another one, once the file has not been touched for as long as the lease.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fastgrid.common.errors import UserError
from fastgrid.common.files import make_directory, writing_error

if TYPE_CHECKING:
    from filelock import SoftFileLease

#: Seconds without a sign of life after which the owner on another machine counts as dead.
LEASE = 30.0

#: Seconds after which a process of this machine with the owner's number is taken for another one.
LONGEST_PAUSE = 86400.0

_held: ContextVar[frozenset[Path]] = ContextVar("held locks", default=frozenset())


@dataclass(frozen=True)
class Owner:
    """The process that holds a lock, or held it.

    Attributes
    ----------
    pid : int
    host : str
    alive : bool
        As far as can be told from here.
    """

    pid: int
    host: str
    alive: bool

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


@contextlib.contextmanager
def locked(path: Path, remedy: str) -> Iterator[None]:
    """Hold the lock `path` inside the block; a block inside the block, of the same call, is let through.

    Parameters
    ----------
    path : Path
        The file; its directory is created where it is missing, and removed again if it is empty at the end.
    remedy : str
        What the user can do if another process holds it.

    Raises
    ------
    UserError
        When another process holds it, which is named, or the file cannot be written.
    """
    path = path.absolute()
    if path in _held.get():
        yield
        return
    missing = [parent for parent in path.parents if not parent.exists()]
    lease = _taken(path, remedy)
    token = _held.set(_held.get() | {path})
    try:
        yield
    finally:
        _held.reset(token)
        with contextlib.suppress(OSError):
            # The directory may have vanished.
            lease.release(force=True)
        for parent in missing:
            # Made for the lock, and still empty where the block came to nothing.
            with contextlib.suppress(OSError):
                parent.rmdir()


def _taken(path: Path, remedy: str) -> SoftFileLease:
    import filelock

    make_directory(path.parent)
    lease = filelock.SoftFileLease(path, lease_duration=LEASE, thread_local=False)
    try:
        try:
            lease.acquire(timeout=0)
        except filelock.Timeout:
            owner = owner_of(path)
            if owner is not None and owner.alive:
                raise
            if owner is None and _seconds_untouched(path) > 2 * LEASE:
                # What a failure of the power left of a file.
                path.unlink(missing_ok=True)
            # Of another machine: it takes the length of the lease to see that nobody touches it.
            lease.acquire(timeout=2 * LEASE)
    except filelock.Timeout:
        owner = owner_of(path)
        who = "another process" if owner is None else str(owner)
        raise UserError(f"{path.parent}: {who} is at work in it; {remedy}") from None
    except OSError as error:
        raise writing_error(path, error) from error
    return lease


def owner_of(path: Path) -> Owner | None:
    """Return who holds the lock `path`, or left it behind; None where there is none, or it is damaged."""
    import filelock

    try:
        record = filelock.SoftFileLease(path, lease_duration=LEASE).owner
        silent = _seconds_untouched(path)
    except OSError:
        return None
    if record is None:
        return None
    here = record.hostname == socket.gethostname()
    alive = _runs(record.pid) and silent < LONGEST_PAUSE if here else silent < 2 * LEASE
    return Owner(record.pid, record.hostname, alive)


def _seconds_untouched(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _runs(pid: int) -> bool:
    if os.name == "nt":
        # There, signal 0 would end the process.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
