"""``fastgrid retrain_model``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running


def main(argv: Sequence[str] | None = None) -> int:
    """Train the combination of a .param file on all data; return the exit code."""
    parser = running.parser_of("retrain_model", "Train the combination of a .param file on all data of a project.")
    parser.add_argument(
        "project_file",
        metavar="PROJECT_FILE",
        help="the project, as train_model or generate_classification_project wrote it",
    )
    parser.add_argument("params_file", metavar="PARAMS_FILE", help="a .param file, ours or one of Gaia")
    parser.add_argument(
        "output_file", metavar="OUTPUT_FILE", help="the model, e.g. mood.model; mood.history makes both"
    )
    parser.add_argument(
        "--class-name", "--class_name", metavar="NAME", help="what the model calls its classes (default: className)"
    )
    running.add_solver_options(parser)
    running.add_full_layout_option(parser)
    running.add_strict_option(parser)
    running.add_quiet_option(parser)
    return running.run(parser, argv, _retrain)


def _retrain(options: argparse.Namespace) -> None:
    from fastgrid.project.finished import retrain_model
    from fastgrid.project.outputs import model_paths
    from fastgrid.project.paths import absolute

    path = retrain_model(
        options.project_file,
        options.params_file,
        options.output_file,
        class_name=options.class_name,
        settings=running.settings_of(options),
        console=running.console_of(options),
    )
    print(f"model: {path}")
    history = model_paths(absolute(options.output_file)).history
    if history is not None and history.exists():
        print(f"model for Gaia and Essentia: {history}")
