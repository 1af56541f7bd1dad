"""Class folders: one sub-directory per class with the descriptor files of its items."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.listing import Listing, keep_listing, list_archive
from fastgrid.descriptors.members import is_archive
from fastgrid.project.folder_tree import ArchiveTree, DiskTree, FolderTree
from fastgrid.project.paths import absolute, is_unicode, printable

# In order of preference where one item has several files.
EXTENSIONS = (".json", ".json.gz", ".sig", ".sig.gz")
#: What the listing of an archive is called.
LISTING = "archive.json"

_NO_UNICODE = "left out, the name is not valid Unicode"
_TOO_DEEP = "left out, files are looked for directly in class folders, and with --groups parent-folder one below"


@dataclass(frozen=True)
class ClassFolders:
    """What `scan_class_folders` found.

    Attributes
    ----------
    labels : dict of str to str
        Class of each item id, sorted by id.
    files : dict of str to Path
        Absolute path of each item's descriptor file, sorted by id.
    notes : tuple of str
        What was left out or chosen, one line each.
    unusable : tuple of str
        Those of the notes that name a descriptor file which cannot be used.
    listing : Listing or None
        What is in the archive, where it is one.
    """

    labels: dict[str, str]
    files: dict[str, Path]
    notes: tuple[str, ...]
    unusable: tuple[str, ...] = ()
    listing: Listing | None = None

    def keep_listing(self, path: Path) -> None:
        """Write the listing of an archive, for the next training; nothing where there is none."""
        if self.listing is not None:
            keep_listing(self.listing, path)


class _Notes(list[str]):
    """Notes, and again those that name a descriptor file which cannot be used."""

    def __init__(self) -> None:
        super().__init__()
        self.unusable: list[str] = []

    def cannot_use(self, note: str) -> None:
        self.append(note)
        self.unusable.append(note)


def scan_class_folders(
    directory: str | os.PathLike[str], *, nested: bool = False, kept_listing: Path | None = None
) -> ClassFolders:
    """Find the descriptor files in the class folders below `directory`, which may be a tar archive.

    Parameters
    ----------
    directory : path-like
        Each visible sub-directory is a class; the files directly inside with one of `EXTENSIONS` are its items. The
        id of an item is its file name without the extension, or ``class/name`` where several classes have that name.
        In an archive all of this may be in one folder.
    nested : bool
        Files in the visible sub-directories of class folders are items of the class too: those of an album, say. Where
        names occur several times, the id is ``class/folder/name``.
    kept_listing : Path, optional
        What `ClassFolders.keep_listing` has written; an archive that has not changed since is not read.

    Returns
    -------
    ClassFolders

    Raises
    ------
    UserError
        When the directory is missing or none, holds no class folders or no descriptor files, or a class has only
        one file; when the archive is damaged.
    """
    root = absolute(directory)
    notes = _Notes()
    tree: FolderTree = DiskTree()
    listing = None
    if is_archive(root):
        listing = list_archive(root, kept_listing)
        notes += _of_archive(root, listing)
        tree = in_archive = ArchiveTree(root, listing)
        root = in_archive.top(lambda name: name.endswith(EXTENSIONS))
    classes: dict[str, dict[str, Path]] = {}
    for folder in _class_directories(root, tree, notes):
        items = _descriptor_files(folder, tree, notes, nested)
        if items:
            classes[folder.name] = items
        else:
            notes.append(f"{folder}: left out, no descriptor files ({', '.join(EXTENSIONS)}) directly inside")
    _check(root, classes)
    if len(classes) == 1:
        notes.append(
            f"{root}: only one class ({next(iter(classes))}), so every prediction will be right; "
            "is it the right directory?"
        )
    occurrences = Counter(_last(name) for items in classes.values() for name in items)
    found = sorted(
        (_last(name) if occurrences[_last(name)] == 1 else f"{label}/{name}", label, file)
        for label, items in classes.items()
        for name, file in items.items()
    )
    shared = sum(count > 1 for count in occurrences.values())
    if shared:
        where, ids = ("folders", "class/folder/name") if nested else ("classes", "class/name")
        notes.append(f"{root}: {shared} file names occur in several {where}; the ids of these are {ids}")
    labels = {item: label for item, label, _ in found}
    return ClassFolders(labels, {item: file for item, _, file in found}, tuple(notes), tuple(notes.unusable), listing)


def item_name(file: str | os.PathLike[str]) -> str:
    """Return the name of a descriptor file without its directory and extension.

    Examples
    --------
    >>> item_name("music/happy/one.two.json.gz")
    'one.two'
    """
    name = Path(file).name
    extension = next((ending for ending in reversed(EXTENSIONS) if name.endswith(ending)), "")
    return name.removesuffix(extension)


def _of_archive(archive: Path, listing: Listing) -> list[str]:
    # What has no place in the tree.
    names = listing.leading_out
    if not names:
        return []
    return [
        f"{archive}: {len(names)} members are left out, since their names lead out of the archive; the first is "
        f"{one_line(names[0], 100)}"
    ]


def _class_directories(root: Path, tree: FolderTree, notes: _Notes) -> list[Path]:
    if not is_unicode(root):
        raise UserError(f"{printable(root)}: the path is not valid Unicode; rename the directory")
    entries = tree.listing(root)
    folders = [entry for entry in entries if tree.is_directory(entry)]
    notes.extend(
        f"{printable(entry)}: left out, it lies in no class folder"
        for entry in entries
        if entry.name.endswith(EXTENSIONS) and not entry.name.startswith(".") and entry not in folders
    )
    if not folders:
        raise UserError(f"{root}: no class folders; give a directory with one sub-directory of files per class")
    kept = []
    for folder in folders:
        if folder.name.startswith("."):
            notes.append(f"{printable(folder)}: left out, hidden directory")
        elif not is_unicode(folder.name):
            notes.append(f"{printable(folder)}: left out, the name is not valid Unicode")
        else:
            kept.append(folder)
    return kept


def _descriptor_files(folder: Path, tree: FolderTree, notes: _Notes, nested: bool) -> dict[str, Path]:
    """Return the descriptor file of each item in one class folder, noting what is passed over.

    Items are called by their file or, in sub-directories, ``folder/name``.
    """
    candidates: dict[str, list[tuple[int, Path]]] = {}
    below: dict[str, Path] = {}
    for entry in tree.listing(folder):
        extension = next((ending for ending in reversed(EXTENSIONS) if entry.name.endswith(ending)), None)
        if extension is None:
            if not tree.is_directory(entry) or entry.name.startswith("."):
                continue
            if nested and is_unicode(entry.name):
                items = _descriptor_files(entry, tree, notes, False)
                below.update({f"{entry.name}/{name}": file for name, file in items.items()})
            else:
                notes.append(f"{printable(entry)}: {_TOO_DEEP}")
            continue
        if entry.name.startswith("."):
            notes.append(f"{printable(entry)}: left out, hidden file")
        elif not is_unicode(entry.name):
            notes.cannot_use(f"{printable(entry)}: {_NO_UNICODE}")
        elif fault := tree.fault(entry):
            notes.cannot_use(f"{printable(entry)}: left out, {fault}")
        else:
            name = entry.name.removesuffix(extension)
            candidates.setdefault(name, []).append((EXTENSIONS.index(extension), entry))
    chosen = {}
    for name, files in candidates.items():
        _, chosen[name] = min(files)
        notes.extend(
            f"{printable(file)}: left out, {chosen[name].name} of the same item is used instead"
            for _, file in sorted(files)[1:]
        )
    return chosen | below


def _last(name: str) -> str:
    # The file's own part of a name.
    return name.rpartition("/")[2]


def _check(root: Path, classes: dict[str, dict[str, Path]]) -> None:
    if not classes:
        raise UserError(
            f"{root}: no descriptor files ({', '.join(EXTENSIONS)}) in its class folders; is it the right directory?"
        )
    lonely = [label for label, items in classes.items() if len(items) == 1]
    if lonely:
        folders = ", ".join(printable(root / label) for label in lonely[:10])
        raise UserError(f"{folders}: a class with only one file cannot be learnt; add files or remove the folder")
