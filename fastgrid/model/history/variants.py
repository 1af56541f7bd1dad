"""Values whose type stands before them (QVariant), as values of Python.

====================  ====  ============
Python                id    Qt
====================  ====  ============
bool                  1     Bool
int                   2     Int
float                 6     Double
dict of str           8     Map
tuple                 9     List
str                   10    String
StringList            11    StringList
bytes                 12    ByteArray
====================  ====  ============

No others occur in the histories of trainings (spec/gaia-history.md, section 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, TypeAlias

from fastgrid.model.history.stream import Reader, Writer

Value: TypeAlias = "bool | int | float | str | bytes | tuple[Any, ...] | dict[str, Any]"
Parameters: TypeAlias = "dict[str, Any]"

BYTE_ARRAY = 12


class _Kind(IntEnum):
    # Qt's ids of types.
    BOOL = 1
    INT = 2
    DOUBLE = 6
    MAP = 8
    LIST = 9
    STRING = 10
    STRING_LIST = 11
    BYTE_ARRAY = BYTE_ARRAY


#: Levels of lists and maps inside each other; four occur.
DEEPEST = 16
#: Type id, flag, and what takes the least behind them.
_LEAST = 4 + 1 + 1


class StringList(tuple[str, ...]):
    """A list of texts, which Qt tells from a list of values that are texts."""

    __slots__ = ()


def read_parameters(reader: Reader) -> Parameters:
    """Read a value that has to be a map; keys keep their order.

    Raises
    ------
    DamagedHistoryError
    """
    value = read_value(reader)
    if not isinstance(value, dict):
        raise reader.damage("holds another value where a map of parameters is expected")
    return value


def read_value(reader: Reader, depth: int = 0) -> Value:
    """Read a value.

    Raises
    ------
    DamagedHistoryError
        Also for a type that does not occur, and for a null value.
    """
    if depth > DEEPEST:
        raise reader.damage(f"holds values nested more than {DEEPEST} deep")
    kind, is_null = reader.u32(), reader.i8()
    if is_null:
        raise reader.damage("holds a value that is none")
    match kind:
        case _Kind.BOOL:
            return reader.boolean()
        case _Kind.INT:
            return reader.i32()
        case _Kind.DOUBLE:
            return reader.double()
        case _Kind.MAP:
            return _read_map(reader, depth)
        case _Kind.LIST:
            return reader.many(lambda: read_value(reader, depth + 1), _LEAST)
        case _Kind.STRING:
            return reader.text()
        case _Kind.STRING_LIST:
            return StringList(reader.many(reader.text, 4))
        case _Kind.BYTE_ARRAY:
            return bytes(reader.content())
    raise reader.damage(f"holds a value of the type {kind}, which no model has")


def _read_map(reader: Reader, depth: int) -> Parameters:
    found: Parameters = {}
    for _ in range(reader.count(4 + _LEAST)):
        key = reader.text()
        if key in found:
            raise reader.damage(f"holds the key {key!r} twice")
        found[key] = read_value(reader, depth + 1)
    return found


def write_value(writer: Writer, value: Value) -> None:
    """Write a value; maps in the order that they have.

    Raises
    ------
    TypeError
        For a value of another type.
    """
    match value:
        case bool():
            _head(writer, _Kind.BOOL)
            writer.i8(int(value))
        case int():
            _head(writer, _Kind.INT)
            writer.i32(value)
        case float():
            _head(writer, _Kind.DOUBLE)
            writer.double(value)
        case dict():
            _head(writer, _Kind.MAP)
            writer.u32(len(value))
            for key, entry in value.items():
                writer.text(key)
                write_value(writer, entry)
        case str():
            _head(writer, _Kind.STRING)
            writer.text(value)
        case StringList():
            _head(writer, _Kind.STRING_LIST)
            writer.u32(len(value))
            for text in value:
                writer.text(text)
        case tuple():
            _head(writer, _Kind.LIST)
            writer.u32(len(value))
            for entry in value:
                write_value(writer, entry)
        case bytes():
            _head(writer, _Kind.BYTE_ARRAY)
            writer.content(value)
        case _:
            raise TypeError(f"no value of Qt's: {type(value).__name__}")


def descending(entries: Mapping[str, Any]) -> Parameters:
    """Return a map in the order in which Qt writes it: the keys by their UTF-16 code units, the last one first.

    Examples
    --------
    >>> list(descending({"a": 1, "c": 2, "b": 3}))
    ['c', 'b', 'a']
    """
    return {key: entries[key] for key in sorted(entries, key=code_units, reverse=True)}


def code_units(text: str) -> bytes:
    """Return by what Qt sorts texts."""
    return text.encode("utf-16-be", "surrogatepass")


def _head(writer: Writer, kind: int) -> None:
    writer.u32(kind)
    writer.i8(0)
