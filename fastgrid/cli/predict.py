"""``fastgrid predict``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from fastgrid.cli import running


def main(argv: Sequence[str] | None = None) -> int:
    """Classify descriptor files; return the exit code."""
    parser = running.parser_of(
        "predict", "Classify descriptor files: one JSON line each with id, class and probability {class: p}."
    )
    parser.add_argument("model", metavar="MODEL", help="a model that fastgrid trained")
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="descriptor files (.json, .sig, also .gz), in a tar archive too (dump.tar.zst/a.json), or whole archives",
    )
    parser.add_argument("--table", action="store_true", help="a table for people instead of JSON lines")
    running.add_strict_option(parser)
    return running.run(parser, argv, _predict)


def _predict(options: argparse.Namespace) -> int:
    from fastgrid.project.prediction import as_json_lines, as_table, predict

    prediction, left_out = predict(options.model, options.files, strict=options.strict)
    sys.stdout.write(as_table(prediction) if options.table else as_json_lines(prediction))
    for entry in left_out:
        print(f"warning: left out {entry.path}: {entry.reason}", file=sys.stderr)
    return 2 if left_out else 0
