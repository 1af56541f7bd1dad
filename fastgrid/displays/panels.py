"""Heat maps as arrays: one for each combination of the parameters that are on neither axis."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import one_line
from fastgrid.displays.labels import NOT_SET, is_number
from fastgrid.displays.search_table import SearchTable

#: More than this nobody can look at.
MOST_PANELS = 100

#: Mean scores that are equal in theory may differ in their last bits.
EQUAL_WITHIN = 1e-9

Cell = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class HeatmapPanel:
    """The scores of the candidates that differ in two parameters only.

    Attributes
    ----------
    parameters : dict
        Values of the other parameters.
    x_values, y_values : list
        Values along the axes: numbers in ascending order, then others in the order of the search.
    scores : ndarray of float64, shape (n_y, n_x)
        Mean scores; NaN where the candidate failed or there is none.
    candidates : ndarray of intp, shape (n_y, n_x)
        Rows of ``cv_results_``, -1 where there is no candidate. Of several candidates with the same parameters (the
        iterations of successive halving), the last one.
    """

    parameters: dict[str, Any]
    x_values: list[Any]
    y_values: list[Any]
    scores: npt.NDArray[np.float64]
    candidates: npt.NDArray[np.intp]

    @property
    def failed(self) -> npt.NDArray[np.bool_]:
        """Cells whose candidate has no score, shape (n_y, n_x)."""
        return (self.candidates >= 0) & np.isnan(self.scores)


def axis_names(known: Sequence[str], x: str | None, y: str | None) -> tuple[str, str | None]:
    """Return the parameters of both axes, gamma and C by default, as the search calls them.

    Parameters
    ----------
    known : sequence of str
        Parameters of the search.
    x, y : str, optional
        With or without the steps of a pipeline before them.

    Returns
    -------
    str, str or None
        None where there is one parameter only.

    Raises
    ------
    ValueError
        For no parameter of the search, one that stands for several, or the same twice.
    """
    if not known:
        raise ValueError("the search has no parameters")
    across, along = (None if name is None else _called(known, name) for name in (x, y))
    if across is not None and across == along:
        raise ValueError(f"x and y are both {across!r}; give two parameters")
    across = across or _named(known, "gamma", along)
    along = along or _named(known, "C", across)
    across = across or next((name for name in known if name != along), None)
    along = along or next((name for name in known if name != across), None)
    if across is not None:
        return across, along
    if y is not None:
        raise ValueError(f"{y!r} is the only parameter of the search; give it as x")
    return known[0], None


def make_panels(table: SearchTable, x: str, y: str | None) -> list[HeatmapPanel]:
    """Return the panels of a search, in the order in which it comes to them.

    Raises
    ------
    ValueError
        For more of them than anybody can look at.
    """
    others = [name for name in table.parameters if name not in (x, y)]
    groups: dict[Hashable, list[int]] = {}
    for index, point in enumerate(table.points):
        groups.setdefault(tuple(value_key(point.get(name, NOT_SET)) for name in others), []).append(index)
    if len(groups) > MOST_PANELS:
        listed = ", ".join(one_line(name, 40) for name in others)
        raise ValueError(
            f"{len(groups)} panels are more than {MOST_PANELS}, one for each combination of {listed}; choose rows of "
            "cv_results_ (as a data frame), or other axes"
        )
    return [_panel(table, members, others, x, y) for members in groups.values()]


def cell_of(panels: Sequence[HeatmapPanel], table: SearchTable, candidate: int) -> Cell | None:
    """Return (panel, row, column) of the cell that shows `candidate`, or another one with the same parameters.

    None where that cell has no score.
    """
    parameters = _point_key(table.points[candidate])
    for number, panel in enumerate(panels):
        for row, column in np.argwhere(np.isfinite(panel.scores)).tolist():
            if _point_key(table.points[panel.candidates[row, column]]) == parameters:
                return number, row, column
    return None


def best_cell(panels: Sequence[HeatmapPanel]) -> Cell | None:
    """Return (panel, row, column) of the largest score, the first of equals; None where there is no score."""
    found = [
        (-panel.scores[row, column], panel.candidates[row, column], (number, row, column))
        for number, panel in enumerate(panels)
        for row, column in np.argwhere(np.isfinite(panel.scores)).tolist()
    ]
    if not found:
        return None
    highest = min(found)[0]
    return min(entry[1:] for entry in found if entry[0] <= highest + _tolerance(highest))[1]


def equal_cells(panels: Sequence[HeatmapPanel], cell: Cell) -> list[Cell]:
    """Return all cells whose score is that of `cell`, but for rounding, without `cell` itself."""
    number, row, column = cell
    score = float(panels[number].scores[row, column])
    found = [
        (other, row, column)
        for other, panel in enumerate(panels)
        for row, column in np.argwhere(np.abs(panel.scores - score) <= _tolerance(score)).tolist()
    ]
    return [other for other in found if other != cell]


def value_key(value: Any) -> Hashable:
    """Return what stands for a parameter's value where values are compared; some cannot be hashed, or are arrays."""
    if isinstance(value, Real) and is_number(value):
        return float(value)
    return (type(value).__name__, value if isinstance(value, str) else repr(value))


def _tolerance(score: float) -> float:
    return EQUAL_WITHIN * max(1.0, abs(score))


def _panel(table: SearchTable, members: Sequence[int], others: Sequence[str], x: str, y: str | None) -> HeatmapPanel:
    points = [table.points[member] for member in members]
    x_values = _axis(point.get(x, NOT_SET) for point in points)
    y_values = [NOT_SET] if y is None else _axis(point.get(y, NOT_SET) for point in points)
    column_of = {value_key(value): column for column, value in enumerate(x_values)}
    row_of = {value_key(value): row for row, value in enumerate(y_values)}
    shape = len(y_values), len(x_values)
    scores, candidates = np.full(shape, np.nan), np.full(shape, -1, dtype=np.intp)
    for member, point in zip(members, points, strict=True):
        row = 0 if y is None else row_of[value_key(point.get(y, NOT_SET))]
        column = column_of[value_key(point.get(x, NOT_SET))]
        score = table.scores[member]
        candidates[row, column] = member
        scores[row, column] = score if np.isfinite(score) else np.nan
    parameters = {name: points[0].get(name, NOT_SET) for name in others}
    return HeatmapPanel(parameters, x_values, y_values, scores, candidates)


def _axis(values: Iterable[Any]) -> list[Any]:
    different = list({value_key(value): value for value in values}.values())
    numbers = sorted(value for value in different if is_number(value))
    texts = [value for value in different if not is_number(value) and value is not NOT_SET]
    return [*numbers, *texts, *([NOT_SET] if any(value is NOT_SET for value in different) else [])]


def _point_key(point: Mapping[str, Any]) -> frozenset[Hashable]:
    return frozenset((name, value_key(value)) for name, value in point.items())


def _called(known: Sequence[str], name: str) -> str:
    if name in known:
        return name
    found = [other for other in known if other.endswith(f"__{name}")]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(one_line(other, 60) for other in (found or known))
    if found:
        raise ValueError(f"{name!r} may be any of {listed}; give one of them")
    raise ValueError(f"the search has no parameter {name!r}; it has {listed}")


def _named(known: Sequence[str], last: str, other: str | None) -> str | None:
    return next((name for name in known if name != other and name.split("__")[-1] == last), None)
