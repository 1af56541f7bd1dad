"""One descriptor file -> its nested mapping, whichever of JSON and YAML it is written in."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import AnyStr

import orjson

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.archive import read_member
from fastgrid.descriptors.members import member_of
from fastgrid.descriptors.scalars import number_of
from fastgrid.descriptors.source import read_source, unpacked
from fastgrid.descriptors.unreadable import MAXIMAL_DEPTH, MAXIMAL_VALUES, UnreadableError, too_deep, too_many_values
from fastgrid.descriptors.yaml_tree import PlainText, Tree, parse_yaml

JSON_SUFFIX = ".json"
YAML_SUFFIXES = frozenset({".sig", ".yaml", ".yml"})

_MAPPING_OF_JSON = re.compile(r"\s*\{")
_LONGEST_EXACT_INTEGER = 4000


@dataclass(frozen=True)
class Document:
    """The content of one descriptor file.

    Attributes
    ----------
    tree : dict
        Nested dicts, lists and scalars: those of `json`, or `PlainText` and `str` for YAML.
    is_json : bool
    """

    tree: Tree
    is_json: bool


def parse_document(data: bytes, name: str) -> Document:
    """Return the document in `data`.

    Parameters
    ----------
    data : bytes
        The content on disk, gzip or not.
    name : str
        The file's name. ``.json`` must be JSON; elsewhere what begins with ``{`` is tried as JSON first, and
        everything else is YAML.

    Returns
    -------
    Document

    Raises
    ------
    UnreadableError
        When it is not a mapping in JSON or YAML within the bounds of `fastgrid.descriptors.unreadable`.
    """
    text = _decoded(unpacked(data))
    if not text.strip():
        raise UnreadableError("is empty")
    suffix = _format_suffix(name)
    if suffix == JSON_SUFFIX:
        return _json_document(text)
    if _MAPPING_OF_JSON.match(text):
        try:
            return _json_document(text)
        except UnreadableError:
            if suffix not in YAML_SUFFIXES:
                raise
    return Document(_mapping(parse_yaml(text)), is_json=False)


def quick_document(data: bytes) -> Document | None:
    """Return what `parse_document` would of a usual JSON file, several times sooner.

    Parameters
    ----------
    data : bytes
        The content on disk, gzip or not.

    Returns
    -------
    Document or None
        None for YAML, and for JSON that `orjson` refuses or that may break a bound. Integers of more than 64 bits are
        `float`, everything else is as `json` gives it.

    Raises
    ------
    UnreadableError
        As `parse_document`, for damaged gzip data.
    """
    data = unpacked(data)
    if _holds_too_many(data, b","):
        return None
    try:
        tree = orjson.loads(data)
    except orjson.JSONDecodeError:
        # NaN, infinity, unpaired surrogates and a byte order mark are among it, which are read.
        return None
    return Document(tree, is_json=True) if isinstance(tree, dict) else None


def read_document(path: Path) -> Tree:
    """Return everything that a descriptor file holds, tags and ignored parts included.

    Parameters
    ----------
    path : Path
        JSON or YAML, gzip or not; it may lead through an archive, all of which is read then.

    Returns
    -------
    dict
        Nested dicts and lists. The scalars of JSON are as `json` gives them; those of YAML are `float` where
        they are unquoted numbers (NaN and infinity in all spellings included) and `str` everywhere else.

    Raises
    ------
    UserError
        When the file cannot be read: missing, empty, truncated, binary, not a mapping, too large, too deep,
        or YAML with tags or aliases.
    """
    try:
        member = member_of(path)
        data = read_source(path)[0] if member is None else read_member(member)
        return typed_document(data, path.name)
    except UnreadableError as error:
        raise UserError(f"{one_line(path)}: {error}") from error


def typed_document(data: bytes, name: str) -> Tree:
    """Return what `read_document` would of a file called `name` that holds `data`.

    Raises
    ------
    UnreadableError
        As `parse_document`.
    """
    return {key: _typed(value, depth=1) for key, value in parse_document(data, name).tree.items()}


def _typed(value: object, depth: int) -> object:
    if isinstance(value, (dict, list)) and depth >= MAXIMAL_DEPTH:
        raise too_deep()
    if isinstance(value, dict):
        return {key: _typed(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item, depth + 1) for item in value]
    if isinstance(value, PlainText):
        number = number_of(value)
        return str(value) if number is None else number
    return value


def _format_suffix(name: str) -> str:
    path = PurePath(name.lower())
    return PurePath(path.stem).suffix if path.suffix == ".gz" else path.suffix


def _decoded(data: bytes) -> str:
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in data:
        raise UnreadableError("is binary, not text")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"is not UTF-8 text (byte {error.start})") from error


def _json_document(text: str) -> Document:
    if _holds_too_many(text, ","):
        raise too_many_values()
    try:
        tree = _mapping(_load_json(text))
    except RecursionError as error:
        raise too_deep() from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UnreadableError(f"is not valid JSON: {one_line(error.msg, 120)} ({where})") from error
    return Document(tree, is_json=True)


def _holds_too_many(text: AnyStr, comma: AnyStr) -> bool:
    # Every value but the first of its container needs a comma.
    return len(text) > MAXIMAL_VALUES and text.count(comma) > MAXIMAL_VALUES


def _load_json(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # Python refuses to read integers of thousands of digits; as a number they are infinite.
        return json.loads(text, parse_int=_bounded_integer)


def _bounded_integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_EXACT_INTEGER else float(digits)


def _mapping(tree: object) -> Tree:
    if not isinstance(tree, dict):
        kind = "a list" if isinstance(tree, list) else "a single value"
        raise UnreadableError(f"is not a mapping of descriptors but {kind}")
    return tree
