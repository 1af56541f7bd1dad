"""Descriptor files as YAML (.sig), the form that Gaia reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fastgrid.common.files import write_text
from fastgrid.common.yaml_dump import dump

# What Gaia 2.4.6's converter leaves out.
_LEFT_OUT = (
    ("metadata", "tags"),
    ("metadata", "audio_properties", "sample_rate"),
    ("metadata", "audio_properties", "lossless"),
)


def sig_text(document: Mapping[str, Any]) -> str:
    """Return a descriptor document as the text of a ``.sig`` file.

    Block style in the order of `document`; numbers with all their digits, so that they are read back as the same
    values; text that looks like a number in quotes, so that it stays text. ``metadata.tags`` and the ``sample_rate``
    and ``lossless`` of ``metadata.audio_properties`` are left out (Gaia 2.4.6 behaviour).

    Parameters
    ----------
    document : mapping
        Nested mappings with string keys; leaves are strings, numbers, booleans, None and lists of them.
    """
    for path in _LEFT_OUT:
        document = _without(document, path)
    return dump(document)


def write_sig(document: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a descriptor document as a ``.sig`` file; see `sig_text`."""
    write_text(path, sig_text(document))


def _without(document: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    key, *rest = path
    if key not in document:
        return document
    if not rest:
        return {name: value for name, value in document.items() if name != key}
    if not isinstance(document[key], Mapping):
        return document
    return {**document, key: _without(document[key], tuple(rest))}
