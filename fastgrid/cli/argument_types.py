"""What the text of an argument stands for: types of `argparse`, and their mistakes."""

from __future__ import annotations

import argparse
import math

from fastgrid.common.memory import parse_size

#: As `fastgrid.evaluation.RULES`, which is not imported for a look at ``--help``.
RULES = ("accuracy", "normalized_accuracy", "one-standard-error")


def positive(text: str) -> int:
    """Parse a positive whole number (argparse type)."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def rule(text: str) -> str:
    """Return the rule of selection that is meant, with hyphens or underscores (argparse type)."""
    by_letters = {known.replace("_", "-"): known for known in RULES}
    return by_letters.get(text.replace("_", "-"), text)


def size(text: str) -> int:
    """Parse a number of bytes such as 800M or 4G (argparse type)."""
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def finite(text: str) -> float:
    """Parse a number that is neither infinite nor NaN (argparse type)."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text} is not a number")
    return number
