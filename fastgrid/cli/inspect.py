"""``fastgrid inspect``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from fastgrid.cli import running


def main(argv: Sequence[str] | None = None) -> int:
    """Print what a model file holds; return the exit code."""
    parser = running.parser_of("inspect", "What a model holds: classes, machine, preprocessing, descriptors needed.")
    parser.add_argument("model", metavar="MODEL", help="a model of fastgrid, or a .history of Gaia")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    return running.run(parser, argv, _inspect)


def _inspect(options: argparse.Namespace) -> None:
    from fastgrid.project.inspection import inspect, inspection_lines

    found = inspect(options.model)
    print(json.dumps(found, indent=1) if options.json else "\n".join(inspection_lines(found)))
