"""The steps of a training in order; each command of the command line is one of these functions."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError
from fastgrid.common.fanout import Pool
from fastgrid.common.files import make_directory
from fastgrid.common.stopwatch import phase
from fastgrid.project.asked import Asked
from fastgrid.project.class_folders import LISTING, ClassFolders, scan_class_folders
from fastgrid.project.consistency import consistent_inputs
from fastgrid.project.filelist import write_filelist
from fastgrid.project.generating import template_for
from fastgrid.project.generation import generate_project
from fastgrid.project.groundtruth import GroundTruth, write_groundtruth
from fastgrid.project.group_source import PARENT_FOLDER
from fastgrid.project.grouping import load_grouping
from fastgrid.project.names import class_name_fault
from fastgrid.project.outputs import (
    check_apart,
    check_model_file,
    check_output_directory,
    remove_project,
    remove_results,
    undone_by_mistake,
)
from fastgrid.project.paths import absolute
from fastgrid.project.record import Ranked, record_directory
from fastgrid.project.reporting import Reports, write_reports
from fastgrid.project.run_state import only_run
from fastgrid.project.schema import Project, load_project
from fastgrid.project.selection import Selection, select
from fastgrid.project.settings import RunSettings, running
from fastgrid.project.sweeping import SweepOutcome, sweep_project

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class TrainingOutcome:
    """What a whole training came to.

    Attributes
    ----------
    project : Project
    ranked : Ranked
        All combinations, best first.
    selection : Selection
        The best one and its final model.
    reports : Reports
        report.tsv and report.html, and how far the numbers of the best one can be believed.
    failures : tuple of str
        Tasks that failed twice; their combinations have no rank.
    """

    project: Project
    ranked: Ranked
    selection: Selection
    reports: Reports
    failures: tuple[str, ...]


def train_model_from_sigs(
    input_dir: PathLike,
    output_dir: PathLike,
    project_name: str,
    *,
    force: bool = False,
    seed: float | None = None,
    force_consistency: bool = False,
    groups: PathLike | None = None,
    repeats: int | None = None,
    settings: RunSettings | None = None,
    console: Console | None = None,
) -> TrainingOutcome:
    """Train on class folders: one sub-directory of `input_dir` per class, with descriptor files.

    Parameters
    ----------
    input_dir : path-like
        Never written to. May be a tar archive of class folders, which is not unpacked (docs/large-collections.md).
    output_dir : path-like
        Gets NAME.project, NAME.model, NAME.history.param, NAME.history.results.html, report.tsv, report.html, results/.
    project_name : str
        NAME, what the classes are classes of (``mood``).
    force : bool
        Remove what an earlier training left in `output_dir` first.
    seed : float, optional
        Of the folds; 1 by default, 0 takes the clock. What was used stands in the project file.
    force_consistency : bool
        As for `train_model`.
    groups : str or path-like, optional
        As for `train_model`. With ``parent-folder`` the files one folder below those of the classes are items too.
    repeats : int, optional
        As for `train_model`.
    settings : RunSettings, optional
    console : Console, optional

    Returns
    -------
    TrainingOutcome

    Raises
    ------
    UserError
        When the input or the output directory will not do.
    """
    settings, console = settings or RunSettings(), console or Console()
    inputs, output = absolute(input_dir), absolute(output_dir)
    if force and settings.dry_run:
        raise UserError("--dry-run removes nothing; do without --force, or give another OUTPUT_DIR")
    fault = class_name_fault(project_name)
    if fault:
        raise UserError(f"PROJECT_NAME: {fault}")
    asked, project_file = Asked.of(seed, groups, repeats), output / f"{project_name}.project"
    source = asked.groups
    if project_file.exists() and not force:
        known = load_project(project_file)
        asked.refuse_other_folds(known)
        source = known.groups
    nested = source is not None and source.kind == PARENT_FOLDER
    found = scan_class_folders(inputs, nested=nested, kept_listing=output / "results" / LISTING)
    if settings.strict and found.unusable:
        more = f" (and {len(found.unusable) - 1} more)" if len(found.unusable) > 1 else ""
        raise UserError(f"{found.unusable[0]}{more}; correct or remove it, or do without --strict")
    if source is not None:
        # A mistake in a file of groups is found before anything is removed.
        load_grouping(source, found.labels, "groups")
    check_apart(output, inputs)
    with only_run(output / "results", console, settings.command):
        groundtruth, filelist = _list_class_folders(found, output, project_name, force, console)
        return train_model(
            groundtruth,
            filelist,
            project_file,
            output / "results",
            output / f"{project_name}.history",
            seed=seed,
            force_consistency=force_consistency,
            groups=groups,
            repeats=repeats,
            notes=found.notes,
            settings=settings,
            console=console,
        )


def _list_class_folders(
    found: ClassFolders, output: Path, project_name: str, force: bool, console: Console
) -> tuple[Path, Path]:
    # Writes ground truth and file list of the class folders, once the output directory was found fit for them.
    directory = output / "results"
    if force:
        remove_project(output, directory)
    check_output_directory(output, project_name)
    for note in found.notes:
        console.warn(note)
    make_directory(directory)
    groundtruth, filelist = directory / "groundtruth.yaml", directory / "filelist.yaml"
    write_groundtruth(groundtruth, GroundTruth(project_name, found.labels))
    write_filelist(filelist, found.files)
    found.keep_listing(directory / LISTING)
    return groundtruth, filelist


def train_model(
    groundtruth: PathLike,
    filelist: PathLike,
    project_file: PathLike,
    project_dir: PathLike,
    results_model_file: PathLike,
    *,
    seed: float | None = None,
    force_consistency: bool = False,
    groups: PathLike | None = None,
    repeats: int | None = None,
    notes: Sequence[str] = (),
    settings: RunSettings | None = None,
    console: Console | None = None,
) -> TrainingOutcome:
    """Generate the project if it is absent, run all tests, select and train the best, write the report.

    Parameters
    ----------
    groundtruth, filelist : path-like
        Classes and descriptor files of the items; not looked at where `project_file` exists.
    project_file : path-like
        Used as it is where it exists.
    project_dir : path-like
        Gets datasets/, results/, predictions and the journal.
    results_model_file : path-like
        The final model; its name also names the .param and the .html beside it.
    seed, settings, console
        As for `train_model_from_sigs`.
    force_consistency : bool
        Leave out items that only one of ground truth and file list names, instead of refusing them.
    groups : str or path-like, optional
        Where it is found which items must not be split over training and test (docs/groups.md): a file of groups; the
        path of a descriptor, ``metadata.tags.artist``; or ``parent-folder``, the directory of the descriptor file.
    repeats : int, optional
        How often the items are assigned to folds, with successive seeds; 1 by default.
    notes : sequence of str
        What the caller left out, to stand in dataset.json with what is left out here.

    Returns
    -------
    TrainingOutcome

    Raises
    ------
    UserError
        When anything of this cannot be used.
    """
    settings, console, start = settings or RunSettings(), console or Console(), time.perf_counter()
    path, model_file = absolute(project_file), absolute(results_model_file)
    check_model_file(model_file, settings.full_layout)
    asked = Asked.of(seed, groups, repeats)
    known = load_project(path) if path.exists() else None
    if known is not None:
        asked.refuse_other_folds(known)
    where = absolute(project_dir) if known is None else record_directory(known)
    with (
        only_run(where, console, settings.command),
        undone_by_mistake(path, absolute(project_dir)),
        running(settings, console, known) as pool,
    ):
        lists = absolute(groundtruth), absolute(filelist)
        if known is None:
            project = _generate(*lists, path, absolute(project_dir), asked, force_consistency, settings, pool, console)
        else:
            project = known
            _say_what_is_not_used(project, *lists, asked, console)
        outcome = sweep_project(project, settings, pool, console, notes)
        record, standing = outcome.record, outcome.ranked
        seconds, command = time.perf_counter() - start, settings.command
        # Beside the final model, which a worker trains; where every combination failed too, to say why.
        with ThreadPoolExecutor(1) as thread:
            writing = thread.submit(
                write_reports, record, standing, settings.select, path.parent, command=command, seconds=seconds
            )
            selection = select(
                record, standing, outcome.data, model_file, settings=settings, pool=pool, console=console
            )
            with phase("report"):
                reports = writing.result()
        return TrainingOutcome(project, standing, selection, reports, outcome.failures)


def _generate(
    groundtruth: Path,
    filelist: Path,
    path: Path,
    directory: Path,
    asked: Asked,
    force_consistency: bool,
    settings: RunSettings,
    pool: Pool,
    console: Console,
) -> Project:
    # Reads the files first: their extractor version chooses the template, and the matrix is kept for the sweep.
    truth, files, groundtruth, filelist = consistent_inputs(
        groundtruth, filelist, directory if force_consistency else None, console
    )
    make_directory(path.parent)
    remove_results(make_directory(directory), truth.class_name)
    cache = directory / "datasets" / truth.class_name
    template = template_for(truth, files, cache, None, asked.groups, settings, pool, console)
    return generate_project(
        path,
        class_name=truth.class_name,
        groundtruth=groundtruth,
        filelist=filelist,
        datasets_directory=directory / "datasets",
        results_directory=directory / "results",
        seed=1.0 if asked.seed is None else asked.seed,
        template=template,
        cluster_mode=settings.cluster_mode,
        groups=asked.groups,
        repeats=asked.repeats,
    )


def _say_what_is_not_used(project: Project, groundtruth: Path, filelist: Path, asked: Asked, console: Console) -> None:
    if project.table is None:  # of a project on a table, train_model_from_table says it
        console.note(f"{project.path} is used as it is")
    for given, own in ((groundtruth, project.groundtruth), (filelist, project.filelist)):
        if given != own:
            console.warn(f"{given} is not used: the project names {own}; give another PROJECT_FILE for other data")
    if asked.seed is not None and asked.seed != project.seed:
        console.warn(
            f"the project has seed {project.seed}; the seed given is not used; edit the project or make a new one"
        )


def run_tests(
    project_file: PathLike, *, settings: RunSettings | None = None, console: Console | None = None
) -> SweepOutcome:
    """Evaluate every combination of a project by n-fold cross-validation.

    Returns
    -------
    SweepOutcome

    Raises
    ------
    UserError
        When the project or its data cannot be used.
    """
    settings, console = settings or RunSettings(), console or Console()
    project = load_project(project_file)
    with (
        only_run(record_directory(project), console, settings.command),
        running(settings, console, project) as pool,
    ):
        return sweep_project(project, settings, pool, console)
