"""``run_tests``: the sweep of a project, and the files it leaves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid import __version__
from fastgrid.common.console import Console
from fastgrid.common.errors import UserError
from fastgrid.common.fanout import Pool
from fastgrid.common.files import make_directory
from fastgrid.common.stopwatch import phase
from fastgrid.project.combinations_spec import CombinationSpec
from fastgrid.project.data import TrainingData, check_folds, load_data, write_dataset_report
from fastgrid.project.feature_sets import FeatureSets, build_feature_sets, choice_of
from fastgrid.project.groundtruth import read_groundtruth
from fastgrid.project.names import result_stems
from fastgrid.project.param_files import write_param
from fastgrid.project.record import (
    Ranked,
    SweepRecord,
    forget_record,
    predictions_name,
    ranked,
    record_directory,
    write_record,
)
from fastgrid.project.result_files import ResultWriter
from fastgrid.project.schema import Project
from fastgrid.project.settings import RunSettings
from fastgrid.report.predictions import Predictions, write_predictions
from fastgrid.sweep.combinations import Combination, Counters, SweepInput, SweepResult
from fastgrid.sweep.folds import gaia_folds
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits

KERNEL_NAMES = {"RBF": "rbf", "poly": "poly", "linear": "linear"}

#: Combinations that a warning of the same kind names.
MOST_WARNINGS = 10

#: What follows the class name in the name of a .param or .result file (see `combination_stem`).
_OUR_FILE = re.compile(
    r"_[a-z0-9._-]{0,40}(~[0-9a-f]{10})?_(rbf|poly|linear)_C[+-][0-9.e+-]+_gamma[+-][0-9.e+-]+_(un)?balanced"
    r"(_descriptors~[0-9a-f]{10})?(_[0-9]+fold)?\.(param|result)"
)


@dataclass(frozen=True, eq=False)
class SweepOutcome:
    """What a sweep of a project came to.

    Attributes
    ----------
    record : SweepRecord
        What is written.
    ranked : Ranked
        All combinations, best first; paths relative to the project file's directory.
    failures : tuple of str
        Tasks that failed twice, one line each.
    data : TrainingData
    """

    record: SweepRecord
    ranked: Ranked
    failures: tuple[str, ...]
    data: TrainingData


def sweep_project(
    project: Project, settings: RunSettings, pool: Pool, console: Console, notes: Sequence[str] = ()
) -> SweepOutcome:
    """Evaluate every combination of `project` and write results, parameters and predictions.

    Finished tasks of an interrupted sweep are taken over; results of another grid or other data never are.

    Raises
    ------
    UserError
        When the data cannot be trained on or something cannot be written.
    """
    data = load_data(project, pool, console, strict=settings.strict)
    for evaluation in project.evaluations:
        check_folds(project, data, evaluation.nfold, console)
    features = build_feature_sets(project, data.table, project.combinations())
    for warning in features.warnings:
        console.warn(warning)
    directory = make_directory(record_directory(project))
    write_dataset_report(directory / "dataset.json", data, features.summary, notes)
    combinations = tuple(c for c in project.combinations() if choice_of(c) in features.by_choice)
    if not combinations:
        raise UserError(f"{project.path}: no preprocessing leaves a usable descriptor; see the warnings above")
    forget_record(project)
    results = [
        _evaluate(project, index, data, features, combinations, settings, pool, console)
        for index in range(len(project.evaluations))
    ]
    failures = _failures(combinations, results)
    facts = _facts(project, data, settings, [result for _, result in results], failures)
    predictions = [_predictions(data, combinations, fold, result) for fold, result in results]
    record = SweepRecord(project, combinations, predictions, facts)
    _write(record, data, settings.results)
    lines = tuple(f"{entry['what']}: {entry['reason']}" for entry in failures)
    for line in lines:
        console.warn(f"failed twice: {line}")
    # Named in the ranking are files that are there, so only now.
    return SweepOutcome(record, ranked(record, project.path.parent), lines, data)


@phase("writing")
def _write(record: SweepRecord, data: TrainingData, results: str) -> None:
    project, directory = record.project, record_directory(record.project)
    only = ranked(record, project.path.parent).positions[0] if results == "best" else None
    write_combination_files(record, data.labels, only)
    for index, given in enumerate(record.predictions):
        write_predictions(directory / predictions_name(index), given)
    _remove_other_predictions(directory, len(record.predictions))
    # Last: from here on the predictions count as the results of this project.
    write_record(record, read_groundtruth(project.groundtruth).labels)


def sweep_combination(combination: CombinationSpec, features: FeatureSets) -> Combination:
    """Return what the sweep solves for a combination of a project."""
    return Combination(
        features.by_choice[choice_of(combination)].key,
        KERNEL_NAMES[combination.kernel],
        2.0**combination.c_exponent,
        2.0**combination.gamma_exponent,
        combination.balance_classes,
    )


def _evaluate(
    project: Project,
    index: int,
    data: TrainingData,
    features: FeatureSets,
    combinations: Sequence[CombinationSpec],
    settings: RunSettings,
    pool: Pool,
    console: Console,
) -> tuple[npt.NDArray[np.int16], SweepResult]:
    # One evaluation: its folds, and the predictions of every combination.
    n_folds = project.evaluations[index].nfold
    folds = data.in_rows(gaia_folds(list(data.labels.values()), n_folds, project.seed))
    given = SweepInput(
        {chosen.key: chosen for chosen in features.by_choice.values()},
        [sweep_combination(combination, features) for combination in combinations],
        data.codes,
        Splits.of_folds(folds, n_folds),
    )
    step = "solving" if index == 0 else f"solving ({n_folds} folds)"

    def progress(done: int, total: int) -> None:
        console.expect(step, total)
        console.advance(step, done)

    options = SweepOptions(
        solver=settings.solver,
        stopping=settings.stopping,
        isolated=settings.cluster_mode or project.cluster_mode,
        journal=record_directory(project) / "journal",
        progress=progress,
        memory_limit=settings.memory_limit,
    )
    with phase("sweep"):
        result = run_sweep(given, pool, options)
    for number in result.unconverged[:MOST_WARNINGS]:
        console.warn(f"{_describe(combinations[number])}: a solver run hit the iteration cap; its result may be poor")
    if len(result.unconverged) > MOST_WARNINGS:
        console.warn(f"so did runs of {len(result.unconverged) - MOST_WARNINGS} more combinations")
    if settings.memory_limit is not None and result.memory_needed:
        wanted = result.memory_needed / 2**20
        console.warn(f"the memory limit may have been exceeded: this sweep takes up to {wanted:.0f} MiB at the least")
    console.note(_work_done(result.counters))
    return folds, result


def _work_done(counters: Counters) -> str:
    return (
        f"{counters.combinations} combinations: {counters.problems_asked} problems asked, {counters.problems_solved} "
        f"distinct; of their {counters.pairs_asked} pair problems {counters.pairs_solved} solved"
    )


def _describe(combination: CombinationSpec) -> str:
    weights = "balanced" if combination.balance_classes else "unbalanced"
    return (
        f"{combination.preprocessing}, {combination.kernel}, C 2^{combination.c_exponent}, "
        f"gamma 2^{combination.gamma_exponent}, {weights}"
    )


def _failures(
    combinations: Sequence[CombinationSpec], results: Sequence[tuple[npt.NDArray[np.int16], SweepResult]]
) -> list[dict[str, Any]]:
    # Every failed task with the combinations that have no prediction in its fold.
    listed: list[dict[str, Any]] = []
    for evaluation, (folds, result) in enumerate(results):
        for failure in result.failures:
            without = (result.predicted[:, folds == failure.fold] < 0).any(axis=1)
            listed.append(
                {
                    "evaluation": evaluation,
                    "what": f"{failure.features}, {failure.kernel}, gamma {failure.gamma:g}, fold {failure.fold}",
                    "fold": failure.fold,
                    "reason": failure.reason,
                    "combinations": np.flatnonzero(without).tolist(),
                }
            )
    return listed


def _facts(
    project: Project,
    data: TrainingData,
    settings: RunSettings,
    results: Sequence[SweepResult],
    failures: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "fastgrid": __version__,
        "solver": settings.solver,
        "stopping": asdict(settings.stopping),
        "seed": project.seed,
        "items": len(data.labels),
        "evaluations": [
            {**asdict(evaluation), "counters": asdict(result.counters)}
            for evaluation, result in zip(project.evaluations, results, strict=True)
        ],
        "failures": failures,
    }


def _predictions(
    data: TrainingData, combinations: Sequence[CombinationSpec], fold: npt.NDArray[np.int16], result: SweepResult
) -> Predictions:
    return Predictions(
        ids=data.table.ids,
        classes=data.classes,
        actual=data.codes,
        fold=fold,
        preprocessing=[combination.preprocessing for combination in combinations],
        kernel=[combination.kernel for combination in combinations],
        c_exponent=np.array([combination.c_exponent for combination in combinations]),
        gamma_exponent=np.array([combination.gamma_exponent for combination in combinations]),
        balance_classes=np.array([combination.balance_classes for combination in combinations]),
        predicted=result.predicted,
    )


def write_combination_files(record: SweepRecord, labels: Mapping[str, str], only: tuple[int, int] | None) -> None:
    """Write the .param of every combination and its .result; those of an earlier grid are removed.

    Parameters
    ----------
    record : SweepRecord
    labels : mapping of str to str
        Class of each item, in the order of the ground truth.
    only : (evaluation index, combination index), optional
        Write the .result of this one only.
    """
    project = record.project
    directory = make_directory(project.results_directory)
    stems = result_stems(project.class_name, record.combinations, project.evaluations)
    written = set()
    for index, given in enumerate(record.predictions):
        writer = ResultWriter(labels, given.ids, given.fold.tolist(), given.classes)
        for number, stem in enumerate(stems[index]):
            write_param(directory / f"{stem}.param", record.combinations[number], project.evaluations[index])
            written.add(f"{stem}.param")
            # A combination that failed has no result.
            if only in (None, (index, number)) and (given.predicted[number] >= 0).all():
                writer.write(directory / f"{stem}.result", given.predicted[number].tolist())
                written.add(f"{stem}.result")
    remove_result_files(directory, project.class_name, keep=written)


def _remove_other_predictions(directory: Path, n_evaluations: int) -> None:
    # Those of evaluations that the project had before.
    index = n_evaluations
    while (path := directory / predictions_name(index)).exists():
        path.unlink()
        index += 1


def remove_result_files(directory: Path, class_name: str, keep: set[str] | frozenset[str] = frozenset()) -> None:
    """Remove the .param and .result files that fastgrid wrote into `directory` for `class_name`, except `keep`."""
    if not directory.is_dir():
        return
    for path in directory.iterdir():
        ours = path.name.startswith(class_name) and _OUR_FILE.fullmatch(path.name, len(class_name))
        if ours and path.name not in keep:
            path.unlink()
