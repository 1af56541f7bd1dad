"""The ranking as the report page shows it: every combination with what is said about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fastgrid.evaluation import predictions_digest, score_folds
from fastgrid.project.combinations_spec import CombinationSpec
from fastgrid.project.judging import Judgement
from fastgrid.project.pooling import pooled
from fastgrid.project.record import Ranked, SweepRecord
from fastgrid.report.content import Interval, Standing

#: Leading combinations with different predictions whose folds are shown.
MOST_SPREADS = 8

Position = tuple[int, int]


def standings_of(record: SweepRecord, standing: Ranked, judgement: Judgement | None) -> tuple[Standing, ...]:
    """Return all combinations, best first, with intervals, comparisons, repetitions and the spread of the first ones.

    Parameters
    ----------
    record : SweepRecord
    standing : Ranked
        Its ranking.
    judgement : Judgement or None
        Of the selected combination; intervals and comparisons are those of its evaluation.
    """
    places = {position: place for place, position in enumerate(standing.positions)}
    problems = _same_problems(record, places)
    opinions = _same_predictions(record, standing.positions)
    spreads = _spreads(record, _to_be_spread(standing, opinions, judgement))
    standings = []
    for place, position in enumerate(standing.positions):
        same_problem = problems.get(place)
        said = {} if judgement is None else _comparison(judgement, position)
        accuracies, normalized = spreads.get(position, ((), ()))
        standings.append(
            Standing(
                row=standing.rows[place],
                variant=_variant(standing.combinations[place]),
                same_problem_as=same_problem,
                same_predictions_as=opinions.get(place) if same_problem is None else None,
                fold_accuracies=accuracies,
                fold_normalized_accuracies=normalized,
                **said,  # type: ignore[arg-type]
            )
        )
    return tuple(standings)


def _comparison(judgement: Judgement, position: Position) -> dict[str, object]:
    evaluation, number = position
    found = judgement.comparison
    if evaluation != judgement.choice.evaluation or np.isnan(found.accuracy[number]):
        return {}
    is_winner = number == found.winner
    return {
        "interval": Interval(float(found.low[number]), float(found.high[number])),
        "p_value": None if is_winner else float(found.corrected_p_value[number]),
        "equals_winner": bool(found.indistinguishable[number]),
    }


def _variant(combination: CombinationSpec) -> str:
    if combination.has_default_descriptors:
        return ""
    without = f" without {', '.join(combination.exclude)}" if combination.exclude else ""
    return f"descriptors {', '.join(combination.descriptor_names)}{without}"


def _same_problems(record: SweepRecord, places: Mapping[Position, int]) -> dict[int, int]:
    # Place -> place of the first combination of the project that is the same problem.
    found = {}
    for evaluation, facts in enumerate(record.facts.get("evaluations", ())):
        for number, first in enumerate(facts.get("same_problem", ())):
            if first != number and (evaluation, number) in places and (evaluation, first) in places:
                found[places[evaluation, number]] = places[evaluation, first]
    return found


def _same_predictions(record: SweepRecord, positions: Sequence[Position]) -> dict[int, int]:
    # Place -> place of the first in the ranking that predicts the same in the same evaluation.
    found: dict[int, int] = {}
    first: dict[tuple[int, bytes], int] = {}
    for place, (evaluation, number) in enumerate(positions):
        rows = [repeat.predicted[number] for repeat in record.repeats[evaluation]]
        if all((row >= 0).all() for row in rows):
            opinion = evaluation, predictions_digest(rows)
            before = first.setdefault(opinion, place)
            if before != place:
                found[place] = before
    return found


def _to_be_spread(standing: Ranked, opinions: Mapping[int, int], judgement: Judgement | None) -> Iterator[Position]:
    if judgement is None:
        return
    yield standing.positions[judgement.choice.place]
    leading = [
        position
        for place, position in enumerate(standing.positions)
        if place not in opinions and standing.rows[place].scores is not None
    ]
    yield from leading[:MOST_SPREADS]


def _spreads(
    record: SweepRecord, positions: Iterator[Position]
) -> dict[Position, tuple[tuple[float, ...], tuple[float, ...]]]:
    # Accuracy and normalized accuracy in each fold of each repeat.
    found = {}
    for evaluation, number in positions:
        repeats = record.repeats[evaluation]
        together = pooled(repeats, record.project.evaluations[evaluation].nfold, slice(number, number + 1))
        by_fold = score_folds(
            together.predicted, together.actual, together.fold, together.n_folds, len(repeats[0].classes)
        )
        found[evaluation, number] = (
            tuple(by_fold.accuracy[:, 0].tolist()),
            tuple(by_fold.normalized_accuracy[:, 0].tolist()),
        )
    return found
