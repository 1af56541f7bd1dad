"""``fastgrid extract``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastgrid.cli import running
from fastgrid.cli.argument_types import positive
from fastgrid.common.errors import TaskFailuresError


def main(argv: Sequence[str] | None = None) -> int:
    """Make descriptor files out of audio files; return the exit code."""
    parser = running.parser_of(
        "extract",
        "Descriptor files out of audio files, by Essentia's MusicExtractor; goes on where it was interrupted.",
    )
    parser.add_argument("audio_dir", metavar="AUDIO_DIR", help="looked through with its sub-directories")
    parser.add_argument("descriptor_dir", metavar="DESCRIPTOR_DIR", help="gets a .json for each audio file")
    parser.add_argument("-j", "--jobs", type=positive, metavar="N", help="files at a time (default: all cores)")
    parser.add_argument("--profile", metavar="FILE", help="a profile of MusicExtractor")
    parser.add_argument("-f", "--force", action="store_true", help="extract anew what is there already")
    parser.add_argument(
        "--prune", action="store_true", help="remove descriptor files whose audio is not there any more"
    )
    running.add_quiet_option(parser)
    return running.run(parser, argv, _extract)


def _extract(options: argparse.Namespace) -> int:
    from fastgrid.project.extraction import extract

    found = extract(
        options.audio_dir,
        options.descriptor_dir,
        jobs=options.jobs,
        profile=options.profile,
        force=options.force,
        prune=options.prune,
        console=running.console_of(options),
    )
    failed = f", {len(found.failed)} failed" if found.failed else ""
    pruned = f", {len(found.pruned)} removed" if found.pruned else ""
    files = "file" if found.written == 1 else "files"
    print(f"{found.written} {files} extracted, {found.known} known before{failed}{pruned}")
    return TaskFailuresError.exit_code if found.failed else 0
