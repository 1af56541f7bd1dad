"""JSON files as the nodes of `fastgrid.common.yaml_nodes`, numbers and all as they are written."""

from __future__ import annotations

import json
from typing import Any

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.yaml_nodes import Entries, Items, Node, Scalar, YamlFile


class _Unquoted(str):
    """The text of a number or constant, told apart from a string."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object, in their order and perhaps with duplicates."""

    __slots__ = ()


def looks_like_json(content: str, name: str) -> bool:
    """Whether a file should be tried as JSON: by its name or by the bracket that it begins with."""
    return name.lower().endswith(".json") or content.lstrip()[:1] in ("{", "[")


def json_file(content: str, name: str, depth: int, nodes: int) -> YamlFile | None:
    """Parse JSON.

    Parameters
    ----------
    content : str
    name : str
        How messages call the file.
    depth, nodes : int
        The most that is allowed; see `fastgrid.common.safe_yaml.Limits`.

    Returns
    -------
    YamlFile or None
        None when it is not JSON and the name does not claim that it is (YAML may begin with a bracket, too).

    Raises
    ------
    UserError
        Not valid although named ``.json``, nested too deeply, too many values, the same key twice.
    """
    try:
        value = json.loads(
            content,
            parse_int=_Unquoted,
            parse_float=_Unquoted,
            parse_constant=_Unquoted,
            object_pairs_hook=_Pairs,
        )
    except RecursionError as error:
        raise _too_deep(name, depth) from error
    except ValueError as error:
        if not name.lower().endswith(".json"):
            return None
        raise UserError(f"{name}: not valid JSON ({one_line(error)}); mend or export it again") from error
    return YamlFile(name, _Converter(name, depth, nodes).node(value, depth))


class _Converter:
    """Makes nodes of what `json.loads` returns, within bounds."""

    def __init__(self, name: str, depth: int, nodes: int) -> None:
        self.name = name
        self.depth = depth
        self.nodes = nodes
        self._left = nodes

    def node(self, value: Any, depth_left: int) -> Node:
        self._left -= 1
        if self._left < 0:
            raise UserError(f"{self.name}: holds more than {self.nodes} values; is it the right file?")
        if isinstance(value, _Unquoted):
            return Scalar(0, None, 1, str(value), True)
        if isinstance(value, str):
            return Scalar(0, None, 1, value, False)
        if value is None or isinstance(value, bool):
            return Scalar(0, None, 1, json.dumps(value), True)
        if depth_left == 0:
            raise _too_deep(self.name, self.depth)
        if isinstance(value, _Pairs):
            return self._entries(value, depth_left)
        children = tuple(self.node(item, depth_left - 1) for item in value)
        return Items(0, None, 1 + sum(child.size for child in children), children)

    def _entries(self, pairs: _Pairs, depth_left: int) -> Entries:
        children: dict[str, Node] = {}
        for key, value in pairs:
            if key in children:
                raise UserError(f"{self.name}: key '{one_line(key)}' is given twice; remove one")
            children[key] = self.node(value, depth_left - 1)
        return Entries(0, None, 1 + sum(child.size for child in children.values()), children)


def _too_deep(name: str, depth: int) -> UserError:
    return UserError(f"{name}: nested more than {depth} levels deep; flatten it")
