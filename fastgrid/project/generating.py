"""``generate_classification_project``: the project file, from the template that suits the descriptor files."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.fanout import Pool
from fastgrid.common.files import make_directory, write_bytes
from fastgrid.project.consistency import consistent_inputs
from fastgrid.project.data import read_files
from fastgrid.project.generation import checked_repeats, generate_project
from fastgrid.project.groundtruth import GroundTruth
from fastgrid.project.group_source import GroupSource, asked_source
from fastgrid.project.grouping import load_grouping
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
    groups: PathLike | None = None,
    repeats: int | None = None,
    jobs: int | None = None,
    console: Console | None = None,
) -> Project:
    """Write a project file from a template, by default the one for the extractor version in the descriptor files.

    Parameters
    ----------
    groundtruth, filelist : path-like
    project_file : path-like
        Written, also where it exists; another project that it held is kept beside it.
    datasets_dir, results_dir : path-like
        Where the sweep of this project keeps its matrices and its results.
    template : path-like, optional
        Name of a bundled template or a file.
    seed, cluster_mode, console, force_consistency, groups, repeats
        As for `train_model`; the reduced lists are written beside the project file.
    jobs : int, optional
        Written as numberProcesses.

    Raises
    ------
    UserError
        When the lists disagree, the template is none, groups cannot be used, or something cannot be written.
    """
    console = console or Console()
    source = asked_source(groups)
    if repeats is not None:
        checked_repeats(repeats)
    path, datasets = absolute(project_file), absolute(datasets_dir)
    wanted = None if template is None else named_or_path(template)
    # Nothing is read where the template is given.
    settings = RunSettings(jobs=jobs if wanted is None else 1)
    with running(settings, console) as pool:
        truth, files, used_groundtruth, used_filelist = consistent_inputs(
            absolute(groundtruth), absolute(filelist), path.parent if force_consistency else None, console
        )
        chosen = template_for(truth, files, datasets / truth.class_name, wanted, source, settings, pool, console)
    make_directory(path.parent)
    with keeping_old_project(path, console):
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
            groups=source,
            repeats=repeats,
        )


def template_for(
    truth: GroundTruth,
    files: Mapping[str, Path],
    cache: Path,
    wanted: str | Path | None,
    groups: GroupSource | None,
    settings: RunSettings,
    pool: Pool,
    console: Console,
) -> str | Path:
    """Return `wanted`, else the name of the template for the extractor version of the files that can be used.

    The files are read for this, into the matrix at `cache` that the sweep will use.

    Raises
    ------
    UserError
        When the files cannot be read, or the groups of the items cannot be had or used: before a project is written
        that asks for them.
    """
    grouping = None if groups is None else load_grouping(groups, truth.labels, "groups")
    if wanted is not None:
        return wanted
    collection = read_files(
        files,
        cache,
        pool,
        console,
        excluded=DEFAULT_EXCLUDED,
        strict=settings.strict,
        groups=groups,
        memory_limit=settings.memory_limit,
    )
    if grouping is not None:
        present = set(collection.table.ids)
        labels = {item: label for item, label in truth.labels.items() if item in present}
        grouping.of_items(labels, files, collection.texts)
    # Files that are left out have no say.
    name, note = choose_template(collection.versions[item] for item in collection.table.ids)
    if note:
        console.warn(note)
    return name


@contextmanager
def keeping_old_project(path: Path, console: Console) -> Iterator[None]:
    """Keep a copy of a project file, which may have been edited by hand, when the block gives its name to another."""
    if not path.is_file():
        yield
        return
    old = path.read_bytes()
    copies = (path.with_name(f"{path.name}.old{number or ''}") for number in itertools.count())
    copy = next(copy for copy in copies if not copy.exists() or (copy.is_file() and copy.read_bytes() == old))
    kept_before = copy.exists()
    write_bytes(copy, old)
    try:
        yield
    finally:
        if path.is_file() and path.read_bytes() == old:
            if not kept_before:
                copy.unlink()
        else:
            console.warn(f"{path} held another project, which is now {copy.name}")


def named_or_path(template: PathLike) -> str | Path:
    """Return a template as a path if there is such a file, else as the name that it may be."""
    return template if isinstance(template, str) and not Path(template).is_file() else Path(template)
