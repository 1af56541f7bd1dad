"""The fast way from a JSON document to its leaves: the layout of one file, reused for the files like it.

An extractor writes the same keys in the same order every time. The template compares the keys of each mapping
with those it knows and then moves whole mappings and lists at once; the conversion to an array of doubles
checks the types of all numbers together. Whatever does not fit is left to `fastgrid.descriptors.flatten`,
so that the result never depends on which way a file went.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import cast

import numpy as np
import numpy.typing as npt

from fastgrid.descriptors.flatten import is_key
from fastgrid.descriptors.leaves import Leaves, Structure
from fastgrid.descriptors.scalars import is_text
from fastgrid.descriptors.unreadable import MAXIMAL_DEPTH
from fastgrid.descriptors.yaml_tree import Tree


class _MismatchError(Exception):
    """The document does not fit the template."""


class _Values:
    """What is gathered from one document."""

    __slots__ = ("lengths", "numbers", "texts")

    def __init__(self) -> None:
        self.numbers: list[object] = []
        self.texts: list[str] = []
        # Of lists, matrices and lists of text only; everything else has one value.
        self.lengths: list[int] = []


_Taker = Callable[[object, _Values], None]


@dataclass(frozen=True)
class _Node:
    """One mapping of the document.

    Attributes
    ----------
    parent : int
        Its place among the nodes; -1 for the document itself.
    key : str
        Its key in the parent.
    keys : list of str
        Its own keys, in order.
    takers : tuple of callable
        How the value of each is gathered.
    only_numbers : bool
        Nothing but single numbers stands in it.
    only_lists : bool
        Nothing but lists of numbers.
    """

    parent: int
    key: str
    keys: list[str]
    takers: tuple[_Taker, ...]
    only_numbers: bool
    only_lists: bool


@dataclass(frozen=True, eq=False)
class Template:
    """The layout of one document, as a plan for reading others like it; see `learn`."""

    structure: Structure
    _nodes: tuple[_Node, ...]
    _listed: npt.NDArray[np.intp]

    def flatten(self, tree: Tree) -> Leaves | None:
        """Return what `fastgrid.descriptors.flatten.flatten` would, or None if `tree` is not of this layout.

        Parameters
        ----------
        tree : dict
            A document of `json`.

        Returns
        -------
        Leaves or None
        """
        gathered = _Values()
        try:
            self._gather(tree, gathered)
            # Numbers only: text, lists and None inside `numbers` raise struct.error. No array() is as fast.
            packed = struct.pack(f"{len(gathered.numbers)}d", *gathered.numbers)
        except (_MismatchError, TypeError, OverflowError, struct.error):
            return None
        doubles = np.frombuffer(packed, dtype=np.float64)
        with np.errstate(over="ignore"):
            values = doubles.astype(np.float32)
        if np.count_nonzero(values) != np.count_nonzero(doubles):
            # A number vanishes in float32 and may have to be text.
            return None
        if _hold_booleans(gathered.numbers, doubles) or not all(map(is_text, gathered.texts)):
            return None
        lengths = np.ones(len(self.structure.names), dtype=np.int32)
        lengths[self._listed] = gathered.lengths
        return Leaves(self.structure, lengths, values, tuple(gathered.texts))

    def _gather(self, tree: Tree, gathered: _Values) -> None:
        found: list[dict[str, object]] = []
        mapping: object = tree
        for node in self._nodes:
            if node.parent >= 0:
                mapping = found[node.parent][node.key]
            if not isinstance(mapping, dict) or list(mapping) != node.keys:
                raise _MismatchError
            found.append(mapping)
            if node.only_numbers:
                gathered.numbers.extend(mapping.values())
            elif node.only_lists:
                if set(map(type, mapping.values())) != {list}:
                    raise _MismatchError
                gathered.numbers.extend(chain.from_iterable(mapping.values()))
                gathered.lengths.extend(map(len, mapping.values()))
            else:
                for take, value in zip(node.takers, mapping.values(), strict=True):
                    take(value, gathered)


def learn(tree: Tree) -> Template | None:
    """Return the template for documents like `tree`, or None where its layout is out of the ordinary.

    Parameters
    ----------
    tree : dict
        A document of `json`, without what `fastgrid.descriptors.leaves.descriptor_tree` removes.

    Returns
    -------
    Template or None
    """
    nodes: list[_Node] = []
    leaves: list[tuple[str, _Taker]] = []
    try:
        _learn_mapping(tree, "", (-1, ""), nodes, leaves, depth=1)
    except _MismatchError:
        return None
    textual = tuple(taker in (_take_text, _take_texts) for _, taker in leaves)
    listed = [i for i, (_, taker) in enumerate(leaves) if taker not in (_take_number, _take_text)]
    structure = Structure(tuple(name for name, _ in leaves), textual)
    return Template(structure, tuple(nodes), np.array(listed, dtype=np.intp))


def _learn_mapping(
    mapping: Tree,
    prefix: str,
    place: tuple[int, str],
    nodes: list[_Node],
    leaves: list[tuple[str, _Taker]],
    depth: int,
) -> None:
    keys = list(mapping)
    if not keys or depth > MAXIMAL_DEPTH or not all(map(is_key, keys)):
        raise _MismatchError
    takers = tuple(map(_taker_of, mapping.values()))
    number = len(nodes)
    nodes.append(_Node(*place, keys, takers, set(takers) == {_take_number}, set(takers) == {_take_numbers}))
    leaves += ((f"{prefix}.{k}", t) for k, t in zip(keys, takers, strict=True) if t is not _take_mapping)
    for key, taker in zip(keys, takers, strict=True):
        if taker is _take_mapping:
            child = cast(Tree, mapping[key])
            _learn_mapping(child, f"{prefix}.{key}", (number, key), nodes, leaves, depth + 1)


def _taker_of(value: object) -> _Taker:
    if isinstance(value, dict):
        return _take_mapping
    if isinstance(value, str):
        return _take_text
    if isinstance(value, list):
        if value and isinstance(value[0], list):
            return _take_matrix
        return _take_texts if value and isinstance(value[0], str) else _take_numbers
    return _take_number


def _hold_booleans(numbers: list[object], doubles: npt.NDArray[np.float64]) -> bool:
    # True and False count as 1 and 0 in Python, so only these need to be looked at.
    suspects = np.flatnonzero((doubles == 0.0) | (doubles == 1.0)).tolist()
    return bool in set(map(type, map(numbers.__getitem__, suspects)))


def _take_number(value: object, gathered: _Values) -> None:
    gathered.numbers.append(value)


def _take_numbers(value: object, gathered: _Values) -> None:
    if not isinstance(value, list):
        raise _MismatchError
    gathered.numbers.extend(value)
    gathered.lengths.append(len(value))


def _take_matrix(value: object, gathered: _Values) -> None:
    # Without a first number nothing decides what the matrix holds: a question for the exact way.
    if not isinstance(value, list) or set(map(type, value)) != {list} or not value[0]:
        raise _MismatchError
    before = len(gathered.numbers)
    gathered.numbers += (len(value), len(value[0]))
    gathered.numbers.extend(chain.from_iterable(value))
    gathered.lengths.append(len(gathered.numbers) - before)


def _take_text(value: object, gathered: _Values) -> None:
    if not isinstance(value, str):
        raise _MismatchError
    gathered.texts.append(value)


def _take_texts(value: object, gathered: _Values) -> None:
    if not isinstance(value, list) or set(map(type, value)) != {str}:
        raise _MismatchError
    gathered.texts += value
    gathered.lengths.append(len(value))


def _take_mapping(value: object, gathered: _Values) -> None:
    """Do nothing: mappings have nodes of their own."""
