"""The rows of every ranking: what was asked for, and how it came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastgrid.evaluation import CombinationScore, Ranking, Scores


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One combination as the user asked for it, and where its files are.

    Attributes
    ----------
    preprocessing, kernel : str
        Names as in the project file.
    c_exponent, gamma_exponent : int or float
        C and gamma are 2 to the power of these.
    balance_classes : bool
        Whether classes are weighted.
    svm_type, classifier : str
        As in the project file.
    evaluation : mapping of str to int, float, bool or str
        ``{"nfold": 5, "type": "nfoldcrossvalidation"}``.
    results_file, param_file : str
        Paths relative to the report; empty where the file was not written.
    failure : str
        Why the combination has no scores; empty where it has.
    """

    preprocessing: str
    kernel: str
    c_exponent: int | float
    gamma_exponent: int | float
    balance_classes: bool
    svm_type: str = "C-SVC"
    classifier: str = "svm"
    evaluation: Mapping[str, int | float | bool | str]
    results_file: str = ""
    param_file: str = ""
    failure: str = ""


@dataclass(frozen=True)
class ReportRow:
    """One candidate with its scores and its places; all `None` where it failed.

    Attributes
    ----------
    candidate : Candidate
        The combination.
    scores : CombinationScore or None
        Its four numbers in percent.
    accuracy_rank, normalized_accuracy_rank : int or None
        Places counted from 1.
    tied : bool
        Whether another candidate has the same four numbers.
    """

    candidate: Candidate
    scores: CombinationScore | None
    accuracy_rank: int | None
    normalized_accuracy_rank: int | None
    tied: bool


def report_rows(candidates: Sequence[Candidate], scores: Scores, ranking: Ranking) -> list[ReportRow]:
    """Return the rows in the order of the ranking, failed candidates last.

    Parameters
    ----------
    candidates : sequence of Candidate
        In the order of `scores`.
    scores : Scores
        From `fastgrid.evaluation.score`.
    ranking : Ranking
        From `fastgrid.evaluation.rank`.

    Returns
    -------
    list of ReportRow
        One per candidate.

    Raises
    ------
    ValueError
        When the numbers of candidates, scores and places differ.
    """
    if not len(candidates) == len(scores.complete) == len(ranking.order):
        raise ValueError(f"{len(candidates)} candidates, {len(scores.complete)} scores and {len(ranking.order)} places")
    rows = []
    for index in ranking.order.tolist():
        complete = bool(scores.complete[index])
        rows.append(
            ReportRow(
                candidates[index],
                scores.of(index) if complete else None,
                int(ranking.accuracy_rank[index]) if complete else None,
                int(ranking.normalized_accuracy_rank[index]) if complete else None,
                bool(ranking.tied[index]),
            )
        )
    return rows
