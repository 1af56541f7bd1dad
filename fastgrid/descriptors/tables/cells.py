"""Cells of text as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fastgrid.descriptors.scalars import number_of
from fastgrid.descriptors.yaml_tree import PlainText

#: How tables write that a value is missing, besides NaN.
MISSING = frozenset(("", "?", "~", "NA", "N/A", "na", "n/a", "#N/A", "NULL", "Null", "null", "None", "none"))
#: So many cells that are not missing tell what a column holds.
_SAMPLE = 100


def numbers_of(cells: Sequence[str]) -> tuple[npt.NDArray[np.float64], list[int]]:
    """Return cells as numbers, and the positions of those that are neither a number nor missing.

    Parameters
    ----------
    cells : sequence of str

    Returns
    -------
    numbers : ndarray of float64, shape (n_cells,)
        NaN for missing cells and for those that are no numbers.
    bad : list of int

    Examples
    --------
    >>> numbers_of(["1.5", " 2", "NA", "1_0", "1e999"])
    (array([1.5, 2. , nan, nan, inf]), [3])
    """
    joined = "".join(cells)
    # Python takes 1_0 and digits of other scripts for numbers.
    if joined.isascii() and "_" not in joined:
        try:
            return np.fromiter(map(float, cells), np.float64, len(cells)), []
        except ValueError:
            pass
        known = ("nan" if cell in MISSING else cell for cell in cells)
        try:
            return np.fromiter(map(float, known), np.float64, len(cells)), []
        except ValueError:
            pass
    found = [_number(cell.strip()) for cell in cells]
    bad = [position for position, number in enumerate(found) if number is None]
    return np.array([math.nan if number is None else number for number in found], dtype=np.float64), bad


def mostly_numbers(cells: Sequence[str]) -> bool | None:
    """Tell whether at least half of the first cells that are not missing are numbers; None where all are missing."""
    sample: list[str] = []
    for cell in cells:
        if cell.strip() not in MISSING:
            sample.append(cell)
            if len(sample) == _SAMPLE:
                break
    if not sample:
        return None
    return 2 * sum(_number(cell.strip()) is not None for cell in sample) >= len(sample)


def number_text(number: float) -> str:
    """Return a number as the text by which it names a class, a group or an item: whole ones without a point.

    Examples
    --------
    >>> number_text(3.0), number_text(0.5), number_text(float("nan"))
    ('3', '0.5', '')
    """
    if math.isnan(number):
        return ""
    return str(int(number)) if math.isfinite(number) and number == int(number) else repr(float(number))


def _number(text: str) -> float | None:
    return math.nan if text in MISSING else number_of(PlainText(text))
