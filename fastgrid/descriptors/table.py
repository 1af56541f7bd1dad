"""The table of descriptors that all rooms pass on: items in rows, named descriptors in columns."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Float32Matrix = npt.NDArray[np.float32]


class Kind(enum.StrEnum):
    """What a descriptor holds."""

    REAL = "real"
    TEXT = "text"
    ENUMERATED = "enumerated"


@dataclass(frozen=True)
class Descriptor:
    """One named descriptor of a layout.

    Attributes
    ----------
    name : str
        Full name with its leading dot, ``.lowlevel.mfcc.mean``.
    kind : Kind
        Real numbers, text, or text that was numbered (`Kind.ENUMERATED`).
    length : int
        Number of values, the same for every item.
    """

    name: str
    kind: Kind
    length: int


def item_order(item_id: str) -> bytes:
    """Sort key of item ids: UTF-16 code units, the order in which Gaia keeps its points."""
    return item_id.encode("utf-16-be", "surrogatepass")


@dataclass(frozen=True, eq=False)
class DescriptorTable:
    """Items x descriptors, the values in one float32 matrix and the text beside it.

    Attributes
    ----------
    ids : tuple of str
        Item ids, one per row, sorted by `item_order`.
    descriptors : tuple of Descriptor
        Sorted by full name (code-point order).
    values : ndarray of float32, shape (n_items, n_dimensions)
        The dimensions of the real and enumerated descriptors, in the order of `descriptors`; may be memory-mapped and
        read-only.
    text : ndarray of str, shape (n_items, n_texts)
        The dimensions of the text descriptors, in the order of `descriptors`.
    """

    ids: tuple[str, ...]
    descriptors: tuple[Descriptor, ...]
    values: Float32Matrix
    text: npt.NDArray[np.str_]

    @cached_property
    def numeric(self) -> tuple[Descriptor, ...]:
        """The descriptors that stand in `values`."""
        return tuple(d for d in self.descriptors if d.kind is not Kind.TEXT)

    @cached_property
    def textual(self) -> tuple[Descriptor, ...]:
        """The descriptors that stand in `text`."""
        return tuple(d for d in self.descriptors if d.kind is Kind.TEXT)

    @cached_property
    def columns(self) -> dict[str, slice]:
        """Where each descriptor stands: name -> columns of `values` or, for text descriptors, of `text`."""
        found: dict[str, slice] = {}
        for group in (self.numeric, self.textual):
            start = 0
            for descriptor in group:
                found[descriptor.name] = slice(start, start + descriptor.length)
                start += descriptor.length
        return found

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The full names of all descriptors, sorted."""
        return tuple(d.name for d in self.descriptors)

    @cached_property
    def dimension_names(self) -> tuple[str, ...]:
        """One name per column of `values`: ``.lowlevel.mfcc.mean[3]``."""
        return tuple(f"{d.name}[{i}]" for d in self.numeric for i in range(d.length))

    def keep(self, names: Iterable[str]) -> DescriptorTable:
        """Return the table with only the descriptors in `names` (those that it has)."""
        wanted = set(names)
        if wanted.issuperset(self.names):
            return self
        kept = tuple(d for d in self.descriptors if d.name in wanted)
        real = _indices(self.columns[d.name] for d in kept if d.kind is not Kind.TEXT)
        text = _indices(self.columns[d.name] for d in kept if d.kind is Kind.TEXT)
        return DescriptorTable(self.ids, kept, np.ascontiguousarray(self.values[:, real]), self.text[:, text])

    def rows(self, indices: Sequence[int] | npt.NDArray[np.intp]) -> DescriptorTable:
        """Return the table with only the items at `indices`, in that order."""
        chosen = np.asarray(indices, dtype=np.intp)
        ids = tuple(self.ids[i] for i in chosen)
        return DescriptorTable(ids, self.descriptors, self.values[chosen], self.text[chosen])


def _indices(slices: Iterable[slice]) -> npt.NDArray[np.intp]:
    parts = [np.arange(s.start, s.stop, dtype=np.intp) for s in slices]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.intp)
