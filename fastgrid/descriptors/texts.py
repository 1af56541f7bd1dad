"""The text at a path of a document, tags included: what tells which artist or piece a file belongs to.

It is kept beside the table and never becomes a descriptor, so that it can be had where ``metadata.tags`` is excluded.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping

from fastgrid.descriptors.scalars import text_of
from fastgrid.descriptors.yaml_tree import PlainText

#: Longer texts are cut, with a digest of the whole behind the cut, so that different ones stay different.
LONGEST_VALUE = 200
#: Values of one file at one path that are kept.
MOST_VALUES = 64
_NULLS = ("", "~", "null", "Null", "NULL")


def value_at(tree: Mapping[str, object], keys: tuple[str, ...]) -> object:
    """Return what stands at a path of nested mappings, None where there is nothing."""
    value: object = tree
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def texts_at(tree: Mapping[str, object], path: str) -> tuple[str, ...]:
    """Return the text at a path of a document, each value of a list by itself.

    Parameters
    ----------
    tree : mapping
        A parsed document.
    path : str
        Its keys joined with dots: ``metadata.tags.artist``.

    Returns
    -------
    tuple of str
        Different values in their order, at most `MOST_VALUES`, in Unicode's composed form (NFC) and with single blanks
        between words. Numbers are taken as they are written. Nothing for empty text, null, mappings and lists of lists.

    Examples
    --------
    >>> texts_at({"metadata": {"tags": {"artist": ["Ann ", "Bob", "Ann"]}}}, "metadata.tags.artist")
    ('Ann', 'Bob')
    """
    value = value_at(tree, tuple(path.split(".")))
    items = value if isinstance(value, list) else [value]
    found = dict.fromkeys(normal_text(item) for item in items[:MOST_VALUES] if not isinstance(item, (dict, list)))
    found.pop("", None)
    return tuple(found)


def text_paths(tree: Mapping[str, object], above: str = "") -> Iterator[str]:
    """Yield the paths of a document that hold text, or lists of text."""
    for key, value in tree.items():
        path = f"{above}.{key}" if above else key
        if isinstance(value, dict):
            yield from text_paths(value, path)
        elif isinstance(value[0] if isinstance(value, list) and value else value, str):
            yield path


def normal_text(value: object) -> str:
    """Return a scalar as text by which it is compared: composed (NFC), single blanks, not too long; "" for null."""
    if value is None or (isinstance(value, PlainText) and value in _NULLS):
        return ""
    text = " ".join(text_of(value).split())
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if len(text) <= LONGEST_VALUE:
        return text
    return f"{text[:LONGEST_VALUE]}…{hashlib.sha256(text.encode()).hexdigest()[:16]}"
