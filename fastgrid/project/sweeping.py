"""``run_tests``: the sweep of a project, and the files it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fastgrid import __version__
from fastgrid.common.console import Console
from fastgrid.common.errors import DryRunDone
from fastgrid.common.fanout import Pool
from fastgrid.common.files import make_directory
from fastgrid.common.stopwatch import phase
from fastgrid.kernels.jit import compiled_before
from fastgrid.project.combination_files import write_combination_files
from fastgrid.project.combinations_spec import CombinationSpec
from fastgrid.project.data import TrainingData, write_dataset_report
from fastgrid.project.evaluating import Evaluated
from fastgrid.project.folds import FOLDS_FILE, Folds, write_folds
from fastgrid.project.group_hint import shared_tag_hint
from fastgrid.project.items import labels_of
from fastgrid.project.nesting import nested_facts
from fastgrid.project.planning import long_lines, plan_of, short_lines
from fastgrid.project.preparing import prepare
from fastgrid.project.record import (
    DATASET,
    PREDICTIONS,
    Ranked,
    SweepRecord,
    forget_record,
    predictions_name,
    ranked,
    record_directory,
    write_record,
)
from fastgrid.project.schema import Project
from fastgrid.project.settings import RunSettings
from fastgrid.report.predictions import Predictions, write_predictions

#: Where the kernels of a solver are that take long to compile.
_SOLVER_MODULES = {"smo": "smo_pairs", "smo-fast": "smo_fast_pairs"}


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
    DryRunDone
        Where the settings ask for a dry run: with the plan.
    """
    prepared = prepare(project, settings, pool, console)
    if not settings.uses_cluster and not compiled_before(_SOLVER_MODULES.get(settings.solver, "gram")):
        console.note("compiling the solver for this machine first, once: half a minute on a small one")
    if settings.dry_run:
        plan = plan_of(prepared, measured=True)
        elsewhere = ["workers, memory and time are those of this machine, not of the cluster"]
        raise DryRunDone(plan, [*long_lines(plan), *(elsewhere if settings.uses_cluster else [])])
    if not settings.uses_cluster:
        for line in short_lines(plan_of(prepared, measured=False)):
            console.note(line)
    data, folds, evaluator = prepared.data, prepared.folds, prepared.evaluator
    combinations = evaluator.combinations
    hint = _hint(project, data)
    directory = make_directory(record_directory(project))
    write_dataset_report(directory / DATASET, data, prepared.features.summary, notes)
    forget_record(project)
    evaluated = [evaluator.evaluate(index, repeats) for index, repeats in enumerate(folds)]
    failures = _failures(evaluated)
    facts = _facts(project, data, settings, evaluated, failures)
    if settings.select:
        facts["select"] = settings.select
    if hint:
        facts["hint"] = hint
    if settings.nested:
        facts["nested"] = [nested_facts(evaluator, one) for one in evaluated]
    record = SweepRecord(project, combinations, [_predictions(data, combinations, one) for one in evaluated], facts)
    _write(record, data, folds, settings.results)
    lines = tuple(f"{entry['what']}: {entry['reason']}" for entry in failures)
    for line in lines:
        console.warn(f"failed twice: {line}")
    if hint:
        # Beside the numbers that it is about.
        console.warn(hint)
    # Named in the ranking are files that are there, so only now.
    return SweepOutcome(record, ranked(record, project.path.parent), lines, data)


def _hint(project: Project, data: TrainingData) -> str:
    # What tags that files share may do to the numbers; empty where there is nothing to say.
    if data.groups is not None:
        return ""
    most = max(evaluation.nfold for evaluation in project.evaluations)
    return shared_tag_hint(data.labels, data.collection.texts, most, project.path.name) or ""


@phase("writing")
def _write(record: SweepRecord, data: TrainingData, folds: Sequence[Sequence[Folds]], results: str) -> None:
    project, directory = record.project, record_directory(record.project)
    only = ranked(record, project.path.parent).positions[0] if results == "best" else None
    write_combination_files(record, data.labels, only)
    written = set()
    for index, repeats in enumerate(record.repeats):
        for repeat, given in enumerate(repeats):
            name = predictions_name(index, repeat)
            write_predictions(directory / name, given)
            written.add(name)
    for path in directory.iterdir():
        # Those of evaluations and repeats that the project had before.
        if PREDICTIONS.fullmatch(path.name) and path.name not in written:
            path.unlink()
    write_folds(directory / FOLDS_FILE, data, project.evaluations, folds)
    # Last: from here on the predictions count as the results of this project.
    # A table may have changed meanwhile; it is these classes that predictions were made for.
    labels = labels_of(project) if project.table is None else data.labels
    write_record(record, labels, data.grouping)


def _failures(evaluated: Sequence[Evaluated]) -> list[dict[str, Any]]:
    # Every failed task with the combinations that have no prediction in its fold.
    listed: list[dict[str, Any]] = []
    for index, one in enumerate(evaluated):
        for repeat, result in enumerate(one.results):
            again = {"repeat": repeat} if len(one.results) > 1 else {}
            where = f"repeat {repeat + 1}, " if again else ""
            for failure in result.failures:
                without = (result.by_fold[failure.fold] < 0).any(axis=1)
                listed.append(
                    {
                        "evaluation": index,
                        **again,
                        "what": f"{failure.features}, {failure.kernel}, gamma {failure.gamma:g}, "
                        f"{where}fold {failure.fold}",
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
    evaluated: Sequence[Evaluated],
    failures: list[dict[str, Any]],
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "fastgrid": __version__,
        "solver": settings.solver,
        "stopping": asdict(settings.stopping),
        "seed": project.seed,
        "items": len(data.labels),
        "evaluations": [
            {**one.evaluation.as_written(), "counters": asdict(one.counters), "same_problem": one.same_problem()}
            for one in evaluated
        ],
        "failures": failures,
    }
    if project.groups is not None and data.groups is not None:
        facts["groups"] = {"from": project.groups.label, "number": len(set(data.groups.values()))}
    return facts


def _predictions(
    data: TrainingData, combinations: Sequence[CombinationSpec], evaluated: Evaluated
) -> tuple[Predictions, ...]:
    # One for each repeat.
    groups = None if data.groups is None else tuple(data.groups[item] for item in data.table.ids)
    return tuple(
        Predictions(
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
            groups=groups,
        )
        for fold, result in zip(evaluated.folds, evaluated.results, strict=True)
    )
