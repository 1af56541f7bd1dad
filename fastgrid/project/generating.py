"""``generate_classification_project``: the project file, from the template that suits the descriptor files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.fanout import Pool
from fastgrid.common.files import make_directory
from fastgrid.project.consistency import consistent_inputs
from fastgrid.project.data import read_files
from fastgrid.project.generation import generate_project
from fastgrid.project.paths import absolute
from fastgrid.project.schema import Project
from fastgrid.project.settings import RunSettings, running
from fastgrid.project.template_choice import choose_template

PathLike = str | os.PathLike[str]

#: Excluded by both templates; files are read before a template can be chosen.
DEFAULT_EXCLUDED = ("metadata.tags*",)


def generate_classification_project(
    groundtruth: PathLike,
    filelist: PathLike,
    project_file: PathLike,
    datasets_dir: PathLike,
    results_dir: PathLike,
    *,
    seed: float = 1.0,
    cluster_mode: bool = False,
    template: PathLike | None = None,
    force_consistency: bool = False,
    jobs: int | None = None,
    console: Console | None = None,
) -> Project:
    """Write a project file from a template, by default the one for the extractor version in the descriptor files.

    Parameters
    ----------
    groundtruth, filelist : path-like
    project_file : path-like
        Written, also where it exists.
    datasets_dir, results_dir : path-like
        Where the sweep of this project keeps its matrices and its results.
    seed : float
        0 takes the clock.
    cluster_mode : bool
    template : path-like, optional
        Name of a bundled template or a file.
    force_consistency : bool
        As for `train_model`; the reduced lists are written beside the project file.
    jobs : int, optional
        Written as numberProcesses.
    console : Console, optional

    Returns
    -------
    Project

    Raises
    ------
    UserError
        When the lists disagree, the template is none, or something cannot be written.
    """
    console = console or Console()
    path, datasets = absolute(project_file), absolute(datasets_dir)
    wanted = None if template is None else _named_or_path(template)
    # Nothing is read where the template is given.
    settings = RunSettings(jobs=jobs if wanted is None else 1)
    with running(settings, console) as pool:
        truth, files, used_groundtruth, used_filelist = consistent_inputs(
            absolute(groundtruth), absolute(filelist), path.parent if force_consistency else None, console
        )
        chosen = template_for(files, datasets / truth.class_name, wanted, settings, pool, console)
    make_directory(path.parent)
    _keep_old_project(path, console)
    return generate_project(
        path,
        class_name=truth.class_name,
        groundtruth=used_groundtruth,
        filelist=used_filelist,
        datasets_directory=datasets,
        results_directory=absolute(results_dir),
        seed=seed,
        template=chosen,
        number_processes=jobs,
        cluster_mode=cluster_mode,
    )


def template_for(
    files: Mapping[str, Path],
    cache: Path,
    wanted: str | Path | None,
    settings: RunSettings,
    pool: Pool,
    console: Console,
) -> str | Path:
    """Return `wanted`, else the name of the template for the extractor version of the files that can be used.

    The files are read for this, into the matrix at `cache` that the sweep will use.
    """
    if wanted is not None:
        return wanted
    collection = read_files(files, cache, pool, console, excluded=DEFAULT_EXCLUDED, strict=settings.strict)
    # Files that are left out have no say.
    name, note = choose_template(collection.versions[item] for item in collection.table.ids)
    if note:
        console.warn(note)
    return name


def _keep_old_project(path: Path, console: Console) -> None:
    # A project file may have been edited by hand; it is not lost when a new one takes its name.
    if path.is_file():
        kept = path.with_name(f"{path.name}.old")
        path.replace(kept)
        console.warn(f"{path} existed and is now {kept.name}")


def _named_or_path(template: PathLike) -> str | Path:
    return template if isinstance(template, str) and not Path(template).is_file() else Path(template)
