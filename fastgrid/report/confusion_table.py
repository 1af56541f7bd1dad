"""Who was taken for what: the table that the confusion page and the report share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fastgrid.report.content import Matrix
from fastgrid.report.wording import isolated

# An off-diagonal cell with this share of its row or more is marked as bad (Gaia 2.4.6 behaviour).
BAD_PERCENT = 10.0


@dataclass(frozen=True)
class ConfusionCell:
    """One cell of the table.

    Attributes
    ----------
    actual, predicted : str
        Classes.
    key : str
        What the list of its items is called.
    count, row_count : int
        Answers in the cell and in its row.
    percent : float
        Its share of the row.
    css_class : str
        ``hi`` on the diagonal, ``bad`` for many mistakes, or nothing.
    items : tuple of (id, times)
        What is listed below the table, each id once.
    """

    actual: str
    predicted: str
    key: str
    count: int
    row_count: int
    percent: float
    css_class: str
    items: tuple[tuple[str, int], ...]

    @property
    def hover(self) -> str:
        """The cell in words."""
        shown = isolated(self.actual), isolated(self.predicted)
        return f"{self.count} {shown[0]} (out of {self.row_count}) classified as {shown[1]}"


@dataclass(frozen=True)
class ConfusionRow:
    """One actual class; `share` is its part of all answers in percent."""

    actual: str
    cells: tuple[ConfusionCell, ...]
    count: int
    share: float


@dataclass(frozen=True)
class ConfusionTable:
    """All cells.

    Attributes
    ----------
    classes : tuple of str
        Sorted.
    rows : tuple of ConfusionRow
        In the order of `classes`; a class that is only predicted has an empty row.
    predicted : tuple of (count, share)
        Of each column.
    n_answers, n_correct : int
    mistakes, correct : tuple of ConfusionCell
        The cells whose items are listed, the most frequent first.
    """

    classes: tuple[str, ...]
    rows: tuple[ConfusionRow, ...]
    predicted: tuple[tuple[int, float], ...]
    n_answers: int
    n_correct: int
    mistakes: tuple[ConfusionCell, ...]
    correct: tuple[ConfusionCell, ...]


def confusion_table(matrix: Matrix, *, list_correct: bool = False) -> ConfusionTable:
    """Lay out a confusion matrix.

    Parameters
    ----------
    matrix : mapping of str to mapping of str to sequence of str
        Actual class -> predicted class -> ids; cells without items may be missing.
    list_correct : bool
        Whether the items of right answers are listed too.

    Returns
    -------
    ConfusionTable
    """
    classes = sorted(set(matrix) | {predicted for row in matrix.values() for predicted in row})
    counts = {actual: sum(map(len, row.values())) for actual, row in matrix.items()}
    n_answers = sum(counts.values())
    rows = []
    for i, actual in enumerate(classes):
        row, count = matrix.get(actual, {}), counts.get(actual, 0)
        cells = tuple(
            _cell(actual, predicted, f"{i}-{j}", row.get(predicted, ()), count, list_correct)
            for j, predicted in enumerate(classes)
        )
        rows.append(ConfusionRow(actual, cells, count, _percent(count, n_answers)))
    predicted_counts = [sum(row.cells[column].count for row in rows) for column in range(len(classes))]
    by_count = sorted((cell for row in rows for cell in row.cells if cell.count), key=lambda cell: -cell.count)
    right = [cell for cell in by_count if cell.actual == cell.predicted]
    return ConfusionTable(
        classes=tuple(classes),
        rows=tuple(rows),
        predicted=tuple((count, _percent(count, n_answers)) for count in predicted_counts),
        n_answers=n_answers,
        n_correct=sum(cell.count for cell in right),
        mistakes=tuple(cell for cell in by_count if cell.actual != cell.predicted),
        correct=tuple(cell for cell in right if cell.items),
    )


def _cell(
    actual: str, predicted: str, key: str, ids: Sequence[str], row_count: int, list_correct: bool
) -> ConfusionCell:
    percent = _percent(len(ids), row_count)
    css_class = ""
    if actual == predicted and ids:
        css_class = "hi"
    elif actual != predicted and percent >= BAD_PERCENT:
        css_class = "bad"
    listed = () if actual == predicted and not list_correct else tuple(sorted(Counter(ids).items()))
    return ConfusionCell(actual, predicted, key, len(ids), row_count, percent, css_class, listed)


def _percent(count: int, total: int) -> float:
    return 100.0 * count / total if total else 0.0
