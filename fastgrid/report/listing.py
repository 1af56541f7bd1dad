"""The ranking for people: the ten best on the console, and the one line that scripts look for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from fastgrid.common.errors import one_line
from fastgrid.evaluation import CombinationScore
from fastgrid.report.rows import ReportRow

if TYPE_CHECKING:
    from rich.table import Table

_NUMBERS = ("rank", "accuracy", "+-", "normalized", "+-")
_TEXTS = ("preprocessing", "kernel", "C", "gamma", "balanced")
_TIED = "= the same four numbers as another combination"
_LONGEST_NAME = 40


def format_best(rows: Iterable[ReportRow], count: int = 10) -> str:
    """Return the best combinations as a plain text table.

    Parameters
    ----------
    rows : iterable of ReportRow
        Best first (see `report_rows`); failed ones are left out.
    count : int
        How many to show at most.

    Returns
    -------
    str
        Lines without trailing blanks, ended by a newline. A rank followed by ``=`` is a tie, explained below the
        table.
    """
    shown = _best(rows, count)
    if not shown:
        return "no combination has a result\n"
    lines = [(*_NUMBERS, *_texts(shown)), *_cells(shown)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = [
        "  ".join(
            cell.rjust(width) if column < len(_NUMBERS) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    if any(row.tied for row in shown):
        text.append(_TIED)
    return "\n".join(text) + "\n"


def best_table(rows: Iterable[ReportRow], count: int = 10) -> Table:
    """Return the best combinations as a table for a terminal, with the content of `format_best`.

    Parameters
    ----------
    rows : iterable of ReportRow
        Best first (see `report_rows`); failed ones are left out.
    count : int
        How many to show at most.

    Returns
    -------
    rich.table.Table
        To be printed by a `rich.console.Console`.
    """
    # Imported here because most programs that write reports never print to a terminal.
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = _best(rows, count)
    table = Table(box=box.SIMPLE_HEAD, padding=0, caption=_TIED if any(row.tied for row in shown) else None)
    for name in _NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    for name in _texts(shown):
        table.add_column(name)
    for row, cells in zip(shown, _cells(shown), strict=True):
        # Text, not str: a name with [brackets] is no markup.
        table.add_row(*map(Text, cells), style="bold" if row.accuracy_rank == 1 else "")
    return table


def result_line(project: str, scores: CombinationScore, result_file: str) -> str:
    r"""Return the line that tells scripts the outcome: tab-separated fields after ``RESULT`` and the project.

    Parameters
    ----------
    project : str
        Name or path of the project.
    scores : CombinationScore
        The numbers of the chosen combination.
    result_file : str
        Path of its result.

    Returns
    -------
    str
        One line without its end, numbers with three decimals.

    Examples
    --------
    >>> result_line("mood", CombinationScore(72.857142, 7.4237, 72.5556, 7.4668), "a.result").split("\t")
    ['RESULT mood', 'Acc: 72.857', 'Std: 7.424', 'normalized Acc: 72.556', 'normalized Std: 7.467', 'a.result']
    """
    fields = (
        f"RESULT {_field(project)}",
        f"Acc: {scores.accuracy:.3f}",
        f"Std: {scores.accuracy_std:.3f}",
        f"normalized Acc: {scores.normalized_accuracy:.3f}",
        f"normalized Std: {scores.normalized_accuracy_std:.3f}",
        _field(result_file),
    )
    return "\t".join(fields)


def _best(rows: Iterable[ReportRow], count: int) -> Sequence[ReportRow]:
    return list(islice((row for row in rows if row.scores is not None), count))


def _texts(shown: Sequence[ReportRow]) -> tuple[str, ...]:
    # The number of folds only where there is more than one, so that the table fits a terminal.
    return (*_TEXTS, "folds") if len({_folds(row) for row in shown}) > 1 else _TEXTS


def _folds(row: ReportRow) -> str:
    return one_line(row.candidate.evaluation.get("nfold", ""), _LONGEST_NAME)


def _cells(shown: Sequence[ReportRow]) -> list[tuple[str, ...]]:
    width = len(_NUMBERS) + len(_texts(shown))
    return [(*_cells_of(row), _folds(row))[:width] for row in shown]


def _cells_of(row: ReportRow) -> tuple[str, ...]:
    scores, candidate = row.scores, row.candidate
    if scores is None:
        raise ValueError("a failed combination has no place among the best")
    return (
        f"{row.accuracy_rank}{'=' if row.tied else ' '}",
        f"{scores.accuracy:.2f}",
        f"{scores.accuracy_std:.2f}",
        f"{scores.normalized_accuracy:.2f}",
        f"{scores.normalized_accuracy_std:.2f}",
        one_line(candidate.preprocessing, _LONGEST_NAME),
        one_line(candidate.kernel, _LONGEST_NAME),
        f"2^{candidate.c_exponent}",
        f"2^{candidate.gamma_exponent}",
        "yes" if candidate.balance_classes else "no",
    )


def _field(text: str) -> str:
    """Return `text` without the tabs and line ends that would break the line into other fields."""
    return one_line(text, limit=4096)
