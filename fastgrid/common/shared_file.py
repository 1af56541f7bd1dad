"""Files that several machines may see under the same path."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SharedFile:
    """A file as one process sees it, for another process to look for.

    Attributes
    ----------
    path : Path
        Absolute.
    size : int
    sha256 : str
    """

    path: Path
    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> SharedFile:
        """Return what this process sees at `path`.

        Raises
        ------
        OSError
            When it cannot be read.
        """
        absolute = path.resolve()
        inode, changed, size = _version(absolute)
        return cls(absolute, size, _digest(absolute, inode, changed, size))

    def is_here(self) -> bool:
        """Return whether this process sees the same bytes under the same path."""
        try:
            inode, changed, size = _version(self.path)
            return size == self.size and _digest(self.path, inode, changed, size) == self.sha256
        except OSError:
            return False


def _version(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


@functools.lru_cache(maxsize=64)
def _digest(path: Path, *_version: int) -> str:
    # Read once by each process; a file that was replaced has another version.
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
