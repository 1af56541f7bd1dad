"""What a sweep left behind: predictions and a record that says what they are predictions of.

Each repeat of each evaluation has a file of predictions of its own: ``predictions.npz`` is the first repeat of the
first evaluation, ``predictions_1.npz`` that of the second one, and further repeats are told apart as those of result
files are: ``predictions_repeat2.npz``, ``predictions_1_repeat2.npz``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import write_text
from fastgrid.evaluation import Ranking, Scores, rank
from fastgrid.project.candidates import candidate_of
from fastgrid.project.combinations_spec import CombinationSpec, EvaluationSpec
from fastgrid.project.grouping import Grouping, load_grouping
from fastgrid.project.items import labels_of
from fastgrid.project.names import repeat_suffix, result_stems
from fastgrid.project.pooling import joined_scores, pooled_scores
from fastgrid.project.record_facts import check_facts
from fastgrid.project.schema import Project
from fastgrid.report.predictions import Predictions, read_predictions
from fastgrid.report.rows import Candidate, ReportRow, report_rows

SCHEMA = 1
RECORD = "sweep.json"
#: What the data are, and what was left out of them.
DATASET = "dataset.json"
#: Directory of finished tasks.
JOURNAL = "journal"
#: Names of files of predictions.
PREDICTIONS = re.compile(r"predictions(_[1-9][0-9]*)?(_repeat[1-9][0-9]*)?\.npz")


def record_directory(project: Project) -> Path:
    """Return where predictions, record and journal of a project lie.

    PROJECT_DIR where the project has the directories PROJECT_DIR/datasets and PROJECT_DIR/results, as those that the
    training commands make; else the results directory itself, so that projects sharing a parent keep apart.
    """
    datasets, results = project.datasets_directory, project.results_directory
    if datasets.parent == results.parent and (datasets.name, results.name) == ("datasets", "results"):
        return results.parent
    return results


def predictions_name(evaluation: int, repeat: int = 0) -> str:
    """Return the name of the predictions of one repeat of one of the project's evaluations, both counted from 0."""
    return f"predictions{f'_{evaluation}' if evaluation else ''}{repeat_suffix(repeat)}.npz"


def fingerprint(project: Project, labels: Mapping[str, str], grouping: Grouping | None) -> str:
    """Return a digest of what was asked: grid, evaluations, seed, preprocessing, ground truth and groups.

    Parameters
    ----------
    project : Project
    labels : mapping of str to str
        The ground truth as it stands in its file.
    grouping : Grouping or None
        With what stands in the file of groups, if there is one; whatever is read from descriptor files is not part of
        the digest.
    """
    asked: list[object] = [
        SCHEMA,
        project.class_name,
        repr(project.seed),
        [vars(combination) for combination in project.combinations()],
        [evaluation.as_written() for evaluation in project.evaluations],
        [[name, [step.entry for step in steps]] for name, steps in project.preprocessing.items()],
        list(project.excluded_descriptors),
        list(labels.items()),
    ]
    if grouping is not None:
        named = grouping.source.name if grouping.in_file is None else list(grouping.in_file.items())
        asked.append([grouping.source.kind, named])
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class SweepRecord:
    """The results of a sweep, read back.

    Attributes
    ----------
    project : Project
    combinations : tuple of CombinationSpec
        Those that were evaluated.
    repeats : list of tuple of Predictions
        For each evaluation of the project the predictions of each of its repeats (`fastgrid.project.pooling`).
    facts : mapping
        The rest of the record: counters, failures, versions.
    """

    project: Project
    combinations: tuple[CombinationSpec, ...]
    repeats: list[tuple[Predictions, ...]]
    facts: Mapping[str, Any]

    @property
    def predictions(self) -> list[Predictions]:
        """The first repeat of each evaluation."""
        return [repeats[0] for repeats in self.repeats]

    @property
    def groups(self) -> tuple[str, ...] | None:
        """The group of each item, in the order of the predictions; None where folds were made without groups."""
        groups = self.repeats[0][0].groups
        return None if groups is None else tuple(groups)


def write_record(record: SweepRecord, labels: Mapping[str, str], grouping: Grouping | None) -> None:
    """Write the record that makes the predictions beside it valid for its project.

    Parameters
    ----------
    record : SweepRecord
    labels : mapping of str to str
        The ground truth as it stands in its file.
    grouping : Grouping or None
        Of which the groups were made.
    """
    document = {
        "schema": SCHEMA,
        "fingerprint": fingerprint(record.project, labels, grouping),
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
        When there are none, they are damaged, or they belong to another grid, ground truth or groups.
    """
    path = record_directory(project) / RECORD
    remedy = f"run: fastgrid run_tests {project.path}"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        combinations = tuple(_combination_of_json(entry) for entry in document["combinations"])
        found = document["fingerprint"]
        check_facts(document, len(project.evaluations))
    except FileNotFoundError:
        raise UserError(f"{path}: there are no results yet; {remedy}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{path}: is damaged ({one_line(error, 100)}); {remedy}") from error
    labels = labels_of(project)
    grouping = None
    if project.groups is not None:
        grouping = load_grouping(project.groups, labels, f"{project.path}: groups")
    if found != fingerprint(project, labels, grouping):
        what = "the project or its ground truth" if grouping is None else "the project, its ground truth or its groups"
        raise UserError(f"{path}: {what} has changed since these results; {remedy}")
    directory = record_directory(project)
    repeats = [
        tuple(read_predictions(directory / predictions_name(index, repeat)) for repeat in range(evaluation.repeats))
        for index, evaluation in enumerate(project.evaluations)
    ]
    fits = all(
        _fit(given, combinations, repeats[0][0], evaluation.nfold)
        for parts, evaluation in zip(repeats, project.evaluations, strict=True)
        for given in parts
    )
    if not fits or combinations != project.combinations():
        raise UserError(f"{path}: does not fit the predictions beside it; {remedy}")
    return SweepRecord(project, combinations, repeats, document)


def _fit(given: Predictions, combinations: Sequence[CombinationSpec], first: Predictions, n_folds: int) -> bool:
    same_items = list(given.ids) == list(first.ids) and np.array_equal(given.actual, first.actual)
    same_classes = list(given.classes) == list(first.classes)
    if any(given.fold >= n_folds):
        return False
    return len(given.predicted) == len(combinations) and same_items and same_classes and given.groups == first.groups


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
    scores : Scores
        In the order of the record: all combinations of the first evaluation, then those of the next.
    ranking : Ranking
        Likewise.
    """

    rows: list[ReportRow]
    combinations: list[CombinationSpec]
    evaluations: list[EvaluationSpec]
    positions: list[tuple[int, int]]
    scores: Scores
    ranking: Ranking


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
    scores = joined_scores(
        [
            pooled_scores(repeats, evaluation.nfold)
            for repeats, evaluation in zip(record.repeats, evaluations, strict=True)
        ]
    )
    c_exponents = np.array([c.c_exponent for c in combinations] * len(evaluations))
    gamma_exponents = np.array([c.gamma_exponent for c in combinations] * len(evaluations))
    ranking = rank(scores, c_exponents, gamma_exponents)
    rows = report_rows(_candidates(record, beside), scores, ranking)
    positions = [divmod(int(index), len(combinations)) for index in ranking.order]
    return Ranked(
        rows,
        [combinations[c] for _, c in positions],
        [evaluations[e] for e, _ in positions],
        positions,
        scores,
        ranking,
    )


def failure_texts(record: SweepRecord) -> dict[tuple[int, int], str]:
    """Return why combinations failed: (evaluation index, combination index) -> reason."""
    reasons: dict[tuple[int, int], str] = {}
    for failure in record.facts.get("failures", ()):
        for combination in failure["combinations"]:
            repeat = f"repeat {failure['repeat'] + 1}, " if "repeat" in failure else ""
            reason = f"{repeat}fold {failure['fold']}: {failure['reason']}"
            reasons.setdefault((failure["evaluation"], combination), reason)
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
