"""``fastgrid convert``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running


def main(argv: Sequence[str] | None = None) -> int:
    """Write a model in another format; return the exit code."""
    parser = running.parser_of("convert", "A model in another format, which the ending of OUTPUT_FILE tells.")
    parser.add_argument("model", metavar="MODEL", help="a model of fastgrid, or a .history of Gaia")
    parser.add_argument("output_file", metavar="OUTPUT_FILE", help="ends in .model, .history or .onnx")
    return running.run(parser, argv, _convert)


def _convert(options: argparse.Namespace) -> None:
    from fastgrid.project.model_conversion import convert_model

    print(f"model: {convert_model(options.model, options.output_file)}")
