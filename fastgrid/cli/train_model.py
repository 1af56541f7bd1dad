"""``fastgrid train_model``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running
from fastgrid.common.stopwatch import phase


def main(argv: Sequence[str] | None = None) -> int:
    """Train on a ground truth and a file list; return the exit code."""
    parser = running.parser_of(
        "train_model", "Generate the project if it is absent, run all tests, train the best model, write the report."
    )
    running.add_lists(parser)
    parser.add_argument("project_file", metavar="PROJECT_FILE", help="used as it is where it exists")
    parser.add_argument("project_dir", metavar="PROJECT_DIR", help="where matrices and results go")
    parser.add_argument("results_model_file", metavar="RESULTS_MODEL_FILE", help="the final model, e.g. mood.model")
    running.add_seed_option(parser)
    running.add_fold_options(parser)
    running.add_cluster_option(parser, "-cm")
    running.add_consistency_option(parser, "-f")
    running.add_select_option(parser)
    running.add_full_layout_option(parser)
    running.add_sweep_options(parser)
    return running.run(parser, argv, _train)


def _train(options: argparse.Namespace) -> int:
    with phase("start"):
        from fastgrid.project.training import train_model

    outcome = train_model(
        options.groundtruth,
        options.filelist,
        options.project_file,
        options.project_dir,
        options.results_model_file,
        seed=options.seed,
        force_consistency=options.force_consistency,
        groups=options.groups,
        repeats=options.repeats,
        settings=running.settings_of(options),
        console=running.console_of(options),
    )
    return running.tell_outcome(outcome)
