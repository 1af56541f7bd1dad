"""Pairs of classes, decision values and votes of one-vs-one classification."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.jit import jit
from fastgrid.solvers.interface import OneVsOneSolution


def pairs(n_classes: int) -> list[tuple[int, int]]:
    """Return the pairs of class codes in LIBSVM's order: (0, 1), (0, 2), ..., (1, 2), ..."""
    return list(itertools.combinations(range(n_classes), 2))


def decision_values(
    test_gram: npt.NDArray[np.float64], solutions: Sequence[OneVsOneSolution]
) -> npt.NDArray[np.float64]:
    """Return the decision values of all pairs of all solutions in one matrix product.

    Parameters
    ----------
    test_gram : ndarray of float64, shape (m, n)
        Kernel values between m new rows and the n training rows.
    solutions : sequence of p OneVsOneSolution
        Solutions on the same training rows.

    Returns
    -------
    ndarray of float64, shape (p, n_pairs, m)
    """
    stacked = np.concatenate([solution.coefficients for solution in solutions])
    biases = np.concatenate([solution.bias for solution in solutions])
    values: npt.NDArray[np.float64] = stacked @ test_gram.T + biases[:, np.newaxis]
    return values.reshape(len(solutions), -1, test_gram.shape[0])


def vote(decisions: npt.NDArray[np.float64], n_classes: int) -> npt.NDArray[np.int16]:
    """Return the class with the most votes; of several, the one that comes first (LIBSVM's rule).

    Parameters
    ----------
    decisions : ndarray of float64, shape (..., n_pairs, m)
        Decision values in the order of `pairs`; positive is a vote for the pair's first class.
    n_classes : int

    Returns
    -------
    ndarray of int16, shape (..., m)
        Class codes.
    """
    flat = np.ascontiguousarray(decisions).reshape(-1, *decisions.shape[-2:])
    winners = np.zeros((flat.shape[0], flat.shape[2]), dtype=np.int16)
    _count_votes(flat, n_classes, winners)
    return winners.reshape(*decisions.shape[:-2], decisions.shape[-1])


@jit
def _count_votes(decisions: npt.NDArray[np.float64], n_classes: int, winners: npt.NDArray[np.int16]) -> None:
    # winner = argmax_c #{pairs (a, b) won by c}, the first of equals. O(p m k^2).
    votes = np.empty(n_classes, dtype=np.int64)
    for problem in range(decisions.shape[0]):
        for item in range(decisions.shape[2]):
            votes[:] = 0
            pair = 0
            for first in range(n_classes):
                for second in range(first + 1, n_classes):
                    if decisions[problem, pair, item] > 0.0:
                        votes[first] += 1
                    else:
                        votes[second] += 1
                    pair += 1
            best = 0
            for candidate in range(1, n_classes):
                if votes[candidate] > votes[best]:
                    best = candidate
            winners[problem, item] = best
