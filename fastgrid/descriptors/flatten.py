"""The exact way from a document to its leaves: every type rule, one value at a time.

`fastgrid.descriptors.template` does the same for the usual file, ten times faster, and hands over to this
module whatever is unusual.
"""

from __future__ import annotations

import numpy as np

from fastgrid.common.errors import one_line
from fastgrid.descriptors.leaves import Leaves, Structure
from fastgrid.descriptors.scalars import is_text, number_of, text_of, vanishes
from fastgrid.descriptors.unreadable import MAXIMAL_DEPTH, UnreadableError, too_deep
from fastgrid.descriptors.yaml_tree import Tree

# Keys below it are written by people who tag music, not by an extractor.
TAGS = ".metadata.tags"


def flatten(tree: Tree) -> Leaves:
    """Return the leaves of a document by Gaia 2.4.6's type rules, with fastgrid's differences.

    A scalar is a list of one. The first value of a list decides whether it holds numbers or text; text that
    comes later in a list of numbers becomes 0.0, which is noted. A list of lists of numbers becomes [rows,
    columns of the first row, values row by row]. An empty list holds no numbers. NaN and infinity, and
    numbers beyond float32, stay numbers that are not finite. Numbers too small for float32 are text where
    they decide, else 0.0.

    Parameters
    ----------
    tree : dict
        A parsed document, without what `fastgrid.descriptors.leaves.descriptor_tree` removes.

    Returns
    -------
    Leaves
        The descriptors of a mapping come before those of the mappings below it.

    Raises
    ------
    UnreadableError
        When there is no descriptor at all, a mapping is empty or inside a list, lists are nested three deep, a
        matrix holds text, a key is empty or contains a dot, or the nesting is too deep.
    """
    collector = _Collector()
    collector.take_mapping(tree, "", depth=1)
    if not collector.names:
        raise UnreadableError("holds no descriptors")
    return collector.leaves()


def is_key(key: str) -> bool:
    """Tell whether `key` can be one step of a descriptor's name."""
    return bool(key) and "." not in key and is_text(key)


class _Collector:
    def __init__(self) -> None:
        self.names: list[str] = []
        self._textual: list[bool] = []
        self._lengths: list[int] = []
        self._numbers: list[float] = []
        self._texts: list[str] = []
        self._notes: list[str] = []

    def leaves(self) -> Leaves:
        with np.errstate(over="ignore"):
            values = np.array(self._numbers, dtype=np.float64).astype(np.float32)
        structure = Structure(tuple(self.names), tuple(self._textual))
        lengths = np.array(self._lengths, dtype=np.int32)
        return Leaves(structure, lengths, values, tuple(self._texts), tuple(self._notes))

    def take_mapping(self, mapping: Tree, prefix: str, depth: int) -> None:
        if depth > MAXIMAL_DEPTH:
            raise too_deep()
        children: list[tuple[str, Tree]] = []
        for key, value in mapping.items():
            name = f"{prefix}.{key}"
            if not is_key(key):
                self._take_bad_key(key, prefix)
            elif not isinstance(value, dict):
                self._take_leaf(name, value)
            elif value:
                children.append((name, value))
            else:
                raise UnreadableError(f"holds an empty mapping at {one_line(name, 100)}")
        for name, child in children:
            self.take_mapping(child, name, depth + 1)

    def _take_bad_key(self, key: str, prefix: str) -> None:
        if prefix != TAGS:
            what = "empty" if not key else "with a dot" if "." in key else "that is not valid text"
            where = one_line(prefix, 100) if prefix else "its top level"
            raise UnreadableError(f"holds a key {what} ({one_line(ascii(key), 60)}) at {where}; rename it")
        self._notes.append(f"the tag {one_line(ascii(key), 60)} cannot be named and is ignored")

    def _take_leaf(self, name: str, value: object) -> None:
        if not isinstance(value, list):
            self._take_list(name, [value])
        elif value and isinstance(value[0], list):
            self._take_matrix(name, value)
        else:
            self._take_list(name, value)

    def _take_list(self, name: str, items: list[object]) -> None:
        _refuse_containers(name, items)
        if items and _decides_for_text(items[0]):
            self._texts.extend(text_of(item) for item in items)
            self._add(name, textual=True, length=len(items))
        else:
            self._take_numbers(name, items)
            self._add(name, textual=False, length=len(items))

    def _take_matrix(self, name: str, rows: list[object]) -> None:
        items: list[object] = []
        columns = None
        for row in rows:
            if not isinstance(row, list):
                raise UnreadableError(f"mixes lists and single values at {one_line(name, 100)}")
            columns = len(row) if columns is None else columns
            _refuse_containers(name, row)
            items.extend(row)
        if items and _decides_for_text(items[0]):
            raise UnreadableError(f"holds a matrix of text at {one_line(name, 100)}; only numbers can form one")
        if items:
            self._numbers += (float(len(rows)), float(columns or 0))
            self._take_numbers(name, items)
        self._add(name, textual=False, length=len(items) + 2 if items else 0)

    def _take_numbers(self, name: str, items: list[object]) -> None:
        numbers = [number_of(item) for item in items]
        if None in numbers:
            text = text_of(items[numbers.index(None)])
            self._notes.append(f"descriptor {name} holds {one_line(repr(text), 60)} among numbers, read as 0")
        self._numbers.extend(0.0 if number is None else number for number in numbers)

    def _add(self, name: str, *, textual: bool, length: int) -> None:
        self.names.append(name)
        self._textual.append(textual)
        self._lengths.append(length)


def _decides_for_text(first: object) -> bool:
    number = number_of(first)
    return number is None or vanishes(number)


def _refuse_containers(name: str, items: list[object]) -> None:
    for item in items:
        if isinstance(item, dict):
            raise UnreadableError(f"holds a mapping inside a list at {one_line(name, 100)}")
        if isinstance(item, list):
            raise UnreadableError(f"holds lists nested too deeply, or mixed with values, at {one_line(name, 100)}")
