"""``fastgrid train_model_from_sigs``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running
from fastgrid.common.stopwatch import phase


def main(argv: Sequence[str] | None = None) -> int:
    """Train on class folders; return the exit code."""
    parser = running.parser_of(
        "train_model_from_sigs", "Train a classifier on descriptor files sorted into one folder per class."
    )
    parser.add_argument(
        "input_dir",
        metavar="INPUT_DIR",
        help="one sub-directory per class, or a tar archive of them (also compressed); never written to",
    )
    parser.add_argument("output_dir", metavar="OUTPUT_DIR", help="where project, model and results go")
    parser.add_argument("project_name", metavar="PROJECT_NAME", help="what the classes are classes of, e.g. mood")
    parser.add_argument("-f", "--force", action="store_true", help="remove an earlier training in OUTPUT_DIR first")
    running.add_seed_option(parser)
    running.add_fold_options(parser)
    running.add_cluster_option(parser, "-cm")
    running.add_consistency_option(parser, "-fc")
    running.add_select_option(parser)
    running.add_full_layout_option(parser)
    running.add_sweep_options(parser)
    return running.run(parser, argv, _train)


def _train(options: argparse.Namespace) -> int:
    with phase("start"):
        from fastgrid.project.training import train_model_from_sigs

    outcome = train_model_from_sigs(
        options.input_dir,
        options.output_dir,
        options.project_name,
        force=options.force,
        seed=options.seed,
        force_consistency=options.force_consistency,
        groups=options.groups,
        repeats=options.repeats,
        settings=running.settings_of(options),
        console=running.console_of(options),
    )
    return running.tell_outcome(outcome)
