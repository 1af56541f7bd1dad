"""Reading single items for a model that knows which descriptors it wants."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fastgrid.descriptors.batches import read_batches
from fastgrid.descriptors.collection import LeftOut
from fastgrid.descriptors.leaves import Leaves
from fastgrid.descriptors.picker import Picker
from fastgrid.descriptors.sources import SourceBatches
from fastgrid.descriptors.table import Descriptor, DescriptorTable, Kind, item_order
from fastgrid.descriptors.validity import INVALID

_Row = tuple[npt.NDArray[np.float32], list[str]]


def read_items(
    files: Mapping[str, str | os.PathLike[str]], descriptors: Sequence[Descriptor]
) -> tuple[DescriptorTable, tuple[LeftOut, ...]]:
    """Read exactly the given descriptors of some files.

    Parameters
    ----------
    files : mapping of str to path-like
        Item id -> file; paths may lead through archives, as for `fastgrid.descriptors.read_collection`.
    descriptors : sequence of Descriptor
        What a model was trained on, real or text. Other descriptors of a file do not matter.

    Returns
    -------
    table : DescriptorTable
        The files that have all of them; possibly none.
    left_out : tuple of LeftOut
        The others, sorted by id: unreadable files, and those where a descriptor is missing, has another length,
        holds text instead of numbers, or holds NaN or infinity. Numbers where text is wanted become text.

    Raises
    ------
    ValueError
        When a descriptor is enumerated: no file has any such.
    """
    wanted = tuple(sorted(descriptors, key=lambda d: d.name))
    if any(d.kind is Kind.ENUMERATED for d in wanted):
        raise ValueError("enumerated descriptors are not in files; ask for the text that was enumerated")
    ordered = {item_id: Path(files[item_id]) for item_id in sorted(files, key=item_order)}
    rows: dict[str, _Row] = {}
    left_out: dict[str, str] = {}
    with SourceBatches(ordered) as batches:
        for batch in read_batches(batches):
            for reading in batch.readings:
                found = reading.reason if reading.leaves is None else _picked(reading.leaves, wanted)
                if isinstance(found, str):
                    left_out[reading.item_id] = found
                else:
                    rows[reading.item_id] = found
    left_out |= batches.left_out
    rows = {item_id: rows[item_id] for item_id in ordered if item_id in rows and item_id not in left_out}
    return _table(rows, wanted), tuple(LeftOut(i, ordered[i], left_out[i]) for i in ordered if i in left_out)


def _picked(leaves: Leaves, wanted: Sequence[Descriptor]) -> _Row | str:
    """Return the numbers and the text of the wanted descriptors, or why they cannot be had."""
    kinds = leaves.structure.kinds
    for descriptor in wanted:
        if descriptor.name not in kinds:
            return f"descriptor {descriptor.name} is missing"
        if kinds[descriptor.name] and descriptor.kind is Kind.REAL:
            return f"descriptor {descriptor.name} holds text, not numbers"
    picker = Picker(leaves.structure, [d.name for d in wanted], [d.kind is Kind.TEXT for d in wanted])
    for descriptor, length in zip(wanted, picker.lengths(leaves).tolist(), strict=True):
        if length != descriptor.length:
            return f"descriptor {descriptor.name} has {length} values, not {descriptor.length}"
    numbers = picker.numbers(leaves)
    finite = np.isfinite(numbers)
    if not finite.all():
        owners = [d.name for d in wanted if d.kind is Kind.REAL for _ in range(d.length)]
        return f"descriptor {owners[int(np.argmin(finite))]} {INVALID}"
    return numbers, picker.texts(leaves)


def _table(rows: Mapping[str, _Row], wanted: tuple[Descriptor, ...]) -> DescriptorTable:
    width = sum(d.length for d in wanted if d.kind is Kind.REAL)
    n_texts = sum(d.length for d in wanted if d.kind is Kind.TEXT)
    values = np.empty((len(rows), width), dtype=np.float32)
    for row, (numbers, _) in enumerate(rows.values()):
        values[row] = numbers
    text = np.array([texts for _, texts in rows.values()], dtype=np.str_).reshape(len(rows), n_texts)
    return DescriptorTable(tuple(rows), wanted, values, text)
