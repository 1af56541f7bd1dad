"""Several machines without an engine: ``run_tests --shard`` solves a share of a sweep, ``merge`` joins the shares."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.errors import DryRunDone, UserError, one_line
from fastgrid.common.files import make_directory, write_bytes
from fastgrid.project.nesting import nested_splits
from fastgrid.project.planning import long_lines, plan_of
from fastgrid.project.preparing import prepare
from fastgrid.project.record import JOURNAL, record_directory
from fastgrid.project.run_state import only_run, shard_name
from fastgrid.project.schema import load_project
from fastgrid.project.settings import RunSettings, running
from fastgrid.sweep.combinations import SweepResult
from fastgrid.sweep.journal import entry_files
from fastgrid.sweep.journal_entry import decode
from fastgrid.sweep.shares import Shard

#: Directories below one that is given in which a journal is looked for: a copied output or project directory.
_PLACES = (JOURNAL, f"results/{JOURNAL}", f"results/results/{JOURNAL}", ".")


def run_shard(
    project_file: str | os.PathLike[str],
    shard: Shard,
    *,
    settings: RunSettings | None = None,
    console: Console | None = None,
) -> tuple[str, ...]:
    """Solve the tasks of a project that are those of `shard`; they are found in its journal from then on.

    Nothing is ranked or written besides: `run_tests` does that, once all shards are done (and `merge`, where they were
    on copies of the project), from what it finds.

    Parameters
    ----------
    project_file : path-like
    shard : Shard
    settings : RunSettings, optional
    console : Console, optional

    Returns
    -------
    tuple of str
        Tasks that failed twice, one line each.

    Raises
    ------
    UserError
        When the project or its data cannot be used, or another process is at the same shard or at the whole sweep.
    DryRunDone
        Where the settings ask for a dry run: with the plan of the whole sweep.
    """
    if not 1 <= shard.number <= shard.total:
        raise UserError(f"there is no shard {shard}; the second of eight is Shard(2, 8)")
    settings, console = settings or RunSettings(), console or Console()
    project = load_project(project_file)
    name = shard_name(*shard)
    with (
        only_run(record_directory(project), console, settings.command, name),
        running(settings, console, project) as pool,
    ):
        prepared = prepare(project, settings, pool, console)
        if settings.dry_run:
            plan = plan_of(prepared, measured=True)
            raise DryRunDone(plan, [*long_lines(plan), f"all of this together; a share is one of {shard.total} of it"])
        evaluator = replace(prepared.evaluator, shard=shard)
        results: list[SweepResult] = []
        for index, folds in enumerate(prepared.folds):
            results += evaluator.evaluate(index, folds).results
            if settings.nested:
                n_folds = project.evaluations[index].nfold
                results.append(evaluator.sweep(nested_splits(evaluator, n_folds, folds[0])[0], ["nested"]))
    failures = [failure for result in results for failure in result.failures]
    lines = tuple(
        f"{failure.features} {failure.kernel} gamma {failure.gamma:g} fold {failure.fold}: {failure.reason}"
        for failure in failures
    )
    for line in lines:
        console.warn(f"failed twice: {line}")
    return lines


@dataclass(frozen=True)
class Merged:
    """What became of the finished tasks of other directories.

    Attributes
    ----------
    taken, known, damaged : int
        Those that came into the project's journal, those that were there already, and those that cannot be believed.
    """

    taken: int
    known: int
    damaged: int


def merge(
    project_file: str | os.PathLike[str], directories: Sequence[str | os.PathLike[str]], console: Console | None = None
) -> Merged:
    """Take the finished tasks of other directories over into the journal of a project.

    Parameters
    ----------
    project_file : path-like
    directories : sequence of path-like
        Copies of the project's directory (with OUTPUT_DIR, or PROJECT_DIR, or a journal itself), which may be of other
        shards, machines or grids: each task is found by what it is, wherever it was solved.
    console : Console, optional

    Returns
    -------
    Merged

    Raises
    ------
    UserError
        When a directory holds no journal, or something cannot be read or written.
    """
    if Path(project_file).is_dir():
        raise UserError(f"{project_file}: is a directory; name the project file first, then the directories to merge")
    project, console = load_project(project_file), console or Console()
    given = [(Path(directory), _journals_in(Path(directory))) for directory in directories]
    for directory, journals in given:
        if not journals:
            raise UserError(
                f"{directory}: holds no finished tasks (no {JOURNAL}/ in it or in its results/); "
                "give the directory of a shard's run"
            )
    taken = known = damaged = 0
    with only_run(record_directory(project), console, name="run"):
        own = make_directory(record_directory(project) / JOURNAL)
        for path in (path for _, journals in given for journal in journals for path in entry_files(journal)):
            content = _content(path)
            if decode(path.name, content) is None:
                damaged += 1
                console.warn(f"{path}: is damaged or of an earlier version, and left out")
            elif (own / path.name).exists() and decode(path.name, _content(own / path.name)) is not None:
                known += 1
            else:
                write_bytes(own / path.name, content)
                taken += 1
    return Merged(taken, known, damaged)


def _journals_in(directory: Path) -> list[Path]:
    return [directory / place for place in _PLACES if any(True for _ in entry_files(directory / place))]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({one_line(error.strerror or error)})") from error
