"""``fastgrid errors``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastgrid.cli import running
from fastgrid.cli.argument_types import positive

if TYPE_CHECKING:
    from fastgrid.project.errors import Misclassified
    from fastgrid.report.missed_items import MissedItem

#: As `fastgrid.project.errors.LEADING`, which is not imported for a look at ``--help``.
LEADING = 10


def main(argv: Sequence[str] | None = None) -> int:
    """List misclassified items; return the exit code."""
    parser = running.parser_of(
        "errors",
        "List the items that the best combination of a training misclassifies, with their files, those first that most "
        "of the other leading combinations miss too: they may be labelled wrongly.",
    )
    parser.add_argument("output", metavar="OUT", help="OUTPUT_DIR of a training, or a project file")
    parser.add_argument("--class", dest="actual", metavar="NAME", help="only items of this class")
    parser.add_argument("--as", dest="taken_for", metavar="NAME", help="only items that are taken for this class")
    parser.add_argument(
        "--leading",
        type=positive,
        default=LEADING,
        metavar="N",
        help=f"how many of the best combinations to ask; those that predict alike count once (default: {LEADING})",
    )
    parser.add_argument(
        "--all", action="store_true", help="also items that the best combination gets right, but another one misses"
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="list so many items at most")
    parser.add_argument(
        "--format",
        choices=("table", "tsv", "json"),
        default="table",
        help="table for people (default); tsv or json for programs",
    )
    running.add_select_option(parser)
    running.add_quiet_option(parser)
    return running.run(parser, argv, _list)


def _list(options: argparse.Namespace) -> None:
    from fastgrid.project.errors import errors

    found = errors(
        options.output,
        actual=options.actual,
        taken_for=options.taken_for,
        leading=options.leading,
        everything=options.all,
        select=options.select,
    )
    shown = found.items[: options.limit]
    _print(shown, options.format)
    running.console_of(options).note(_summary(found, len(shown)))


def _print(items: Sequence[MissedItem], form: str) -> None:
    from fastgrid.report import missed_items

    if form == "table" and items and sys.stdout.isatty():
        from rich.console import Console as RichConsole

        RichConsole().print(missed_items.missed_table(items))
        return
    formats = {
        "table": missed_items.format_missed,
        "tsv": missed_items.missed_as_tsv,
        "json": missed_items.missed_as_json,
    }
    sys.stdout.write(formats[form](items))


def _summary(found: Misclassified, shown: int) -> str:
    from fastgrid.report.missed_items import combination_text

    of_all = f"the first {shown} of {len(found.items)} items" if shown < len(found.items) else f"{shown} items"
    return (
        f"{of_all}, of {found.n_items} tested; predicted by the best combination, {combination_text(found.best)}; "
        f"missed by how many of the {found.leading} leading ones"
    )
