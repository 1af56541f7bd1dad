"""What all commands share: options, and errors turned into one line and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from fastgrid.cli.argument_types import RULES, finite, positive, rule, size
from fastgrid.common.errors import DryRunDone, FastgridError, TaskFailuresError, UserError, escaped
from fastgrid.common.files import writing_error
from fastgrid.common.stopwatch import recording, seconds_since_process_start, timings_table

if TYPE_CHECKING:
    from fastgrid.common.console import Console
    from fastgrid.project.judging import Judgement
    from fastgrid.project.schema import Project
    from fastgrid.project.selection import Selection
    from fastgrid.project.settings import RunSettings
    from fastgrid.project.training import TrainingOutcome
    from fastgrid.report.rows import ReportRow

INTERRUPTED = 130

#: As `fastgrid.solvers.SOLVERS`, which is not imported for a look at ``--help``.
SOLVERS = ("smo", "smo-fast", "libsvm")


#: As `fastgrid.descriptors.tables.FORMATS`, likewise.
TABLE_FORMATS = ("csv", "tsv", "parquet", "npz", "libsvm")


def parser_of(name: str, description: str) -> argparse.ArgumentParser:
    """Return the parser of the command called `name`."""
    return OneLineParser(prog=f"fastgrid {name}", description=description, allow_abbrev=False)


class OneLineParser(argparse.ArgumentParser):
    """An argument parser that says mistakes on one line."""

    def error(self, message: str) -> NoReturn:
        """End the process with the mistake on one line, without the usage above it."""
        self.exit(UserError.exit_code, f"{self.prog}: error: {escaped(message)}; {self.prog} --help says more\n")


def add_lists(parser: argparse.ArgumentParser) -> None:
    """Add the arguments GROUNDTRUTH and FILELIST."""
    parser.add_argument("groundtruth", metavar="GROUNDTRUTH", help="YAML: className and groundTruth {id: class}")
    parser.add_argument(
        "filelist", metavar="FILELIST", help="YAML: {id: path of the descriptor file, or in a tar archive}"
    )


def add_table_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add the options that name a feature table and its columns."""
    parser.add_argument(
        "--table", metavar="FILE", required=required, help="a row for each item: CSV, TSV, Parquet, .npz, LIBSVM's text"
    )
    parser.add_argument("--label", metavar="COLUMN", help="the column of the classes")
    add_row_options(parser)
    parser.add_argument(
        "--exclude",
        metavar="COLUMN",
        action="append",
        default=[],
        help="leave out this column, or all that a pattern such as 'mfcc*' matches; may be given several times",
    )


def add_row_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--id`` and ``--table-format``."""
    parser.add_argument(
        "--id",
        metavar="COLUMN",
        help="the column of the ids (default: for predict that of the training; else the number of the row)",
    )
    parser.add_argument(
        "--table-format",
        "--table_format",
        choices=TABLE_FORMATS,
        help="what the table is (default: the ending of its name tells)",
    )


def add_quiet_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--quiet``."""
    parser.add_argument("-q", "--quiet", action="store_true", help="only warnings and results, no progress")


def add_seed_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--seed``."""
    parser.add_argument("-s", "--seed", type=finite, help="seed of the folds; 0 takes the clock (default: 1)")


def add_fold_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--groups`` and ``--repeats``."""
    parser.add_argument(
        "--groups",
        metavar="WHAT",
        help="keep files of one artist, album or piece together, in training or in test: a file of groups (YAML, JSON, "
        "CSV, TSV), a descriptor such as metadata.tags.artist, parent-folder, or a column of --table (docs/groups.md)",
    )
    parser.add_argument(
        "--repeats",
        type=positive,
        metavar="N",
        help="assign the files to folds N times, with successive seeds (default: 1)",
    )


def add_cluster_option(parser: argparse.ArgumentParser, *short: str) -> None:
    """Add ``--cluster_mode`` under its short names."""
    parser.add_argument(
        *short, "--cluster_mode", "--cluster-mode", action="store_true", help="run every task in a fresh Python process"
    )


def run(
    parser: argparse.ArgumentParser, argv: Sequence[str] | None, work: Callable[[argparse.Namespace], int | None]
) -> int:
    """Parse `argv`, do the work and return the exit code; errors on purpose become one line on standard error."""
    # Options may stand between positional arguments.
    options = parser.parse_intermixed_args(argv)
    options.command = shlex.join([*parser.prog.split(), *(sys.argv[1:] if argv is None else argv)])
    if isinstance(sys.stdout, TextIOWrapper):
        # A name that the terminal's encoding lacks is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with _termination_as_interrupt():
            code = _timed(work, options) if getattr(options, "timings", False) else work(options)
            sys.stdout.flush()
            return code or 0
    except DryRunDone as done:
        print("\n".join(done.lines))
        return 0
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
        _discard_output()
        return 0
    except OSError as error:
        if error.filename is None:
            _discard_output()
        print(
            f"{parser.prog}: error: {writing_error(Path(error.filename or 'standard output'), error)}", file=sys.stderr
        )
        return UserError.exit_code


def _timed(work: Callable[[argparse.Namespace], int | None], options: argparse.Namespace) -> int | None:
    # Does the work and says on standard error where the time went.
    with recording() as timings:
        timings.seconds["start"] = seconds_since_process_start()
        code = work(options)
    print(timings_table(timings), end="", file=sys.stderr)
    return code


def _discard_output() -> None:
    # What is left in the buffer can go nowhere, and must not fail once more at exit.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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


def add_consistency_option(parser: argparse.ArgumentParser, short: str) -> None:
    """Add ``--force-consistency`` under its short name."""
    parser.add_argument(
        short,
        "--force-consistency",
        "--force_consistency",
        action="store_true",
        help="leave out items that only one of ground truth and file list names",
    )


def add_solver_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--solver`` and ``--relax-tolerance``."""
    parser.add_argument(
        "--solver",
        choices=SOLVERS,
        default="smo",
        help="smo: LIBSVM's own iterations, only faster (default); smo-fast: as close to the optimum on a shorter way, "
        "a prediction in many thousands may differ; libsvm: LIBSVM itself, slow",
    )
    parser.add_argument(
        "--relax-tolerance",
        "--relax_tolerance",
        action="store_true",
        help="at the cap of 10 million iterations multiply the tolerance by ten and go on, at most four times, "
        "as Gaia does",
    )


def add_select_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--select``."""
    parser.add_argument(
        "--select",
        type=rule,
        choices=RULES,
        help="which combination is the best: of the highest accuracy, of the highest normalized accuracy, or the "
        "simplest within a standard error of the highest accuracy (default: what the training went by; accuracy for a "
        "new one)",
    )


def add_nested_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--nested``."""
    parser.add_argument(
        "--nested",
        action="store_true",
        help="check the corrected accuracy by nested cross-validation, which takes about as many times longer as there "
        "are folds",
    )


def add_full_layout_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--full-layout``."""
    parser.add_argument(
        "--full-layout",
        "--full_layout",
        action="store_true",
        help="in a .history, list all descriptors of the training files first, as Gaia does, not only those in use",
    )


def add_strict_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--strict``."""
    parser.add_argument("--strict", action="store_true", help="a descriptor file that is left out is an error")


def add_sweep_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that run a sweep."""
    parser.add_argument(
        "-j",
        "--jobs",
        type=positive,
        metavar="N",
        help="number of workers (default: GAIA_NUM_TRAINING_PROCESSES, the project's numberProcesses, all cores)",
    )
    parser.add_argument("--backend", choices=("processes", "threads"), default="processes", help="what the workers are")
    parser.add_argument(
        "--results",
        choices=("all", "best"),
        default="all",
        help="write a .result file for every combination or for the best one only (default: all)",
    )
    add_solver_options(parser)
    add_nested_option(parser)
    parser.add_argument(
        "--memory-limit",
        "--memory_limit",
        type=size,
        metavar="SIZE",
        help="what all processes of the sweep together may take, e.g. 800M or 4G (default: half of what is available)",
    )
    parser.add_argument(
        "--dry-run",
        "--dry_run",
        action="store_true",
        help="say what the run will take, memory and time, and stop before anything is solved",
    )
    add_scheduler_options(parser)
    parser.add_argument("--timings", action="store_true", help="say at the end where the time went")
    add_strict_option(parser)
    add_quiet_option(parser)


def add_scheduler_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--scheduler`` and ``--scheduler-file``."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run the sweep on the workers of this Dask scheduler, e.g. tcp://host:8786; -j then counts the workers "
        "that read files here, --memory-limit is what each Dask worker may take (docs/cluster.md)",
    )
    where.add_argument(
        "--scheduler-file",
        "--scheduler_file",
        metavar="FILE",
        help="likewise, with the address from what `dask scheduler --scheduler-file FILE` writes",
    )


def settings_of(options: argparse.Namespace) -> RunSettings:
    """Return the run settings among parsed options; what a command has no option for stays at its default."""
    from fastgrid.project.settings import RunSettings

    names = [field.name for field in fields(RunSettings)]
    return RunSettings(**{name: getattr(options, name) for name in names if hasattr(options, name)})


def console_of(options: argparse.Namespace) -> Console:
    """Return the console that the parsed options ask for."""
    from fastgrid.common.console import Console

    return Console(options.quiet)


def print_best(rows: Sequence[ReportRow], count: int = 10) -> None:
    """Print the best combinations to standard output, as a table with lines on a terminal."""
    from fastgrid.report.listing import best_table, format_best

    if sys.stdout.isatty():
        from rich.console import Console as RichConsole

        RichConsole().print(best_table(rows, count))
    else:
        sys.stdout.write(format_best(rows, count))


def print_selection(project: Project, selection: Selection) -> None:
    """Print where the final model is, and the RESULT line of Gaia's scripts."""
    from fastgrid.report.listing import result_line

    print(f"model: {selection.model_path}")
    if selection.history_path is not None:
        print(f"model for Gaia and Essentia: {selection.history_path}")
    print(f"confusion matrix: {selection.page_path}")
    if selection.best.scores is not None:
        print(result_line(str(project.path), selection.best.scores, selection.best.candidate.results_file))


def print_judgement(judgement: Judgement | None) -> None:
    """Print how far the numbers of the best combination can be believed."""
    from fastgrid.project.judging import judgement_lines

    for line in () if judgement is None else judgement_lines(judgement):
        print(line)


def tell_outcome(outcome: TrainingOutcome) -> int:
    """Print what a training came to; return the exit code."""
    print_best(outcome.ranked.rows)
    print_judgement(outcome.reports.judgement)
    print(f"report: {outcome.reports.page}, {outcome.reports.table.name}")
    print_selection(outcome.project, outcome.selection)
    return exit_code(outcome.failures)


def exit_code(failures: Sequence[str]) -> int:
    """Return 3 if tasks failed, else 0."""
    return TaskFailuresError.exit_code if failures else 0
