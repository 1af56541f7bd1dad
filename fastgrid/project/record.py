"""What a sweep left behind: predictions and a record that says what they are predictions of."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import write_text
from fastgrid.evaluation import Scores, rank, score
from fastgrid.project.candidates import candidate_of
from fastgrid.project.combinations_spec import CombinationSpec, EvaluationSpec
from fastgrid.project.groundtruth import read_groundtruth
from fastgrid.project.names import result_stems
from fastgrid.project.schema import Project
from fastgrid.report.predictions import Predictions, read_predictions
from fastgrid.report.rows import Candidate, ReportRow, report_rows

SCHEMA = 1
RECORD = "sweep.json"


def record_directory(project: Project) -> Path:
    """Return where predictions, record and journal of a project lie.

    PROJECT_DIR where the project has the directories PROJECT_DIR/datasets and PROJECT_DIR/results, as those that the
    training commands make; else the results directory itself, so that projects sharing a parent keep apart.
    """
    datasets, results = project.datasets_directory, project.results_directory
    if datasets.parent == results.parent and (datasets.name, results.name) == ("datasets", "results"):
        return results.parent
    return results


def predictions_name(evaluation: int) -> str:
    """Return the name of the predictions of one of the project's evaluations."""
    return "predictions.npz" if evaluation == 0 else f"predictions_{evaluation}.npz"


def fingerprint(project: Project, labels: Mapping[str, str]) -> str:
    """Return a digest of what was asked: grid, evaluations, seed, preprocessing and ground truth.

    Parameters
    ----------
    project : Project
    labels : mapping of str to str
        The ground truth as it stands in its file.
    """
    asked = [
        SCHEMA,
        project.class_name,
        repr(project.seed),
        [vars(combination) for combination in project.combinations()],
        [vars(evaluation) for evaluation in project.evaluations],
        [[name, [step.entry for step in steps]] for name, steps in project.preprocessing.items()],
        list(project.excluded_descriptors),
        list(labels.items()),
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class SweepRecord:
    """The results of a sweep, read back.

    Attributes
    ----------
    project : Project
    combinations : tuple of CombinationSpec
        Those that were evaluated.
    predictions : list of Predictions
        One per evaluation of the project.
    facts : mapping
        The rest of the record: counters, failures, versions.
    """

    project: Project
    combinations: tuple[CombinationSpec, ...]
    predictions: list[Predictions]
    facts: Mapping[str, Any]


def write_record(record: SweepRecord, labels: Mapping[str, str]) -> None:
    """Write the record that makes the predictions beside it valid for its project.

    Parameters
    ----------
    record : SweepRecord
    labels : mapping of str to str
        The ground truth as it stands in its file.
    """
    document = {
        "schema": SCHEMA,
        "fingerprint": fingerprint(record.project, labels),
        "combinations": [vars(combination) for combination in record.combinations],
        **record.facts,
    }
    write_text(record_directory(record.project) / RECORD, json.dumps(document, indent=1) + "\n")


def forget_record(project: Project) -> None:
    """Make what an earlier sweep left invalid, before a new one begins."""
    (record_directory(project) / RECORD).unlink(missing_ok=True)


def load_record(project: Project) -> SweepRecord:
    """Read the results of the sweep of `project`.

    Raises
    ------
    UserError
        When there are none, they are damaged, or they belong to another grid or ground truth.
    """
    path = record_directory(project) / RECORD
    remedy = f"run: fastgrid run_tests {project.path}"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        combinations = tuple(_combination_of_json(entry) for entry in document["combinations"])
        found = document["fingerprint"]
    except FileNotFoundError:
        raise UserError(f"{path}: there are no results yet; {remedy}") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path}: is damaged ({one_line(error, 100)}); {remedy}") from error
    if found != fingerprint(project, read_groundtruth(project.groundtruth).labels):
        raise UserError(f"{path}: the project or its ground truth has changed since these results; {remedy}")
    directory = record_directory(project)
    predictions = [read_predictions(directory / predictions_name(i)) for i in range(len(project.evaluations))]
    if any(len(given.predicted) != len(combinations) for given in predictions):
        raise UserError(f"{path}: does not fit the predictions beside it; {remedy}")
    return SweepRecord(project, combinations, predictions, document)


@dataclass(frozen=True, eq=False)
class Ranked:
    """All combinations of all evaluations in one ranking.

    Attributes
    ----------
    rows : list of ReportRow
        Best first.
    combinations, evaluations : list of CombinationSpec, of EvaluationSpec
        In the order of `rows`.
    positions : list of (evaluation index, combination index)
        In the order of `rows`.
    """

    rows: list[ReportRow]
    combinations: list[CombinationSpec]
    evaluations: list[EvaluationSpec]
    positions: list[tuple[int, int]]


def ranked(record: SweepRecord, beside: Path) -> Ranked:
    """Rank all combinations of all evaluations of a project.

    Parameters
    ----------
    record : SweepRecord
    beside : Path
        The directory that the files in the rows are named relative to.
    """
    project, combinations = record.project, record.combinations
    evaluations = project.evaluations
    parts = [
        score(given.predicted, given.actual, given.fold, evaluation.nfold, len(given.classes))
        for given, evaluation in zip(record.predictions, evaluations, strict=True)
    ]
    scores = Scores(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("accuracy", "accuracy_std", "normalized_accuracy", "normalized_accuracy_std", "complete")
        )
    )
    c_exponents = np.array([c.c_exponent for c in combinations] * len(evaluations))
    gamma_exponents = np.array([c.gamma_exponent for c in combinations] * len(evaluations))
    ranking = rank(scores, c_exponents, gamma_exponents)
    rows = report_rows(_candidates(record, beside), scores, ranking)
    positions = [divmod(int(index), len(combinations)) for index in ranking.order]
    return Ranked(rows, [combinations[c] for _, c in positions], [evaluations[e] for e, _ in positions], positions)


def failure_texts(record: SweepRecord) -> dict[tuple[int, int], str]:
    """Return why combinations failed: (evaluation index, combination index) -> reason."""
    reasons: dict[tuple[int, int], str] = {}
    for failure in record.facts.get("failures", ()):
        for combination in failure["combinations"]:
            reasons.setdefault((failure["evaluation"], combination), f"fold {failure['fold']}: {failure['reason']}")
    return reasons


def _candidates(record: SweepRecord, beside: Path) -> list[Candidate]:
    project = record.project
    reasons = failure_texts(record)
    stems = result_stems(project.class_name, record.combinations, project.evaluations)
    directory = project.results_directory
    present = {path.name for path in directory.iterdir()} if directory.is_dir() else set()
    prefix = relative(directory, beside)

    def named(file: str) -> str:
        return f"{prefix}/{file}" if file in present else ""

    return [
        candidate_of(
            combination,
            evaluation,
            results_file=named(f"{stems[e][c]}.result"),
            param_file=named(f"{stems[e][c]}.param"),
            failure=reasons.get((e, c), ""),
        )
        for e, evaluation in enumerate(project.evaluations)
        for c, combination in enumerate(record.combinations)
    ]


def relative(path: Path, directory: Path) -> str:
    """Return `path` relative to `directory`, with forward slashes."""
    return Path(os.path.relpath(path.resolve(), directory.resolve())).as_posix()


def _combination_of_json(entry: Mapping[str, Any]) -> CombinationSpec:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return CombinationSpec(**fields)
