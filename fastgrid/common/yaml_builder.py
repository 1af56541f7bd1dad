"""Making nodes of the events of a YAML parser, within bounds and without recursion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from fastgrid.common.errors import UserError
from fastgrid.common.yaml_nodes import Entries, Items, Node, Scalar, located_error

_HARMLESS_TAGS = {"!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}


@dataclass(frozen=True)
class Limits:
    """How large a file may be.

    Attributes
    ----------
    size : int
        Bytes of the file.
    depth : int
        Lists and mappings inside one another.
    nodes : int
        Scalars, lists and mappings, each alias counted as what it stands for.
    """

    size: int = 32 * 2**20
    depth: int = 64
    nodes: int = 2_000_000


@dataclass
class _Frame:
    """A list or mapping that has begun and not yet ended; keys and values of a mapping alternate in `parts`."""

    is_mapping: bool
    line: int
    anchor: str | None
    parts: list[Node] = field(default_factory=list)


class NodeBuilder:
    """Makes nodes of parser events without recursion, so that no nesting can exhaust the stack."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self.limits = limits
        self.used: set[str] = set()
        self._anchors: dict[str, Node] = {}
        self._frames: list[_Frame] = []
        self._total = 0
        self._root: Node | None = None

    def build(self, events: Iterator[yaml.Event]) -> Node | None:
        """Return the root node of the only document, None for a file without one."""
        documents = 0
        for event in events:
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._error(line, "a second document begins here; keep one document per file")
            elif isinstance(event, yaml.ScalarEvent):
                self._check_tag(event, line)
                plain = event.implicit[0] and event.tag is None
                self._add(Scalar(line, event.anchor, 1, event.value, plain), 1, line)
            elif isinstance(event, yaml.AliasEvent):
                self._add_alias(event.anchor, line)
            elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                self._begin(event, line)
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                self._end()
        return self._root

    def _begin(self, event: yaml.CollectionStartEvent, line: int) -> None:
        self._check_tag(event, line)
        if len(self._frames) >= self.limits.depth:
            raise self._error(line, f"nested more than {self.limits.depth} levels deep; flatten it")
        self._frames.append(_Frame(isinstance(event, yaml.MappingStartEvent), line, event.anchor))

    def _end(self) -> None:
        frame = self._frames.pop()
        size = 1 + sum(part.size for part in frame.parts)
        if frame.is_mapping:
            node: Node = self._mapping(frame, size)
        else:
            node = Items(frame.line, frame.anchor, size, tuple(frame.parts))
        self._add(node, 1, frame.line)

    def _add_alias(self, anchor: str | None, line: int) -> None:
        node = self._anchors.get(anchor) if anchor else None
        if node is None or anchor is None:
            raise self._error(line, f"alias *{anchor} has no anchor before it; write &{anchor} at its value")
        self.used.add(anchor)
        self._add(node, node.size, line)

    def _add(self, node: Node, size: int, line: int) -> None:
        self._total += size
        if self._total > self.limits.nodes:
            raise self._error(line, f"holds more than {self.limits.nodes} values (aliases expanded)")
        if node.anchor is not None:
            self._anchors[node.anchor] = node
        if self._frames:
            self._frames[-1].parts.append(node)
        else:
            self._root = node

    def _mapping(self, frame: _Frame, size: int) -> Entries:
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key, value in zip(frame.parts[::2], frame.parts[1::2], strict=True):
            if not isinstance(key, Scalar):
                raise self._error(key.line, "a list or mapping stands where a key is needed; use a plain word")
            if key.plain and key.text == "<<":
                self._merge(merged, value, key.line)
            elif key.text in own:
                first = lines[key.text]
                raise self._error(key.line, f"key '{key.text}' is given twice (first on line {first})")
            else:
                own[key.text] = value
                lines[key.text] = key.line
        return Entries(frame.line, frame.anchor, size, {**merged, **own}, lines)

    def _merge(self, merged: dict[str, Node], value: Node, line: int) -> None:
        """Take over the entries that a merge key ``<<`` names; of several mappings the first wins."""
        sources = value.children if isinstance(value, Items) else (value,)
        for source in reversed(sources):
            if not isinstance(source, Entries):
                raise self._error(line, "'<<' needs a mapping; quote it if it is an ordinary key")
            merged.update(source.children)

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int) -> None:
        if event.tag is not None and event.tag not in _HARMLESS_TAGS:
            raise self._error(line, f"the tag {event.tag} is not allowed; remove it")

    def _error(self, line: int, message: str) -> UserError:
        return located_error(self.name, line, message)
