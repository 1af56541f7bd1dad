"""``fastgrid visualize_confusion_matrix``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running


def main(argv: Sequence[str] | None = None) -> int:
    """Write the confusion page of a .result file; return the exit code."""
    parser = running.parser_of(
        "visualize_confusion_matrix", "Show the confusion matrix of a .result file as an HTML page."
    )
    parser.add_argument("result_file", metavar="RESULT_FILE", help="a .result file, ours or one of Gaia")
    parser.add_argument("html_file", metavar="HTML_FILE", help="the page to write")
    return running.run(parser, argv, _visualize)


def _visualize(options: argparse.Namespace) -> None:
    from fastgrid.project.stored_results import visualize_confusion_matrix

    print(f"page: {visualize_confusion_matrix(options.result_file, options.html_file)}")
