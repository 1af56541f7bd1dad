"""How the state of one binary problem lies in memory.

`state` is a float64 matrix of `STATE_ROWS` rows; a column is an item. The number of columns is a multiple of `LANES`
with at least one unused column at the end, so that loops over vectors need no tail.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.simd import LANES

Float32Matrix = npt.NDArray[np.float32]
Float64Vector = npt.NDArray[np.float64]
Float64Matrix = npt.NDArray[np.float64]
IntVector = npt.NDArray[np.int64]

# Rows of `state`.
ALPHA = 0  # duals, unsigned
GRADIENT = 1  # h
UP_PENALTY = 2  # 0 where beta may grow and the item is active, else infinity
DOWN_PENALTY = 3  # 0 where beta may shrink and the item is active, else infinity
DIAGONAL = 4  # K_ii
COST = 5  # C_i
SIGN = 6  # y_i
BOUND_GRADIENT = 7  # part of K beta that comes from duals at C
STATE_ROWS = 8

#: LIBSVM's stand-in for a curvature that is not positive.
TAU = 1e-12

#: Bytes that a vector register holds, at most; rows that begin at a multiple are read without crossing cache lines.
ALIGNMENT = 64


def padded_length(n: int) -> int:
    """Return the number of columns that the rows of a problem with `n` items take: the next multiple of 16 above."""
    return (n // (2 * LANES) + 1) * 2 * LANES


def aligned_empty(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return an uninitialised C-contiguous array whose first byte lies at a multiple of `ALIGNMENT`."""
    kind = np.dtype(dtype)
    count = int(np.prod(shape))
    raw = np.empty(count * kind.itemsize + ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + count * kind.itemsize].view(kind).reshape(shape)
