"""The rules by which one combination is chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.evaluation.ranking import EQUAL_WITHIN, Ranking
from fastgrid.evaluation.scores import Scores

#: The highest accuracy, as Gaia; the highest normalized accuracy; the simplest within a standard error of the highest.
RULES = ("accuracy", "normalized_accuracy", "one-standard-error")


@dataclass(frozen=True, eq=False)
class Orders:
    """The combinations in the orders that rules go by.

    Attributes
    ----------
    ranking : ndarray of intp, shape (n_complete,)
        Complete combinations by accuracy, as `fastgrid.evaluation.rank` orders them.
    normalized : ndarray of intp, shape (n_complete,)
        Complete combinations by normalized accuracy, then as in the ranking.
    simplicity : ndarray of intp, shape (n_combinations,)
        Place of C, then gamma, of each combination among those of all, from 0; combinations with both equal share it. A
        small C and a small gamma make the smoothest boundary.
    family : ndarray of int, shape (n_combinations,)
        A code for what makes C and gamma comparable: preprocessing, kernel, class weights. C weighs errors against a
        norm in the space of the kernel, so that a combination of another family is neither simpler nor less simple.
    """

    ranking: npt.NDArray[np.intp]
    normalized: npt.NDArray[np.intp]
    simplicity: npt.NDArray[np.intp]
    family: npt.NDArray[np.integer]

    @staticmethod
    def of(
        scores: Scores,
        ranking: Ranking,
        c_exponent: npt.NDArray[np.integer | np.floating],
        gamma_exponent: npt.NDArray[np.integer | np.floating],
        family: npt.NDArray[np.integer] | None = None,
    ) -> Orders:
        """Return the orders of the combinations that `rank` has ranked; by default they are one family."""
        complete = np.flatnonzero(scores.complete)
        by_normalized = complete[np.argsort(ranking.normalized_accuracy_rank[complete], kind="stable")]
        parameters = np.column_stack((c_exponent, gamma_exponent)).astype(np.float64)
        _, simplicity = np.unique(parameters, axis=0, return_inverse=True)
        # numpy 2.0 alone returns the inverse as a column here.
        same = np.zeros(len(parameters), dtype=np.intp) if family is None else family
        return Orders(ranking.order[: complete.size], by_normalized, simplicity.reshape(-1).astype(np.intp), same)


def selected(rule: str, orders: Orders, scores: Scores, n_folds: int) -> int:
    """Return the combination that a rule chooses.

    Parameters
    ----------
    rule : {"accuracy", "normalized_accuracy", "one-standard-error"}
        The third takes the simplest of the family of the best one whose accuracy is not below that one's by more than
        its standard error, std / sqrt(n_folds - 1) with the population's std (Breiman, Friedman, Olshen and Stone 1984,
        Classification and Regression Trees, 3.4.3); of equally simple ones the first in the ranking.
    orders : Orders
    scores : Scores
    n_folds : int
        Folds of one repeat: further repeats test the same items again.

    Raises
    ------
    ValueError
        When there is no such rule, or no combination to choose from.
    """
    if rule not in RULES:
        raise ValueError(f"{rule!r} is not one of {', '.join(RULES)}")
    if orders.ranking.size == 0:
        raise ValueError("no combination is complete")
    best = orders.ranking[0]
    if rule == "accuracy":
        return int(best)
    if rule == "normalized_accuracy":
        return int(orders.normalized[0])
    least = scores.accuracy[best] - scores.accuracy_std[best] / np.sqrt(max(n_folds - 1, 1)) - EQUAL_WITHIN
    is_near = (scores.accuracy[orders.ranking] >= least) & (orders.family[orders.ranking] == orders.family[best])
    near = orders.ranking[is_near]
    return int(near[np.argmin(orders.simplicity[near])])
