"""What a single value of a descriptor file is: a number or text (Gaia 2.4.6 behaviour, NaN and infinity apart)."""

from __future__ import annotations

import math
import re

from fastgrid.descriptors.yaml_tree import PlainText

_DECIMAL = re.compile(r"[-+]?(?:([0-9]+)\.?([0-9]*)|\.([0-9]+))(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"([-+]?)(?:\.?(?:(nan)|inf)|infinity)", re.IGNORECASE)
_SMALLEST_DOUBLE = 5e-324
# Half of the smallest float32 (2**-149) rounds to the even neighbour, which is zero.
_LARGEST_VANISHING = 2.0**-150


def number_of(value: object) -> float | None:
    """Return the number that a scalar stands for, None where it is text.

    Numbers are unquoted in YAML, in the spelling of C (``1e-05``, ``.5``, ``5.``, ``+3``, ``010`` is ten), and
    the numbers of JSON. NaN and infinity are numbers in all usual spellings (``.nan``, ``inf``,
    ``-Infinity``, ...), contrary to Gaia, which takes some of them for text.

    Parameters
    ----------
    value : object
        A scalar of a parsed document.

    Returns
    -------
    float or None
        Infinite beyond the range of float64. What is written as other than zero is never returned as zero.

    Examples
    --------
    >>> number_of(PlainText("010")), number_of("010"), number_of(True)
    (10.0, None, None)
    """
    if type(value) is float:
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if isinstance(value, PlainText):
        return _number_of_plain_text(value)
    return None


def vanishes(number: float) -> bool:
    """Tell whether a number other than zero rounds to zero in float32 (``1e-46``); Gaia takes it for text."""
    return 0.0 < abs(number) <= _LARGEST_VANISHING


def is_text(value: str) -> bool:
    """Tell whether `value` can be written to a file; JSON may escape unpaired surrogates, which cannot."""
    if value.isascii():
        return True
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def text_of(value: object) -> str:
    """Return a scalar as text: as it is written in YAML, or as PyYAML would write what stands in JSON.

    Parameters
    ----------
    value : object
        A scalar of a parsed document.

    Returns
    -------
    str
        What is not text (see `is_text`) has question marks in place of the surrogates.

    Examples
    --------
    >>> text_of(True), text_of(None), text_of(1e-05), text_of("a")
    ('true', 'null', '1.0e-05', 'a')
    """
    if isinstance(value, str):
        return str(value) if is_text(value) else value.encode("utf-8", "replace").decode("utf-8")
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _text_of_float(value)
    return str(value)


def _number_of_plain_text(text: str) -> float | None:
    decimal = _DECIMAL.fullmatch(text)
    if decimal is not None:
        number = float(text)
        if number == 0.0 and any(digits and digits.strip("0") for digits in decimal.groups()):
            return _SMALLEST_DOUBLE
        return number
    special = _NOT_FINITE.fullmatch(text)
    if special is None:
        return None
    if special[2]:
        return math.nan
    return -math.inf if special[1] == "-" else math.inf


def _text_of_float(number: float) -> str:
    if math.isnan(number):
        return ".nan"
    if math.isinf(number):
        return "-.inf" if number < 0 else ".inf"
    text = repr(number)
    # YAML 1.1 wants a point in front of the exponent.
    return text if "." in text else text.replace("e", ".0e")
