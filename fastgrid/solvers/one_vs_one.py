"""Pairs of classes, decision values and votes of one-vs-one classification."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.votes import _add_parts, _count_votes
from fastgrid.solvers.interface import OneVsOnePath

#: Decision values are computed for so many cost vectors at a time that they take about this many numbers (32 MiB).
BLOCK_NUMBERS = 2**22


def pairs(n_classes: int) -> list[tuple[int, int]]:
    """Return the pairs of class codes in LIBSVM's order: (0, 1), (0, 2), ..., (1, 2), ..."""
    return list(itertools.combinations(range(n_classes), 2))


def decision_values(
    test_gram: npt.NDArray[np.float64], class_starts: npt.NDArray[np.int64], path: OneVsOnePath
) -> npt.NDArray[np.float64]:
    """Return the decision values of all pairs of all cost vectors of a path.

    One matrix product per class covers all its pairs and all cost vectors.

    Parameters
    ----------
    test_gram : ndarray of float64, shape (m, n)
        Kernel values between m new rows and the n training rows, ordered by class.
    class_starts : ndarray of int64, shape (k + 1,)
        As in `fastgrid.solvers.ClassOrderedGram`.
    path : OneVsOnePath
        p solutions on these training rows.

    Returns
    -------
    ndarray of float64, shape (p, n_pairs, m)
        Positive is a vote for the pair's first class.
    """
    return _decide(test_gram, class_starts, path, slice(None))


def path_votes(
    test_gram: npt.NDArray[np.float64], class_starts: npt.NDArray[np.int64], path: OneVsOnePath
) -> npt.NDArray[np.int16]:
    """Return the predicted class of each new row by each cost vector; see `decision_values` and `vote`.

    Returns
    -------
    ndarray of int16, shape (p, m)
        Class codes.
    """
    n_classes, n_problems = len(class_starts) - 1, len(path.bias)
    winners = np.zeros((n_problems, len(test_gram)), dtype=np.int16)
    if n_classes == 1:
        return winners
    for block in _blocks(n_problems, n_classes**2 * max(1, len(test_gram))):
        winners[block] = vote(_decide(test_gram, class_starts, path, block), n_classes)
    return winners


def _blocks(n_problems: int, numbers_each: int) -> Iterator[slice]:
    step = max(1, BLOCK_NUMBERS // numbers_each)
    return (slice(start, start + step) for start in range(0, n_problems, step))


def _decide(
    test_gram: npt.NDArray[np.float64], class_starts: npt.NDArray[np.int64], path: OneVsOnePath, problems: slice
) -> npt.NDArray[np.float64]:
    coefficients, bias = path.coefficients[problems], path.bias[problems]
    n_problems, n_others, n_rows = coefficients.shape
    flat = coefficients.reshape(n_problems * n_others, n_rows)
    parts = np.empty((len(class_starts) - 1, n_problems, n_others, len(test_gram)))
    for code in range(len(class_starts) - 1):
        rows = slice(class_starts[code], class_starts[code + 1])
        np.matmul(flat[:, rows], test_gram[:, rows].T, out=parts[code].reshape(len(flat), len(test_gram)))
    decisions = np.empty((*bias.shape, len(test_gram)))
    _add_parts(parts, np.ascontiguousarray(bias), decisions)
    return decisions


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
