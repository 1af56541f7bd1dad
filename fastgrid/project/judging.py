"""Which combination a rule selects, and how far its numbers can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError
from fastgrid.evaluation import (
    RULES,
    Baseline,
    ClassScores,
    Comparison,
    CorrectedEstimate,
    Orders,
    Outcomes,
    baseline,
    class_scores,
    compare,
    confusion,
    corrected_estimate,
    selected,
)
from fastgrid.project.combinations_spec import families_of
from fastgrid.project.pooling import pooled
from fastgrid.project.record import Ranked, SweepRecord


@dataclass(frozen=True)
class Choice:
    """The combination that a rule selects.

    Attributes
    ----------
    rule : str
    place : int
        In the rows of the ranking, from 0.
    evaluation, combination : int
        In the record.
    """

    rule: str
    place: int
    evaluation: int
    combination: int


@dataclass(frozen=True, eq=False)
class Judgement:
    """What is to be said of the selected combination beside its scores.

    Attributes
    ----------
    choice : Choice
    outcomes : Outcomes
        Of its evaluation, all repeats together.
    estimate : CorrectedEstimate or None
        None where all items are one group.
    comparison : Comparison
        All combinations of its evaluation beside it.
    classes : ClassScores
    baseline : Baseline
    nested : mapping or None
        As `fastgrid.project.nesting.nested_facts` gives it for the rule; None where it was not asked for.
    """

    choice: Choice
    outcomes: Outcomes
    estimate: CorrectedEstimate | None
    comparison: Comparison
    classes: ClassScores
    baseline: Baseline
    nested: Mapping[str, Any] | None


def choose(record: SweepRecord, standing: Ranked, asked: str | None) -> Choice:
    """Return what a rule selects among all combinations of all evaluations.

    Parameters
    ----------
    record : SweepRecord
    standing : Ranked
        Its ranking.
    asked : str, optional
        The rule; by default that of the training, which the record names.

    Raises
    ------
    UserError
        When no combination has a result.
    """
    if not standing.rows or standing.rows[0].scores is None:
        raise UserError(f"{record.project.path}: every combination failed; see the reasons in the report")
    recorded = record.facts.get("select")
    rule = asked or (recorded if recorded in RULES else RULES[0])
    first = standing.evaluations[0]
    orders = _orders(record, standing)
    index = selected(rule, orders, standing.scores, first.nfold)
    evaluation, combination = divmod(index, len(record.combinations))
    return Choice(rule, int(standing.ranking.accuracy_rank[index]) - 1, evaluation, combination)


def judge(record: SweepRecord, standing: Ranked, choice: Choice) -> Judgement:
    """Compute everything that is said of the selected combination, from the predictions alone."""
    outcomes = outcomes_of(record, choice.evaluation)
    n_combinations = len(record.combinations)
    start = choice.evaluation * n_combinations
    orders, part = _orders(record, standing), slice(start, start + n_combinations)
    matrix = confusion(outcomes.predicted[choice.combination], outcomes.actual, outcomes.n_classes)
    classes = class_scores(matrix)
    facts = record.facts.get("nested") or []
    nested = facts[choice.evaluation].get(choice.rule) if choice.evaluation < len(facts) else None
    return Judgement(
        choice,
        outcomes,
        _estimate(outcomes, orders.simplicity[part], orders.family[part], choice.rule),
        compare(outcomes, choice.combination),
        classes,
        baseline(classes.support),
        nested,
    )


def judgement_lines(judgement: Judgement) -> list[str]:
    """Return what is to be said on the console: corrected accuracies, the baseline, and how many are as good."""
    lines = []
    if judgement.choice.rule != "accuracy":
        lines.append(f"selected by {judgement.choice.rule}: rank {judgement.choice.place + 1}")
    if judgement.estimate is not None:
        accuracy, normalized = judgement.estimate.accuracy, judgement.estimate.normalized_accuracy
        lines.append(
            f"corrected for the choice: accuracy {accuracy.estimate:.1f} ({accuracy.low:.1f} to {accuracy.high:.1f}), "
            f"normalized {normalized.estimate:.1f} ({normalized.low:.1f} to {normalized.high:.1f})"
        )
    if judgement.nested is not None:
        accuracies = (
            f"accuracy {judgement.nested['accuracy']:.1f}, normalized {judgement.nested['normalized_accuracy']:.1f}"
        )
        lines.append(f"nested cross-validation: {accuracies}")
    equals = int(judgement.comparison.indistinguishable.sum()) - 1
    others = "" if equals == 0 else f"; {equals} other combinations are not told from the best one"
    lines.append(f"always the largest class: accuracy {judgement.baseline.accuracy:.1f}{others}")
    return lines


def outcomes_of(record: SweepRecord, evaluation: int) -> Outcomes:
    """Return the predictions of all combinations in all repeats of an evaluation, with the groups of the items."""
    repeats = record.repeats[evaluation]
    together = pooled(repeats, record.project.evaluations[evaluation].nfold)
    n_items = len(repeats[0].ids)
    group = None if record.groups is None else np.unique(record.groups, return_inverse=True)[1].reshape(-1)
    return Outcomes.of(
        together.predicted,
        together.actual,
        together.fold,
        len(repeats[0].classes),
        item=np.tile(np.arange(n_items), len(repeats)),
        group=group,
    )


def _orders(record: SweepRecord, standing: Ranked) -> Orders:
    exponents = [(one.c_exponent, one.gamma_exponent) for one in record.combinations]
    c, gamma = np.array(exponents * len(record.project.evaluations)).T
    families = families_of(record.combinations)
    return Orders.of(standing.scores, standing.ranking, c, gamma, np.tile(families, len(record.project.evaluations)))


def _estimate(
    outcomes: Outcomes, simplicity: npt.NDArray[np.intp], family: npt.NDArray[np.integer], rule: str
) -> CorrectedEstimate | None:
    return corrected_estimate(outcomes, simplicity, rule, family=family) if outcomes.n_groups > 1 else None
