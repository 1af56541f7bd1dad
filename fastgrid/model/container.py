r"""The model file: a checked container of one JSON description and plain arrays. No pickle, no code.

Layout, little-endian:

======================  ==================================================================================
bytes                   content
======================  ==================================================================================
12                      ``\x89fastgrid\r\n\x1a``: not text, and spoilt by any conversion of line ends
4                       schema version, unsigned
8                       size of the whole file, unsigned
8                       length h of the header, unsigned
h                       ASCII JSON ``{"arrays": [[name, dtype, shape], ...], "description": {...}}``
sum of the arrays       the arrays in that order, C-contiguous, without gaps
32                      SHA-256 of everything before it
======================  ==================================================================================

All sizes are checked against each other and against the file's own before anything is allocated.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
import struct
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import replacing

MAGIC = b"\x89fastgrid\r\n\x1a"
SCHEMA_VERSION = 1
LARGEST_FILE = 2**30
LARGEST_HEADER = 2**24
LARGEST_ARRAY_COUNT = 2**16
DEEPEST_NESTING = 32
DTYPES = ("<f4", "<f8", "<i8")

Array = npt.NDArray[Any]
_PRELUDE = struct.Struct("<12sIQQ")
_DIGEST_SIZE = hashlib.sha256().digest_size


class DamagedModelError(ValueError):
    """What stands in a model file does not fit together; the message is the reason, without the file's name."""


def write_container(path: str | os.PathLike[str], description: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a container in one step; the same content gives the same bytes.

    Parameters
    ----------
    path : path-like
    description : mapping
        JSON-able, without NaN or infinity; the order of its keys is kept.
    arrays : mapping of str to ndarray
        Of type float32, float64 or int64, with at most two dimensions.

    Raises
    ------
    UserError
        When the file cannot be written or would be too large to be read again.
    ValueError
        When `description` holds NaN or infinity or is nested more than 30 deep.
    """
    blocks = {name: _little_endian(array) for name, array in arrays.items()}
    listing = [[name, block.dtype.str, list(block.shape)] for name, block in blocks.items()]
    content = {"arrays": listing, "description": description}
    _check_values(content)
    header = json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
    size = _PRELUDE.size + len(header) + sum(block.nbytes for block in blocks.values()) + _DIGEST_SIZE
    if size > LARGEST_FILE or len(header) > LARGEST_HEADER:
        raise UserError(
            f"{path}: the model would take {size} bytes, {len(header)} of them names and parameters, more than a "
            f"model file may; train on fewer items or descriptors"
        )
    parts: list[bytes | memoryview] = [_PRELUDE.pack(MAGIC, SCHEMA_VERSION, size, len(header)), header]
    parts.extend(block.reshape(-1).view(np.uint8).data for block in blocks.values())
    digest = hashlib.sha256()
    with replacing(path) as temporary, temporary.open("wb") as file:
        for part in parts:
            digest.update(part)
            file.write(part)
        file.write(digest.digest())


def read_container(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read a container that `write_container` wrote, trusting nothing in it.

    Returns
    -------
    description : dict
        Nested at most 32 deep.
    arrays : dict of str to ndarray
        Read-only.

    Raises
    ------
    UserError
        When there is no such file or it cannot be read, is no fastgrid model or a newer fastgrid's.
    DamagedModelError
        When it is truncated or damaged.
    """
    target = Path(path)
    try:
        mode = target.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "not a plain file"
            raise UserError(f"{target}: is {kind}; give the model file that training wrote")
        with target.open("rb") as file:
            return _read(target, file, os.fstat(file.fileno()).st_size)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{target}: no such file; give the model file that training wrote") from None
    except OSError as error:
        reason = one_line(error.strerror or error)
        raise UserError(f"{target}: cannot be read ({reason}); check the path and its permissions") from error
    except ValueError as error:
        if isinstance(error, DamagedModelError):
            raise
        raise UserError(f"{one_line(repr(str(target)))}: is not a path; give that of a model file") from error


def _little_endian(array: Array) -> Array:
    block = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    if block.dtype.str not in DTYPES or block.ndim > 2:
        raise TypeError(f"arrays of type {array.dtype} and {array.ndim} dimensions cannot be stored")
    return block


def _read(path: Path, file: BufferedReader, size: int) -> tuple[dict[str, Any], dict[str, Array]]:
    prelude = file.read(_PRELUDE.size)
    header_size = _check_prelude(path, prelude, size)
    header = file.read(header_size)
    description, listing = _parse_header(header)
    arrays_size = size - _PRELUDE.size - header_size - _DIGEST_SIZE
    if sum(np.dtype(dtype).itemsize * math.prod(shape) for _, dtype, shape in listing) != arrays_size:
        raise DamagedModelError("its arrays do not fill the file")
    digest = hashlib.sha256(prelude + header)
    arrays = {}
    for name, dtype, shape in listing:
        array = np.empty(shape, dtype=dtype)
        raw = array.reshape(-1).view(np.uint8).data
        if file.readinto(raw) != raw.nbytes:
            raise DamagedModelError("it is truncated")
        digest.update(raw)
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
        array.setflags(write=False)
        arrays[name] = array
    if file.read(_DIGEST_SIZE) != digest.digest():
        raise DamagedModelError("its checksum does not match")
    return description, arrays


def _check_prelude(path: Path, prelude: bytes, size: int) -> int:
    """Return the header's length once everything before the header is in order."""
    if size == 0:
        raise UserError(f"{path}: is empty; train the model again or restore the file from a copy")
    if not prelude.startswith(MAGIC[: len(prelude)]):
        raise UserError(
            f"{path}: is neither a fastgrid model nor a history of Gaia's; give the model file that training wrote"
        )
    if len(prelude) < _PRELUDE.size:
        raise DamagedModelError("it is truncated")
    _, version, stated_size, header_size = _PRELUDE.unpack(prelude)
    if version > SCHEMA_VERSION:
        raise UserError(
            f"{path}: was written by a newer fastgrid (model schema {version}, this one reads {SCHEMA_VERSION}); "
            f"upgrade fastgrid"
        )
    if version != SCHEMA_VERSION:
        raise DamagedModelError(f"there is no model schema {version}")
    if stated_size != size:
        raise DamagedModelError(f"it is truncated or damaged: {size} bytes are there and {stated_size} were written")
    if size > LARGEST_FILE:
        raise DamagedModelError(f"{size} bytes are more than a model may have")
    if header_size > min(LARGEST_HEADER, size - _PRELUDE.size - _DIGEST_SIZE):
        raise DamagedModelError(f"its header cannot have {header_size} bytes")
    return cast(int, header_size)


def _parse_header(header: bytes) -> tuple[dict[str, Any], list[tuple[str, str, tuple[int, ...]]]]:
    try:
        parsed = json.loads(header.decode("ascii"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DamagedModelError(f"its header cannot be read ({one_line(error, 100)})") from error
    _check_values(parsed)
    if not isinstance(parsed, dict) or set(parsed) != {"arrays", "description"}:
        raise DamagedModelError("its header lacks the arrays or the description")
    description, listing = parsed["description"], parsed["arrays"]
    if not isinstance(description, dict) or not isinstance(listing, list):
        raise DamagedModelError("its header lacks the arrays or the description")
    if len(listing) > LARGEST_ARRAY_COUNT:
        raise DamagedModelError(f"{len(listing)} arrays are more than a model may have")
    entries = [_array_entry(entry) for entry in listing]
    if len({name for name, _, _ in entries}) != len(entries):
        raise DamagedModelError("two of its arrays have the same name")
    return description, entries


def _array_entry(entry: object) -> tuple[str, str, tuple[int, ...]]:
    match entry:
        case [str(name), str(dtype), [*shape]] if dtype in DTYPES and len(shape) <= 2:
            if all(type(length) is int and 0 <= length < LARGEST_FILE for length in shape):
                return name, dtype, tuple(cast(list[int], shape))
    raise DamagedModelError("one of its arrays has no proper name, type or shape")


def _check_values(parsed: object) -> None:
    """Refuse what is nested too deeply and numbers like 1e999, which Python reads as infinity."""
    level = [parsed]
    for _ in range(DEEPEST_NESTING):
        children: list[object] = []
        for node in level:
            if isinstance(node, dict):
                children.extend(node.values())
            elif isinstance(node, list):
                children.extend(node)
            elif isinstance(node, float) and not math.isfinite(node):
                raise DamagedModelError("its header holds a number that is not finite")
        if not children:
            return
        level = children
    raise DamagedModelError("its header is nested too deeply")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
