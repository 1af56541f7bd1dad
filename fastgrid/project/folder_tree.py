"""Directories of descriptor files as a tree: on the disk, or in an archive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.listing import Listed, Listing
from fastgrid.project.paths import printable

NO_FILE = "not a file"


class FolderTree(Protocol):
    """What is asked of directories."""

    def listing(self, directory: Path) -> list[Path]:
        """Return what is directly in a directory, sorted by name; a `UserError` where that cannot be told."""
        ...

    def is_directory(self, path: Path) -> bool:
        """Whether it is a directory; what may not be looked at is none."""
        ...

    def fault(self, path: Path) -> str:
        """Return why a path is no file that can be read, a clause after "left out, "; empty where it is one."""
        ...


class DiskTree:
    """Directories on the disk."""

    def listing(self, directory: Path) -> list[Path]:
        """See `FolderTree`."""
        try:
            return sorted(directory.iterdir(), key=lambda entry: entry.name)
        except FileNotFoundError as error:
            raise UserError(f"{directory}: there is no such directory; check the path") from error
        except NotADirectoryError as error:
            raise UserError(
                f"{directory}: is not a directory; give the directory of the class folders, or a tar archive of it"
            ) from error
        except (OSError, ValueError) as error:
            raise UserError(f"{printable(directory)}: cannot be listed ({one_line(error)})") from error

    def is_directory(self, path: Path) -> bool:
        """See `FolderTree`."""
        return _is(Path.is_dir, path)

    def fault(self, path: Path) -> str:
        """See `FolderTree`."""
        return "" if _is(Path.is_file, path) else NO_FILE


class ArchiveTree:
    """Directories in an archive, whose paths lead through it.

    Parameters
    ----------
    archive : Path
    listing : Listing
    """

    def __init__(self, archive: Path, listing: Listing) -> None:
        self.archive = archive
        self._files: dict[str, Listed] = {}
        # By directory; the archive itself is the empty name. Directories need not be named in an archive.
        self._inside: dict[str, set[str]] = {"": set()}
        for member in listing.members:
            if member.is_directory:
                self._inside.setdefault(member.name, set())
            else:
                self._files[member.name] = member
            above, name = member.name, ""
            while above:
                above, _, name = above.rpartition("/")
                self._inside.setdefault(above, set()).add(name)

    def listing(self, directory: Path) -> list[Path]:
        """See `FolderTree`."""
        return [directory / name for name in sorted(self._inside.get(self._name(directory), ()))]

    def is_directory(self, path: Path) -> bool:
        """See `FolderTree`."""
        return self._name(path) in self._inside

    def fault(self, path: Path) -> str:
        """See `FolderTree`."""
        member = self._files.get(self._name(path))
        return NO_FILE if member is None else member.fault

    def top(self, is_item: Callable[[str], bool]) -> Path:
        """Return the directory of the class folders: the archive, or the only folder in it that holds folders alone.

        Parameters
        ----------
        is_item : callable
            Whether a name is that of a descriptor file.
        """
        directory = self.archive
        while True:
            entries = [entry for entry in self.listing(directory) if not entry.name.startswith(".")]
            folders = [entry for entry in entries if self.is_directory(entry)]
            if len(folders) != 1 or any(is_item(entry.name) for entry in entries):
                return directory
            inside = [entry for entry in self.listing(folders[0]) if not entry.name.startswith(".")]
            if any(is_item(entry.name) for entry in inside) or not any(map(self.is_directory, inside)):
                return directory
            directory = folders[0]

    def _name(self, path: Path) -> str:
        return "/".join(path.parts[len(self.archive.parts) :])


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    try:
        return kind(path)
    except OSError:
        return False
