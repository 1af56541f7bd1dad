"""The grid of C and gamma as small maps, one per preprocessing, kernel and class weighting, on one scale of colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastgrid.report.axes import Axis, axis_of
from fastgrid.report.colours import LEVELS
from fastgrid.report.content import ReportContent, Standing
from fastgrid.report.wording import exponent, folds_of, isolated, parameters_text, percent, place, weighting

# Pixels from cell to cell, and of what surrounds the cells.
PITCH = 25
LEFT, RIGHT, TOP, BOTTOM = 44, 6, 4, 38
# A narrow map would leave no room for its caption and its axis.
_NARROWEST = 120
# More labels than this would run into each other.
_MOST_LABELS = 14


@dataclass(frozen=True)
class Cell:
    """One combination in a map.

    Attributes
    ----------
    standing : Standing
    x, y : int
        Its upper left corner in pixels.
    kind : str
        ``solved``, ``same-problem``, ``same-predictions`` or ``failed``.
    mark : str
        ``winner``, ``equal`` or nothing.
    accuracy_level, normalized_level : int
        Steps of the colour scale; -1 where it failed.
    hover : str
        All that is known of it, in one line.
    """

    standing: Standing
    x: int
    y: int
    kind: str
    mark: str
    accuracy_level: int
    normalized_level: int
    hover: str


@dataclass(frozen=True)
class HeatMap:
    """One map: a preprocessing, kernel and class weighting.

    Attributes
    ----------
    caption : str
        What tells it from the other maps of its row.
    label : str
        The same for readers who do not see it, with its best cell.
    columns, rows : tuple of str
        Exponents of C ascending, of gamma descending.
    column_labels, row_labels : tuple of (int, str)
        Where labels of the axes stand, in pixels; some are left out where there are many.
    cells : tuple of Cell
    table : tuple of tuple of (Cell or None)
        The same cells by row and column; None where a combination was not asked for.
    width, height : int
        In pixels.
    middle : tuple of two int
        Of its cells.
    best, best_normalized : Standing or None
        Its best cell by accuracy, and by normalized accuracy.
    """

    caption: str
    label: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    column_labels: tuple[tuple[int, str], ...]
    row_labels: tuple[tuple[int, str], ...]
    cells: tuple[Cell, ...]
    table: tuple[tuple[Cell | None, ...], ...]
    width: int
    height: int
    middle: tuple[int, int]
    best: Standing | None
    best_normalized: Standing | None


@dataclass(frozen=True)
class HeatMaps:
    """All maps, in rows of the same preprocessing.

    Attributes
    ----------
    axis : Axis
        What the colours stand for, of both accuracies.
    rows : tuple of (heading, maps)
        Those with the best cell first.
    hidden_maps : int
        Maps that were left out since the page would grow too large: those whose best is worst.
    kinds, marks : frozenset of str
        What occurs in the maps, for the legend.
    """

    axis: Axis
    rows: tuple[tuple[str, tuple[HeatMap, ...]], ...]
    hidden_maps: int
    kinds: frozenset[str]
    marks: frozenset[str]


def heat_maps(content: ReportContent, most_cells: int) -> HeatMaps:
    """Lay out the maps of all combinations.

    Parameters
    ----------
    content : ReportContent
        Its standings give the cells. Where two are one cell, the better one is shown.
    most_cells : int
        How many cells are drawn at most; the maps whose best cells are worst are left out. One map always is drawn.

    Returns
    -------
    HeatMaps
    """
    axis = axis_of(
        value
        for standing in content.standings
        if standing.row.scores
        for value in (standing.row.scores.accuracy, standing.row.scores.normalized_accuracy)
    )
    with_folds = len({folds_of(standing.row.candidate) for standing in content.standings}) > 1
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, standing in enumerate(content.standings):
        groups.setdefault(_group(standing), []).append(index)
    # Standings are in the order of the ranking, so groups come with the best one first, and the maps that would make
    # the page too large are the last ones.
    rows: dict[str, list[tuple[tuple[str, ...], HeatMap]]] = {}
    n_cells = n_shown = 0
    for key, indices in groups.items():
        n_cells += len(indices)
        if n_shown and n_cells > most_cells:
            break
        n_shown += 1
        folds, preprocessing = key[:2]
        heading = isolated(preprocessing)
        if with_folds and folds:
            heading = f"{heading}, {folds} folds"
        rows.setdefault(heading, []).append((key, _heat_map(content, heading, indices, axis, with_folds)))
    cells = [cell for maps in rows.values() for _, one in maps for cell in one.cells]
    return HeatMaps(
        axis,
        tuple((heading, tuple(one for _, one in sorted(maps, key=_order))) for heading, maps in rows.items()),
        len(groups) - n_shown,
        frozenset(cell.kind for cell in cells),
        frozenset(cell.mark for cell in cells),
    )


def _group(standing: Standing) -> tuple[str, ...]:
    candidate = standing.row.candidate
    return folds_of(candidate), candidate.preprocessing, candidate.kernel, weighting(candidate), standing.variant


def _order(keyed: tuple[tuple[str, ...], HeatMap]) -> tuple[str, ...]:
    """Return the place of a map in its row: by kernel, equal weights before balanced ones."""
    _, _, kernel, weights, variant = keyed[0]
    return kernel, "" if weights == "equal" else weights, variant


def _heat_map(content: ReportContent, heading: str, indices: Sequence[int], axis: Axis, with_folds: bool) -> HeatMap:
    standings = [content.standings[index] for index in indices]
    columns = sorted({standing.row.candidate.c_exponent for standing in standings})
    rows = sorted({standing.row.candidate.gamma_exponent for standing in standings}, reverse=True)
    at: dict[tuple[int | float, int | float], Cell] = {}
    for index, standing in zip(indices, standings, strict=True):
        candidate = standing.row.candidate
        x = LEFT + PITCH * columns.index(candidate.c_exponent)
        y = TOP + PITCH * rows.index(candidate.gamma_exponent)
        cell = _cell(content, index, x, y, axis, with_folds)
        at.setdefault((candidate.gamma_exponent, candidate.c_exponent), cell)
    first = standings[0].row.candidate
    caption = f"{isolated(first.kernel)}, {weighting(first)} weights"
    if standings[0].variant:
        caption = f"{caption}, {isolated(standings[0].variant)}"
    done = [standing for standing in standings if standing.row.scores]
    best = done[0] if done else None
    label = f"{heading}, {caption}: accuracy by C and gamma; "
    label += f"best {_score_text(best)}" if best else "every combination failed"
    return HeatMap(
        caption=caption,
        label=label,
        columns=tuple(map(exponent, columns)),
        rows=tuple(map(exponent, rows)),
        column_labels=_labels(columns, LEFT),
        row_labels=_labels(rows, TOP),
        cells=tuple(at.values()),
        table=tuple(tuple(at.get((gamma, c)) for c in columns) for gamma in rows),
        width=max(LEFT + PITCH * len(columns) + RIGHT, _NARROWEST),
        height=TOP + PITCH * len(rows) + BOTTOM,
        middle=(LEFT + PITCH * len(columns) // 2, TOP + PITCH * len(rows) // 2),
        best=best,
        best_normalized=max(done, key=_normalized_accuracy, default=None),
    )


def _cell(content: ReportContent, index: int, x: int, y: int, axis: Axis, with_folds: bool) -> Cell:
    standing = content.standings[index]
    scores = standing.row.scores
    mark = "winner" if index == content.winner else "equal" if standing.equals_winner else ""
    levels = (-1, -1)
    kind = "failed"
    if scores:
        levels = _level(axis, scores.accuracy), _level(axis, scores.normalized_accuracy)
        kind = "solved"
        if standing.same_problem_as is not None:
            kind = "same-problem"
        elif standing.same_predictions_as is not None:
            kind = "same-predictions"
    hover = f"{parameters_text(standing, with_folds=with_folds)}: {_outcome(content, index)}"
    return Cell(standing, x, y, kind, mark, *levels, hover)


def _level(axis: Axis, value: float) -> int:
    return min(int(axis.share(value) * LEVELS), LEVELS - 1)


def _outcome(content: ReportContent, index: int) -> str:
    standing = content.standings[index]
    scores = standing.row.scores
    if scores is None:
        return f"failed ({standing.row.candidate.failure})" if standing.row.candidate.failure else "failed"
    said = [
        f"accuracy {percent(scores.accuracy)} %",
        f"normalized accuracy {percent(scores.normalized_accuracy)} %",
        f"place {place(standing)}",
        *_remarks(content, index),
    ]
    return ", ".join(said)


def _remarks(content: ReportContent, index: int) -> list[str]:
    """Return what is special about a combination: that it won, equals the winner, or repeats another one."""
    standing = content.standings[index]
    said = []
    if index == content.winner:
        said.append("the winner")
    elif standing.equals_winner:
        said.append("not told apart from the winner")
    if standing.same_problem_as is not None:
        said.append(f"same problem as place {place(content.standings[standing.same_problem_as])}")
    elif standing.same_predictions_as is not None:
        said.append(f"same predictions as place {place(content.standings[standing.same_predictions_as])}")
    return said


def _score_text(standing: Standing) -> str:
    candidate = standing.row.candidate
    value = standing.row.scores.accuracy if standing.row.scores else None
    where = f"C = 2^{exponent(candidate.c_exponent)} and gamma = 2^{exponent(candidate.gamma_exponent)}"
    return f"{percent(value)} % at {where}"


def _normalized_accuracy(standing: Standing) -> float:
    return standing.row.scores.normalized_accuracy if standing.row.scores else -1.0


def _labels(exponents: Sequence[int | float], start: int) -> tuple[tuple[int, str], ...]:
    every = -(-len(exponents) // _MOST_LABELS)
    return tuple(
        (start + PITCH * i + PITCH // 2, exponent(value)) for i, value in enumerate(exponents) if i % every == 0
    )
