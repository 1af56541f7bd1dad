"""From finished results to a ranking, a confusion page and the final model."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError
from fastgrid.common.fanout import Pool
from fastgrid.common.files import make_directory, write_bytes
from fastgrid.common.stopwatch import phase
from fastgrid.model.history.full_layout import full_history_content
from fastgrid.model.history.writing import history_content
from fastgrid.model.model import LARGEST_SEED, Model
from fastgrid.model.training import train
from fastgrid.project.combinations_spec import CombinationSpec, EvaluationSpec
from fastgrid.project.data import TrainingData
from fastgrid.project.evaluating import kernel_name
from fastgrid.project.judging import Choice, choose
from fastgrid.project.outputs import ModelPaths, model_paths
from fastgrid.project.param_files import write_param
from fastgrid.project.record import Ranked, SweepRecord, relative
from fastgrid.project.schema import Project
from fastgrid.project.settings import RunSettings
from fastgrid.report.page import write_confusion_page
from fastgrid.report.rows import ReportRow
from fastgrid.report.tsv import write_report
from fastgrid.sweep.kept import forget_kept


@dataclass(frozen=True, eq=False)
class Selection:
    """The best combination and its final model.

    Attributes
    ----------
    model : Model
    model_path, param_path, page_path : Path
    history_path : Path or None
        The model as Gaia and Essentia load it, where the name of the model file ends in ``.history``.
    best : ReportRow
    choice : Choice
        Which one it is, and by which rule.
    """

    model: Model
    model_path: Path
    param_path: Path
    page_path: Path
    history_path: Path | None
    best: ReportRow
    choice: Choice


def write_ranking(standing: Ranked, path: Path) -> None:
    """Write report.tsv to `path`; the paths in `standing` are relative to its directory."""
    make_directory(path.parent)
    write_report(path, standing.rows)


def select(
    record: SweepRecord,
    standing: Ranked,
    data: TrainingData,
    model_file: Path,
    *,
    settings: RunSettings,
    pool: Pool,
    console: Console,
) -> Selection:
    """Train the best combination on all data; write the model, its .param and the confusion page.

    Parameters
    ----------
    record : SweepRecord
    standing : Ranked
        The ranking of `record`.
    data : TrainingData
    model_file : Path
    settings : RunSettings
        By which rule the best is selected; by which solver it is trained, and when that stops.
    pool : Pool
        One of its workers trains: those that have run the sweep have loaded and compiled all that it takes.
    console : Console

    Raises
    ------
    UserError
        When no combination has a result or something cannot be written.
    """
    choice = choose(record, standing, settings.select)
    best = standing.rows[choice.place]
    combination, evaluation = standing.combinations[choice.place], standing.evaluations[choice.place]
    if best.scores is None:
        raise ValueError("a combination that failed was chosen")
    paths = model_paths(model_file)
    make_directory(model_file.parent)
    scores: dict[str, object] = {**asdict(best.scores), **evaluation.as_written()}
    source = record.project.groups
    grouped = "" if source is None else source.label
    if grouped:
        scores["groups"] = grouped
    table = record.project.table
    if table is not None and table.id is not None:
        scores["id_column"] = table.id
    model = train_final(record.project, data, combination, settings, pool, scores)
    for warning in () if model.record.converged else ("the final model hit the iteration cap; it may be poor",):
        console.warn(warning)
    with phase("writing"):
        write_param(paths.param, combination, evaluation)
        write_confusion_page(
            paths.page,
            record.project.class_name,
            relative(record.project.path, paths.page.parent),
            confusion_matrix(record, choice.evaluation, choice.combination),
            scores=best.scores,
            parameters=parameters_of(combination, evaluation, grouped),
        )
        history = save_both(model, paths, data, record.project, combination, settings, console)
    return Selection(model, paths.model, paths.param, paths.page, history, best, choice)


def save_both(
    model: Model,
    paths: ModelPaths,
    data: TrainingData,
    project: Project,
    combination: CombinationSpec,
    settings: RunSettings,
    console: Console,
) -> Path | None:
    """Write a model, and as a history too where one is asked for; return the history, where there is one.

    Raises
    ------
    UserError
        When a file cannot be written.
    """
    model.save(paths.model)
    if paths.history is None:
        return None
    try:
        if settings.full_layout:
            steps = [step.entry for step in project.preprocessing[combination.preprocessing]]
            content = full_history_content(model, data.table, steps)
        else:
            content = history_content(model)
    except UserError as error:
        # Columns of a table may have names that no history can hold.
        console.warn(f"{paths.history} is not written: {error}")
        paths.history.unlink(missing_ok=True)
        return None
    write_bytes(paths.history, content)
    return paths.history


@phase("final model")
def train_final(
    project: Project,
    data: TrainingData,
    combination: CombinationSpec,
    settings: RunSettings,
    pool: Pool,
    evaluation: Mapping[str, Any] | None = None,
    class_name: str | None = None,
) -> Model:
    """Train `combination` on all items of a project in a worker of `pool`, for the project's className or another one.

    Raises
    ------
    UserError
        When the project has no preprocessing of that name, or it cannot be fitted.
    """
    if combination.preprocessing not in project.preprocessing:
        known = ", ".join(project.preprocessing)
        raise UserError(f"{project.path}: has no preprocessing '{combination.preprocessing}'; it has {known}")
    training = functools.partial(
        train,
        data.table,
        [data.labels[item] for item in data.table.ids],
        class_name=class_name or project.class_name,
        steps=[step.entry for step in project.preprocessing[combination.preprocessing]],
        descriptor_names=combination.descriptor_names,
        exclude=combination.exclude,
        kernel=kernel_name(combination.kernel),
        C=2.0**combination.c_exponent,
        gamma=2.0**combination.gamma_exponent,
        balance_classes=combination.balance_classes,
        seed=calibration_seed(project.seed),
        solver=settings.solver,
        relaxations=settings.stopping.relaxations,
        evaluation=evaluation,
    )
    return pool.call(functools.partial(_train_alone, training))


def _train_alone(training: Callable[[], Model]) -> Model:
    # The worker's memory is for the model now.
    forget_kept()
    return training()


def calibration_seed(seed: float | str) -> int:
    """Return the seed of the probability calibration: the project's own where it is a whole number.

    Examples
    --------
    >>> calibration_seed(1.0), calibration_seed("None")
    (1, 3492043251)
    """
    if isinstance(seed, str) or seed != int(seed) or abs(seed) >= LARGEST_SEED:
        return zlib.crc32(repr(seed).encode())
    return int(seed)


def confusion_matrix(record: SweepRecord, evaluation: int, combination: int) -> dict[str, dict[str, list[str]]]:
    """Return actual class -> predicted class -> ids of one combination, an id once for each repeat."""
    matrix: dict[str, dict[str, list[str]]] = {}
    for given in record.repeats[evaluation]:
        for item, actual, predicted in zip(given.ids, given.actual, given.predicted[combination], strict=True):
            if predicted >= 0:
                row = matrix.setdefault(given.classes[actual], {})
                row.setdefault(given.classes[predicted], []).append(item)
    return matrix


def parameters_of(combination: CombinationSpec, evaluation: EvaluationSpec, groups: str = "") -> dict[str, object]:
    """Return what a reader wants to know of a combination and of the groups that its folds keep together, by name."""
    repeated = f", {evaluation.repeats} times" if evaluation.repeats > 1 else ""
    grouped = f", groups by {groups}" if groups else ""
    parameters: dict[str, object] = {
        "preprocessing": combination.preprocessing,
        "kernel": combination.kernel,
        "C": f"2^{combination.c_exponent} = {2.0**combination.c_exponent:g}",
        "gamma": f"2^{combination.gamma_exponent} = {2.0**combination.gamma_exponent:g}",
        "class weights": "balanced" if combination.balance_classes else "equal",
        "evaluation": f"{evaluation.nfold} folds{repeated}{grouped}",
    }
    if not combination.has_default_descriptors:
        parameters["descriptors"] = ", ".join(combination.descriptor_names)
        parameters["excluded"] = ", ".join(combination.exclude) or "none"
    return parameters
