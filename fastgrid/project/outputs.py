"""Output directories: what may be written where, and what ``--force`` removes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from fastgrid.common.errors import ProjectFileError, UserError
from fastgrid.common.files import make_directory, writing_error
from fastgrid.model.history.file import is_history_name, may_be_replaced
from fastgrid.project.class_folders import LISTING
from fastgrid.project.combination_files import remove_result_files
from fastgrid.project.folds import FOLDS_FILE
from fastgrid.project.generation import MARK
from fastgrid.project.record import JOURNAL, PREDICTIONS
from fastgrid.sweep.journal import ENTRY_NAME, entry_files

#: Names of what a training leaves in PROJECT_DIR.
RECORD_FILES = (
    "groundtruth.yaml",
    "filelist.yaml",
    "consistent_groundtruth.yaml",
    "consistent_filelist.yaml",
    "dataset.json",
    "sweep.json",
    LISTING,
)

#: What `fastgrid.common.files.replacing` leaves where the process was killed.
_PART = re.compile(r"\..+\.[0-9a-f]{16}\.part", re.DOTALL)
#: After the class name: the merged matrix with its layout, or the matrix of a preprocessing (see `file_name_part`).
_MATRIX = re.compile(r"(\.text)?\.npy|\.layout\.json|-[a-z0-9._-]{0,40}(~[0-9a-f]{10}){0,2}\.npy")


class ModelPaths(NamedTuple):
    """The files of a final model.

    Attributes
    ----------
    model : Path
    history : Path or None
        The same model for Gaia and Essentia, where one is asked for.
    param : Path
        The copy of its .param.
    page : Path
        The confusion page.
    """

    model: Path
    history: Path | None
    param: Path
    page: Path


def model_paths(model_file: Path) -> ModelPaths:
    """Return the files of a final model.

    ``mood.history`` stands for ``mood.model`` and ``mood.history``, ``mood.model`` for that alone; beside both are
    ``mood.history.param`` and ``mood.history.results.html``. Another name is taken as it is.

    Raises
    ------
    UserError
        When the name is nothing but an ending.
    """
    asked = is_history_name(model_file)
    stem = model_file.stem if asked or model_file.suffix == ".model" else model_file.name
    directory = model_file.parent
    return ModelPaths(
        directory / f"{stem}.model" if asked else model_file,
        model_file if asked else None,
        directory / f"{stem}.history.param",
        directory / f"{stem}.history.results.html",
    )


def check_model_file(model_file: Path, full_layout: bool) -> None:
    """Refuse the name of a final model that will not do, before the model is worked for.

    Raises
    ------
    UserError
        When it is nothing but an ending, that of another format or of a file that is no model, or a layout is asked
        for that only a history has.
    """
    paths = model_paths(model_file)
    if paths.history is None and full_layout:
        raise UserError(f"{model_file}: --full-layout is for models whose name ends in .history")
    if model_file.suffix.lower() == ".onnx":
        raise UserError(f"{model_file}: training writes no ONNX; name a .model, and give that to fastgrid convert")
    for path in filter(None, (paths.model, paths.history)):
        if path.is_file() and not may_be_replaced(path):
            raise UserError(f"{path}: is a file, but no model, and stays; give the model another name")


def check_apart(directory: Path, inputs: Path) -> None:
    """Refuse an OUTPUT_DIR that lies in INPUT_DIR, which is never written to.

    Raises
    ------
    UserError
    """
    if directory.resolve().is_relative_to(inputs.resolve()):
        raise UserError(f"{directory}: lies in the input directory, which is never written to; choose another one")


def check_output_directory(directory: Path, name: str) -> None:
    """Refuse an output directory that is a file, not writable or holds another project.

    Parameters
    ----------
    directory : Path
        OUTPUT_DIR; need not exist.
    name : str
        PROJECT_NAME.

    Raises
    ------
    UserError
    """
    make_directory(directory)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise UserError(f"{directory}: not writable; choose another output directory or change its permissions")
    others = sorted(other for other in project_names(directory) if other != name)
    if others:
        raise UserError(
            f"{directory}: holds another project ({others[0]}.project); choose another output directory or give --force"
        )


@contextmanager
def undone_by_mistake(project_file: Path, project_directory: Path) -> Iterator[None]:
    """Remove a project file that was made in the block, where a mistake ends it before anything is solved.

    So the corrected command need not go by what the wrong one has written.

    Parameters
    ----------
    project_file : Path
    project_directory : Path
        PROJECT_DIR, with its journal.
    """
    made = not project_file.exists()
    try:
        yield
    except UserError as error:
        solved = any(True for _ in entry_files(project_directory / JOURNAL))
        if made and not solved and not isinstance(error, ProjectFileError):
            project_file.unlink(missing_ok=True)
        raise


def remove_project(directory: Path, project_directory: Path) -> None:
    """Remove what fastgrid made in an output directory: ``--force``. Anything else stays.

    Parameters
    ----------
    directory : Path
        OUTPUT_DIR with the project files, models and reports.
    project_directory : Path
        Its ``results``.

    Raises
    ------
    UserError
        When a project there was not made by fastgrid, or something cannot be removed.
    """
    if not directory.is_dir():
        return
    names = project_names(directory)
    for name in names:
        _check_generated(directory / f"{name}.project")
    try:
        for name in names:
            remove_results(project_directory, name)
            endings = (".project", ".model", ".history", ".history.param", ".history.results.html")
            _unlink(directory / f"{name}{ending}" for ending in endings)
        if names:
            _unlink([directory / "report.tsv", directory / "report.html"])
            _unlink(project_directory / name for name in RECORD_FILES)
        for empty in (project_directory, directory):
            with suppress(OSError):
                empty.rmdir()
    except OSError as error:
        raise writing_error(Path(error.filename or directory), error) from error


def remove_results(project_directory: Path, name: str) -> None:
    """Remove matrices, results, predictions and journal of the project called `name` in PROJECT_DIR."""
    datasets, results = project_directory / "datasets", project_directory / "results"
    journal = project_directory / JOURNAL
    remove_result_files(results, name)
    _unlink(path for path in _files(datasets, name) if _MATRIX.fullmatch(path.name, len(name)))
    _unlink(path for path in _files(journal) if ENTRY_NAME.fullmatch(path.name))
    _unlink(path for path in _files(project_directory) if PREDICTIONS.fullmatch(path.name))
    _unlink([project_directory / "sweep.json", project_directory / FOLDS_FILE])
    for directory in (project_directory, datasets, results, journal):
        _unlink(path for path in _files(directory) if _PART.fullmatch(path.name))
    for directory in (datasets, results, journal):
        with suppress(OSError):
            directory.rmdir()


def _check_generated(project: Path) -> None:
    with project.open("rb") as file:
        ours = file.read(len(MARK)) == MARK.encode()
    if not ours:
        raise UserError(
            f"{project}: was not made by fastgrid (it does not begin with '{MARK}'), so --force does not remove it; "
            "move it away or choose another output directory"
        )


def project_names(directory: Path) -> list[str]:
    """Return the names of the projects in a directory, NAME of each NAME.project in it."""
    # A hidden ".project" is not one of ours.
    return [path.stem for path in directory.glob("[!.]*.project") if path.is_file()]


def _files(directory: Path, beginning: str = "") -> list[Path]:
    return [path for path in directory.iterdir() if path.name.startswith(beginning)] if directory.is_dir() else []


def _unlink(paths: Iterable[Path]) -> None:
    for path in list(paths):
        if path.is_file() or path.is_symlink():
            path.unlink()
