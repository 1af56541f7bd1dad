"""Reading some files at once: the work that is handed to a pool, and what comes back from it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np

from fastgrid.descriptors.archive import read_slice
from fastgrid.descriptors.document import Document, parse_document, quick_document
from fastgrid.descriptors.flatten import flatten
from fastgrid.descriptors.leaves import VERSION_PATH, Leaves, Structure, descriptor_tree, version_of
from fastgrid.descriptors.patterns import expand
from fastgrid.descriptors.source import Fingerprint, read_source
from fastgrid.descriptors.template import Template, learn
from fastgrid.descriptors.texts import texts_at, value_at
from fastgrid.descriptors.unreadable import UnreadableError
from fastgrid.descriptors.yaml_tree import Tree

SMALLEST_BATCH = 32
LARGEST_BATCH = 64
# So many that a pool of any usual size ends its last batches at about the same time.
DESIRED_BATCHES = 64
_FIRST_LONG_INTEGER = 2.0**63

T = TypeVar("T")
R = TypeVar("R")


class MapBatches(Protocol):
    """Something like `map`: applies a picklable function to each argument, yields the results in any order.

    Arguments may hold the content of files, and come when they are asked for: memory is bounded where they are asked
    for when there is work for them, as by `fastgrid.common.fanout.Pool`.
    """

    def __call__(self, function: Callable[[T], R], arguments: Iterable[T], /) -> Iterable[R]:
        """Return the results."""
        ...


@dataclass(frozen=True)
class Slice:
    """A file in an archive that is not compressed: `size` bytes from `offset`."""

    archive: Path
    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class Packed:
    """The content of a file called `name`."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Batch:
    """Some files to read.

    Attributes
    ----------
    files : tuple of (str, Path or Slice or Packed)
        Item ids and their files.
    excluded : tuple of str
        Patterns of the descriptors to remove.
    digests : bool
        Compute the digests of the files' contents.
    texts : tuple of str
        Paths whose text is kept (`fastgrid.descriptors.texts`).
    done : BatchReadings or None
        What became of the files, where that is known already.
    """

    files: tuple[tuple[str, Path | Slice | Packed], ...]
    excluded: tuple[str, ...] = ()
    digests: bool = False
    texts: tuple[str, ...] = ()
    done: BatchReadings | None = None


@dataclass(frozen=True, eq=False)
class Reading:
    """What became of one file.

    Attributes
    ----------
    item_id : str
    fingerprint : Fingerprint or None
        None when the content could not be had, or came out of an archive.
    leaves : Leaves or None
        None when the file is unreadable.
    version : str or None
        Text of ``metadata.version.essentia``.
    reason : str
        Why the file is unreadable.
    texts : tuple of tuple of str
        The text at each path of the batch.
    """

    item_id: str
    fingerprint: Fingerprint | None
    leaves: Leaves | None = None
    version: str | None = None
    reason: str = ""
    texts: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, eq=False)
class BatchReadings:
    """What became of the files of a batch.

    Attributes
    ----------
    readings : tuple of Reading
        In the order of the batch.
    excluded_names : frozenset of str
        The descriptors that were removed.
    matched_patterns : frozenset of str
        The patterns of excluded descriptors that matched something.
    """

    readings: tuple[Reading, ...]
    excluded_names: frozenset[str]
    matched_patterns: frozenset[str]

    def __reduce__(self) -> tuple[Callable[..., BatchReadings], tuple[Any, ...]]:
        # Between processes: the arrays of all files in two, since one array costs as much as some thousand numbers.
        found = [reading.leaves for reading in self.readings if reading.leaves is not None]
        lengths = b"".join(leaves.lengths.tobytes() for leaves in found)
        values = b"".join(leaves.values.tobytes() for leaves in found)
        plain = [
            (reading.item_id, reading.fingerprint, reading.version, reading.reason, reading.texts)
            for reading in self.readings
        ]
        others = [
            None
            if reading.leaves is None
            else (reading.leaves.structure, len(reading.leaves.values), reading.leaves.texts, reading.leaves.notes)
            for reading in self.readings
        ]
        return _batch_readings, (plain, others, lengths, values, self.excluded_names, self.matched_patterns)


def _batch_readings(
    plain: list[tuple[str, Fingerprint | None, str | None, str, tuple[tuple[str, ...], ...]]],
    others: list[tuple[Structure, int, tuple[str, ...], tuple[str, ...]] | None],
    lengths: bytes,
    values: bytes,
    excluded_names: frozenset[str],
    matched_patterns: frozenset[str],
) -> BatchReadings:
    # The reverse of `BatchReadings.__reduce__`.
    all_lengths, all_values = np.frombuffer(lengths, dtype=np.int32), np.frombuffer(values, dtype=np.float32)
    readings = []
    length_place = value_place = 0
    for (item_id, fingerprint, version, reason, texts), other in zip(plain, others, strict=True):
        leaves = None
        if other is not None:
            structure, n_values, own_texts, notes = other
            n_lengths = len(structure.names)
            own_lengths = all_lengths[length_place : length_place + n_lengths]
            own_values = all_values[value_place : value_place + n_values]
            leaves = Leaves(structure, own_lengths, own_values, own_texts, notes)
            length_place, value_place = length_place + n_lengths, value_place + n_values
        readings.append(Reading(item_id, fingerprint, leaves, version, reason, texts))
    return BatchReadings(tuple(readings), excluded_names, matched_patterns)


def batches_like(like: Batch, files: Sequence[tuple[str, Path | Slice | Packed]]) -> Iterator[Batch]:
    """Divide `files`, in their order, into batches of 32 to 64 files to be read as those of `like`."""
    size = min(max(-(-len(files) // DESIRED_BATCHES), SMALLEST_BATCH), LARGEST_BATCH)
    for start in range(0, len(files), size):
        yield replace(like, files=tuple(files[start : start + size]))


def read_batch(batch: Batch) -> BatchReadings:
    """Read the files of a batch; what is wrong with one of them is its own affair.

    Parameters
    ----------
    batch : Batch

    Returns
    -------
    BatchReadings
        Files with the same layout share one `Structure` object.

    Raises
    ------
    UserError
        When a pattern of excluded descriptors is ambiguous.
    """
    if batch.done is not None:
        return batch.done
    flattener, excluder = _Flattener(), _Excluder(batch.excluded)
    readings = tuple(_read_file(item_id, path, batch, flattener, excluder) for item_id, path in batch.files)
    return BatchReadings(readings, frozenset(excluder.names), frozenset(excluder.matched))


def read_batches(batches: Iterable[Batch], map_batches: MapBatches | None = None) -> Iterator[BatchReadings]:
    """Read all `batches` by way of `map_batches` (the built-in `map` by default)."""
    results = map(read_batch, batches) if map_batches is None else map_batches(read_batch, batches)
    with closing(results) if isinstance(results, Generator) else nullcontext():
        yield from results


def content_of(file: Path | Slice | Packed, *, digest: bool = False) -> tuple[bytes, str, Fingerprint | None]:
    """Return the content of a file, its name, and its fingerprint where it is a file by itself.

    Raises
    ------
    UnreadableError
        When it cannot be had.
    """
    if isinstance(file, Packed):
        return file.data, file.name, None
    if isinstance(file, Slice):
        return read_slice(file.archive, file.offset, file.size), file.name, None
    data, fingerprint = read_source(file, digest=digest)
    return data, file.name, fingerprint


def _read_file(
    item_id: str, file: Path | Slice | Packed, batch: Batch, flattener: _Flattener, excluder: _Excluder
) -> Reading:
    fingerprint = None
    try:
        data, name, fingerprint = content_of(file, digest=batch.digests)
        found = _found_quickly(data, batch, flattener)
        if found is None:
            found = _found(parse_document(data, name), batch, flattener.flatten)
    except UnreadableError as error:
        return Reading(item_id, fingerprint, reason=str(error))
    assert found.leaves is not None
    return replace(found, item_id=item_id, fingerprint=fingerprint, leaves=excluder.apply(found.leaves))


def _found(document: Document, batch: Batch, flatten: Callable[[Document], Leaves | None]) -> Reading:
    version = version_of(document.tree)
    # Before the tags of a JSON file are removed.
    texts = tuple(texts_at(document.tree, path) for path in batch.texts)
    return Reading("", None, flatten(document), version, texts=texts)


def _found_quickly(data: bytes, batch: Batch, flattener: _Flattener) -> Reading | None:
    document = quick_document(data)
    if document is None or _may_be_misspelt(document, batch.texts):
        return None
    found = _found(document, batch, flattener.flatten_quickly)
    return None if found.leaves is None else found


def _may_be_misspelt(document: Document, texts: tuple[str, ...]) -> bool:
    # An integer of more than 64 bits, as text, has all its digits. In a descriptor it cannot be told from its float.
    values = [value_at(document.tree, keys) for keys in (VERSION_PATH, *(tuple(path.split(".")) for path in texts))]
    items = chain.from_iterable(value if isinstance(value, list) else (value,) for value in values)
    return any(isinstance(item, float) and abs(item) >= _FIRST_LONG_INTEGER for item in items)


class _Flattener:
    """Goes the fast way with the last layout learned, the exact way where that does not fit.

    What the last batch of this process has learned is where it begins: to learn costs as much as to read a file.
    """

    _last: ClassVar[Template | None] = None

    def __init__(self) -> None:
        self._template = _Flattener._last
        self._structures: dict[Structure, Structure] = {}

    def flatten(self, document: Document) -> Leaves:
        leaves = self.flatten_quickly(document) if document.is_json else None
        return leaves or self._exactly(descriptor_tree(document))

    def flatten_quickly(self, document: Document) -> Leaves | None:
        tree = descriptor_tree(document)
        leaves = self._template.flatten(tree) if self._template else None
        if leaves is None:
            self._template = _Flattener._last = learn(tree) or self._template
            leaves = self._template.flatten(tree) if self._template else None
        return leaves

    def _exactly(self, tree: Tree) -> Leaves:
        leaves = flatten(tree)
        shared = self._structures.setdefault(leaves.structure, leaves.structure)
        return replace(leaves, structure=shared)


# Not once for every batch.
_expanded = functools.lru_cache(maxsize=8)(expand)


class _Excluder:
    """Removes the excluded descriptors; looks at each distinct layout only once."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self.names: set[str] = set()
        self.matched: set[str] = set()
        self._patterns = patterns
        self._seen: dict[Structure, tuple[frozenset[str], Structure]] = {}
        self._remaining: dict[Structure, Structure] = {}

    def apply(self, leaves: Leaves) -> Leaves:
        if not self._patterns:
            return leaves
        structure = leaves.structure
        if structure not in self._seen:
            self._seen[structure] = self._divide(structure)
        names, remaining = self._seen[structure]
        return leaves.without(names, remaining) if names else leaves

    def _divide(self, structure: Structure) -> tuple[frozenset[str], Structure]:
        expansion = _expanded(self._patterns, structure.names)
        self.matched.update(set(self._patterns).difference(expansion.unmatched))
        names = frozenset(expansion.names)
        self.names |= names
        pairs = zip(structure.names, structure.textual, strict=True)
        kept = {name: textual for name, textual in pairs if name not in names}
        remaining = Structure(tuple(kept), tuple(kept.values()))
        return names, self._remaining.setdefault(remaining, remaining)
