"""What is in an archive, by names; kept in a file, so that an archive that has not changed is not unpacked for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastgrid.common.files import write_text
from fastgrid.common.sealed_json import sealed, unsealed
from fastgrid.descriptors.archive import TWICE, Archive, unchanged_archive
from fastgrid.descriptors.source import Fingerprint

SCHEMA = "fastgrid archive 2"


@dataclass(frozen=True)
class Listed:
    """A member of an archive.

    Attributes
    ----------
    name : str
        As `fastgrid.descriptors.members.member_name` gives it.
    is_directory : bool
    fault : str
        Why it cannot be read, a clause to follow the name; empty where it can.
    """

    name: str
    is_directory: bool
    fault: str


@dataclass(frozen=True)
class Listing:
    """The members of an archive.

    Attributes
    ----------
    fingerprint : Fingerprint
        Of the archive.
    members : tuple of Listed
        Sorted by name, each once; what is in there twice is a fault.
    leading_out : tuple of str
        Names, as they are written, of what would be put elsewhere when the archive is unpacked.
    """

    fingerprint: Fingerprint
    members: tuple[Listed, ...]
    leading_out: tuple[str, ...]


def list_archive(path: Path, kept: Path | None = None) -> Listing:
    """Return what is in an archive.

    Parameters
    ----------
    path : Path
    kept : Path, optional
        A file that `keep_listing` has written, to be believed where the archive is what it was.

    Raises
    ------
    UserError
        When the archive cannot be read or is damaged.
    """
    known = None if kept is None else _kept(path, kept)
    if known is not None:
        return known
    members: dict[str, Listed] = {}
    leading_out: list[str] = []
    with Archive(path, digest=True) as archive:
        for file in archive.files():
            if file.name:
                # Directories may be named any number of times.
                twice = file.name in members and not (file.is_directory and members[file.name].is_directory)
                members[file.name] = Listed(file.name, file.is_directory, TWICE if twice else file.fault)
            elif not file.is_directory:
                leading_out.append(file.written)
        fingerprint = archive.digested()
    return Listing(fingerprint, tuple(members[name] for name in sorted(members)), tuple(leading_out))


def keep_listing(listing: Listing, path: Path) -> None:
    """Write a listing to a file for `list_archive`.

    Raises
    ------
    UserError
        When it cannot be written.
    """
    seen = listing.fingerprint
    document = {
        "schema": SCHEMA,
        "archive": [seen.size, seen.modified, seen.sha256],
        "members": [[member.name, member.is_directory, member.fault] for member in listing.members],
        "leading_out": listing.leading_out,
    }
    write_text(path, sealed(document))


def _kept(path: Path, kept: Path) -> Listing | None:
    try:
        document: dict[str, Any] = unsealed(kept.read_bytes())
        if document["schema"] != SCHEMA:
            return None
        size, modified, digest = document["archive"]
        members = tuple(Listed(str(name), bool(is_one), str(fault)) for name, is_one, fault in document["members"])
        listing = Listing(Fingerprint(size, modified, digest), members, tuple(map(str, document["leading_out"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Whatever is wrong with it, the remedy is the same: to read the archive.
        return None
    present = unchanged_archive(path, listing.fingerprint)
    return None if present is None else replace(listing, fingerprint=present)
