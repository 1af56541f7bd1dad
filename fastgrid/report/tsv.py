"""The ranking as a table for other programs: report.tsv."""

from __future__ import annotations

import csv
import operator
import os
from collections.abc import Iterable

from fastgrid.common.errors import one_line
from fastgrid.common.files import replacing
from fastgrid.report.rows import ReportRow

# The columns of Gaia 2.4.6 in its order, then our own.
COLUMNS = (
    "accuracy_rank",
    "accuracy",
    "accuracy_std",
    "normalized_accuracy_rank",
    "normalized_accuracy",
    "normalized_accuracy_std",
    "results_file",
    "param_file",
    "kernel",
    "C",
    "preprocessing",
    "balance_classes",
    "type",
    "classifier",
    "gamma",
    "evaluation",
    "tied",
)


def write_report(path: str | os.PathLike[str], rows: Iterable[ReportRow]) -> None:
    r"""Write report.tsv in one step: tab-separated, UTF-8, lines ended by CR LF, floats in full precision.

    Failed rows have empty ranks and numbers. Only where there are any, one more column `failure` gives their reason.

    Parameters
    ----------
    path : path-like
        The file to create or replace.
    rows : iterable of ReportRow
        In the order to be written (see `report_rows`).

    Raises
    ------
    UserError
        When the file cannot be written.
    """
    rows = list(rows)
    with_failures = any(row.scores is None for row in rows)
    # A path that is not valid UTF-8 reaches Python as surrogates and leaves it as the bytes it was.
    with (
        replacing(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        writer = csv.writer(file, dialect="excel-tab")
        writer.writerow((*COLUMNS, "failure") if with_failures else COLUMNS)
        for row in rows:
            fields = _fields(row)
            writer.writerow((*fields, one_line(row.candidate.failure)) if with_failures else fields)


def _fields(row: ReportRow) -> tuple[str, ...]:
    """Return the text of every column of `COLUMNS`."""
    candidate, scores = row.candidate, row.scores
    numbers = (
        (scores.accuracy, scores.accuracy_std, scores.normalized_accuracy, scores.normalized_accuracy_std)
        if scores
        else (None,) * 4
    )
    return (
        _number(row.accuracy_rank),
        *map(_number, numbers[:2]),
        _number(row.normalized_accuracy_rank),
        *map(_number, numbers[2:]),
        candidate.results_file,
        candidate.param_file,
        candidate.kernel,
        _number(candidate.c_exponent),
        candidate.preprocessing,
        str(bool(candidate.balance_classes)),
        candidate.svm_type,
        candidate.classifier,
        _number(candidate.gamma_exponent),
        str(dict(sorted(candidate.evaluation.items()))),
        str(row.tied),
    )


def _number(value: int | float | None) -> str:
    """Return the shortest text that reads back as `value`, numpy's numbers as Python's."""
    if value is None:
        return ""
    try:
        return str(operator.index(value))  # type: ignore[arg-type]
    except TypeError:
        return repr(float(value))
