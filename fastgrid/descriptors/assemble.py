"""Files of one layout -> one table: variable-length removal, the matrix, the cleaner."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.common.ahead import Ahead
from fastgrid.descriptors.leaves import Leaves, Structure
from fastgrid.descriptors.picker import Picker
from fastgrid.descriptors.store import LeavesStore
from fastgrid.descriptors.table import Descriptor, DescriptorTable, Float32Matrix, Kind
from fastgrid.descriptors.validity import CONSTANT, INVALID, Float32Vector, extremes, findings_of_extremes

EMPTY = "is empty in every file"
# The text of a table takes as much room for every item as its longest value needs.
LONGEST_TEXT = 1000
TOO_LONG = f"holds text of more than {LONGEST_TEXT} characters"

_ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Assembled:
    """A table but for its values, which come in rows, and what did not come into it.

    Attributes
    ----------
    ids : tuple of str
    descriptors : tuple of Descriptor
    text : ndarray of str, shape (n_items, n_texts)
    left_out : mapping of str to str
        Descriptor -> reason, sorted by name.
    shape : tuple of int
        Of the values: (n_items, n_dimensions).
    rows : callable
        Returns an iterator over the values, some rows at a time: a new array each, float32, C-contiguous.
    """

    ids: tuple[str, ...]
    descriptors: tuple[Descriptor, ...]
    text: npt.NDArray[np.str_]
    left_out: Mapping[str, str]
    shape: tuple[int, int]
    rows: Callable[[], Iterator[Float32Matrix]]

    @staticmethod
    def of(table: DescriptorTable) -> Assembled:
        """Return a table that is there."""
        return Assembled(table.ids, table.descriptors, table.text, {}, table.values.shape, lambda: iter([table.values]))

    def values(self) -> Float32Matrix:
        """Return all values as one array."""
        values = np.empty(self.shape, dtype=np.float32)
        done = 0
        for rows in self.rows():
            values[done : done + len(rows)] = rows
            done += len(rows)
        return values

    def table(self, values: Float32Matrix) -> DescriptorTable:
        """Return the table, `values` being in it."""
        return DescriptorTable(self.ids, self.descriptors, values, self.text)


def assemble(files: LeavesStore, reference: Structure) -> Assembled:
    """Put files that fit one layout into one table, as Gaia 2.4.6 merges one chunk.

    Descriptors whose length differs between files, or that are empty, are removed; then those that hold NaN
    or infinity and those that never vary (`fastgrid.descriptors.validity.clean`).

    Parameters
    ----------
    files : LeavesStore
        In the order of the table. Gone over twice, and again by `Assembled.rows`.
    reference : Structure
        The layout, sorted by name. A file may have numbers where it has text.

    Returns
    -------
    Assembled
    """
    fixed, left_out = _fixed_length(files, reference)
    text, chosen = _without_long_text(_text_of(files, fixed), fixed, left_out)
    real = [d for d in chosen if d.kind is Kind.REAL]
    if real:
        starts = np.cumsum([0, *(d.length for d in real[:-1])], dtype=np.intp)
        findings = findings_of_extremes(*_extremes_of(_rows_of(files, real)), starts)
        for descriptor, invalid, dropped in zip(real, findings.invalid, findings.dropped, strict=True):
            if dropped:
                left_out[descriptor.name] = INVALID if invalid else CONSTANT
    kept = tuple(d for d in chosen if d.name not in left_out)
    numeric = [d for d in kept if d.kind is Kind.REAL]
    shape = (len(files), sum(d.length for d in numeric))
    return Assembled(tuple(files), kept, text, dict(sorted(left_out.items())), shape, lambda: _rows_of(files, numeric))


def _extremes_of(rows: Iterator[Float32Matrix]) -> tuple[Float32Vector, Float32Vector]:
    # As of one matrix of all rows: NaN stays NaN.
    with Ahead([lambda: rows], 1) as ahead:
        lowest, highest = extremes(next(ahead))
        for more in ahead:
            low, high = extremes(more)
            np.minimum(lowest, low, out=lowest)
            np.maximum(highest, high, out=highest)
    return lowest, highest


class _Pickers:
    """One `Picker` per layout of a file."""

    def __init__(self, descriptors: Iterable[tuple[str, bool]]) -> None:
        pairs = tuple(descriptors)
        self._names = [name for name, _ in pairs]
        self._textual = [textual for _, textual in pairs]
        self._known: dict[int, Picker] = {}

    def of(self, leaves: Leaves) -> Picker:
        # Known by identity, because comparing long tuples of names would cost more than the rest. A picker
        # keeps its structure alive, so that no other can take its identity.
        key = id(leaves.structure)
        if key not in self._known:
            self._known[key] = Picker(leaves.structure, self._names, self._textual)
        return self._known[key]


def _fixed_length(files: LeavesStore, reference: Structure) -> tuple[list[Descriptor], dict[str, str]]:
    """Return the descriptors of equal length in all files, and why the others are left out."""
    pickers = _Pickers(reference.kinds.items())
    shortest = np.full(len(reference.names), np.iinfo(np.int32).max, dtype=np.int32)
    longest = np.zeros(len(reference.names), dtype=np.int32)
    seen: set[tuple[int, int]] = set()
    for _, leaves in files.without_numbers():
        # Equal ones are one object.
        key = (id(leaves.structure), id(leaves.lengths))
        if key in seen:
            continue
        seen.add(key)
        lengths = pickers.of(leaves).lengths(leaves)
        np.minimum(shortest, lengths, out=shortest)
        np.maximum(longest, lengths, out=longest)
    fixed, left_out = [], {}
    for name, low, high in zip(reference.names, shortest.tolist(), longest.tolist(), strict=True):
        if low != high:
            left_out[name] = f"its length differs between files ({low} to {high} values)"
        elif low == 0:
            left_out[name] = EMPTY
        else:
            fixed.append(Descriptor(name, Kind.TEXT if reference.kinds[name] else Kind.REAL, low))
    return fixed, left_out


def _text_of(files: LeavesStore, descriptors: Sequence[Descriptor]) -> list[list[str]]:
    names = [d.name for d in descriptors if d.kind is Kind.TEXT]
    pickers = _Pickers((name, True) for name in names)
    found = []
    for item_id, leaves in files.without_numbers():
        picker = pickers.of(leaves)
        found.append(picker.texts(files[item_id] if picker.makes_text else leaves))
    return found


def _without_long_text(
    rows: list[list[str]], descriptors: list[Descriptor], left_out: dict[str, str]
) -> tuple[npt.NDArray[np.str_], list[Descriptor]]:
    """Return the text as an array, and the descriptors, without those whose text is too long."""
    textual = [d for d in descriptors if d.kind is Kind.TEXT]
    owners = [d.name for d in textual for _ in range(d.length)]
    long = {owners[i] for row in rows for i, text in enumerate(row) if len(text) > LONGEST_TEXT}
    left_out.update(dict.fromkeys(long, TOO_LONG))
    kept = [i for i, name in enumerate(owners) if name not in long]
    text = np.array([[row[i] for i in kept] for row in rows], dtype=np.str_).reshape(len(rows), len(kept))
    return text, [d for d in descriptors if d.name not in long]


def _rows_of(files: LeavesStore, real: Sequence[Descriptor]) -> Iterator[Float32Matrix]:
    pickers = _Pickers((d.name, False) for d in real)
    width = sum(d.length for d in real)
    ids = iter(files)
    while some := list(itertools.islice(ids, _ROWS_AT_ONCE)):
        rows = np.empty((len(some), width), dtype=np.float32)
        for row, item_id in enumerate(some):
            leaves = files[item_id]
            rows[row] = pickers.of(leaves).numbers(leaves)
        yield rows
