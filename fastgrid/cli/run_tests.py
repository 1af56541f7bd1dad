"""``fastgrid run_tests``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running
from fastgrid.common.stopwatch import phase


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sweep of a project; return the exit code."""
    parser = running.parser_of("run_tests", "Evaluate every combination of a project by n-fold cross-validation.")
    parser.add_argument("project_file", metavar="PROJECT_FILE")
    running.add_cluster_option(parser, "-cm")
    running.add_sweep_options(parser)
    return running.run(parser, argv, _run)


def _run(options: argparse.Namespace) -> int:
    with phase("start"):
        from fastgrid.project.training import run_tests

    outcome = run_tests(
        options.project_file, settings=running.settings_of(options), console=running.console_of(options)
    )
    running.print_best(outcome.ranked.rows)
    return running.exit_code(outcome.failures)
