"""Writing an array to a .npy file that is whole or not there, and telling whether its values are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.ahead import Ahead
from fastgrid.common.array_errors import ARRAY_ERRORS
from fastgrid.common.files import replacing
from fastgrid.descriptors.table import Float32Matrix

_BYTES_AT_ONCE = 8 * 1024 * 1024


def write_matrix(path: Path, values: Float32Matrix) -> None:
    """Write `values`, a C-contiguous matrix, to the .npy file `path` in one step; see `write_rows`.

    A file that holds just that is left as it is: other processes may have it mapped, and on network file systems a
    mapping does not outlive the file.
    """
    if _holds(path, values):
        return
    write_rows(path, values.shape, [values])


def write_rows(path: Path, shape: tuple[int, int], rows: Iterable[Float32Matrix]) -> str:
    """Write a matrix to the .npy file `path` in one step, and return the digest of its values (as `digest_of` would).

    Parameters
    ----------
    path : Path
    shape : tuple of int
        (n_items, n_dimensions).
    rows : iterable of ndarray of float32, shape (any, n_dimensions)
        One below the other; C-contiguous. Made in another thread, while those before are written.

    Raises
    ------
    UserError
        When the directory is missing, not writable or full.
    """
    # Not by way of a memory map: on a full disk that ends the process instead of raising an error.
    descr = np.lib.format.dtype_to_descr(np.dtype(np.float32))
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    checksum = hashlib.sha256()
    with replacing(path) as temporary, temporary.open("wb") as handle:
        np.lib.format.write_array_header_1_0(handle, header)
        with Ahead([lambda: rows], 1) as ahead:
            for some in ahead:
                for part in _parts(some):
                    handle.write(part)
                    checksum.update(part)
    return checksum.hexdigest()


def _holds(path: Path, values: Float32Matrix) -> bool:
    try:
        kept = np.lib.format.open_memmap(path, mode="r")
    except ARRAY_ERRORS:
        return False
    if (kept.dtype, kept.shape) != (values.dtype, values.shape):
        return False
    # As bytes: not every NaN equals itself.
    return all(own == other for own, other in zip(_parts(kept), _parts(values), strict=True))


def digest_of(values: npt.NDArray[Any]) -> str:
    """Return the SHA-256 of the bytes of `values`, in hexadecimal."""
    checksum = hashlib.sha256()
    for part in _parts(values):
        checksum.update(part)
    return checksum.hexdigest()


def digest_of_mapped(values: np.memmap[Any, Any]) -> str:
    """Return the digest of an array that is mapped from a file, read from the file: what is mapped takes memory.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    assert values.filename is not None
    checksum = hashlib.sha256()
    with Path(values.filename).open("rb", buffering=0) as handle:
        handle.seek(values.offset)
        while part := handle.read(_BYTES_AT_ONCE):
            checksum.update(part)
    return checksum.hexdigest()


def _parts(values: npt.NDArray[Any]) -> Iterator[memoryview]:
    flat = np.ascontiguousarray(values).reshape(-1).view(np.uint8).data
    for start in range(0, len(flat), _BYTES_AT_ONCE):
        yield flat[start : start + _BYTES_AT_ONCE]
