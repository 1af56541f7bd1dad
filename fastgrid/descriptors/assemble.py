"""Files of one layout -> one table: variable-length removal, the matrix, the cleaner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.descriptors.leaves import Leaves, Structure
from fastgrid.descriptors.picker import Picker
from fastgrid.descriptors.table import Descriptor, DescriptorTable, Float32Matrix, Kind
from fastgrid.descriptors.validity import CONSTANT, INVALID, clean

EMPTY = "is empty in every file"
# The text of a table takes as much room for every item as its longest value needs.
LONGEST_TEXT = 1000
TOO_LONG = f"holds text of more than {LONGEST_TEXT} characters"

_ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Assembled:
    """A table and what did not come into it.

    Attributes
    ----------
    table : DescriptorTable
    left_out : mapping of str to str
        Descriptor -> reason, sorted by name.
    """

    table: DescriptorTable
    left_out: Mapping[str, str]


def assemble(files: dict[str, Leaves], reference: Structure) -> Assembled:
    """Put files that fit one layout into one table, as Gaia 2.4.6 merges one chunk.

    Descriptors whose length differs between files, or that are empty, are removed; then those that hold NaN
    or infinity and those that never vary (`fastgrid.descriptors.validity.clean`).

    Parameters
    ----------
    files : dict of str to Leaves
        By item id, in the order of the table. The dict is emptied on the way, so that the values are not in
        memory twice.
    reference : Structure
        The layout, sorted by name. A file may have numbers where it has text.

    Returns
    -------
    Assembled
    """
    ids = tuple(files)
    fixed, left_out = _fixed_length(files, reference)
    text, chosen = _without_long_text(_text_of(files, fixed), fixed, left_out)
    values = _values_of(files, chosen)
    real = [d for d in chosen if d.kind is Kind.REAL]
    owner = np.repeat(np.arange(len(real), dtype=np.intp), [d.length for d in real])
    findings = clean(values, owner)
    for descriptor, invalid, dropped in zip(real, findings.invalid, findings.dropped, strict=True):
        if dropped:
            left_out[descriptor.name] = INVALID if invalid else CONSTANT
    if findings.dropped.any():
        values = compacted(values, ~findings.dropped[owner])
    kept = tuple(d for d in chosen if d.name not in left_out)
    return Assembled(DescriptorTable(ids, kept, values, text), dict(sorted(left_out.items())))


def compacted(values: Float32Matrix, kept: npt.NDArray[np.bool_]) -> Float32Matrix:
    """Return the columns of `values` where `kept` is true, in the memory of `values`, which is lost.

    Parameters
    ----------
    values : ndarray of float32, shape (n_items, n_dimensions)
        C-contiguous.
    kept : ndarray of bool, shape (n_dimensions,)

    Returns
    -------
    ndarray of float32, shape (n_items, n_kept), C-contiguous
    """
    n_items, width = values.shape[0], int(np.count_nonzero(kept))
    flat = values.reshape(-1)
    for first in range(0, n_items, _ROWS_AT_ONCE):
        rows = values[first : first + _ROWS_AT_ONCE][:, kept]
        # Rows only become shorter, so that nothing is overwritten before it was read.
        flat[first * width : first * width + rows.size] = rows.reshape(-1)
    return flat[: n_items * width].reshape(n_items, width)


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


def _fixed_length(files: Mapping[str, Leaves], reference: Structure) -> tuple[list[Descriptor], dict[str, str]]:
    """Return the descriptors of equal length in all files, and why the others are left out."""
    pickers = _Pickers(reference.kinds.items())
    shortest = np.full(len(reference.names), np.iinfo(np.int32).max, dtype=np.int32)
    longest = np.zeros(len(reference.names), dtype=np.int32)
    for leaves in files.values():
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


def _text_of(files: Mapping[str, Leaves], descriptors: Sequence[Descriptor]) -> list[list[str]]:
    names = [d.name for d in descriptors if d.kind is Kind.TEXT]
    pickers = _Pickers((name, True) for name in names)
    return [pickers.of(leaves).texts(leaves) for leaves in files.values()]


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


def _values_of(files: dict[str, Leaves], descriptors: Sequence[Descriptor]) -> Float32Matrix:
    real = [d for d in descriptors if d.kind is Kind.REAL]
    pickers = _Pickers((d.name, False) for d in real)
    values = np.empty((len(files), sum(d.length for d in real)), dtype=np.float32)
    for row, item_id in enumerate(list(files)):
        leaves = files.pop(item_id)
        values[row] = pickers.of(leaves).numbers(leaves)
    return values
