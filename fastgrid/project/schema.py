"""The project file: everything that a training needs to know, read and checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.safe_yaml import Limits, read_yaml
from fastgrid.common.yaml_nodes import Entries, Scalar, YamlFile
from fastgrid.descriptors.tables import TableSource
from fastgrid.project.combinations_spec import CombinationSpec, EvaluationSpec, GridEntry
from fastgrid.project.group_source import GroupSource, group_source, table_group_source
from fastgrid.project.names import class_name_fault
from fastgrid.project.paths import absolute
from fastgrid.project.schema_fields import (
    boolean,
    is_null,
    number_of_processes,
    path_text,
    patterns,
    required,
    section,
    seed,
    word,
)
from fastgrid.project.schema_grid import parse_classifiers, parse_evaluations
from fastgrid.project.schema_steps import Step, parse_preprocessing
from fastgrid.project.schema_table import parse_table

PROJECT_LIMITS = Limits(size=4 * 2**20, depth=32, nodes=200_000)
DEFAULT_SEED = 1
#: The keys of a project file.
PROJECT_KEYS = (
    "templateVersion",
    "className",
    "datasetsDirectory",
    "resultsDirectory",
    "filelist",
    "groundtruth",
    "table",
    "tableFormat",
    "labelColumn",
    "idColumn",
    "seed",
    "numberProcesses",
    "clusterMode",
    "excludedDescriptors",
    "failOnUnmatched",
    "groups",
    "preprocessing",
    "classifiers",
    "evaluations",
)


@dataclass(frozen=True)
class Project:
    """A checked project.

    Attributes
    ----------
    path : Path
        The project file, absolute.
    template_version : str or None
    class_name : str
        Name of the classification target; it begins the names of files.
    datasets_directory, results_directory, filelist, groundtruth : Path
        Absolute; relative ones in the file start from its directory. File list and ground truth of a project that is
        made from a table are the table.
    seed : int, float or str
        For `random.seed`: text is not the same as the number it shows.
    number_processes : int, "all" or None
        None where the project leaves it open.
    cluster_mode : bool
    excluded_descriptors : tuple of str
        Patterns of descriptors left out when files are read.
    fail_on_unmatched : bool
        Whether a pattern of `excluded_descriptors` without a match is an error.
    preprocessing : mapping of str to tuple of Step
        In the order of the file.
    classifiers : tuple of GridEntry
    evaluations : tuple of EvaluationSpec
        Each number of folds once.
    groups : GroupSource or None
        Where it is found which items must not be split over training and test.
    table : TableSource or None
        The table whose rows are the items, where there are no descriptor files.
    """

    path: Path
    template_version: str | None
    class_name: str
    datasets_directory: Path
    results_directory: Path
    filelist: Path
    groundtruth: Path
    seed: float | str
    number_processes: int | str | None
    cluster_mode: bool
    excluded_descriptors: tuple[str, ...]
    fail_on_unmatched: bool
    preprocessing: Mapping[str, tuple[Step, ...]]
    classifiers: tuple[GridEntry, ...]
    evaluations: tuple[EvaluationSpec, ...]
    groups: GroupSource | None = None
    table: TableSource | None = None

    def combinations(self) -> tuple[CombinationSpec, ...]:
        """Return all combinations: entry by entry, the last key fastest; of equal ones the first is kept."""
        return tuple(dict.fromkeys(spec for entry in self.classifiers for spec in entry.combinations()))


def load_project(path: str | os.PathLike[str]) -> Project:
    """Read a project file, ours or one that Gaia wrote.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Project

    Raises
    ------
    UserError
        One line that names the file, the line and what is expected there.
    """
    return parse_project(read_yaml(path, PROJECT_LIMITS), absolute(path))


def parse_project(file: YamlFile, path: Path) -> Project:
    """Check the nodes of a project file that is, or will be, at the absolute `path`; see `load_project`."""
    root = section(file, file.root, "a project", PROJECT_KEYS)
    preprocessing = parse_preprocessing(file, root.children.get("preprocessing"))
    classifiers = required(file, root, "classifiers", "the project")
    version = root.children.get("templateVersion")
    excluded = root.children.get("excludedDescriptors")
    processes = root.children.get("numberProcesses")
    table = parse_table(file, root, path)
    return Project(
        path=path,
        template_version=None if version is None or is_null(version) else word(file, version, "templateVersion"),
        class_name=_class_name(file, root),
        datasets_directory=_path(file, root, "datasetsDirectory", path),
        results_directory=_path(file, root, "resultsDirectory", path),
        filelist=_path(file, root, "filelist", path) if table is None else table.path,
        groundtruth=_path(file, root, "groundtruth", path) if table is None else table.path,
        seed=seed(file, root.children["seed"]) if "seed" in root.children else DEFAULT_SEED,
        number_processes=None if processes is None else number_of_processes(file, processes),
        cluster_mode=_switch(file, root, "clusterMode"),
        excluded_descriptors=() if excluded is None else patterns(file, excluded, "excludedDescriptors"),
        fail_on_unmatched=_switch(file, root, "failOnUnmatched"),
        preprocessing=preprocessing,
        classifiers=parse_classifiers(file, classifiers, tuple(preprocessing)),
        evaluations=parse_evaluations(file, root.children.get("evaluations")),
        groups=_groups(file, root, path, group_source if table is None else table_group_source),
        table=table,
    )


def _class_name(file: YamlFile, root: Entries) -> str:
    node = required(file, root, "className", "the project")
    name = word(file, node, "className")
    fault = class_name_fault(name)
    if fault:
        raise file.error(node, fault)
    return name


def _path(file: YamlFile, root: Entries, key: str, project: Path) -> Path:
    return absolute(project.parent / path_text(file, required(file, root, key, "the project"), key))


def _groups(
    file: YamlFile, root: Entries, project: Path, source_of: Callable[[str, Path], GroupSource]
) -> GroupSource | None:
    node = root.children.get("groups")
    if node is None or is_null(node):
        return None
    if not isinstance(node, Scalar) and file.is_variable(node):
        # Somebody's own key for lists that are used elsewhere in the file.
        return None
    try:
        return source_of(path_text(file, node, "groups"), project.parent)
    except ValueError as error:
        raise file.error(node, f"groups {error}") from error


def _switch(file: YamlFile, root: Entries, key: str) -> bool:
    node = root.children.get(key)
    return False if node is None or is_null(node) else boolean(file, node, key)
