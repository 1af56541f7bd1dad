"""``fastgrid train_model_from_table``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running
from fastgrid.common.stopwatch import phase


def main(argv: Sequence[str] | None = None) -> int:
    """Train on a feature table; return the exit code."""
    parser = running.parser_of(
        "train_model_from_table",
        "Train a classifier on a feature table: a row for each item, a descriptor in each column (docs/tables.md).",
    )
    parser.add_argument("output_dir", metavar="OUTPUT_DIR", help="where project, model and results go")
    parser.add_argument("project_name", metavar="PROJECT_NAME", help="what the classes are classes of, e.g. mood")
    parser.add_argument("-f", "--force", action="store_true", help="remove an earlier training in OUTPUT_DIR first")
    running.add_table_options(parser, required=True)
    parser.add_argument("-t", "--template", help="a file of your own, with another grid (default: table)")
    running.add_seed_option(parser)
    running.add_fold_options(parser)
    running.add_cluster_option(parser, "-cm")
    running.add_select_option(parser)
    running.add_full_layout_option(parser)
    running.add_sweep_options(parser)
    return running.run(parser, argv, _train)


def _train(options: argparse.Namespace) -> int:
    with phase("start"):
        from fastgrid.project.table_training import train_model_from_table

    outcome = train_model_from_table(
        options.table,
        options.output_dir,
        options.project_name,
        label_column=options.label,
        id_column=options.id,
        groups=options.groups,
        exclude=options.exclude,
        table_format=options.table_format,
        template=options.template,
        force=options.force,
        seed=options.seed,
        repeats=options.repeats,
        settings=running.settings_of(options),
        console=running.console_of(options),
    )
    return running.tell_outcome(outcome)
