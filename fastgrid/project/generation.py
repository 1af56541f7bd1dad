"""Writing a project file from a template, whose comments and layout stay as they are."""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import write_text
from fastgrid.common.safe_yaml import parse_yaml
from fastgrid.common.yaml_dump import scalar_text
from fastgrid.descriptors.tables import TableSource
from fastgrid.project.group_source import GroupSource
from fastgrid.project.names import class_name_fault
from fastgrid.project.paths import absolute, is_unicode, portable, printable
from fastgrid.project.schema import PROJECT_LIMITS, Project, parse_project
from fastgrid.project.schema_fields import MAX_REPEATS
from fastgrid.project.schema_grid import DEFAULT_EVALUATIONS
from fastgrid.project.schema_table import TABLE_KEYS
from fastgrid.project.template_choice import template_text
from fastgrid.project.template_filling import filled_template
from fastgrid.project.template_repeats import with_repeats

# Gaia's templates have a placeholder where ours have nothing.
_OPEN_PROCESSES = re.compile(r"^numberProcesses:\s*['\"]?%\(", re.MULTILINE)


#: How the projects begin that fastgrid generated: ``--force`` removes no others.
MARK = "# fastgrid project"


def generate_project(
    path: str | os.PathLike[str],
    *,
    class_name: str,
    groundtruth: str | os.PathLike[str] | None = None,
    filelist: str | os.PathLike[str] | None = None,
    datasets_directory: str | os.PathLike[str],
    results_directory: str | os.PathLike[str],
    seed: float | str,
    template: str | Path,
    number_processes: int | str | None = None,
    cluster_mode: bool = False,
    groups: GroupSource | None = None,
    repeats: int | None = None,
    table: TableSource | None = None,
    excluded: Sequence[str] = (),
) -> Project:
    """Write a project file; return it, checked.

    Parameters
    ----------
    path : path-like
        The project file to write or replace.
    class_name : str
    groundtruth, filelist, datasets_directory, results_directory : path-like
        Written relative to the directory of the project file where they lie in it, so that it can be moved.
    seed : int, float or str
        0 stands for the clock; what is written is the seed that is used then.
    template : str or Path
        Name of a bundled template or the path of a file; see `fastgrid.project.template_choice`.
    number_processes : int or "all", optional
        None keeps what the template says.
    cluster_mode : bool
    groups : GroupSource, optional
        What must not be split over training and test; None keeps what the template says.
    repeats : int, optional
        Of every evaluation; None keeps what the template says.
    table : TableSource, optional
        Instead of `groundtruth` and `filelist`.
    excluded : sequence of str, optional
        Patterns of descriptors to leave out; none keep what the template says.

    Raises
    ------
    UserError
        When the template is none, a value is not usable, or the file cannot be written; nothing is written then.
    """
    target = absolute(path)
    fault = class_name_fault(class_name)
    if fault:
        raise UserError(f"{target}: {fault}")
    paths = {"datasetsDirectory": datasets_directory, "resultsDirectory": results_directory}
    paths |= _inputs(groundtruth, filelist, table)
    values = {
        "className": scalar_text(class_name),
        **_path_texts(paths, target),
        "seed": scalar_text(_seed(seed, target)),
        "clusterMode": scalar_text(cluster_mode),
    }
    if groups is not None:
        _check_unicode([groups.name])
        values["groups"] = scalar_text(groups.as_written(target.parent))
    if excluded:
        # A list of JSON is one of YAML.
        values["excludedDescriptors"] = json.dumps(list(excluded), ensure_ascii=False)
    name, text = template_text(template)
    values |= _of_table(table, text)
    if number_processes is not None or _OPEN_PROCESSES.search(text):
        values["numberProcesses"] = scalar_text(number_processes)
    filled = filled_template(text, name, values)
    project = parse_project(parse_yaml(filled, name, PROJECT_LIMITS), target)
    if repeats is not None:
        filled = with_repeats(filled, checked_repeats(repeats), DEFAULT_EVALUATIONS[0].nfold)
        project = parse_project(parse_yaml(filled, name, PROJECT_LIMITS), target)
        if any(evaluation.repeats != repeats for evaluation in project.evaluations):
            raise UserError(f"{name}: its evaluations are no plain list; write 'repeats: {repeats}' into them by hand")
    write_text(target, filled if filled.startswith(MARK) else f"{MARK}\n{filled}")
    return project


def _inputs(
    groundtruth: str | os.PathLike[str] | None, filelist: str | os.PathLike[str] | None, table: TableSource | None
) -> dict[str, str | os.PathLike[str]]:
    if table is not None:
        return {"table": table.path}
    if groundtruth is None or filelist is None:
        raise ValueError("a project needs ground truth and file list, or a table")
    return {"filelist": filelist, "groundtruth": groundtruth}


def _of_table(table: TableSource | None, text: str) -> dict[str, str]:
    # What is said of the table; keys of a template that do not go with it, or go with a table only, become empty.
    found: dict[str, str | None] = {}
    if table is not None:
        found = {"labelColumn": table.label, "idColumn": table.id, "tableFormat": table.format}
    values = {key: scalar_text(value) for key, value in found.items() if value is not None}
    others = ("groundtruth", "filelist") if table is not None else ("table",)
    for key in (*others, *TABLE_KEYS):
        if key not in values and re.search(rf"^{key}[ ]*:[ ]*[^\s#]", text, re.MULTILINE):
            values[key] = ""
    return values


def checked_repeats(repeats: int) -> int:
    """Return `repeats`, which must be a number of repeats.

    Raises
    ------
    UserError
    """
    if isinstance(repeats, bool) or not isinstance(repeats, int) or not 1 <= repeats <= MAX_REPEATS:
        raise UserError(f"repeats {one_line(repr(repeats), 60)} is not a whole number from 1 to {MAX_REPEATS}")
    return repeats


def _path_texts(paths: Mapping[str, str | os.PathLike[str]], target: Path) -> dict[str, str]:
    _check_unicode([target, *paths.values()])
    return {key: scalar_text(portable(given, target.parent)) for key, given in paths.items()}


def _check_unicode(paths: Iterable[str | os.PathLike[str]]) -> None:
    for given in paths:
        if not is_unicode(given):
            raise UserError(f"{printable(given)}: the path is not valid Unicode; rename the file or directory")


def _seed(seed: float | str, target: Path) -> float | str:
    if isinstance(seed, str):
        return seed
    if not math.isfinite(seed):
        raise UserError(f"{target}: seed {seed} is not a number; give a whole number")
    if seed == 0:
        return int(time.time())
    return int(seed) if seed == int(seed) else seed
