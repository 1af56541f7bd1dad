"""Where the panels of a heat map go: rows and columns of a figure, its size, and what is written around them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastgrid.displays.figures import inches
from fastgrid.displays.labels import parameters_text, tick_texts, width_of
from fastgrid.displays.panels import HeatmapPanel, value_key

#: Inches along a side of a cell: with its value written in it; in one panel, in a few, in many.
_WITH_VALUE, _ALONE, _OF_FEW, _OF_MANY = 0.55, 0.42, 0.3, 0.2
_FEW = 6
#: Sizes of labels in points, of few panels and of many.
LABEL_SIZE, _SMALL_SIZE = 10.0, 7.5
#: Inches: the least width and height of a panel, and the most of both; between two panels; a line of text; colour bar
#: and legend.
_LEAST_WIDTH, _LEAST_HEIGHT, _MOST, _GAP, _LINE, _MARGIN = 1.5, 0.8, 10.0, 0.15, 0.18, 1.3
#: Panels side by side, unless asked for otherwise.
_WIDEST = 4
#: Cells of a single panel in which values are written, unless asked for otherwise.
MOST_VALUES = 150


@dataclass(frozen=True)
class Layout:
    """How panels are arranged.

    Attributes
    ----------
    n_rows, n_columns : int
    size : (float, float)
        Width and height of a figure for them, in inches.
    label_size : float
        Of titles and of what stands along the axes, in points.
    titles : list of str
        What each panel stands for among the others.
    heading : str
        What they have in common.
    shared_x, shared_y : bool
        Whether all panels have the same values along an axis, so that they are written once.
    """

    n_rows: int
    n_columns: int
    size: tuple[float, float]
    label_size: float
    titles: list[str]
    heading: str
    shared_x: bool
    shared_y: bool


def lay_out(
    panels: Sequence[HeatmapPanel], called: Mapping[str, str], n_columns: int | None, with_values: bool
) -> Layout:
    """Return how to arrange `panels`; `called` says how to write their parameters."""
    counts = {name: len({value_key(panel.parameters[name]) for panel in panels}) for name in panels[0].parameters}
    varying = [name for name, count in counts.items() if count > 1]
    titles = [parameters_text({name: panel.parameters[name] for name in varying}, called) for panel in panels]
    columns = min(len(panels), n_columns or _columns(len(panels), [counts[name] for name in varying]))
    rows = math.ceil(len(panels) / columns)
    label_size = LABEL_SIZE if len(panels) <= _FEW else _SMALL_SIZE
    shared_x = len({tuple(map(value_key, panel.x_values)) for panel in panels}) == 1
    shared_y = len({tuple(map(value_key, panel.y_values)) for panel in panels}) == 1

    cell = _WITH_VALUE if with_values else _cell(len(panels))
    longest = max(len(line) for title in titles for line in title.split("\n"))
    width = _side(cell * max(len(panel.x_values) for panel in panels), max(_LEAST_WIDTH, inches(longest, label_size)))
    height = _side(cell * max(len(panel.y_values) for panel in panels), _LEAST_HEIGHT)
    beside = inches(max(_longest(panel.y_values) for panel in panels), label_size) + 2 * _LINE
    below = inches(max(_longest(panel.x_values) for panel in panels), label_size) + 2 * _LINE
    whole = (
        columns * (width + _GAP) + (1 if shared_y else columns) * beside + _MARGIN,
        rows * (height + _GAP + _LINE * len(varying)) + (1 if shared_x else rows) * below + _MARGIN,
    )
    common = parameters_text({name: panels[0].parameters[name] for name in counts if name not in varying}, called, ", ")
    heading = textwrap.fill(common, max(int(whole[0] / inches(1, LABEL_SIZE)), 1))
    return Layout(rows, columns, whole, label_size, titles, heading, shared_x, shared_y)


def _cell(n_panels: int) -> float:
    if n_panels == 1:
        return _ALONE
    return _OF_FEW if n_panels <= _FEW else _OF_MANY


def _side(length: float, least: float) -> float:
    return min(max(length, least), _MOST)


def _longest(values: Sequence[object]) -> float:
    return max(map(width_of, tick_texts(values)))


def _columns(n_panels: int, counts: Sequence[int]) -> int:
    """Return how many panels go side by side: if that fits, whole runs of the parameters that change fastest."""
    if math.prod(counts) == n_panels:
        runs = [math.prod(counts[place:]) for place in range(len(counts))]
        fitting = [run for run in runs if run <= _WIDEST]
        if fitting:
            return fitting[0]
    return min(_WIDEST, math.ceil(math.sqrt(n_panels)))
