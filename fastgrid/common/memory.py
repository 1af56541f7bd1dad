"""How much memory may be used, and sizes as people write them."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
#: Assumed where the system does not say.
_UNKNOWN = 2**32


def available_memory() -> int:
    """Return the bytes that can be had without swapping: what the system says, and what a container's limit leaves."""
    return max(0, min(_of_system(), _of_container()))


def parse_size(text: str) -> int:
    """Return the bytes of a size such as ``800M`` or ``4 GiB``; a plain number is bytes, a unit a power of 1024.

    Raises
    ------
    ValueError
        For anything else, and for less than a byte.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    size = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 1.0 <= size < math.inf:
        raise ValueError(f"{text!r} is not a size; write it as 800M or 4G")
    return int(size)


def _of_system() -> int:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN


def _of_container() -> int:
    # Version 2 of Linux's control groups, then version 1.
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        try:
            return int(Path(limit).read_text(encoding="ascii")) - int(Path(used).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return 2**62
