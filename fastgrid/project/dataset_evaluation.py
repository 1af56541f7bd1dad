"""AcousticBrainz's job as one function: evaluate a dataset, and say what its server shows of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import make_directory, write_text
from fastgrid.common.safe_yaml import load_typed
from fastgrid.common.yaml_dump import dump
from fastgrid.project.filelist import read_filelist, write_filelist
from fastgrid.project.generating import generate_classification_project
from fastgrid.project.generation import MARK
from fastgrid.project.groundtruth import GroundTruth, check_same_ids, read_groundtruth, write_groundtruth
from fastgrid.project.group_hint import TAGS
from fastgrid.project.names import class_name_fault
from fastgrid.project.paths import absolute
from fastgrid.project.record import load_record
from fastgrid.project.schema import PROJECT_KEYS, load_project
from fastgrid.project.selection import confusion_matrix
from fastgrid.project.settings import RunSettings
from fastgrid.project.training import TrainingOutcome, train_model

PathLike = str | os.PathLike[str]

#: What a mapping of ids to classes is called, where nothing says what the classes are classes of.
NAMELESS = "dataset"


def evaluate_dataset(
    groundtruth: PathLike | Mapping[str, str],
    filelist: PathLike | Mapping[str, PathLike],
    *,
    output_dir: PathLike | None = None,
    C: Sequence[float] | None = None,
    gamma: Sequence[float] | None = None,
    preprocessing: Sequence[str] | None = None,
    artist_filter: bool | PathLike | Mapping[str, str] | None = None,
    normalize: bool = False,
    class_name: str | None = None,
    seed: float = 1.0,
    template: PathLike | None = None,
    force_consistency: bool = False,
    settings: RunSettings | None = None,
    console: Console | None = None,
) -> dict[str, Any]:
    """Evaluate a dataset: find the best parameters by cross-validation, train the final model with them.

    Parameters
    ----------
    groundtruth : path-like or mapping of str to str
        A ground-truth file, or item id -> class.
    filelist : path-like or mapping of str to path-like
        A file list, or item id -> descriptor file, which may lie in a tar archive.
    output_dir : path-like, optional
        Gets project, results and model; a new temporary directory by default, which stays.
    C, gamma : sequence of int or float, optional
        Exponents of two, as in a project file: ``C=[-5, 1]`` tries 2^-5 and 2. By default those of the template.
    preprocessing : sequence of str, optional
        Names of the template's preprocessings; by default all of them.
    artist_filter : bool, path-like or mapping of str to str, optional
        Keep what is of one artist together in training or in test: True goes by the tag, `fastgrid.train_model`'s
        `groups` may be given instead, or item id -> artist.
    normalize : bool
        Draw as many items of every class as the smallest one has.
    class_name : str, optional
        What the classes are classes of; by default what the ground-truth file says.
    seed : float
        Of the folds and of what `normalize` draws.
    template, force_consistency, settings, console
        As for `fastgrid.generate_classification_project` and `fastgrid.train_model`.

    Returns
    -------
    dict
        JSON-able: ``parameters`` (those of the best combination, as a .param file has them), ``accuracy`` (percent, two
        decimals), ``confusion_matrix`` (actual class -> predicted class -> number of items), ``history_path``; beyond
        what AcousticBrainz's server asks for ``model_path``, ``project_path``, ``report_path``,
        ``normalized_accuracy``, ``corrected_accuracy`` (estimate, low, high; None where there is none) and ``items``
        (number of each class).

    Raises
    ------
    UserError
        When the data or a value cannot be used.

    Examples
    --------
    >>> fastgrid.evaluate_dataset("groundtruth.yaml", "filelist.yaml", C=[1, 5], gamma=[-3])  # doctest: +SKIP
    """
    console = console or Console(quiet=True)
    truth = _truth(groundtruth, class_name)
    files = read_filelist(filelist) if not isinstance(filelist, Mapping) else _paths(filelist)
    if not force_consistency:
        check_same_ids(truth.labels, files, _named(groundtruth, "groundtruth"), _named(filelist, "filelist"))
    labels = {item: label for item, label in truth.labels.items() if item in files}
    if normalize:
        labels = balanced(labels, seed)
    output = absolute(tempfile.mkdtemp(prefix="fastgrid-") if output_dir is None else output_dir)
    lists = output / "groundtruth.yaml", output / "filelist.yaml"
    make_directory(output)
    write_groundtruth(lists[0], GroundTruth(truth.class_name, labels))
    write_filelist(lists[1], {item: files[item] for item in labels})
    path = output / f"{truth.class_name}.project"
    generate_classification_project(
        *lists,
        path,
        output / "datasets",
        output / "results",
        seed=seed,
        template=template,
        groups=_groups(artist_filter, output),
        console=console,
    )
    _write_grid(path, {"C": C, "gamma": gamma, "preprocessing": preprocessing})
    outcome = train_model(
        *lists, path, output, output / f"{truth.class_name}.history", settings=settings, console=console
    )
    return _report(outcome, labels)


def balanced(labels: Mapping[str, str], seed: float) -> dict[str, str]:
    """Return as many items of every class as the smallest class has, drawn by chance, in their order."""
    by_class: dict[str, list[str]] = {}
    for item, label in labels.items():
        by_class.setdefault(label, []).append(item)
    least = min(map(len, by_class.values()), default=0)
    random = np.random.default_rng(int(np.float64(seed).view(np.uint64)))
    drawn = {
        by_class[label][int(place)]
        for label in sorted(by_class)
        for place in random.choice(len(by_class[label]), least, replace=False)
    }
    return {item: label for item, label in labels.items() if item in drawn}


def _truth(given: PathLike | Mapping[str, str], class_name: str | None) -> GroundTruth:
    if isinstance(given, Mapping):
        truth = GroundTruth(NAMELESS, {str(item): str(given[item]) for item in sorted(given)})
    else:
        truth = read_groundtruth(given)
    name = truth.class_name if class_name is None else class_name
    fault = class_name_fault(name)
    if fault:
        raise UserError(f"class_name: {fault}")
    return GroundTruth(name, truth.labels)


def _paths(given: Mapping[str, PathLike]) -> dict[str, Path]:
    return {str(item): absolute(path) for item, path in given.items()}


def _named(given: object, name: str) -> PathLike:
    return name if isinstance(given, Mapping) else str(given)


def _groups(artist_filter: bool | PathLike | Mapping[str, str] | None, output: Path) -> PathLike | None:
    if artist_filter is None or artist_filter is False:
        return None
    if artist_filter is True:
        return next(tag for tag in TAGS if tag.endswith(".artist"))
    if isinstance(artist_filter, Mapping):
        path = output / "artists.yaml"
        write_text(path, dump({str(item): str(artist) for item, artist in artist_filter.items()}, sort_keys=True))
        return path
    return artist_filter


def _write_grid(path: Path, wanted: Mapping[str, Sequence[Any] | None]) -> None:
    # What a caller wants in the place of what the template says.
    values = {key: list(given) for key, given in wanted.items() if given is not None}
    if not values:
        return
    for key, given in values.items():
        if not given:
            raise UserError(f"{key} is empty; give some values, or leave it out")
    written: Any = load_typed(path)
    # Lists that others refer to stand in the places where they are wanted by now.
    document = {key: value for key, value in written.items() if key in PROJECT_KEYS}
    for classifier in document["classifiers"]["svm"]:
        classifier |= values
    unknown = [name for name in values.get("preprocessing", []) if name not in document["preprocessing"]]
    if unknown:
        known = ", ".join(document["preprocessing"])
        raise UserError(f"preprocessing: there is no {one_line(repr(unknown[0]), 60)}; the template has {known}")
    write_text(path, f"{MARK}\n{dump(document, sort_keys=False)}")
    load_project(path)


def _report(outcome: TrainingOutcome, labels: Mapping[str, str]) -> dict[str, Any]:
    selection, judgement = outcome.selection, outcome.reports.judgement
    scores, choice = selection.best.scores, selection.choice
    assert scores is not None
    matrix = confusion_matrix(load_record(outcome.project), choice.evaluation, choice.combination)
    estimate = None if judgement is None or judgement.estimate is None else judgement.estimate.accuracy
    counts: dict[str, int] = {}
    for label in labels.values():
        counts[label] = counts.get(label, 0) + 1
    return {
        "parameters": load_typed(selection.param_path),
        "accuracy": round(scores.accuracy, 2),
        "confusion_matrix": {
            actual: {predicted: len(items) for predicted, items in sorted(row.items())}
            for actual, row in sorted(matrix.items())
        },
        "history_path": None if selection.history_path is None else str(selection.history_path),
        "model_path": str(selection.model_path),
        "project_path": str(outcome.project.path),
        "report_path": str(outcome.reports.page),
        "normalized_accuracy": round(scores.normalized_accuracy, 2),
        "corrected_accuracy": None if estimate is None else asdict(estimate),
        "items": dict(sorted(counts.items())),
    }
