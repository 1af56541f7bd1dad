"""The items that the best combinations miss, for people who look or listen to them, and for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastgrid.common.errors import escaped, one_line
from fastgrid.report.rows import ReportRow

if TYPE_CHECKING:
    from rich.table import Table

#: The keys of the formats for programs, in order.
COLUMNS = ("missed", "of", "id", "class", "predicted", "most_often", "path")

_HEADINGS = ("missed by", "id", "class", "predicted", "most often", "file")
_LONGEST_NAME = 40
_NONE = "no missed items\n"


@dataclass(frozen=True)
class MissedItem:
    """An item that some leading combination misses, and what it is taken for.

    Attributes
    ----------
    id : str
    path : str
        Its descriptor file, as the file list has it.
    actual : str
        Its class.
    predicted : str
        What the best combination predicts.
    missed, of : int
        How many of how many leading combinations predict another class than `actual`.
    most_often : str
        The wrong class that most of them predict.
    """

    id: str
    path: str
    actual: str
    predicted: str
    missed: int
    of: int
    most_often: str


def format_missed(items: Sequence[MissedItem]) -> str:
    """Return the items as a plain text table, or a line that says that there are none.

    Names are shortened, paths are not; what cannot be printed is escaped in both.
    """
    if not items:
        return _NONE
    lines = [_HEADINGS, *map(_cells, items)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return "".join(
        "  ".join(
            cell.rjust(width) if column == 0 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        + "\n"
        for line in lines
    )


def missed_table(items: Sequence[MissedItem]) -> Table:
    """Return the items as a table for a terminal, with the content of `format_missed`.

    Returns
    -------
    rich.table.Table
        To be printed by a `rich.console.Console`. Those that every leading combination misses are bold.
    """
    # Imported here because most programs that write reports never print to a terminal.
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=0)
    for name in _HEADINGS:
        table.add_column(name, justify="right" if name == _HEADINGS[0] else "left", overflow="fold")
    for item in items:
        # Text, not str: a name with [brackets] is no markup.
        table.add_row(*map(Text, _cells(item)), style="bold" if item.missed == item.of else "")
    return table


def missed_as_tsv(items: Sequence[MissedItem]) -> str:
    """Return the items as tab-separated text with a line of names, everything in full and as it is.

    Fields that hold tabs, quotes or ends of lines are quoted, as in report.tsv.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, dialect="excel-tab", lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_record(item).values() for item in items)
    return text.getvalue()


def missed_as_json(items: Sequence[MissedItem]) -> str:
    """Return the items as a JSON array of objects with the keys of `COLUMNS`, one on each line, in ASCII."""
    return "[" + ",".join("\n" + json.dumps(_record(item)) for item in items) + "\n]\n"


def combination_text(row: ReportRow) -> str:
    """Return a combination with its accuracy in a few words.

    Examples
    --------
    >>> from fastgrid.evaluation import CombinationScore
    >>> from fastgrid.report.rows import Candidate
    >>> asked = Candidate(preprocessing="basic", kernel="RBF", c_exponent=3, gamma_exponent=-1, balance_classes=True,
    ...                   evaluation={})
    >>> combination_text(ReportRow(asked, CombinationScore(72.857142, 7.4, 72.5, 7.4), 1, 1, False))
    'basic RBF C=2^3 gamma=2^-1 balanced (72.86 %)'
    """
    asked = row.candidate
    weights = "balanced" if asked.balance_classes else "unbalanced"
    text = f"{one_line(asked.preprocessing, _LONGEST_NAME)} {asked.kernel} C=2^{asked.c_exponent}"
    accuracy = "failed" if row.scores is None else f"{row.scores.accuracy:.2f} %"
    return f"{text} gamma=2^{asked.gamma_exponent} {weights} ({accuracy})"


def _record(item: MissedItem) -> dict[str, str | int]:
    values = (item.missed, item.of, item.id, item.actual, item.predicted, item.most_often, item.path)
    return dict(zip(COLUMNS, values, strict=True))


def _cells(item: MissedItem) -> tuple[str, ...]:
    names = (one_line(name, _LONGEST_NAME) for name in (item.id, item.actual, item.predicted, item.most_often))
    return (f"{item.missed}/{item.of}", *names, escaped(item.path))
