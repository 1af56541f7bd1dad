"""What all candidates answer in one fold."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fastgrid.solvers import one_vs_rest
from fastgrid.sweep.combinations import SweepResult

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Fold:
    """The rows of one fold.

    Attributes
    ----------
    training, test : ndarray of intp
        As the splitter gave them.
    evaluated : ndarray of intp, shape (n_evaluated,)
        Rows that are predicted: those that are tested, and then, where training scores are wanted, those trained on.
    """

    training: Rows
    test: Rows
    evaluated: Rows


@dataclass(frozen=True, eq=False)
class FoldAnswers:
    """What all candidates answer in one fold.

    Attributes
    ----------
    fold : Fold
    classes : ndarray of int16, shape (k_fold,)
        Codes of the classes of the training part, sorted.
    predicted : ndarray of int16, shape (n_candidates, n_evaluated)
        Codes; -1 where the candidate could not be fitted.
    errors : dict from candidate to exception
        Why.
    result : SweepResult, optional
        Where decision values are from, of its fold `number`.
    number : int
    first : ndarray of intp, shape (n_evaluated,), or None
        The first evaluated row with the same features as each one. Sums over support vectors may be rounded in another
        way from row to row, which would tell equal rows apart, and scores by rank count ties.
    seconds : ndarray of float64, shape (2, n_candidates)
        Of fitting and of predicting; work for several candidates is divided among them.
    """

    fold: Fold
    classes: npt.NDArray[np.int16]
    predicted: npt.NDArray[np.int16]
    errors: dict[int, Exception] = field(default_factory=dict)
    result: SweepResult | None = None
    number: int = 0
    first: Rows | None = None
    seconds: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, 0)))

    def key(self, candidate: int) -> Hashable:
        """Return something that is equal for candidates with the same decision values."""
        return (-1, candidate) if self.result is None else self.result.answer(candidate, self.number)

    def decisions(self, candidate: int) -> npt.NDArray[np.float64]:
        """Return what SVC's ``decision_function`` does of all rows: (n_evaluated,) for two classes, else (.., k)."""
        assert self.result is not None
        values = self.result.decision_values(candidate, self.number)
        return one_vs_rest(values if self.first is None else values[:, self.first], len(self.classes))


def unanswered(fold: Fold, classes: npt.NDArray[np.int16], n_candidates: int, error: Exception) -> FoldAnswers:
    """Return the answers of a fold in which nothing can be fitted, because of `error`."""
    predicted = np.full((n_candidates, len(fold.evaluated)), -1, dtype=np.int16)
    errors = dict.fromkeys(range(n_candidates), error)
    return FoldAnswers(fold, classes, predicted, errors, seconds=np.zeros((2, n_candidates)))
