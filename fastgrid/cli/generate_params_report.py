"""``fastgrid generate_params_report``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running


def main(argv: Sequence[str] | None = None) -> int:
    """Write the ranking as .tsv; return the exit code."""
    parser = running.parser_of("generate_params_report", "Write the ranking of all combinations of a project.")
    parser.add_argument(
        "project_file",
        metavar="PROJECT_FILE",
        help="the project, as train_model or generate_classification_project wrote it",
    )
    parser.add_argument(
        "result_file",
        metavar="RESULT_FILE",
        nargs="?",
        help="the table, or the page where it ends in .html (default: report.tsv and report.html beside the project)",
    )
    running.add_select_option(parser)
    return running.run(parser, argv, _report)


def _report(options: argparse.Namespace) -> None:
    from fastgrid.project.finished import generate_params_report

    settings = running.settings_of(options)
    path = generate_params_report(options.project_file, options.result_file, settings=settings)
    print(f"report: {path}" if options.result_file else f"report: {path.with_name('report.html')}, {path.name}")
