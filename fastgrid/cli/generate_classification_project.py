"""``fastgrid generate_classification_project``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastgrid.cli import running
from fastgrid.cli.argument_types import positive
from fastgrid.common.errors import UserError

if TYPE_CHECKING:
    from fastgrid.project.schema import Project


def main(argv: Sequence[str] | None = None) -> int:
    """Write a project file; return the exit code."""
    parser = running.parser_of(
        "generate_classification_project",
        "Write a project file from a template, chosen by the extractor version in the descriptor files. With "
        "--table a project on a feature table, without GROUNDTRUTH and FILELIST.",
    )
    tabular = _has_table(sys.argv[1:] if argv is None else argv)
    if not tabular:
        running.add_lists(parser)
    parser.add_argument("project_file", metavar="PROJECT_FILE", help="written, also where it exists")
    parser.add_argument("datasets_dir", metavar="DATASETS_DIR", help="where the matrices will be kept")
    parser.add_argument("results_dir", metavar="RESULTS_DIR", help="where the results will be written")
    running.add_seed_option(parser)
    running.add_fold_options(parser)
    running.add_cluster_option(parser, "-c")
    parser.add_argument("-t", "--template", help="2.1-beta2, 2.1-beta5, table, or a file of your own")
    running.add_table_options(parser, required=False)
    parser.add_argument(
        "--class-name", "--class_name", metavar="NAME", help="with --table: className (default: that of PROJECT_FILE)"
    )
    if not tabular:
        running.add_consistency_option(parser, "-f")
    parser.add_argument(
        "-j", "--jobs", type=positive, metavar="N", help="number of workers, written as numberProcesses"
    )
    running.add_quiet_option(parser)
    return running.run(parser, argv, _generate_on_table if tabular else _generate)


def _has_table(arguments: Sequence[str]) -> bool:
    return any(argument == "--table" or argument.startswith("--table=") for argument in arguments)


def _generate_on_table(options: argparse.Namespace) -> None:
    from fastgrid.project.table_projects import generate_project_from_table

    project = generate_project_from_table(
        options.table,
        options.project_file,
        options.datasets_dir,
        options.results_dir,
        class_name=options.class_name,
        label_column=options.label,
        id_column=options.id,
        groups=options.groups,
        exclude=options.exclude,
        table_format=options.table_format,
        template=options.template,
        seed=1.0 if options.seed is None else options.seed,
        repeats=options.repeats,
        cluster_mode=options.cluster_mode,
        jobs=options.jobs,
        console=running.console_of(options),
    )
    _tell(project)


def _generate(options: argparse.Namespace) -> None:
    from fastgrid.project.generating import generate_classification_project

    for name in ("label", "id", "table_format", "exclude", "class_name"):
        if getattr(options, name):
            raise UserError(f"--{name.replace('_', '-')} goes with --table")
    project = generate_classification_project(
        options.groundtruth,
        options.filelist,
        options.project_file,
        options.datasets_dir,
        options.results_dir,
        seed=1.0 if options.seed is None else options.seed,
        cluster_mode=options.cluster_mode,
        template=options.template,
        force_consistency=options.force_consistency,
        groups=options.groups,
        repeats=options.repeats,
        jobs=options.jobs,
        console=running.console_of(options),
    )
    _tell(project)


def _tell(project: Project) -> None:
    print(f"project: {project.path} ({len(project.combinations())} combinations, seed {project.seed})")
