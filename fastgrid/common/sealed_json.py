"""JSON that a run keeps for a later one, with a digest of itself: what was changed since is not believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_HEAD = '{"sha256": "'
_NECK = '", '
_BODY = len(_HEAD) + 64 + len(_NECK)


def sealed(document: Mapping[str, object]) -> str:
    """Return the text of `document`, one line of JSON whose first key is the digest of all that follows it.

    Parameters
    ----------
    document : mapping
        Not empty.

    Examples
    --------
    >>> unsealed(sealed({"a": 1}).encode())["a"]
    1
    """
    # On one line: with line breaks json takes ten times longer.
    body = json.dumps(document)[1:] + "\n"
    return f"{_HEAD}{hashlib.sha256(body.encode()).hexdigest()}{_NECK}{body}"


def unsealed(content: bytes) -> dict[str, Any]:
    """Return the document, its digest among it.

    Raises
    ------
    ValueError
        When it is not just what `sealed` returned.
    """
    if content[len(_HEAD) : _BODY - len(_NECK)] != hashlib.sha256(content[_BODY:]).hexdigest().encode():
        raise ValueError("the digest is that of another document")
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("the document is no mapping")
    return document
