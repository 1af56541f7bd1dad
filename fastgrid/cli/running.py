"""What all commands share: options, and errors turned into one line and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from fastgrid.common.errors import FastgridError, TaskFailuresError, UserError

INTERRUPTED = 130


def parser_of(name: str, description: str) -> argparse.ArgumentParser:
    """Return the parser of the command called `name`."""
    return argparse.ArgumentParser(prog=f"fastgrid {name}", description=description)


def add_worker_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that take long."""
    parser.add_argument("-j", "--jobs", type=positive, metavar="N", help="number of workers (default: see the README)")
    parser.add_argument(
        "--backend", choices=("processes", "threads"), default="processes", help="what the workers are"
    )
    parser.add_argument("--strict", action="store_true", help="a descriptor file that is left out is an error")
    add_quiet_option(parser)


def add_quiet_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--quiet``."""
    parser.add_argument("-q", "--quiet", action="store_true", help="only warnings and results, no progress")


def add_results_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--results``."""
    parser.add_argument(
        "--results",
        choices=("all", "best"),
        default="all",
        help="write a .result file for every combination or for the best one only (default: all)",
    )


def add_seed_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--seed``."""
    parser.add_argument(
        "-s", "--seed", type=float, default=1.0, help="seed of the folds; 0 takes the clock (default: 1)"
    )


def add_cluster_option(parser: argparse.ArgumentParser, *short: str) -> None:
    """Add ``--cluster_mode`` under its short names."""
    parser.add_argument(
        *short, "--cluster_mode", "--cluster-mode", action="store_true", help="run every task in a fresh Python process"
    )


def positive(text: str) -> int:
    """Parse a positive whole number (argparse type)."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def run(
    parser: argparse.ArgumentParser, argv: Sequence[str] | None, work: Callable[[argparse.Namespace], int | None]
) -> int:
    """Parse `argv`, do the work and return the exit code; errors on purpose become one line on standard error."""
    options = parser.parse_args(argv)
    try:
        with _termination_as_interrupt():
            return work(options) or 0
    except (UserError, TaskFailuresError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return error.exit_code
    except FastgridError as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted; what is finished is kept: the same command goes on", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, say) has seen enough; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


@contextlib.contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    # SIGTERM ends a run as Ctrl-C does: finished work kept, no process left behind.
    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        previous = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread: whoever runs us there owns the signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
