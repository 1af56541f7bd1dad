"""Paths as projects write and read them."""

from __future__ import annotations

import os
from pathlib import Path


def absolute(path: str | os.PathLike[str]) -> Path:
    """Return `path` as an absolute path without ``..``, symbolic links kept as they are."""
    return Path(os.path.normpath(Path(path).absolute()))


def portable(path: str | os.PathLike[str], directory: str | os.PathLike[str]) -> str:
    """Return `path` relative to `directory` where it lies in it, so that both can be moved; else absolute."""
    target, base = absolute(path), absolute(directory)
    return target.relative_to(base).as_posix() if target.is_relative_to(base) else str(target)


def is_unicode(name: str | os.PathLike[str]) -> bool:
    """Whether a file name that came from the operating system could be decoded."""
    try:
        os.fspath(name).encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(path: str | os.PathLike[str]) -> str:
    """Return a path so that it can be printed on one line whatever its name holds."""
    text = os.fspath(path)
    return text if text.isprintable() else ascii(text)
