"""Text descriptors as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fastgrid.descriptors.table import Descriptor, DescriptorTable, Float32Matrix, Kind
from fastgrid.transforms.base import Patterns, TableStep
from fastgrid.transforms.columns import LearnedColumns
from fastgrid.transforms.state import Arrays, SavedState


class Enumerate(TableStep):
    """Number the texts of each matching text descriptor 0, 1, 2, ... (Gaia 2.4.6 behaviour).

    Numbers are given in the order of first appearance: by item, then by dimension. The descriptor becomes
    `Kind.ENUMERATED` and its numbers stand in ``values``. Matching descriptors that are not text stay as they are.

    A text that was not there when fitting gets the next free number in `transform`, and keeps it as long as this
    object lives; such numbers are not saved, and other objects know nothing of them. Do not transform with one object
    in several threads at once.

    Parameters
    ----------
    descriptor_names : str or sequence of str
        Patterns, see `fastgrid.descriptors.patterns.match`.

    Attributes
    ----------
    texts_ : dict of str to tuple of str
        The fitted texts of each descriptor; the position of a text is its number.
    """

    transfo = "enumerate"

    def __init__(self, descriptor_names: Patterns) -> None:
        self.descriptor_names = descriptor_names

    def _fit(self, table: DescriptorTable) -> None:
        self._columns = LearnedColumns.of(table, self._expand(table, self.descriptor_names), Kind.TEXT)
        self._set_texts(
            {
                name: tuple(dict.fromkeys(table.text[:, table.columns[name]].ravel().tolist()))
                for name in self._columns.lengths
            }
        )

    def _set_texts(self, texts: dict[str, tuple[str, ...]]) -> None:
        self.texts_ = texts
        self._numbers = {name: {text: n for n, text in enumerate(known)} for name, known in texts.items()}

    def _transform(self, table: DescriptorTable) -> DescriptorTable:
        self._columns.positions(table)
        names = [d.name for d in table.textual if d.name in self.texts_]
        if not names:
            return table
        numbers = [self._enumerate(name, table.text[:, table.columns[name]]) for name in names]
        return _as_numbers(table, names, numbers)

    def _enumerate(self, name: str, texts: npt.NDArray[np.str_]) -> Float32Matrix:
        known = self._numbers[name]
        flat = [known.setdefault(text, len(known)) for text in texts.ravel().tolist()]
        return np.array(flat, dtype=np.float32).reshape(texts.shape)

    def _learned(self) -> tuple[Mapping[str, object], Arrays]:
        texts = {name: list(known) for name, known in self.texts_.items()}
        return {"lengths": dict(self._columns.lengths), "texts": texts}, {}

    def _restore(self, saved: SavedState) -> None:
        self._columns = LearnedColumns(Kind.TEXT, saved.lengths("lengths"))
        texts = saved.inner("texts")
        self._set_texts({name: texts.texts(name) for name in self._columns.lengths})
        texts.finish()


def _as_numbers(table: DescriptorTable, names: list[str], numbers: list[Float32Matrix]) -> DescriptorTable:
    """Move the descriptors `names` from text to `numbers`, each where its name belongs among the columns."""
    descriptors = tuple(
        Descriptor(d.name, Kind.ENUMERATED, d.length) if d.name in names else d for d in table.descriptors
    )
    numbered = dict(zip(names, numbers, strict=True))
    blocks = [
        numbered[d.name] if d.name in numbered else table.values[:, table.columns[d.name]]
        for d in descriptors
        if d.kind is not Kind.TEXT
    ]
    text = table.keep([d.name for d in table.textual if d.name not in numbered]).text
    return replace(table, descriptors=descriptors, values=np.concatenate(blocks, axis=1), text=text)
