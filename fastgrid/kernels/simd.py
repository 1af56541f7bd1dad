"""Vectors of eight lanes as values in jitted code.

LLVM turns a plain loop into packed instructions only where it can prove enough about aliasing, ties and NaN, and it
adds run-time checks and scalar tails; for loops over a few hundred items these cost more than the loop. The functions
here say directly what is packed. LLVM lowers eight lanes to whatever the processor has (AVX-512, AVX2, NEON).

A vector holds float64, float32 or int32; of the latter two there are vectors of sixteen lanes too. Vectors of one kind
support ``+ - * /`` and ``< <= == >= >``, which give a mask.
`load_*` and `store` take a C-contiguous array of any dimension and a flat index; the others are explained where they
are listed. Code for them is in `simd_intrinsics.py`, which is imported with numba (see `jit.py`).
"""

from __future__ import annotations

import importlib
from typing import Any

from fastgrid.kernels.jit import stand_in

LANES = 8
WIDE_LANES = 16


def _intrinsic(name: str) -> Any:
    return stand_in(lambda: getattr(importlib.import_module("fastgrid.kernels.simd_intrinsics"), name))


# load(array, flat_index) -> the eight items from there on; store(array, flat_index, vector).
load_float64 = _intrinsic("load_float64")
load_float32 = _intrinsic("load_float32")
store = _intrinsic("store")
# splat(number) -> eight times that number; lane_numbers() -> 0, 1, ..., 7 as int32. A place that is kept beside a
# float64 is better kept as float64 too: then the comparison's mask serves both, where a mask is as wide as its lanes.
splat_float64 = _intrinsic("splat_float64")
splat_float32 = _intrinsic("splat_float32")
splat_int32 = _intrinsic("splat_int32")
lane_numbers = _intrinsic("lane_numbers")
lane_numbers_float64 = _intrinsic("lane_numbers_float64")
# float32 to float64, exactly; float64 to float32, rounded.
widen = _intrinsic("widen")
narrow = _intrinsic("narrow")
# multiply_add(first, second, third) -> first * second + third of float64, in one instruction where the processor has
# it. Only for products that float64 holds exactly, as those of widened float32 lanes: otherwise machines would differ.
multiply_add = _intrinsic("multiply_add")
# Lane by lane; of floats, neither NaN. select(mask, first, second) is the first where the mask is set.
minimum = _intrinsic("minimum")
maximum = _intrinsic("maximum")
select = _intrinsic("select")
# The extreme of all lanes; the number of lanes that a mask selects.
lowest_float64 = _intrinsic("lowest_float64")
highest_float64 = _intrinsic("highest_float64")
highest_float32 = _intrinsic("highest_float32")
highest_int32 = _intrinsic("highest_int32")
count = _intrinsic("count")
# The same with sixteen lanes of float32 or int32.
load_float32_wide = _intrinsic("load_float32_wide")
splat_float32_wide = _intrinsic("splat_float32_wide")
splat_int32_wide = _intrinsic("splat_int32_wide")
lane_numbers_wide = _intrinsic("lane_numbers_wide")
highest_float32_wide = _intrinsic("highest_float32_wide")
highest_int32_wide = _intrinsic("highest_int32_wide")
