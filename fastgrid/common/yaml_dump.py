"""Writing YAML: block style, deterministic, the same text whether libyaml is there or not.

The text is what PyYAML's `safe_dump` gives with ``default_flow_style=False, allow_unicode=True`` and no line folding,
except that a string that any reader might take for a number (``1e5``, ``nan``) is quoted as well.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from fastgrid.common.yaml_nodes import plain_kind

# Strings that need no look at the rules of YAML; what they might be taken for is checked apart.
_SIMPLE = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_./-]*[A-Za-z0-9_])?")
# From this length on PyYAML writes "? key"; readers refuse a "key:" of more than 1024 characters.
_LONG_KEY = 128
_UNBROKEN = 2**31 - 1


def dump(document: Mapping[str, Any], *, sort_keys: bool = False) -> str:
    """Return `document` as YAML text.

    Parameters
    ----------
    document : mapping
        Of strings, numbers, booleans, None, lists and mappings with string keys.
    sort_keys : bool
        Sort the keys of all mappings by code point instead of keeping their order.

    Raises
    ------
    TypeError
        When a value is of another type.
    """
    return "".join(f"{line}\n" for line in _lines(document, sort_keys))


def scalar_text(value: str | float | None) -> str:
    """Return one scalar as it stands in a YAML file, on one line.

    Raises
    ------
    TypeError
        When `value` is not a string, number, boolean or None.
    """
    if isinstance(value, str):
        return _string_text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, int):
        return int.__repr__(value)
    raise TypeError(f"no YAML scalar: {type(value).__name__}")


def _lines(value: Any, sort_keys: bool) -> list[str]:
    if isinstance(value, Mapping):
        return _mapping_lines(value, sort_keys)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _sequence_lines(value, sort_keys)
    return [scalar_text(value)]


def _mapping_lines(mapping: Mapping[str, Any], sort_keys: bool) -> list[str]:
    if not mapping:
        return ["{}"]
    lines = []
    for key in sorted(mapping) if sort_keys else mapping:
        value = mapping[key]
        name = _string_text(key)
        is_long = len(name) >= _LONG_KEY
        if is_long:
            lines.append(f"? {name}")
            name = ""
        children = _lines(value, sort_keys)
        if not value or not isinstance(value, (Mapping, Sequence)) or isinstance(value, str):
            lines.append(f"{name}: {children[0]}")
        else:
            indent = "  " if is_long or isinstance(value, Mapping) else ""
            lines.append(f"{name}:")
            lines.extend(indent + child for child in children)
    return lines


def _sequence_lines(items: Sequence[Any], sort_keys: bool) -> list[str]:
    if not items:
        return ["[]"]
    lines = []
    for item in items:
        first, *others = _lines(item, sort_keys)
        lines.append(f"- {first}")
        lines.extend(f"  {other}" for other in others)
    return lines


@functools.lru_cache(maxsize=65536)
def _string_text(text: str) -> str:
    looks_numeric = _is_number(text)
    if not looks_numeric and _SIMPLE.fullmatch(text) and plain_kind(text) == "str":
        return text
    style = '"' if text.splitlines() not in ([text], []) else "'" if looks_numeric else None
    dumped: str = yaml.dump(text, Dumper=yaml.SafeDumper, allow_unicode=True, width=_UNBROKEN, default_style=style)
    return dumped.removesuffix("\n").removesuffix("\n...")


def _is_number(text: str) -> bool:
    """Whether a C or Python reader takes the whole of `text` for a number, nan and infinity included."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _float_text(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    digits = float.__repr__(value)
    if "." not in digits and "e" in digits:
        # YAML 1.1 wants a point in a float with an exponent.
        digits = digits.replace("e", ".0e", 1)
    return digits
