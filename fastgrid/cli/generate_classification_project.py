"""``fastgrid generate_classification_project``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running


def main(argv: Sequence[str] | None = None) -> int:
    """Write a project file; return the exit code."""
    parser = running.parser_of(
        "generate_classification_project",
        "Write a project file from a template, chosen by the extractor version in the descriptor files.",
    )
    running.add_lists(parser)
    parser.add_argument("project_file", metavar="PROJECT_FILE", help="written, also where it exists")
    parser.add_argument("datasets_dir", metavar="DATASETS_DIR", help="where the matrices will be kept")
    parser.add_argument("results_dir", metavar="RESULTS_DIR", help="where the results will be written")
    running.add_seed_option(parser)
    running.add_fold_options(parser)
    running.add_cluster_option(parser, "-c")
    parser.add_argument("-t", "--template", help="2.1-beta2, 2.1-beta5, or a file of your own")
    running.add_consistency_option(parser, "-f")
    parser.add_argument(
        "-j", "--jobs", type=running.positive, metavar="N", help="number of workers, written as numberProcesses"
    )
    running.add_quiet_option(parser)
    return running.run(parser, argv, _generate)


def _generate(options: argparse.Namespace) -> None:
    from fastgrid.project.generating import generate_classification_project

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
    print(f"project: {project.path} ({len(project.combinations())} combinations, seed {project.seed})")
