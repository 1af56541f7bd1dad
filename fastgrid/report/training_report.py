"""The report: one self-contained HTML file with all that is known of a training's results."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastgrid.common.files import write_text
from fastgrid.report.colours import ink, scale
from fastgrid.report.confusion_table import BAD_PERCENT, ConfusionTable, confusion_table
from fastgrid.report.content import LeftOut, ReportContent
from fastgrid.report.heat_maps import heat_maps
from fastgrid.report.ranking_table import ranking_table
from fastgrid.report.rendering import render
from fastgrid.report.strips import fold_strips, trust_strips
from fastgrid.report.wording import COUNTER_WORDS, grouped, is_repeat


@dataclass(frozen=True, kw_only=True)
class PageLimits:
    """What keeps a page small, whatever the grid and the data.

    Attributes
    ----------
    rows : int
        Of the ranking.
    cells : int
        Of the heat maps.
    items : int
        In the list of a cell of the confusion matrix.
    left_out : int
        Names of each kind of what was left out.
    characters : int
        Of the project file.
    spreads : int
        Combinations whose folds are drawn.
    mistakes_printed : int
        Paper gets the lists of mistakes where there are no more of them.
    """

    rows: int = 2000
    cells: int = 6000
    items: int = 200
    left_out: int = 200
    characters: int = 300_000
    spreads: int = 8
    mistakes_printed: int = 300


_USUAL = PageLimits()


@dataclass(frozen=True)
class _LeftOutList:
    """What was left out of one kind: names by reason, and how many names more there are."""

    kind: str
    count: int
    names: dict[str, list[str]]
    hidden: int


def report_page(content: ReportContent, limits: PageLimits = _USUAL) -> str:
    """Render the report.

    It needs no network, fits a phone and paper, follows the reader's light or dark mode, and shows everything without
    its script, which sorts and filters.

    Parameters
    ----------
    content : ReportContent
        Everything that it shows.
    limits : PageLimits
        How much of it.

    Returns
    -------
    str
        A complete HTML document; equal contents give equal documents. Characters that HTML cannot carry are shown as
        U+FFFD.

    Notes
    -----
    Names come from files and are escaped by the template engine, everywhere. Long lists end with a count of what is
    left out, so that the page stays small.
    """
    table = confusion_table(content.matrix, list_correct=True)
    colours = scale()
    winner = None if content.winner is None else content.standings[content.winner]
    counters = content.run.counters
    return render(
        "report.html",
        {
            "content": content,
            "winner": winner,
            "n_equal": sum(one.equals_winner and one is not winner for one in content.standings),
            "has_repeats": any(map(is_repeat, content.standings)),
            "n_failed": sum(one.row.scores is None for one in content.standings),
            "table": table,
            "confused": _most_confused(table),
            "heat": heat_maps(content, limits.cells),
            "colours": [(colour, ink(colour)) for colour in colours],
            "trust": trust_strips(content),
            "spread": fold_strips(content, normalized=False, most=limits.spreads),
            "normalized_spread": fold_strips(content, normalized=True, most=limits.spreads),
            "ranking": ranking_table(content, limits.rows),
            "left_out": _left_out_lists(content.left_out, limits.left_out),
            "work": _work(counters),
            "counters": [(words, counters[name]) for name, words in COUNTER_WORDS.items() if name in counters]
            + [(name.replace("_", " "), counters[name]) for name in sorted(counters) if name not in COUNTER_WORDS],
            "bad_percent": BAD_PERCENT,
            "items_shown": limits.items,
            "paths": content.paths,
            "print_mistakes": table.n_answers - table.n_correct <= limits.mistakes_printed,
            "project_text": content.run.project_text[: limits.characters],
            "project_cut": max(len(content.run.project_text) - limits.characters, 0),
        },
        script="report.js",
    )


def write_report_page(path: str | os.PathLike[str], content: ReportContent) -> None:
    """Write the page of `report_page` as UTF-8 in one step.

    Parameters
    ----------
    path : path-like
        The file to create or replace.
    content : ReportContent
        Everything that it shows.

    Raises
    ------
    UserError
        When the file cannot be written.
    """
    write_text(path, report_page(content))


def _most_confused(table: ConfusionTable) -> dict[str, tuple[str, int]]:
    """Return, for each class, the class that it is taken for most often, and how often."""
    most: dict[str, tuple[str, int]] = {}
    for cell in table.mistakes:
        most.setdefault(cell.actual, (cell.predicted, cell.count))
    return most


def _work(counters: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return what the sweep had to do and what it did, as far as it was counted."""
    work = []
    for words, done, asked in (
        ("Problems solved", "problems_solved", "problems_asked"),
        ("Pair problems solved", "pairs_solved", "pairs_asked"),
    ):
        if done in counters and asked in counters:
            work.append((words, f"{grouped(counters[done])} of {grouped(counters[asked])}"))
    iterations = counters.get("iterations_made", counters.get("iterations"))
    if iterations is not None:
        work.append(("SMO iterations", grouped(iterations)))
    return work


def _left_out_lists(left_out: Sequence[LeftOut], most: int) -> list[_LeftOutList]:
    """Return what was left out by kind and reason, in the order of first appearance; long lists are cut."""
    kinds: dict[str, list[LeftOut]] = {}
    for one in left_out:
        kinds.setdefault(one.kind, []).append(one)
    lists = []
    for kind, entries in kinds.items():
        names: dict[str, list[str]] = {}
        for one in entries[:most]:
            names.setdefault(one.reason, []).append(one.name)
        lists.append(_LeftOutList(kind, len(entries), names, max(len(entries) - most, 0)))
    return lists
