"""How much memory may be used, and sizes as people write them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
#: Where Linux says what memory there is, which control groups there are, and in which ones this process is.
_MEMINFO = Path("/proc/meminfo")
_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")
#: Assumed where the system does not say.
_UNKNOWN = 2**32
_TOO_MUCH = 2**62


def available_memory() -> int:
    """Return the bytes that can be had without swapping: what the system says, and what a container's limit leaves."""
    return max(0, min(_of_system(), _of_container()))


def parse_size(text: str) -> int:
    """Return the bytes of a size such as ``800M`` or ``4 GiB``; a plain number is bytes, a unit a power of 1024.

    Raises
    ------
    ValueError
        For anything else, for less than a byte, and for more than any machine has.

    Examples
    --------
    >>> parse_size("4 GiB"), parse_size("1.5k")
    (4294967296, 1536)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    size = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 1.0 <= size < _TOO_MUCH:
        raise ValueError(f"{text!r} is not a size; write it as 800M or 4G")
    return int(size)


def _of_system() -> int:
    try:
        for line in _MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN


def _of_container() -> int:
    # What is left of the limits of all control groups that this process is in: a job of SLURM or a unit of systemd lies
    # somewhere below the root, a container without a name space of its own too.
    left = _TOO_MUCH
    for directory, limit, used in _control_groups():
        try:
            maximum = int((directory / limit).read_text(encoding="ascii"))
            taken = int((directory / used).read_text(encoding="ascii")) - _reclaimable(directory / "memory.stat")
            left = min(left, maximum - max(0, taken))
        except (OSError, ValueError):
            continue
    return left


def _control_groups() -> Iterator[tuple[Path, str, str]]:
    # Directories, and what limit and use are called there: of version 2 of Linux's control groups, and of version 1.
    try:
        lines = _OWN_GROUPS.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    paths = dict.fromkeys(("", "memory"), "/")
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        paths |= {name: path for name in controllers.split(",") if name in paths}
    for base, path, names in (
        (_GROUPS, paths[""], ("memory.max", "memory.current")),
        (_GROUPS / "memory", paths["memory"], ("memory.limit_in_bytes", "memory.usage_in_bytes")),
    ):
        parts = PurePosixPath(path).parts[1:]
        for depth in range(len(parts), -1, -1):
            yield base.joinpath(*parts[:depth]), *names


def _reclaimable(statistics: Path) -> int:
    # Files that were read and are kept only as long as nobody wants the memory.
    try:
        for line in statistics.read_text(encoding="ascii").splitlines():
            name, _, number = line.partition(" ")
            if name in ("inactive_file", "total_inactive_file"):
                return int(number)
    except (OSError, ValueError):
        pass
    return 0
