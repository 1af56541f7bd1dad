"""The reports of a sweep: the ranking as a table, and the page that shows how far to believe it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.files import make_directory
from fastgrid.common.stopwatch import phase
from fastgrid.project.judging import Judgement, choose, judge
from fastgrid.project.record import Ranked, SweepRecord
from fastgrid.project.report_content import report_content
from fastgrid.project.selection import write_ranking

TABLE, PAGE = "report.tsv", "report.html"


@dataclass(frozen=True, eq=False)
class Reports:
    """What was written.

    Attributes
    ----------
    table, page : Path
        report.tsv and report.html.
    judgement : Judgement or None
        What the page says of the selected combination; None where all failed.
    """

    table: Path
    page: Path
    judgement: Judgement | None


def write_reports(
    record: SweepRecord,
    standing: Ranked,
    rule: str | None,
    directory: Path,
    *,
    command: str = "",
    seconds: float | None = None,
) -> Reports:
    """Write report.tsv and report.html into `directory`, which the paths in `standing` are relative to.

    Parameters
    ----------
    record : SweepRecord
    standing : Ranked
        Its ranking.
    rule : str, optional
        By which the best combination is selected; by default that of the training.
    directory : Path
    command : str
        The command line, for the page to show.
    seconds : float, optional
        How long it took; likewise.
    """
    with phase("writing"):
        write_ranking(standing, directory / TABLE)
    judgement = write_page(record, standing, rule, directory / PAGE, command=command, seconds=seconds)
    return Reports(directory / TABLE, directory / PAGE, judgement)


@phase("report")
def write_page(
    record: SweepRecord,
    standing: Ranked,
    rule: str | None,
    path: Path,
    *,
    command: str = "",
    seconds: float | None = None,
) -> Judgement | None:
    """Write the report page; return what it says of the selected combination, None where all failed."""
    # Imported here, as the template engine is: most commands write no page.
    from fastgrid.report.training_report import write_report_page

    complete = bool(standing.rows) and standing.rows[0].scores is not None
    judgement = judge(record, standing, choose(record, standing, rule)) if complete else None
    content = report_content(record, standing, judgement, beside=path.parent, command=command, seconds=seconds)
    make_directory(path.parent)
    write_report_page(path, content)
    return judgement
