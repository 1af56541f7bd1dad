"""The ranking as a table of the report page; columns that would say the same of all combinations are left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastgrid.common.errors import one_line
from fastgrid.report.content import ReportContent, Standing
from fastgrid.report.wording import exponent, folds_of, interval_text, is_repeat, p_text, percent, place, weighting

# A longer reason of a failure is cut; all of it is in report.tsv and in the cell of the heat map.
_LONGEST_REASON = 120


@dataclass(frozen=True)
class Column:
    """A column of the ranking.

    Attributes
    ----------
    heading : str
    kind : str
        ``number`` or ``text``: how it is sorted and aligned.
    largest_first : bool
        Which end comes first when a reader sorts by it.
    """

    heading: str
    kind: str
    largest_first: bool = False


@dataclass(frozen=True)
class RankingRow:
    """A row of the ranking; `flags` are CSS classes."""

    cells: tuple[str, ...]
    flags: str


@dataclass(frozen=True)
class RankingTable:
    """The ranking, best first.

    Attributes
    ----------
    columns : tuple of Column
    rows : tuple of RankingRow
    hidden : int
        Rows at its end that are left out.
    level : float or None
        Confidence of the intervals in percent; None where there are none.
    has_tests : bool
        Whether there are p-values.
    """

    columns: tuple[Column, ...]
    rows: tuple[RankingRow, ...]
    hidden: int
    level: float | None
    has_tests: bool


def ranking_table(content: ReportContent, most_rows: int) -> RankingTable:
    """Lay out the ranking.

    Parameters
    ----------
    content : ReportContent
    most_rows : int
        How many combinations are listed at most.

    Returns
    -------
    RankingTable
    """
    columns = _columns(content)
    rows = tuple(
        RankingRow(tuple(text(standing) for _, text in columns), _flags(content, index))
        for index, standing in enumerate(content.standings[:most_rows])
    )
    return RankingTable(
        columns=tuple(column for column, _ in columns),
        rows=rows,
        hidden=len(content.standings) - len(rows),
        level=next((one.interval.level for one in content.standings if one.interval), None),
        has_tests=any(one.p_value is not None for one in content.standings),
    )


def _columns(content: ReportContent) -> list[tuple[Column, Callable[[Standing], str]]]:
    standings = content.standings

    def any_has(name: str) -> bool:
        return any(getattr(standing, name) not in (None, "") for standing in standings)

    wanted: list[tuple[bool, Column, Callable[[Standing], str]]] = [
        (True, Column("Place", "number"), _place),
        (True, Column("Accuracy", "number", True), lambda one: _score(one, "accuracy")),
        (any_has("interval"), Column("Interval", "number", True), lambda one: interval_text(one.interval)),
        (True, Column("Normalized", "number", True), lambda one: _score(one, "normalized_accuracy")),
        (
            any_has("normalized_interval"),
            Column("Interval, normalized", "number", True),
            lambda one: interval_text(one.normalized_interval),
        ),
        (True, Column("Preprocessing", "text"), lambda one: one.row.candidate.preprocessing),
        (True, Column("Kernel", "text"), lambda one: one.row.candidate.kernel),
        (True, Column("C", "number"), lambda one: f"2^{exponent(one.row.candidate.c_exponent)}"),
        (True, Column("Gamma", "number"), lambda one: f"2^{exponent(one.row.candidate.gamma_exponent)}"),
        (True, Column("Weights", "text"), lambda one: weighting(one.row.candidate)),
        (any_has("variant"), Column("Variant", "text"), lambda one: one.variant),
        (
            len({folds_of(standing.row.candidate) for standing in standings}) > 1,
            Column("Folds", "number"),
            lambda one: folds_of(one.row.candidate),
        ),
        (any_has("p_value"), Column("p", "number", True), lambda one: p_text(one.p_value)),
        (True, Column("Verdict", "text"), lambda one: _verdict(content, one)),
        (any(map(is_repeat, standings)), Column("Repeats", "text"), lambda one: _repeated(content, one)),
        (
            any(standing.row.scores is None for standing in standings),
            Column("Failure", "text"),
            lambda one: one_line(one.row.candidate.failure, _LONGEST_REASON),
        ),
    ]
    return [(column, text) for is_wanted, column, text in wanted if is_wanted]


def _place(standing: Standing) -> str:
    return f"{place(standing)}{' =' if standing.row.tied else ''}"


def _score(standing: Standing, name: str) -> str:
    scores = standing.row.scores
    return f"{percent(getattr(scores, name))} ± {percent(getattr(scores, f'{name}_std'))}" if scores else ""


def _verdict(content: ReportContent, standing: Standing) -> str:
    if content.winner is not None and standing is content.standings[content.winner]:
        return "the winner"
    if standing.row.scores is None:
        return "failed"
    if standing.equals_winner:
        return "not told apart"
    return "" if standing.p_value is None else "worse"


def _repeated(content: ReportContent, standing: Standing) -> str:
    if standing.same_problem_as is not None:
        return f"problem of {place(content.standings[standing.same_problem_as])}"
    if standing.same_predictions_as is not None:
        return f"predictions of {place(content.standings[standing.same_predictions_as])}"
    return ""


def _flags(content: ReportContent, index: int) -> str:
    standing = content.standings[index]
    flags = {
        "winner": index == content.winner,
        "equal": standing.equals_winner or index == content.winner,
        "repeat": is_repeat(standing),
        "failed": standing.row.scores is None,
    }
    return " ".join(name for name, holds in flags.items() if holds)
