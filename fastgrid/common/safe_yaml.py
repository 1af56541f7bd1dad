"""Reading YAML and JSON that nobody vouches for: bounded, without tags, every fault named with its line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import read_at_most
from fastgrid.common.json_nodes import json_file, looks_like_json
from fastgrid.common.yaml_builder import Limits, NodeBuilder
from fastgrid.common.yaml_nodes import Scalar, Text, Typed, YamlFile, located_error, text, typed

__all__ = ["DEFAULT_LIMITS", "Limits", "load_text", "load_typed", "parse_yaml", "read_bounded", "read_yaml"]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEFAULT_LIMITS = Limits()


def read_yaml(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> YamlFile:
    """Read one YAML or JSON file as nodes that know their lines.

    Parameters
    ----------
    path : path-like
        ``.json`` is read as JSON; anything else as JSON if it is JSON, otherwise as YAML.
    limits : Limits

    Returns
    -------
    YamlFile

    Raises
    ------
    UserError
        When the file cannot be read, is empty, too large or nested too deeply, is not valid, expands to too much
        by its aliases, or holds tags, several documents or the same key twice.
    """
    return parse_yaml(_decoded(path, limits), os.fspath(path), limits)


def load_typed(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> Typed:
    """Read one YAML or JSON file as values (see `read_yaml` and `fastgrid.common.yaml_nodes.typed`)."""
    return typed(read_yaml(path, limits).root)


def load_text(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> Text:
    """Read one YAML or JSON file, every scalar as the text written (see `read_yaml`)."""
    return text(read_yaml(path, limits).root)


def parse_yaml(content: str, name: str, limits: Limits = DEFAULT_LIMITS) -> YamlFile:
    """Parse the text of a YAML or JSON file that messages call `name`; see `read_yaml`."""
    if looks_like_json(content, name):
        document = json_file(content, name, limits.depth, limits.nodes)
        if document is not None:
            return document
    builder = NodeBuilder(name, limits)
    try:
        root = builder.build(yaml.parse(content, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "syntax error"
        raise located_error(name, mark.line + 1 if mark else 0, f"not valid YAML ({what})") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise located_error(name, 0, f"not valid YAML ({one_line(error)})") from error
    if root is None or (isinstance(root, Scalar) and root.is_empty):
        raise UserError(f"{name}: is empty; give a file with content")
    return YamlFile(name, root, frozenset(builder.used))


def read_bounded(path: str | os.PathLike[str], size: int) -> bytes:
    """Return the bytes of a file that may hold at most `size`; every obstacle is a `UserError`."""
    try:
        with Path(path).open("rb") as file:
            data = read_at_most(file, size + 1)
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file; check the path") from error
    except IsADirectoryError as error:
        raise UserError(f"{path}: is a directory where a file is needed; check the path") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{one_line(path)}: cannot be read ({one_line(error)})") from error
    if len(data) > size:
        raise UserError(f"{path}: is larger than {size} bytes; is it the right file?")
    return data


def _decoded(path: str | os.PathLike[str], limits: Limits) -> str:
    try:
        return read_bounded(path, limits.size).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
