"""What is written on axes and above panels: values of parameters and names, short enough to be read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

from fastgrid.common.errors import one_line

#: Names and values are cut to so many characters.
LONGEST = 28
#: Numbers that are no longer than this are written out rather than as a power.
_SHORT = 4


class NotSet:
    """The value of a parameter that a point does not have."""

    def __repr__(self) -> str:
        return "not set"


NOT_SET = NotSet()


def is_number(value: object) -> bool:
    """Return whether `value` has a place on an axis of numbers."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def value_text(value: object) -> str:
    """Return a parameter's value in a few words.

    Examples
    --------
    >>> value_text(0.0010000000001), value_text("rbf"), value_text(len), value_text(NOT_SET)
    ('0.001', 'rbf', 'len', 'not set')
    """
    if isinstance(value, Real) and is_number(value):
        return f"{float(value):.4g}"
    name = getattr(value, "__name__", None)
    return one_line(name if isinstance(name, str) else value, LONGEST)


def tick_texts(values: Sequence[object]) -> list[str]:
    """Return the labels of an axis, powers of 2 or of 10 in Matplotlib's notation where the numbers are such.

    Numbers that are all short are written out.

    Examples
    --------
    >>> tick_texts([1, 10, 100]), tick_texts([2.0**-11, 2.0**3, "scale"])
    (['1', '10', '100'], ['$2^{-11}$', '$2^{3}$', 'scale'])
    """
    base = _base([float(value) for value in values if isinstance(value, Real) and is_number(value)])
    return [
        f"${base}^{{{_exponent(float(value), base)}}}$"
        if base and isinstance(value, Real) and is_number(value)
        else literal(value_text(value))
        for value in values
    ]


def literal(text: str) -> str:
    """Return `text` so that Matplotlib shows it as it is: a dollar sign begins no formula."""
    return text.replace("$", r"\$")


def width_of(text: str) -> float:
    """Return about how many characters wide a label of `tick_texts` is; exponents are written smaller."""
    if not text.startswith("$"):
        return len(text)
    base, exponent = text.strip("$}").split("^{")
    return len(base) + 0.7 * len(exponent)


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Return what to call each parameter: without the steps of a pipeline, where that is no other's name.

    Examples
    --------
    >>> short_names(["svc__C", "svc__kernel", "a__k", "b__k"])
    {'svc__C': 'C', 'svc__kernel': 'kernel', 'a__k': 'a__k', 'b__k': 'b__k'}
    """
    known = list(names)
    last = [name.split("__")[-1] for name in known]
    return {name: end if last.count(end) == 1 else name for name, end in zip(known, last, strict=True)}


def parameters_text(parameters: Mapping[str, Any], called: Mapping[str, str], between: str = "\n") -> str:
    """Return parameters with their values, `called` as given; those that are not set are left out."""
    return between.join(
        f"{one_line(called[name], LONGEST)} = {value_text(value)}"
        for name, value in parameters.items()
        if value is not NOT_SET
    )


def _base(numbers: Sequence[float]) -> int:
    """Return 2 or 10 where all numbers are its powers and are best written so, else 0."""
    if all(len(f"{number:.4g}") <= _SHORT for number in numbers):
        return 0
    for base in (2, 10):
        if all(number > 0 and _is_power(number, base) for number in numbers):
            return base
    return 0


def _is_power(number: float, base: int) -> bool:
    # Powers of 10 that numpy makes may differ in their last bit.
    return math.isclose(float(base) ** _exponent(number, base), number, rel_tol=1e-12)


def _exponent(number: float, base: int) -> int:
    return round(math.log2(number) if base == 2 else math.log10(number))
