"""``fastgrid merge``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running
from fastgrid.common.stopwatch import phase


def main(argv: Sequence[str] | None = None) -> int:
    """Take the finished tasks of other directories over; return the exit code."""
    parser = running.parser_of(
        "merge", "Take over the tasks that runs on copies of a project's directory have finished (run_tests --shard)."
    )
    parser.add_argument("project_file", metavar="PROJECT_FILE", help="the project that gets them")
    parser.add_argument(
        "directories",
        metavar="DIRECTORY",
        nargs="+",
        help="copy of OUTPUT_DIR or PROJECT_DIR, or a journal",
    )
    running.add_quiet_option(parser)
    return running.run(parser, argv, _merge)


def _merge(options: argparse.Namespace) -> None:
    with phase("start"):
        from fastgrid.project.sharding import merge

    found = merge(options.project_file, options.directories, running.console_of(options))
    damaged = f", {found.damaged} damaged and left out" if found.damaged else ""
    print(f"{found.taken} finished tasks taken over, {found.known} known before{damaged}")
    if not options.quiet:
        print(f"next: fastgrid run_tests {options.project_file}")
