"""``fastgrid status``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from fastgrid.cli import running
from fastgrid.common.stopwatch import phase


def main(argv: Sequence[str] | None = None) -> int:
    """Print how far a run is; return the exit code."""
    parser = running.parser_of("status", "How far a run is, or was when it ended.")
    parser.add_argument("output", metavar="OUT", help="OUTPUT_DIR, PROJECT_DIR or PROJECT_FILE of the run")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    return running.run(parser, argv, _status)


def _status(options: argparse.Namespace) -> None:
    with phase("start"):
        from fastgrid.project.status import as_json, lines, status

    found = status(options.output)
    if options.json:
        print(json.dumps([as_json(one) for one in found], indent=1))
        return
    for one in found:
        for line in lines(one):
            print(line)
