"""Minimum and maximum that LLVM vectorises.

A plain ``min`` / ``max`` / ternary reduction over floats stays scalar, since LLVM must keep NaN and the sign of zero
apart; numba sets no flag on the select. These say "no NaN, sign of zero does not matter" on exactly that select.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba
from numba import types
from numba.core.typing.templates import Signature
from numba.extending import intrinsic

_FLAGS = ("nnan", "nsz")


def _chosen(comparison: str, plain: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    # The intrinsic for jitted code; the plain function where numba is told not to compile.
    if getattr(numba.config, "DISABLE_JIT", 0):
        return plain

    def generate(_context: Any, builder: Any, _signature: Signature, arguments: Any) -> Any:
        first, second = arguments
        condition = builder.fcmp_ordered(comparison, first, second, flags=_FLAGS)
        return builder.select(condition, first, second, flags=_FLAGS)

    def declare(_typing_context: Any, first: Any, second: Any) -> Any:
        if first == second and isinstance(first, types.Float):
            return first(first, first), generate
        return None

    return cast("Callable[[Any, Any], Any]", intrinsic(declare))


#: The smaller and the larger of two floats of one type; neither may be NaN.
smaller = _chosen("<", min)
larger = _chosen(">", max)
