"""Minimum and maximum that LLVM vectorises.

A plain ``min`` / ``max`` / ternary reduction over floats stays scalar, since LLVM must keep NaN and the sign of zero
apart; numba sets no flag on the select. These say "no NaN, sign of zero does not matter" on exactly that select.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core.typing.templates import Signature
from numba.extending import intrinsic

_FLAGS = ("nnan", "nsz")


def _select(comparison: str) -> Any:
    def generate(context: Any, builder: Any, signature: Signature, arguments: Any) -> Any:
        first, second = arguments
        chosen = builder.fcmp_ordered(comparison, first, second, flags=_FLAGS)
        return builder.select(chosen, first, second, flags=_FLAGS)

    return generate


@intrinsic
def smaller(typing_context: Any, first: Any, second: Any) -> Any:
    """Return the smaller of two floats of one type; neither may be NaN."""
    if first == second and isinstance(first, types.Float):
        return first(first, first), _select("<")
    return None


@intrinsic
def larger(typing_context: Any, first: Any, second: Any) -> Any:
    """Return the larger of two floats of one type; neither may be NaN."""
    if first == second and isinstance(first, types.Float):
        return first(first, first), _select(">")
    return None
