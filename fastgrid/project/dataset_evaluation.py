"""AcousticBrainz's job as one function: evaluate a dataset, and say what its server shows of it."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import make_directory, write_bytes, write_text
from fastgrid.common.safe_yaml import load_typed
from fastgrid.common.yaml_dump import dump
from fastgrid.project.dataset_request import (
    ARTISTS,
    asked_exponents,
    asked_files,
    asked_flag,
    asked_groups,
    asked_names,
    asked_number,
    asked_truth,
)
from fastgrid.project.filelist import write_filelist
from fastgrid.project.generating import generate_classification_project, keeping_old_project
from fastgrid.project.generation import MARK
from fastgrid.project.groundtruth import GroundTruth, check_same_ids, write_groundtruth
from fastgrid.project.paths import absolute
from fastgrid.project.record import DATASET, load_record, record_directory
from fastgrid.project.schema import PROJECT_KEYS, load_project
from fastgrid.project.selection import confusion_matrix
from fastgrid.project.settings import RunSettings
from fastgrid.project.training import TrainingOutcome, train_model

PathLike = str | os.PathLike[str]


def evaluate_dataset(
    groundtruth: PathLike | Mapping[str, str],
    filelist: PathLike | Mapping[str, PathLike],
    *,
    output_dir: PathLike | None = None,
    C: float | Sequence[float] | None = None,
    gamma: float | Sequence[float] | None = None,
    preprocessing: str | Sequence[str] | None = None,
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
        Gets project, results and model; a new temporary directory by default, which stays. Where an earlier call with
        other parameters wrote there, its project is kept as ``NAME.project.old``, and what it has solved is not solved
        again.
    C, gamma : int, float or sequence of them, optional
        Exponents of two, as in a project file: ``C=[-5, 1]`` tries 2^-5 and 2. By default those of the template.
    preprocessing : str or sequence of str, optional
        Names of the template's preprocessings, ``*`` for all of them. By default those that the template asks for.
    artist_filter : bool, path-like or mapping of str to str, optional
        Keep what is of one artist together in training or in test: True goes by the tag ``metadata.tags.artist`` of
        the descriptor files (one that lacks it is a group of its own; it is an error where all do),
        `fastgrid.train_model`'s `groups` may be given instead, or item id -> artist.
    normalize : bool
        Draw as many items of every class as the smallest one has; what is not drawn is not evaluated.
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
        ``normalized_accuracy``, ``corrected_accuracy`` (estimate, low, high; None where there is none), ``items``
        (number of each class that was evaluated) and ``left_out`` (item -> reason: files that cannot be used, and what
        only one of the two lists names).

    Raises
    ------
    UserError
        When the data or a value cannot be used, or there is one class only.

    Examples
    --------
    >>> fastgrid.evaluate_dataset("groundtruth.yaml", "filelist.yaml", C=[1, 5], gamma=[-3])  # doctest: +SKIP
    """
    console, drawn_equal = console or Console(quiet=True), asked_flag("normalize", normalize)
    force_consistency, seed = asked_flag("force_consistency", force_consistency), asked_number("seed", seed)
    truth, files = asked_truth(groundtruth, class_name), asked_files(filelist)
    grid = {"C": asked_exponents("C", C), "gamma": asked_exponents("gamma", gamma)}
    if not force_consistency:
        check_same_ids(truth.labels, files, _named(groundtruth, "groundtruth"), _named(filelist, "filelist"))
    unmatched = _unmatched(truth.labels, files)
    labels = {item: label for item, label in truth.labels.items() if item not in unmatched}
    if drawn_equal:
        labels = balanced(labels, seed)
    _check_classes(labels)
    output = absolute(tempfile.mkdtemp(prefix="fastgrid-") if output_dir is None else output_dir)
    lists = output / "groundtruth.yaml", output / "filelist.yaml"
    path = output / f"{truth.class_name}.project"
    make_directory(output)
    with _drafted(path, (*lists, output / ARTISTS)) as draft:
        write_groundtruth(lists[0], GroundTruth(truth.class_name, labels))
        write_filelist(lists[1], {item: files[item] for item in labels})
        generate_classification_project(
            *lists,
            draft,
            output / "datasets",
            output / "results",
            seed=seed,
            template=template,
            groups=asked_groups(artist_filter, output),
            console=console,
        )
        text = _with_grid(draft, grid, preprocessing)
    with keeping_old_project(path, console):
        write_text(path, text)
    outcome = train_model(
        *lists, path, output, output / f"{truth.class_name}.history", settings=settings, console=console
    )
    found = _report(outcome, unmatched)
    if len(found["items"]) < 2:
        only = one_line(next(iter(found["items"])), 60)
        raise UserError(f"groundtruth: only files of the class {only} can be used; give items of at least two classes")
    return found


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


def _named(given: object, name: str) -> PathLike:
    return name if isinstance(given, Mapping) else str(given)


def _unmatched(labels: Mapping[str, str], files: Mapping[str, Path]) -> dict[str, str]:
    missing = {item: "is not in the file list" for item in labels if item not in files}
    return missing | {item: "is not in the ground truth" for item in files if item not in labels}


def _check_classes(labels: Mapping[str, str]) -> None:
    found = sorted(set(labels.values()))
    if len(found) < 2:
        what = f"all items are of the class {one_line(found[0], 60)}" if found else "there are no items"
        raise UserError(f"groundtruth: {what}; give items of at least two classes")


@contextlib.contextmanager
def _drafted(path: Path, lists: tuple[Path, ...]) -> Iterator[Path]:
    # A place beside the project for another one, until it was found to be one; else the lists of the project that is
    # there stay those that it was made of. Relative paths hold in both places.
    draft = path.with_name(f".{path.stem}.draft.project")
    before = {each: each.read_bytes() if each.is_file() else None for each in lists}
    try:
        yield draft
    except BaseException as error:
        for each, content in before.items():
            if content is None:
                each.unlink(missing_ok=True)
            else:
                write_bytes(each, content)
        if isinstance(error, UserError):
            raise UserError(str(error).replace(str(draft), str(path))) from error
        raise
    finally:
        draft.unlink(missing_ok=True)


def _with_grid(draft: Path, grid: Mapping[str, list[int | float] | None], preprocessing: Any) -> str:
    # The project with what a caller wants in the place of what the template says.
    written: Any = load_typed(draft)
    names = asked_names(preprocessing, list(written["preprocessing"]))
    values = {key: given for key, given in [*grid.items(), ("preprocessing", names)] if given is not None}
    if not values:
        return draft.read_text(encoding="utf-8")
    # Lists that others refer to stand in the places where they are wanted by now.
    document = {key: value for key, value in written.items() if key in PROJECT_KEYS}
    for classifier in document["classifiers"]["svm"]:
        classifier |= values
    text = f"{MARK}\n{dump(document, sort_keys=False)}"
    write_text(draft, text)
    load_project(draft)
    return text


def _report(outcome: TrainingOutcome, unmatched: Mapping[str, str]) -> dict[str, Any]:
    selection, judgement = outcome.selection, outcome.reports.judgement
    scores, choice = selection.best.scores, selection.choice
    assert scores is not None
    record = load_record(outcome.project)
    matrix = confusion_matrix(record, choice.evaluation, choice.combination)
    dataset = json.loads((record_directory(outcome.project) / DATASET).read_text(encoding="utf-8"))
    estimate = None if judgement is None or judgement.estimate is None else judgement.estimate.accuracy
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
        "items": dataset["classes"],
        "left_out": {**unmatched, **{entry["name"]: entry["reason"] for entry in dataset["left_out_files"]}},
    }
