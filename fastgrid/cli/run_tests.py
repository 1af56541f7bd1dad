"""``fastgrid run_tests``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running
from fastgrid.common.stopwatch import phase


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sweep of a project; return the exit code."""
    parser = running.parser_of("run_tests", "Evaluate every combination of a project by n-fold cross-validation.")
    parser.add_argument(
        "project_file",
        metavar="PROJECT_FILE",
        help="the project, as train_model or generate_classification_project wrote it",
    )
    running.add_cluster_option(parser, "-cm")
    parser.add_argument(
        "--shard",
        type=shard,
        metavar="I/N",
        help="solve the I-th of N shares of the work only, for several machines that share the directory or have "
        "copies of it (then: merge); run_tests without it makes the results of them",
    )
    running.add_sweep_options(parser)
    return running.run(parser, argv, _run)


def shard(text: str) -> tuple[int, int]:
    """Parse ``2/8`` (argparse type)."""
    number, slash, total = text.partition("/")
    if not (slash and number.isdecimal() and total.isdecimal() and 1 <= int(number) <= int(total)):
        raise argparse.ArgumentTypeError(f"{text} is no share; write the second of eight as 2/8")
    return int(number), int(total)


def _run(options: argparse.Namespace) -> int:
    if options.shard is not None:
        return _run_shard(options)
    with phase("start"):
        from fastgrid.project.training import run_tests

    outcome = run_tests(
        options.project_file, settings=running.settings_of(options), console=running.console_of(options)
    )
    running.print_best(outcome.ranked.rows)
    return running.exit_code(outcome.failures)


def _run_shard(options: argparse.Namespace) -> int:
    with phase("start"):
        from fastgrid.project.sharding import run_shard
        from fastgrid.sweep.shares import Shard

    own = Shard(*options.shard)
    failures = run_shard(
        options.project_file, own, settings=running.settings_of(options), console=running.console_of(options)
    )
    print(
        f"shard {own}: done; when all are: fastgrid run_tests {options.project_file} (before it, where shards ran on "
        f"copies of the directory: fastgrid merge {options.project_file} DIRECTORY ...)"
    )
    return running.exit_code(failures)
