"""What a training will take: said before it starts, and all that ``--dry-run`` does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fastgrid.common.console import duration
from fastgrid.common.memory import available_memory
from fastgrid.model.machines import bytes_of_machines
from fastgrid.project.nesting import nested_splits
from fastgrid.project.preparing import Prepared
from fastgrid.sweep.memory import fixed_bytes
from fastgrid.sweep.outlook import Outlook, foresee
from fastgrid.sweep.pace import measured_pace
from fastgrid.sweep.splits import Splits

MEBIBYTE = 2**20


@dataclass(frozen=True)
class TrainingPlan:
    """What a training of a project will take.

    Attributes
    ----------
    items, classes, combinations : int
    matrices : list of (str, int)
        Preprocessings, or variants of one, and the dimensions that they leave.
    sweeps : list of (str, Outlook)
        What is swept, and what that takes: each repeat of each evaluation, and what ``--nested`` adds.
    jobs : int
        Workers that there are.
    limit : int
        Bytes that all processes together may take.
    predictions : int
        Bytes of the predictions, which are kept until the results are written.
    model : int
        Bytes that training the final model takes at most.
    pace : float
        How many times longer tasks take on this machine than estimated; 1 where it was not measured.
    """

    items: int
    classes: int
    combinations: int
    matrices: list[tuple[str, int]]
    sweeps: list[tuple[str, Outlook]]
    jobs: int
    limit: int
    predictions: int
    model: int
    pace: float = 1.0

    @property
    def seconds(self) -> float:
        """Roughly, of all sweeps one after the other."""
        return self.pace * sum(outlook.duration for _, outlook in self.sweeps)

    @property
    def bytes_needed(self) -> int:
        """Memory of all processes together at the most, as far as it is known before."""
        sweeping = max(outlook.bytes_needed for _, outlook in self.sweeps) + self.predictions
        # Workers wait while one of them trains the model.
        return max(sweeping, self.model + fixed_bytes(self.jobs + 1) + self.predictions)

    @property
    def least_bytes(self) -> int:
        """Memory of all processes together below which it is not sure to come to its end."""
        sweeping = max(outlook.least_bytes for _, outlook in self.sweeps) + self.predictions
        return max(sweeping, self.model + fixed_bytes(self.jobs + 1) + self.predictions)


def plan_of(prepared: Prepared, *, measured: bool) -> TrainingPlan:
    """Return what the training will take.

    Parameters
    ----------
    prepared : Prepared
    measured : bool
        Look into the journal, and solve a sample for a second or two to know the pace of this machine.
    """
    evaluator = prepared.evaluator
    settings, jobs = evaluator.settings, evaluator.pool.jobs
    limit = settings.memory_limit or available_memory() // 2
    options = evaluator.options() if measured else replace(evaluator.options(), journal=None)
    asked = [(name, foresee(evaluator.sweep_input(splits), jobs, limit, options)) for name, splits in _sweeps(prepared)]
    data, n_tests = prepared.data, sum(len(repeats) for repeats in prepared.folds)
    widest = max(features.values.shape[1] for features in evaluator.features.by_choice.values())
    pace = 1.0
    if measured and any(outlook.tasks for _, outlook in asked):
        first = evaluator.project.evaluations[0]
        splits = Splits.of_folds(prepared.folds[0][0], first.nfold)
        pace = measured_pace(evaluator.sweep_input(splits), options)
    return TrainingPlan(
        items=len(data.labels),
        classes=len(data.classes),
        combinations=len(evaluator.combinations),
        matrices=[(chosen.key, chosen.values.shape[1]) for chosen in evaluator.features.by_choice.values()],
        sweeps=asked,
        jobs=jobs,
        limit=limit,
        predictions=2 * len(evaluator.combinations) * len(data.labels) * n_tests,
        model=bytes_of_machines(np.bincount(data.codes), widest),
        pace=pace,
    )


def _sweeps(prepared: Prepared) -> list[tuple[str, Splits]]:
    evaluator, found = prepared.evaluator, []
    for index, (evaluation, repeats) in enumerate(zip(evaluator.project.evaluations, prepared.folds, strict=True)):
        for number, folds in enumerate(repeats):
            name = f"{evaluation.nfold} folds" + (f", repeat {number + 1}" if len(repeats) > 1 else "")
            found.append((name, Splits.of_folds(folds, evaluation.nfold)))
        if evaluator.settings.nested:
            name = f"nested ({evaluation.nfold} folds)"
            found.append((name, nested_splits(evaluator, evaluation.nfold, prepared.folds[index][0])[0]))
    return found


def short_lines(plan: TrainingPlan) -> list[str]:
    """Return the plan as what is said before a sweep starts."""
    first = plan.sweeps[0][1]
    more = f", {len(plan.sweeps)} sweeps" if len(plan.sweeps) > 1 else ""
    known = sum(outlook.known for _, outlook in plan.sweeps)
    found = f", {known} of them solved before" if known else ""
    problems = sum(outlook.problems for _, outlook in plan.sweeps)
    what = f"{plan.items} items, {plan.classes} classes, {plan.combinations} combinations{more}"
    return [
        f"{what}: {problems} different problems{found}",
        f"{first.workers} of {plan.jobs} workers ({_ways(first)}), up to {_size(plan.bytes_needed)} of the "
        f"{_size(plan.limit)} that may be used",
    ]


def long_lines(plan: TrainingPlan) -> list[str]:
    """Return the whole plan, as ``--dry-run`` prints it."""
    lines = [
        f"items: {plan.items} in {plan.classes} classes",
        "matrices: " + ", ".join(f"{name} ({width} dimensions)" for name, width in plan.matrices),
        f"combinations: {plan.combinations}",
    ]
    for name, outlook in plan.sweeps:
        known = f", {outlook.known} of them solved before" if outlook.known else ""
        lines.append(
            f"{name}: {outlook.problems_asked} problems asked, {outlook.problems} different{known}; {outlook.tasks} "
            f"tasks left ({_ways(outlook)}), {outlook.workers} of {plan.jobs} workers at a time, about "
            f"{duration(plan.pace * outlook.duration)}"
        )
    lines += [
        f"memory: up to {_size(plan.bytes_needed)} of the {_size(plan.limit)} that may be used "
        f"(sweep {_size(max(outlook.bytes_needed for _, outlook in plan.sweeps))}, predictions "
        f"{_size(plan.predictions)}, final model {_size(plan.model)})",
        f"time: about {duration(plan.seconds)} for the sweep, estimated from a sample; right within a factor of two "
        "as a rule",
    ]
    if plan.least_bytes > plan.limit:
        least = _size(plan.least_bytes, "M")
        lines.append(f"the limit is below what this takes at the least; give --memory-limit {least} or more")
    return lines


def _ways(outlook: Outlook) -> str:
    words = {"whole": "whole matrices", "gram": "one matrix at a time", "pairs": "pair by pair", "rows": "row by row"}
    return ", ".join(f"{count} {words[way]}" for way, count in outlook.ways.items()) or "none"


def _size(number: int, unit: str = "") -> str:
    if unit == "M":
        return f"{-(-number // MEBIBYTE)}M"
    return f"{number / 2**30:.1f} GiB" if number >= 2**30 else f"{-(-number // MEBIBYTE)} MiB"
