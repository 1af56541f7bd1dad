"""The layout of a point, which stands before each step: which descriptors there are, and which texts have numbers.

spec/gaia-history.md, section 4.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeVar

from fastgrid.model.history.stream import Reader, Writer
from fastgrid.model.history.variants import code_units

Key = TypeVar("Key")
Entry = TypeVar("Entry")

#: Components of a descriptor's name; five occur.
DEEPEST_NAME = 64
#: Name, type, length kind, begin, end, number of children.
_LEAST_NODE = 4 + 4 * 4 + 4


class LeafType(IntEnum):
    """What the values of a descriptor are."""

    UNDEFINED = 0
    REAL = 1
    STRING = 2
    ENUM = 3


@dataclass(frozen=True, slots=True)
class Node:
    """A component of descriptors' names, and all below it.

    Attributes
    ----------
    name : str
        The component; empty for the root.
    type : int
        `LeafType`; undefined for inner nodes.
    variable : bool
        Whether the number of values may differ from point to point. True for inner nodes too.
    begin, end : int
        Slots among those of the same type and length kind.
    children : tuple of Node
    """

    name: str
    type: int
    variable: bool
    begin: int
    end: int
    children: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Leaf:
    """A descriptor.

    Attributes
    ----------
    name : str
        In full, with the leading dot.
    type : LeafType
    length : int or None
        Number of values; None where it may differ from point to point.
    """

    name: str
    type: LeafType
    length: int | None


@dataclass(frozen=True)
class Layout:
    """What a point has.

    Attributes
    ----------
    root : Node
    texts : mapping of str to mapping of int to str
        By the full names of descriptors: which text a number stands for.
    numbers : mapping of str to mapping of str to int
        The reverse.
    """

    root: Node
    texts: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    numbers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def leaves(self) -> Iterator[Leaf]:
        """Yield the descriptors, in the order of the tree."""
        yield from _leaves_below(self.root, "")


def layout_of(
    leaves: Iterable[Leaf],
    texts: Mapping[str, Mapping[int, str]] | None = None,
    numbers: Mapping[str, Mapping[str, int]] | None = None,
) -> Layout:
    """Return the layout of some descriptors: names and slots in the order that Gaia gives them.

    Raises
    ------
    ValueError
        When a name is twice there, or that of a descriptor and of what is above others.
    """
    tree: dict[str, object] = {}
    for leaf in sorted(leaves, key=lambda leaf: code_units(leaf.name)):
        *above, last = leaf.name.removeprefix(".").split(".")
        place = tree
        for component in above:
            below = place.setdefault(component, {})
            if not isinstance(below, dict):
                raise ValueError(f"{leaf.name} is below a descriptor")
            place = below
        if last in place:
            raise ValueError(f"{leaf.name} is there twice, or above others")
        place[last] = leaf
    slots: dict[tuple[int, bool], int] = {}
    # Numbers run through the descriptors by their full names, which is not the order of the tree where a component
    # begins another one: "a.x" comes after "a-b".
    begins: dict[str, int] = {}
    for leaf in sorted(_leaves_of(tree), key=lambda leaf: code_units(leaf.name)):
        key = (leaf.type, leaf.length is None)
        begins[leaf.name] = slots.get(key, 0)
        slots[key] = begins[leaf.name] + (1 if leaf.length is None else leaf.length)
    children = _nodes_of(tree, begins)
    return Layout(Node("", LeafType.UNDEFINED, True, -1, -1, children), texts or {}, numbers or {})


def _leaves_of(tree: Mapping[str, object]) -> Iterator[Leaf]:
    for value in tree.values():
        if isinstance(value, Leaf):
            yield value
        elif isinstance(value, dict):
            yield from _leaves_of(value)


def _nodes_of(tree: Mapping[str, object], begins: Mapping[str, int]) -> tuple[Node, ...]:
    nodes = []
    for name in sorted(tree, key=code_units):
        value = tree[name]
        if isinstance(value, Leaf):
            begin, length = begins[value.name], 1 if value.length is None else value.length
            nodes.append(Node(name, value.type, value.length is None, begin, begin + length))
        elif isinstance(value, dict):
            nodes.append(Node(name, LeafType.UNDEFINED, True, 0, 1, _nodes_of(value, begins)))
    return tuple(nodes)


def _leaves_below(node: Node, name: str) -> Iterator[Leaf]:
    for child in node.children:
        full = f"{name}.{child.name}"
        if child.children or child.type == LeafType.UNDEFINED:
            yield from _leaves_below(child, full)
        else:
            yield Leaf(full, LeafType(child.type), None if child.variable else child.end - child.begin)


def read_layout(reader: Reader) -> Layout:
    """Read a layout up to the end of the stream.

    Raises
    ------
    DamagedHistoryError
    """
    root = _read_node(reader, 0)
    if root.name or root.type != LeafType.UNDEFINED:
        raise reader.damage("holds a layout whose root is a descriptor")
    texts = _read_maps(reader, reader.i32, reader.text)
    numbers = _read_maps(reader, reader.text, reader.i32)
    reader.finish("a layout")
    return Layout(root, texts, numbers)


def _read_node(reader: Reader, depth: int) -> Node:
    if depth > DEEPEST_NAME:
        raise reader.damage(f"holds descriptors nested more than {DEEPEST_NAME} deep")
    name, kind, variable = reader.text(), reader.i32(), reader.i32()
    begin, end = reader.i32(), reader.i32()
    children = reader.many(functools.partial(_read_node, reader, depth + 1), _LEAST_NODE)
    if variable not in (0, 1) or kind not in tuple(LeafType):
        raise reader.damage("holds a descriptor of a type, or a kind of length, that there is not")
    if kind != LeafType.UNDEFINED and (children or (end - begin != 1 if variable else end <= begin)):
        raise reader.damage(f"holds the descriptor {name!r} with {end - begin} values and {len(children)} below it")
    return Node(name, kind, bool(variable), begin, end, children)


def _read_maps(
    reader: Reader, read_key: Callable[[], Key], read_entry: Callable[[], Entry]
) -> dict[str, dict[Key, Entry]]:
    return _read_map(reader, reader.text, lambda: _read_map(reader, read_key, read_entry))


def _read_map(reader: Reader, read_key: Callable[[], Key], read_entry: Callable[[], Entry]) -> dict[Key, Entry]:
    found: dict[Key, Entry] = {}
    for _ in range(reader.count(8)):
        key = read_key()
        if key in found:
            raise reader.damage(f"holds {key!r} twice among the texts of a layout")
        found[key] = read_entry()
    return found


def write_layout(writer: Writer, layout: Layout) -> None:
    """Write a layout, everything in the order that it has."""
    _write_node(writer, layout.root)
    writer.u32(len(layout.texts))
    for name, texts in layout.texts.items():
        writer.text(name)
        writer.u32(len(texts))
        for number, text in texts.items():
            writer.i32(number)
            writer.text(text)
    writer.u32(len(layout.numbers))
    for name, numbers in layout.numbers.items():
        writer.text(name)
        writer.u32(len(numbers))
        for text, number in numbers.items():
            writer.text(text)
            writer.i32(number)


def _write_node(writer: Writer, node: Node) -> None:
    writer.text(node.name)
    for number in (node.type, int(node.variable), node.begin, node.end):
        writer.i32(number)
    writer.u32(len(node.children))
    for child in node.children:
        _write_node(writer, child)
