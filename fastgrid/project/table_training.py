"""Trainings and projects on a feature table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import make_directory
from fastgrid.project.asked import Asked
from fastgrid.project.generation import checked_repeats
from fastgrid.project.names import class_name_fault
from fastgrid.project.outputs import check_output_directory, remove_project, remove_results, undone_by_mistake
from fastgrid.project.paths import absolute
from fastgrid.project.run_state import only_run
from fastgrid.project.schema import load_project
from fastgrid.project.settings import RunSettings
from fastgrid.project.table_projects import AskedTable, check_rows, generate
from fastgrid.project.training import TrainingOutcome, train_model

PathLike = str | os.PathLike[str]


def train_model_from_table(
    table: PathLike,
    output_dir: PathLike,
    project_name: str,
    *,
    label_column: str | None = None,
    id_column: str | None = None,
    groups: PathLike | None = None,
    exclude: Sequence[str] = (),
    table_format: str | None = None,
    template: PathLike | None = None,
    force: bool = False,
    seed: float | None = None,
    repeats: int | None = None,
    settings: RunSettings | None = None,
    console: Console | None = None,
) -> TrainingOutcome:
    """Train on a feature table: a row for each item, a descriptor in each column (docs/tables.md).

    Parameters
    ----------
    table : path-like
        CSV, TSV, Parquet, .npz or LIBSVM's text. Never written to.
    output_dir, project_name, force, seed, repeats, settings, console
        As for `fastgrid.train_model_from_sigs`.
    label_column : str, optional
        The column of the classes. LIBSVM's text needs none, nor does .npz with a member ``labels``, ``label`` or ``y``.
    id_column : str, optional
        The column of the ids; by default the items are called by the number of their row.
    groups : str or path-like, optional
        What must not be split over training and test: a column, or a file of groups. By default the ``qid`` of LIBSVM's
        text, where there is one.
    exclude : sequence of str
        Columns to leave out, also as patterns: ``mfcc*``.
    table_format : {"csv", "tsv", "parquet", "npz", "libsvm"}, optional
        By default the ending of the name tells.
    template : path-like, optional
        Name of a bundled template or a file; by default ``table``.

    Returns
    -------
    TrainingOutcome

    Raises
    ------
    UserError
        When the table, a column or the output directory will not do.
    """
    settings, console, output = settings or RunSettings(), console or Console(), absolute(output_dir)
    if force and settings.dry_run:
        raise UserError("--dry-run removes nothing; do without --force, or give another OUTPUT_DIR")
    fault = class_name_fault(project_name)
    if fault:
        raise UserError(f"PROJECT_NAME: {fault}")
    _refuse_own_files(absolute(table), output)
    wanted = AskedTable.of(table, label_column, id_column, table_format, groups, exclude)
    if repeats is not None:
        checked_repeats(repeats)
    project_file, directory = output / f"{project_name}.project", output / "results"
    undone = undone_by_mistake(project_file, directory)
    with only_run(directory, console, settings.command), undone:
        if force:
            if project_file.exists():
                # A mistake in a row is found before anything is removed.
                check_rows(wanted, Console(quiet=True))
            remove_project(output, directory)
        check_output_directory(output, project_name)
        if project_file.exists():
            known = load_project(project_file)
            wanted.refuse_other_table(known)
            Asked(seed, wanted.groups, repeats).refuse_other_folds(known)
            left_out = ", ".join(known.excluded_descriptors)
            console.note(f"{project_file} is used as it is" + (f" (without {left_out})" if left_out else ""))
            if template is not None:
                console.warn(
                    f"the template {one_line(template, 100)} is not used: {project_file} is there; edit that, or begin "
                    "anew (--force)"
                )
        else:
            remove_results(make_directory(directory), project_name)
            with console.progress():
                generate(
                    wanted,
                    project_file,
                    class_name=project_name,
                    datasets=directory / "datasets",
                    results=directory / "results",
                    template=template,
                    seed=1.0 if seed is None else seed,
                    repeats=repeats,
                    cluster_mode=settings.cluster_mode,
                    console=console,
                )
            # It stands in the project now, 0 as the clock's.
            seed = None
        model, path = output / f"{project_name}.history", wanted.table.path
        return train_model(path, path, project_file, directory, model, seed=seed, settings=settings, console=console)


def _refuse_own_files(table: Path, output: Path) -> None:
    # What a training writes, or --force removes, must not be what it reads.
    path, directory = table.resolve(), output.resolve()
    if path == directory / "report.tsv" or path.is_relative_to(directory / "results"):
        raise UserError(f"{table}: lies where this training writes its results; choose another output directory")
