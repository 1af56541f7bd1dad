"""Scores of all candidates in all folds.

To call a scorer of scikit-learn takes about a millisecond, more than the solution that it scores. So accuracy is
counted for all candidates at once, and other scorers are called once for all candidates that answer the same.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Number
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.search.answers import FoldAnswers
from fastgrid.search.data import Data, Rows, take_rows
from fastgrid.search.models import Models, rows_for
from fastgrid.search.parameters import Candidate
from fastgrid.search.respondent import Respondent
from fastgrid.search.scorers import ONLY, Scorer, no_probabilities

Scores = dict[str, float]

#: In the place of scores under their names where a scorer or a fit has failed.
FAILED: Scores = {}


@dataclass(frozen=True, eq=False)
class Scoring:
    """How answers are scored.

    Attributes
    ----------
    data : Data
    candidates : sequence of Candidate
    models : Models
    scorers : mapping from name to scorer, or a scorer
        A callable of the user's may return a dict.
    accuracy : bool
        Whether the only scorer is accuracy, which is counted.
    error_score : float or "raise"
    params : mapping from name of the scorer to its parameters
        Those with a row for each item are cut.
    """

    data: Data
    candidates: Sequence[Candidate]
    models: Models
    scorers: Mapping[str, Scorer] | Scorer
    accuracy: bool = False
    error_score: float | str = np.nan
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def part(self, answers: FoldAnswers, rows: Rows, part: slice) -> list[Scores]:
        """Return the scores of all candidates on `rows`, which are that part of the evaluated ones."""
        if self.accuracy and not self.params.get(ONLY) and len(rows):
            right = answers.predicted[:, part] == self.data.codes[rows]
            counts = np.count_nonzero(right, axis=1).tolist()
            return [
                FAILED if index in answers.errors else {ONLY: count / len(rows)} for index, count in enumerate(counts)
            ]
        scorers = self.scorers if isinstance(self.scorers, Mapping) else {ONLY: self.scorers}
        by_scorer = [_Part(self, answers, rows, part, name, scorer).scores() for name, scorer in scorers.items()]
        return [_merge(of_one) for of_one in zip(*by_scorer, strict=True)]


def _merge(of_one: Sequence[Scores]) -> Scores:
    return {name: value for scores in of_one for name, value in scores.items()}


class _Part:
    # One scorer on one part of the rows of a fold.

    def __init__(
        self, scoring: Scoring, answers: FoldAnswers, rows: Rows, part: slice, name: str, scorer: Scorer
    ) -> None:
        self._scoring, self._answers, self._rows, self._part = scoring, answers, rows, part
        self._name, self._scorer = name, scorer
        self._X: dict[bool, Any] = {}
        self._y = take_rows(scoring.data.y, rows)
        self._params = {
            key: take_rows(value, rows) if _is_of_rows(value, len(scoring.data)) else value
            for key, value in scoring.params.get(name, {}).items()
        }
        # By the classes that were predicted, where a scorer asked for nothing else, and by decision values.
        self._known: dict[Hashable, Scores] = {}

    def scores(self) -> list[Scores]:
        indices = range(len(self._scoring.candidates))
        return [FAILED if index in self._answers.errors else self._of(index) for index in indices]

    def _of(self, index: int) -> Scores:
        labels = self._answers.predicted[index, self._part].tobytes()
        for key in (labels, self._answers.key(index)):
            if key in self._known:
                return self._known[key]
        candidate = self._scoring.candidates[index]
        pairwise = candidate.kernel == "precomputed"
        if pairwise not in self._X:
            training = self._answers.fold.training
            self._X[pairwise] = rows_for(candidate, self._scoring.data.X, self._rows, training)
        X = self._X[pairwise]
        respondent = Respondent(
            self._answers, index, candidate, self._scoring.data, self._scoring.models, X, self._part
        )
        scores = self._call(respondent, X)
        relevant = respondent.asked - {"predict_proba", "predict_log_proba"}
        if relevant <= {"predict"}:
            self._known[labels] = scores
        elif relevant <= {"predict", "decision_function"}:
            self._known[self._answers.key(index)] = scores
        return scores

    def _call(self, respondent: Respondent, X: Any) -> Scores:
        try:
            given = self._scorer(respondent, X, self._y, **self._params)
        except Exception as error:
            wanted = respondent.asked and respondent.asked <= {"predict_proba", "predict_log_proba"}
            if wanted and isinstance(error, AttributeError):
                raise ValueError(no_probabilities(self._name)) from error
            if self._scoring.error_score == "raise":
                raise
            warnings.warn(
                "Scoring failed. The score on this train-test partition for these parameters will be set to "
                f"{self._scoring.error_score}. Details: \n{traceback.format_exc()}",
                UserWarning,
                stacklevel=2,
            )
            return FAILED
        if isinstance(given, Mapping):
            return {str(key): _number(value, key) for key, value in given.items()}
        return {self._name: _number(given, self._scorer)}


def _number(given: Any, scorer: object) -> float:
    if hasattr(given, "item") and np.size(given) == 1:
        given = given.item()
    if not isinstance(given, Number):
        raise ValueError(f"scoring must return a number, got {given!r} ({type(given)}) instead. (scorer={scorer})")
    return given  # type: ignore[return-value]


def _is_of_rows(value: Any, n_items: int) -> bool:
    return not isinstance(value, str) and hasattr(value, "__len__") and len(value) == n_items


def table(scores: Sequence[Sequence[Scores]], error_score: float | str, names: Sequence[str]) -> dict[str, Any]:
    """Return scores by name, each (n_candidates, n_folds), from those of each fold and candidate.

    What failed has `error_score`; `names` are those that are there in any case.
    """
    found = list(names) or list(next((given for fold in scores for given in fold if given), {ONLY: 0.0}))
    by_name: dict[str, npt.NDArray[np.float64]] = {}
    for name in found:
        by_name[name] = np.array(
            [[candidate.get(name, error_score) for candidate in fold] for fold in scores], dtype=np.float64
        ).T.copy()
    return by_name
