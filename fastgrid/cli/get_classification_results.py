"""``fastgrid get_classification_results``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running
from fastgrid.cli.argument_types import positive


def main(argv: Sequence[str] | None = None) -> int:
    """Print the ten best combinations; return the exit code."""
    parser = running.parser_of(
        "get_classification_results", "Print the ten best of the .result files in a directory, ours or Gaia's."
    )
    parser.add_argument(
        "results_dir",
        metavar="RESULTS_DIR",
        help="a directory of .result and .param files, or OUTPUT_DIR of a training",
    )
    parser.add_argument(
        "type", metavar="TYPE", nargs="?", help="only results of this classifier, type or kernel (svm, C-SVC, RBF ...)"
    )
    parser.add_argument("-n", "--count", type=positive, default=10, help="how many (default: 10)")
    return running.run(parser, argv, _print)


def _print(options: argparse.Namespace) -> None:
    from fastgrid.project.stored_results import get_classification_results

    running.print_best(get_classification_results(options.results_dir, options.type), options.count)
