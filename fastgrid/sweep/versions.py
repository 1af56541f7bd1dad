"""What a process runs, as far as results depend on it: machines that work on one sweep are compared by it."""

from __future__ import annotations

import functools
import importlib.metadata
import platform

from fastgrid import __version__
from fastgrid.common.on_worker import ARITHMETIC
from fastgrid.sweep.task_digests import NUMERIC_VERSION

_PACKAGES = ("numpy", "numba", "scikit-learn", "distributed")


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of this process, by name; none of the packages is imported for it."""
    found = {ARITHMETIC: str(NUMERIC_VERSION), "fastgrid": __version__, "Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "missing"
    return found
