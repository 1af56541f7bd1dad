"""What is made of finished results: the reports, and final models; each command of the command line is a function."""

from __future__ import annotations

import os
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.fanout import Pool
from fastgrid.common.files import make_directory
from fastgrid.project.data import load_data
from fastgrid.project.outputs import check_model_file, model_paths
from fastgrid.project.param_files import read_param
from fastgrid.project.paths import absolute
from fastgrid.project.record import load_record, ranked
from fastgrid.project.reporting import PAGE, TABLE, write_page, write_reports
from fastgrid.project.schema import load_project
from fastgrid.project.selection import Selection, save_both, select, train_final, write_ranking
from fastgrid.project.settings import RunSettings

PathLike = str | os.PathLike[str]


def generate_params_report(
    project_file: PathLike, result_file: PathLike | None = None, *, settings: RunSettings | None = None
) -> Path:
    """Write the ranking of all combinations of finished results; return its path.

    Parameters
    ----------
    project_file : path-like
    result_file : path-like, optional
        What to write: the report page where the name ends in ``.html`` or ``.htm``, else the table. By default
        report.tsv and report.html beside the project file.
    settings : RunSettings, optional
        By which rule the best combination is selected.

    Raises
    ------
    UserError
        When there are no results, or something cannot be written.
    """
    settings = settings or RunSettings()
    project = load_project(project_file)
    path = project.path.parent / TABLE if result_file is None else absolute(result_file)
    record = load_record(project)
    standing = ranked(record, path.parent)
    if result_file is None:
        return write_reports(record, standing, settings.select, path.parent, command=settings.command).table
    if path.suffix.lower() in (".html", ".htm"):
        write_page(record, standing, settings.select, path, command=settings.command)
    else:
        write_ranking(standing, path)
    return path


def select_best_model(
    project_file: PathLike,
    results_model_file: PathLike,
    *,
    settings: RunSettings | None = None,
    console: Console | None = None,
) -> Selection:
    """Train the best combination of finished results on all data; see `train_model` for the files.

    The report page beside the project file is written anew, since ``settings.select`` may select another one.
    """
    settings, console = settings or RunSettings(), console or Console()
    model_file = absolute(results_model_file)
    check_model_file(model_file, settings.full_layout)
    project = load_project(project_file)
    record, pool = load_record(project), Pool(1)
    with console.progress():
        data = load_data(project, pool, Console(quiet=True), strict=settings.strict)
    standing = ranked(record, project.path.parent)
    write_page(record, standing, settings.select, project.path.parent / PAGE, command=settings.command)
    return select(record, standing, data, model_file, settings=settings, pool=pool, console=console)


def retrain_model(
    project_file: PathLike,
    params_file: PathLike,
    output_file: PathLike,
    *,
    class_name: str | None = None,
    settings: RunSettings | None = None,
    console: Console | None = None,
) -> Path:
    """Train the combination of a .param file on all data of a project.

    Parameters
    ----------
    project_file, params_file, output_file : path-like
    class_name : str, optional
        What the model calls its classes, instead of the project's className.
    settings : RunSettings, optional
    console : Console, optional

    Returns
    -------
    Path
        The model file; a history, where `output_file` is the name of one, lies beside it.
    """
    settings, console = settings or RunSettings(), console or Console()
    paths = model_paths(absolute(output_file))
    check_model_file(absolute(output_file), settings.full_layout)
    project = load_project(project_file)
    combination, _ = read_param(params_file)
    pool = Pool(1)
    with console.progress():
        data = load_data(project, pool, Console(quiet=True), strict=settings.strict)
    make_directory(paths.model.parent)
    model = train_final(project, data, combination, settings, pool, class_name=class_name)
    save_both(model, paths, data, project, combination, settings, console)
    return paths.model
