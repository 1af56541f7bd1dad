"""Paths that lead through an archive: ``dump.tar.zst/mood/x.json`` is ``mood/x.json`` in the archive."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: What archives are called; how they are compressed is seen from their content.
ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst")


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Attributes
    ----------
    archive : Path
    name : str
        As `member_name` gives it.
    """

    archive: Path
    name: str


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a regular file that is called as archives are."""
    place = Path(path)
    if not place.name.lower().endswith(ENDINGS):
        return False
    try:
        return place.is_file()
    except (OSError, ValueError):
        return False


def member_of(path: Path, known: dict[Path, bool] | None = None) -> Member | None:
    """Return the member that a path means, None where it does not lead through an archive.

    Parameters
    ----------
    path : Path
    known : dict of Path to bool, optional
        Remembers which paths are archives, for the next call.

    Examples
    --------
    >>> member_of(Path("music/happy/a.json")) is None
    True
    """
    parts = path.parts
    for place, part in enumerate(parts[:-1], 1):
        if not part.lower().endswith(ENDINGS):
            continue
        archive = Path(*parts[:place])
        found = None if known is None else known.get(archive)
        if found is None:
            found = is_archive(archive)
            if known is not None:
                known[archive] = found
        if found:
            return Member(archive, "/".join(parts[place:]))
    return None


def members_of(files: Mapping[str, Path]) -> dict[str, Member]:
    """Return the members among `files`, by the same keys."""
    known: dict[Path, bool] = {}
    found = {item: member_of(path, known) for item, path in files.items()}
    return {item: member for item, member in found.items() if member is not None}


def member_name(written: str) -> str:
    """Return the name of a member as it would be below the directory where the archive is unpacked, "" for none.

    Parameters
    ----------
    written : str
        The name in the archive.

    Examples
    --------
    >>> member_name("./mood//x.json"), member_name("/etc/passwd"), member_name("a/../../b")
    ('mood/x.json', '', '')
    """
    parts = [part for part in written.split("/") if part not in ("", ".")]
    return "" if written.startswith("/") or ".." in parts else "/".join(parts)
