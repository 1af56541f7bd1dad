"""The items of a project: their classes and files, from ground truth and file list or from a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError
from fastgrid.common.files import make_directory
from fastgrid.common.stopwatch import phase
from fastgrid.descriptors.tables import FeatureTable, read_feature_table
from fastgrid.project.filelist import read_filelist
from fastgrid.project.groundtruth import read_groundtruth
from fastgrid.project.schema import Project


def labels_of(project: Project) -> dict[str, str]:
    """Return the class of each item as it stands in the ground truth or in the table, in the order of the folds.

    Raises
    ------
    UserError
        When that cannot be read.
    """
    if project.table is None:
        return read_groundtruth(project.groundtruth).labels
    return table_of(project).labels


def files_of(project: Project) -> Mapping[str, Path]:
    """Return the file of each item: its descriptor file, or the table that it is a row of.

    Raises
    ------
    UserError
        When file list or table cannot be read.
    """
    if project.table is None:
        return read_filelist(project.filelist)
    return dict.fromkeys(table_of(project).labels, project.table.path)


@phase("reading")
def table_of(project: Project, console: Console | None = None) -> FeatureTable:
    """Return the table of a project that is made from one; the file is read where it has changed.

    Raises
    ------
    UserError
        When it cannot be read.
    """
    if project.table is None:
        raise ValueError("the project has no table")
    steps = console or Console(quiet=True)
    steps.expect("reading", 100)
    source = project.groups
    cache = project.datasets_directory / project.class_name
    make_directory(cache.parent)
    found = read_feature_table(
        project.table,
        cache=cache,
        excluded=project.excluded_descriptors,
        fail_on_unmatched=project.fail_on_unmatched,
        groups=source.name if source is not None and source.kind == "column" else None,
        progress=lambda share: steps.advance("reading", int(100 * share)),
    )
    steps.advance("reading", 100)
    if not found.labels:
        raise UserError(
            f"{project.path}: does not say which column of the table holds the classes; add the key 'labelColumn'"
        )
    return found
