"""``fastgrid select_best_model``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running


def main(argv: Sequence[str] | None = None) -> int:
    """Train the best combination on all data; return the exit code."""
    parser = running.parser_of(
        "select_best_model", "Train the best combination of finished results on all data; write model and HTML page."
    )
    parser.add_argument(
        "project_file",
        metavar="PROJECT_FILE",
        help="the project, as train_model or generate_classification_project wrote it",
    )
    parser.add_argument("results_model_file", metavar="RESULTS_MODEL_FILE", help="the final model, e.g. mood.model")
    running.add_select_option(parser)
    running.add_solver_options(parser)
    running.add_full_layout_option(parser)
    running.add_strict_option(parser)
    running.add_quiet_option(parser)
    return running.run(parser, argv, _select)


def _select(options: argparse.Namespace) -> None:
    from fastgrid.project.finished import select_best_model
    from fastgrid.project.schema import load_project

    selection = select_best_model(
        options.project_file,
        options.results_model_file,
        settings=running.settings_of(options),
        console=running.console_of(options),
    )
    project = load_project(options.project_file)
    print(f"report: {project.path.with_name('report.html')}")
    running.print_selection(project, selection)
