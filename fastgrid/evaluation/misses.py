"""Which items the leading combinations miss: one that all of them miss may be labelled wrongly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Misses:
    """How the given predictions deal with each item.

    Attributes
    ----------
    answers : ndarray of int64, shape (n_items,)
        How many predictions there are of the item.
    missed : ndarray of int64, shape (n_items,)
        How many of them are wrong.
    most_often : ndarray of int64, shape (n_items,)
        Code of the most frequent wrong answer; of equally frequent ones, the one that was given first. -1 where no
        answer is wrong.
    """

    answers: npt.NDArray[np.int64]
    missed: npt.NDArray[np.int64]
    most_often: npt.NDArray[np.int64]


def distinct_leaders(sets: Sequence[Codes], order: Iterable[int], count: int) -> list[int]:
    """Return the first combinations in `order` whose predictions differ from those of all before them.

    Combinations that predict the same have one opinion, which should count once.

    Parameters
    ----------
    sets : sequence of ndarray of int, each of shape (n_combinations, n_items)
        Predicted class codes, one array for each time that the items were predicted. Combinations are the same where
        they are the same in all of them.
    order : iterable of int
        Combinations, best first.
    count : int
        How many to return at most.

    Returns
    -------
    list of int

    Examples
    --------
    >>> distinct_leaders([np.array([[0, 1], [1, 1], [0, 1], [0, 0]])], order=[2, 0, 3, 1], count=2)
    [2, 3]
    """
    leaders: list[int] = []
    seen: set[bytes] = set()
    for combination in order:
        if len(leaders) == count:
            break
        opinion = predictions_digest([predicted[combination] for predicted in sets])
        if opinion not in seen:
            seen.add(opinion)
            leaders.append(combination)
    return leaders


def predictions_digest(parts: Iterable[Codes]) -> bytes:
    """Return what tells predictions, given in parts of one type and equal lengths, from others: a digest."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.tobytes())
    return digest.digest()


def count_misses(sets: Sequence[tuple[Codes, Sequence[int]]], actual: Codes) -> Misses:
    """Count for each item how many predictions miss it.

    Parameters
    ----------
    sets : sequence of (ndarray of int, shape (n_combinations, n_items); sequence of int)
        Predicted class codes, -1 for none, and the rows among them that count, best first.
    actual : ndarray of int, shape (n_items,)
        Actual class codes.

    Returns
    -------
    Misses

    Raises
    ------
    ValueError
        When the numbers of items differ.

    Examples
    --------
    >>> misses = count_misses([(np.array([[0, 1, 1], [0, 2, -1], [1, 1, 0]]), [1, 2])], np.array([0, 1, 0]))
    >>> misses.answers, misses.missed, misses.most_often
    (array([2, 2, 1]), array([1, 1, 0]), array([ 1,  2, -1]))
    """
    for predicted, _ in sets:
        if predicted.shape[1:] != actual.shape:
            raise ValueError(f"predicted {predicted.shape} and actual {actual.shape} do not fit together")
    answers = np.concatenate([predicted[list(rows)] for predicted, rows in sets])
    made = answers >= 0
    wrong = np.where(made & (answers != actual), answers, -1)
    return Misses(
        answers=made.sum(axis=0, dtype=np.int64),
        missed=(wrong >= 0).sum(axis=0, dtype=np.int64),
        most_often=_most_often(wrong),
    )


def _most_often(answers: Codes) -> npt.NDArray[np.int64]:
    """Return the most frequent code of each column, of equally frequent ones the upper one; -1 where there is none."""
    n_rows, n_items = answers.shape
    best = np.zeros(n_items, dtype=np.int64)
    most = np.full(n_items, -1, dtype=np.int64)
    for code in np.unique(answers[answers >= 0]).tolist():
        given = answers == code
        # The count decides; the first row counts for less than one answer, and for more the higher up it is.
        weight = np.where(given.any(axis=0), given.sum(axis=0) * (n_rows + 1) - given.argmax(axis=0), 0)
        better = weight > best
        best[better], most[better] = weight[better], code
    return most
