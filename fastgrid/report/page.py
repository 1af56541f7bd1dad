"""The confusion page: one self-contained HTML file that shows which classes are taken for which."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastgrid.common.files import write_text
from fastgrid.evaluation import CombinationScore

if TYPE_CHECKING:
    import jinja2

Matrix = Mapping[str, Mapping[str, Sequence[str]]]

# An off-diagonal cell with this share of its row or more is marked as bad (Gaia 2.4.6 behaviour).
BAD_PERCENT = 10.0


@dataclass(frozen=True)
class _Cell:
    """One cell of the table; `percent` is its share of the row, `ids` what is listed below the table."""

    actual: str
    predicted: str
    key: str
    count: int
    row_count: int
    percent: float
    css_class: str
    ids: tuple[str, ...]

    @property
    def hover(self) -> str:
        return f"{self.count} {self.actual} (out of {self.row_count}) classified as {self.predicted}"


@dataclass(frozen=True)
class _Row:
    """One actual class; `share` is its part of all items in percent."""

    actual: str
    cells: tuple[_Cell, ...]
    count: int
    share: float


def confusion_page(
    title: str,
    project: str,
    matrix: Matrix,
    *,
    scores: CombinationScore | None = None,
    parameters: Mapping[str, object] | None = None,
    items_shown: int = 200,
) -> str:
    """Render the confusion matrix of one combination as a page.

    The page needs no network and no script, fits a phone and paper, and follows the reader's light or dark mode.

    Parameters
    ----------
    title : str
        What is classified: the name of the project's class.
    project : str
        Path of the project, shown in brackets after the title.
    matrix : mapping of str to mapping of str to sequence of str
        Actual class -> predicted class -> ids; cells without items may be missing.
    scores : CombinationScore, optional
        Accuracies in percent with their deviations over the folds.
    parameters : mapping of str to object, optional
        What the combination is, name -> value, shown in this order.
    items_shown : int
        How many items of a cell are listed at most; the rest is counted.

    Returns
    -------
    str
        A complete HTML document. Characters that HTML cannot carry are shown as U+FFFD.

    Notes
    -----
    Class and item names come from files and are escaped by the template engine, everywhere.
    """
    classes, rows = _table(matrix)
    n_items = sum(row.count for row in rows)
    predicted = [sum(row.cells[column].count for row in rows) for column in range(len(classes))]
    page = _template("confusion.html").render(
        title=title,
        project=project,
        scores=scores,
        parameters={name: str(value) for name, value in (parameters or {}).items()},
        classes=classes,
        rows=rows,
        mistakes=[cell for row in rows for cell in row.cells if cell.ids],
        n_items=n_items,
        n_correct=sum(cell.count for row in rows for cell in row.cells if cell.actual == cell.predicted),
        predicted=[(count, _percent(count, n_items)) for count in predicted],
        bad_percent=BAD_PERCENT,
        items_shown=items_shown,
    )
    return _printable(page)


def _template(name: str) -> jinja2.Template:
    # Imported here because a program that trains without reports need not load it.
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fastgrid.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def write_confusion_page(
    path: str | os.PathLike[str],
    title: str,
    project: str,
    matrix: Matrix,
    *,
    scores: CombinationScore | None = None,
    parameters: Mapping[str, object] | None = None,
) -> None:
    """Write the page of `confusion_page` as UTF-8 in one step.

    Parameters
    ----------
    path : path-like
        The file to create or replace.
    title, project, matrix, scores, parameters
        As for `confusion_page`.

    Raises
    ------
    UserError
        When the file cannot be written.
    """
    write_text(path, confusion_page(title, project, matrix, scores=scores, parameters=parameters))


def _table(matrix: Matrix) -> tuple[list[str], list[_Row]]:
    """Return the sorted class names and the rows; a class that is only predicted has an empty row."""
    classes = sorted(set(matrix) | {predicted for row in matrix.values() for predicted in row})
    counts = {actual: Counter({p: len(ids) for p, ids in row.items()}) for actual, row in matrix.items()}
    n_items = sum(count.total() for count in counts.values())
    rows = []
    for i, actual in enumerate(classes):
        count = counts.get(actual, Counter())
        cells = tuple(
            _cell(actual, predicted, f"{i}-{j}", matrix.get(actual, {}).get(predicted, ()), count.total())
            for j, predicted in enumerate(classes)
        )
        rows.append(_Row(actual, cells, count.total(), _percent(count.total(), n_items)))
    return classes, rows


def _cell(actual: str, predicted: str, key: str, ids: Sequence[str], row_count: int) -> _Cell:
    percent = _percent(len(ids), row_count)
    css_class = ""
    if actual == predicted and ids:
        css_class = "hi"
    elif actual != predicted and percent >= BAD_PERCENT:
        css_class = "bad"
    listed = () if actual == predicted else tuple(sorted(ids))
    return _Cell(actual, predicted, key, len(ids), row_count, percent, css_class, listed)


def _percent(count: int, total: int) -> float:
    return 100.0 * count / total if total else 0.0


def _printable(text: str) -> str:
    """Replace what no HTML file can carry: lone surrogates (file names in no encoding) and control characters."""
    return "".join("\ufffd" if _is_unprintable(c) else c for c in text)


def _is_unprintable(character: str) -> bool:
    code = ord(character)
    return (code < 0x20 and character not in "\t\n\r") or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000
