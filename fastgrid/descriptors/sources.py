"""Batches of all the files of a collection, wherever they are: in folders, in archives, in compressed archives.

Files in folders are read by those who parse them, and so are those in an archive that is not compressed: a batch says
where they are. A compressed archive is read once, from front to end; its batches hold the content of files.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from fastgrid.common.ahead import Ahead
from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.archive import MISSING, TWICE, Archive, ArchivedFile
from fastgrid.descriptors.batches import LARGEST_BATCH, Batch, Packed, Slice, batches_like, content_of, read_batch
from fastgrid.descriptors.document import typed_document
from fastgrid.descriptors.limits import ReadingLimits
from fastgrid.descriptors.members import member_name, members_of
from fastgrid.descriptors.source import Fingerprint
from fastgrid.descriptors.unreadable import UnreadableError
from fastgrid.descriptors.yaml_tree import Tree

LEADS_OUT = "has a name that no member of an archive may have"


class SourceBatches:
    """All batches of some files, made as they are taken.

    Parameters
    ----------
    files : mapping of str to Path
        Item id -> file; a path may lead through an archive.
    like : Batch, optional
        What all batches have in common; its files do not count.
    limits : ReadingLimits, optional

    Attributes
    ----------
    members : dict of str to Member
        The items that are in archives.
    fingerprints : dict of str to Fingerprint
        Of these, once all batches were taken.
    left_out : dict of str to str
        Those of them that are in no batch, or count for nothing because they are in two: item id -> reason. Known once
        all batches were taken.

    Notes
    -----
    To be taken from once. Used as a context manager it leaves no thread and no file open behind. Taking may raise a
    `UserError`, for an archive that is damaged.
    """

    def __init__(
        self, files: Mapping[str, Path], like: Batch | None = None, limits: ReadingLimits | None = None
    ) -> None:
        self.members = members_of(files)
        self.fingerprints: dict[str, Fingerprint] = {}
        self.left_out: dict[str, str] = {}
        self._like = like or Batch(())
        self._limits = limits or ReadingLimits()
        self._plain = {item: path for item, path in files.items() if item not in self.members}
        wanted: dict[Path, dict[str, list[str]]] = {}
        for item, member in self.members.items():
            wanted.setdefault(member.archive, {}).setdefault(member.name, []).append(item)
        self._readings = [_ArchiveReading(path, items, self._like, self._limits) for path, items in wanted.items()]
        self._ahead: Ahead[Batch] | None = None

    def __enter__(self) -> SourceBatches:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._ahead is not None:
            self._ahead.close()

    def __iter__(self) -> Iterator[Batch]:
        if self._readings:
            self._ahead = Ahead([reading.batches for reading in self._readings], self._limits.jobs)
            yield from self._ahead
            for reading in self._readings:
                self.left_out |= reading.left_out
                self.fingerprints |= reading.fingerprints
        yield from batches_like(self._like, tuple(self._plain.items()))


# One at a time: text and tree of a file that is as large as files may be take a gigabyte.
_large_file = threading.Lock()


class _ArchiveReading:
    """The reading of one archive."""

    def __init__(self, path: Path, wanted: Mapping[str, list[str]], like: Batch, limits: ReadingLimits) -> None:
        self.left_out: dict[str, str] = {}
        self.fingerprints: dict[str, Fingerprint] = {}
        self._path = path
        self._wanted = wanted
        self._like = like
        self._limits = limits
        self._fingerprint: Fingerprint | None = None

    def batches(self) -> Iterator[Batch]:
        with Archive(self._path, digest=self._like.digests) as archive:
            yield from self._packed(archive) if archive.format else self._slices(archive)
            fingerprint = archive.fingerprint if self._fingerprint is None else self._fingerprint
        assert fingerprint is not None
        for name, items in self._wanted.items():
            self.fingerprints |= dict.fromkeys(items, replace(fingerprint, member=name))

    def _found(self, archive: Archive) -> Iterator[tuple[ArchivedFile, list[str]]]:
        """Yield the members that are wanted, with the items that they are; note what is wrong with the others."""
        seen: set[str] = set()
        for file in archive.files():
            items = self._wanted.get(file.name)
            # The name of none is empty, of which there may be any number.
            if not items or not file.name:
                continue
            if file.name in seen:
                self.left_out |= dict.fromkeys(items, TWICE)
            elif file.fault:
                self.left_out |= dict.fromkeys(items, file.fault)
            else:
                yield file, items
            seen.add(file.name)
        for name, items in self._wanted.items():
            if name not in seen:
                self.left_out |= dict.fromkeys(items, MISSING if member_name(name) == name else LEADS_OUT)

    def _slices(self, archive: Archive) -> Iterator[Batch]:
        found = [
            (item, Slice(self._path, file.name, file.offset, file.size))
            for file, items in self._found(archive)
            for item in items
        ]
        batches = batches_like(self._like, [(item, place) for item, place in found if item not in self.left_out])
        if not self._like.digests:
            yield from batches
            return
        stopped = threading.Event()
        with ThreadPoolExecutor(1) as thread:
            # Beside the workers, which read the same at the same time.
            hashing = thread.submit(archive.digested, lambda: not stopped.is_set())
            try:
                yield from batches
            except BaseException:
                stopped.set()
                raise
            self._fingerprint = hashing.result()

    def _packed(self, archive: Archive) -> Iterator[Batch]:
        files: list[tuple[str, Packed]] = []
        held = 0
        for file, items in self._found(archive):
            if file.size > self._limits.largest_file:
                yield self._parsed(archive, file, items)
                continue
            if files and (held + file.size > self._limits.batch or len(files) >= LARGEST_BATCH):
                yield replace(self._like, files=tuple(files))
                files, held = [], 0
            content = Packed(file.name, archive.content(file))
            files += ((item, content) for item in items)
            held += file.size
        if files:
            yield replace(self._like, files=tuple(files))

    def _parsed(self, archive: Archive, file: ArchivedFile, items: Sequence[str]) -> Batch:
        with _large_file:
            content = Packed(file.name, archive.content(file))
            return replace(self._like, done=read_batch(replace(self._like, files=tuple((i, content) for i in items))))


def read_documents(files: Mapping[str, Path]) -> Iterator[tuple[str, Tree | UserError]]:
    """Yield everything that descriptor files hold (`fastgrid.descriptors.read_document`), archives in one go.

    Parameters
    ----------
    files : mapping of str to Path

    Yields
    ------
    str, dict or UserError
        In any order. The error says what is wrong with a file; it may come after the file itself, which does not count
        then.

    Raises
    ------
    UserError
        When an archive is damaged.
    """
    with SourceBatches(files, limits=ReadingLimits(hand_on_all=True)) as batches:
        for batch in batches:
            for item, place in batch.files:
                try:
                    data, name, _ = content_of(place)
                    yield item, typed_document(data, name)
                except UnreadableError as error:
                    yield item, UserError(f"{one_line(files[item])}: {error}")
    for item, reason in batches.left_out.items():
        yield item, UserError(f"{one_line(files[item])}: {reason}")
