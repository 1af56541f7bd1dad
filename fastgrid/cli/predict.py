"""``fastgrid predict``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastgrid.cli import running
from fastgrid.common.errors import UserError, escaped, one_line

if TYPE_CHECKING:
    from fastgrid.descriptors.collection import LeftOut
    from fastgrid.model.model import Prediction


def main(argv: Sequence[str] | None = None) -> int:
    """Classify descriptor files or rows of a table; return the exit code."""
    parser = running.parser_of(
        "predict",
        "Classify descriptor files, or the rows of a table: one JSON line each with id, class and probability "
        "{class: p}.",
    )
    parser.add_argument("model", metavar="MODEL", help="a model that fastgrid trained, or a .history of Gaia")
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="descriptor files (.json, .sig, also .gz), in a tar archive too (dump.tar.zst/a.json), or whole archives "
        "and directories",
    )
    parser.add_argument(
        "--table",
        metavar="TABLE",
        help="a feature table instead of descriptor files: CSV, TSV, Parquet, .npz, LIBSVM's text (docs/tables.md)",
    )
    running.add_row_options(parser)
    parser.add_argument(
        "--format", choices=("json", "table"), default="json", help="json lines (default), or a table for people"
    )
    running.add_strict_option(parser)
    return running.run(parser, argv, _predict)


def _predict(options: argparse.Namespace) -> int:
    from fastgrid.descriptors.tables import may_be_table
    from fastgrid.project.audio_files import ENDINGS
    from fastgrid.project.prediction import AUDIO_FIRST, as_json_lines, as_table

    prediction, left_out = _predicted(options)
    of_files = options.table is None
    write = as_table if options.format == "table" else as_json_lines
    sys.stdout.write(write(prediction, of_files=of_files))
    if not prediction.ids and not left_out:
        print(f"warning: {options.table}: holds no rows", file=sys.stderr)
    for entry in left_out:
        path = escaped(str(entry.path))
        name = path if of_files else f"{path}: {one_line(entry.name, 60)}"
        hint = "; a feature table is given as --table FILE" if of_files and may_be_table(entry.path) else ""
        if of_files and entry.path is not None and entry.path.suffix.lower() in ENDINGS:
            hint = f"; {AUDIO_FIRST}"
        print(f"warning: left out {name}: {entry.reason}{hint}", file=sys.stderr)
    return 2 if left_out else 0


def _predicted(options: argparse.Namespace) -> tuple[Prediction, tuple[LeftOut, ...]]:
    from fastgrid.project.prediction import predict, predict_table

    if (options.table is None) == (not options.files):
        raise UserError(
            "give either FILE ... or --table TABLE, a feature table (a table for people is --format table); "
            "fastgrid predict --help says more"
        )
    if options.table is not None:
        return predict_table(
            options.model, options.table, id_column=options.id, table_format=options.table_format, strict=options.strict
        )
    if options.id is not None or options.table_format is not None:
        raise UserError("--id and --table-format go with --table TABLE")
    return predict(options.model, options.files, strict=options.strict)
