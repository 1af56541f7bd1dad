"""Writing an array to a .npy file that is whole or not there, and telling whether its values are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.files import replacing
from fastgrid.descriptors.table import Float32Matrix

_BYTES_AT_ONCE = 8 * 1024 * 1024


def write_matrix(path: Path, values: Float32Matrix) -> None:
    """Write `values` to the .npy file `path` in one step; a file that holds just that is left as it is.

    Other processes may have it mapped, which on network file systems a file does not outlive that takes its place.

    Parameters
    ----------
    path : Path
    values : ndarray of float32, shape (n_items, n_dimensions)
        C-contiguous.

    Raises
    ------
    UserError
        When the directory is missing, not writable or full.
    """
    if _holds(path, values):
        return
    # Not by way of a memory map: on a full disk that ends the process instead of raising an error.
    header = {"descr": np.lib.format.dtype_to_descr(values.dtype), "fortran_order": False, "shape": values.shape}
    with replacing(path) as temporary, temporary.open("wb") as handle:
        np.lib.format.write_array_header_1_0(handle, header)
        for part in _parts(values):
            handle.write(part)


def _holds(path: Path, values: Float32Matrix) -> bool:
    try:
        kept = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError):
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


def _parts(values: npt.NDArray[Any]) -> Iterator[memoryview]:
    flat = np.ascontiguousarray(values).reshape(-1).view(np.uint8).data
    for start in range(0, len(flat), _BYTES_AT_ONCE):
        yield flat[start : start + _BYTES_AT_ONCE]
