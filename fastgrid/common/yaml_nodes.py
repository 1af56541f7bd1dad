"""The nodes of a YAML or JSON file, each with its line, and the two ways of turning them into values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml

from fastgrid.common.errors import UserError, one_line

Typed = None | bool | int | float | str | list["Typed"] | dict[str, "Typed"]
Text = str | list["Text"] | dict[str, "Text"]

# Numbers that YAML 1.1 takes for text although everybody means a number by them: 1e-05, 1E5, -.5.
_OTHER_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
# Longer ones are text: to the base of 60 they would take minutes, and Python writes no integer of 5000 digits.
_LONGEST_NUMBER = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A scalar as written.

    Attributes
    ----------
    line : int
        1-based; 0 where it is not known (JSON).
    anchor : str, optional
        The name that the file gives to this node.
    size : int
        Number of nodes below and including this one, aliases expanded.
    text : str
        The text without its quotes.
    plain : bool
        Written without quotes, so that it may mean a number, a boolean or nothing at all.
    """

    line: int
    anchor: str | None
    size: int
    text: str
    plain: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is written here."""
        return self.plain and not self.text


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """A list; see `Scalar` for the common attributes."""

    line: int
    anchor: str | None
    size: int
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """A mapping, keys as written; see `Scalar` for the common attributes."""

    line: int
    anchor: str | None
    size: int
    children: dict[str, Node]
    key_lines: dict[str, int] = field(default_factory=dict)


Node = Scalar | Items | Entries


@dataclass(frozen=True, slots=True, eq=False)
class YamlFile:
    """A whole file.

    Attributes
    ----------
    name : str
        How messages call the file.
    root : Node
    used_anchors : frozenset of str
        The anchors that some alias refers to.
    """

    name: str
    root: Node
    used_anchors: frozenset[str] = frozenset()

    def error(self, where: Node | int, message: str) -> UserError:
        """Return the one-line error for a node or a line of this file: ``FILE, line N: message``."""
        return located_error(self.name, where if isinstance(where, int) else where.line, message)

    def is_variable(self, node: Node) -> bool:
        """Whether `node` or something in it has an anchor that is used elsewhere in the file."""
        return any(part.anchor in self.used_anchors for part in walk(node) if part.anchor is not None)


def located_error(name: str, line: int, message: str) -> UserError:
    """Return the one-line error for a line of the file called `name`; line 0 is not mentioned."""
    place = f"{name}, line {line}" if line else name
    return UserError(f"{place}: {one_line(message, 600)}")


def walk(node: Node) -> Iterator[Node]:
    """Yield `node` and everything in it, aliases expanded."""
    yield node
    if isinstance(node, Items):
        for child in node.children:
            yield from walk(child)
    elif isinstance(node, Entries):
        for child in node.children.values():
            yield from walk(child)


def typed(node: Node) -> Typed:
    """Return the value of a node, plain scalars by the rules of YAML 1.1 (dates and the like stay text).

    Numbers such as ``1e-05`` and ``-.5``, which YAML 1.1 takes for text, are numbers; what has more than 1000
    characters is none. Keys of mappings are text as written.
    """
    if isinstance(node, Scalar):
        return _typed_scalar(node.text) if node.plain else node.text
    if isinstance(node, Items):
        return [typed(child) for child in node.children]
    return {key: typed(child) for key, child in node.children.items()}


def text(node: Node) -> Text:
    """Return the value of a node with every scalar as the text that is written: ``yes``, ``0``, ``1.0``, ``0123``."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Items):
        return [text(child) for child in node.children]
    return {key: text(child) for key, child in node.children.items()}


@cache
def _rules() -> tuple[Any, Any]:
    return yaml.resolver.Resolver(), yaml.constructor.SafeConstructor()


def plain_kind(text: str) -> str:
    """Return what YAML 1.1 takes the plain scalar `text` for: ``str``, ``int``, ``float``, ``bool``, ``null``, ..."""
    tag: str = _rules()[0].resolve(yaml.nodes.ScalarNode, text, (True, False))
    return tag.rpartition(":")[2]


def _typed_scalar(text: str) -> bool | int | float | str | None:
    if len(text) > _LONGEST_NUMBER:
        return text
    kind = plain_kind(text)
    if kind == "null":
        return None
    if kind in ("bool", "int", "float"):
        node = yaml.nodes.ScalarNode(f"tag:yaml.org,2002:{kind}", text)
        try:
            value: bool | int | float = getattr(_rules()[1], f"construct_yaml_{kind}")(node)
        except (ValueError, OverflowError):  # what the pattern lets through and Python does not: 0b_, 1:0: ... :0.0
            return text
        return value
    return float(text) if _OTHER_NUMBER.fullmatch(text) else text
