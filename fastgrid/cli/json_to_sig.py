"""``fastgrid json_to_sig``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running


def main(argv: Sequence[str] | None = None) -> int:
    """Convert JSON descriptor files to YAML; return the exit code."""
    parser = running.parser_of(
        "json_to_sig", "Write each JSON descriptor file of a file list as YAML .sig file beside it."
    )
    parser.add_argument("filelist", metavar="FILELIST", help="YAML: {id: path of the JSON file}")
    parser.add_argument("result_filelist", metavar="RESULT_FILELIST", help="the file list of the .sig files to write")
    parser.add_argument("-o", "--output-dir", metavar="DIR", help="write the .sig files there instead")
    running.add_strict_option(parser)
    running.add_quiet_option(parser)
    return running.run(parser, argv, _convert)


def _convert(options: argparse.Namespace) -> None:
    from fastgrid.project.conversion import json_to_sig

    converted = json_to_sig(
        options.filelist,
        options.result_filelist,
        output_dir=options.output_dir,
        strict=options.strict,
        console=running.console_of(options),
    )
    print(f"file list: {options.result_filelist} ({len(converted)} files)")
