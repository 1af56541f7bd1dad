"""The content of the report page, from what a sweep has left on disk."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from fastgrid.common.errors import UserError
from fastgrid.project.filelist import read_filelist
from fastgrid.project.judging import Judgement
from fastgrid.project.paths import printable
from fastgrid.project.record import DATASET, Ranked, SweepRecord, record_directory, relative
from fastgrid.project.report_standings import standings_of
from fastgrid.project.selection import confusion_matrix
from fastgrid.report.content import (
    ClassNumbers,
    DataFacts,
    Estimate,
    Estimates,
    Interval,
    LeftOut,
    ReportContent,
    RunFacts,
)

#: Packages that numbers depend on.
PACKAGES = ("fastgrid", "numpy", "numba", "scikit-learn")

_RULES = {
    "accuracy": "accuracy",
    "normalized_accuracy": "normalized accuracy",
    "one-standard-error": "accuracy and simplicity (the simplest within one standard error)",
}


def report_content(
    record: SweepRecord,
    standing: Ranked,
    judgement: Judgement | None,
    *,
    beside: Path,
    command: str = "",
    seconds: float | None = None,
) -> ReportContent:
    """Put together what the report page shows.

    Parameters
    ----------
    record : SweepRecord
    standing : Ranked
        Its ranking.
    judgement : Judgement or None
        Of the selected combination; None where all failed.
    beside : Path
        The directory of the page.
    command : str
        The command line that asked for it.
    seconds : float, optional
        How long that took.
    """
    project = record.project
    dataset = _dataset(record_directory(project) / DATASET)
    return ReportContent(
        title=project.class_name,
        project=relative(project.path, beside),
        standings=standings_of(record, standing, judgement),
        winner=None if judgement is None else judgement.choice.place,
        selection=_RULES["accuracy" if judgement is None else judgement.choice.rule],
        estimates=Estimates() if judgement is None else _estimates(record, judgement),
        data=_data_facts(record, dataset),
        matrix={} if judgement is None else _matrix(record, judgement),
        # That every row stands in the table needs not be said of each.
        paths=_paths(project.filelist) if project.table is None else {},
        classes=() if judgement is None else tuple(_classes(record, judgement)),
        left_out=tuple(_left_out(dataset)),
        notes=tuple(str(note) for note in dataset.get("notes", ())),
        warnings=tuple(_warnings(record, judgement)),
        run=RunFacts(
            command=command,
            project_text=project.path.read_text(encoding="utf-8", errors="replace"),
            versions={"Python": platform.python_version(), **_versions()},
            seconds=seconds,
            counters=_counters(record),
            solver=str(record.facts.get("solver", "")),
        ),
    )


def _dataset(path: Path) -> Mapping[str, Any]:
    # What the data are is told where it is known; a report can do without.
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and _is_usable(found) else {}


def _is_usable(dataset: Mapping[str, Any]) -> bool:
    # Somebody may have edited it.
    entries = [dataset.get(key, []) for key in ("left_out_files", "left_out_descriptors", "notes")]
    if not all(isinstance(found, list) for found in entries):
        return False
    named = all(isinstance(one, dict) and {"name", "reason"} <= one.keys() for one in (*entries[0], *entries[1]))
    return named and all(type(dataset.get(key, 0)) is int for key in ("descriptors", "dimensions"))


def _estimates(record: SweepRecord, judgement: Judgement) -> Estimates:
    estimate, nested = judgement.estimate, judgement.nested
    largest = record.predictions[judgement.choice.evaluation].classes[judgement.baseline.code]
    corrected: dict[str, Estimate] = {}
    if estimate is not None:
        for name in ("accuracy", "normalized_accuracy"):
            found = getattr(estimate, name)
            ends = Interval(found.low, found.high, 100.0 * estimate.level)
            corrected[f"corrected_{name}"] = Estimate(found.estimate, ends)
    if nested is not None:
        corrected["nested_accuracy"] = Estimate(nested["accuracy"])
        corrected["nested_normalized_accuracy"] = Estimate(nested["normalized_accuracy"])
    return Estimates(
        **corrected,
        majority_class=largest,
        majority_accuracy=judgement.baseline.accuracy,
    )


def _data_facts(record: SweepRecord, dataset: Mapping[str, Any]) -> DataFacts:
    first, project = record.predictions[0], record.project
    groups = record.groups
    return DataFacts(
        n_items=len(first.ids),
        n_classes=len(first.classes),
        n_descriptors=dataset.get("descriptors"),
        n_dimensions=dataset.get("dimensions"),
        evaluations=tuple(f"{evaluation.nfold} folds" for evaluation in project.evaluations),
        repeats=max(evaluation.repeats for evaluation in project.evaluations),
        n_groups=None if groups is None else len(set(groups)),
        groups_from="" if project.groups is None else project.groups.as_written(project.path.parent),
        seed=str(project.seed),
    )


def _matrix(record: SweepRecord, judgement: Judgement) -> dict[str, dict[str, list[str]]]:
    return confusion_matrix(record, judgement.choice.evaluation, judgement.choice.combination)


def _classes(record: SweepRecord, judgement: Judgement) -> Iterator[ClassNumbers]:
    found = judgement.classes
    for code, name in enumerate(record.predictions[judgement.choice.evaluation].classes):
        numbers = (float(values[code]) for values in (found.precision, found.recall, found.f1))
        precision, recall, f1 = (None if np.isnan(number) else number for number in numbers)
        yield ClassNumbers(name=name, support=int(found.support[code]), precision=precision, recall=recall, f1=f1)


def _paths(filelist: Path) -> dict[str, str]:
    try:
        return {item: printable(path) for item, path in read_filelist(filelist).items()}
    except UserError:
        return {}  # results are looked at elsewhere


def _left_out(dataset: Mapping[str, Any]) -> Iterator[LeftOut]:
    for kind, key in (("Files", "left_out_files"), ("Descriptors", "left_out_descriptors")):
        for entry in dataset.get(key, ()):
            yield LeftOut(kind=kind, name=str(entry.get("path", entry["name"])), reason=str(entry["reason"]))


def _warnings(record: SweepRecord, judgement: Judgement | None) -> Iterator[str]:
    for failure in record.facts.get("failures", ()):
        n_failed = len(failure["combinations"])
        yield f"{failure['what']}: failed twice, so that {n_failed} combinations have no rank: {failure['reason']}"
    if record.facts.get("hint"):
        yield str(record.facts["hint"])
    if judgement is not None and judgement.estimate is None:
        yield "All items are one group, so that nothing can be said of other items."


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree that is not installed
            continue
    return found


def _counters(record: SweepRecord) -> dict[str, int]:
    # Of all evaluations together, but for the number of combinations, which they share.
    total: dict[str, int] = {}
    for evaluation in record.facts.get("evaluations", ()):
        for name, count in evaluation.get("counters", {}).items():
            total[name] = count if name == "combinations" else total.get(name, 0) + count
    return total
