"""Pairs of classes, decision values and votes of one-vs-one classification."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import Scratch
from fastgrid.kernels.votes import _add_parts, _count_votes, _vote_by_parts
from fastgrid.solvers.interface import OneVsOnePath

#: Products are computed for so many cost vectors at a time that they take about this many numbers (32 MiB). In small
#: blocks more of them are computed twice: a block knows nothing of the answers of another.
BLOCK_NUMBERS = 2**22


def pairs(n_classes: int) -> list[tuple[int, int]]:
    """Return the pairs of class codes in LIBSVM's order: (0, 1), (0, 2), ..., (1, 2), ..."""
    return list(itertools.combinations(range(n_classes), 2))


def decision_values(
    test_gram: npt.NDArray[np.float64], class_starts: npt.NDArray[np.int64], path: OneVsOnePath
) -> npt.NDArray[np.float64]:
    """Return the decision values of all pairs of all cost vectors of a path.

    One matrix product per class covers all its pairs and all cost vectors; those with one answer are multiplied once.

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
    decisions = np.empty((*path.bias.shape, len(test_gram)))
    if path.bias.size > 0:
        parts, places = _multiply(test_gram, class_starts, path, slice(0, len(path.bias)), Scratch())
        _add_parts(parts, places, path.bias, decisions)
    return decisions


def path_votes(
    test_gram: npt.NDArray[np.float64],
    class_starts: npt.NDArray[np.int64],
    path: OneVsOnePath,
    scratch: Scratch | None = None,
    decisions: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.int16]:
    """Return the predicted class of each new row by each cost vector; see `decision_values` and `vote`.

    Parameters
    ----------
    test_gram, class_starts, path
        As of `decision_values`.
    scratch : Scratch, optional
        Memory to work in.
    decisions : ndarray of float64, shape (p, n_pairs, m), optional
        Where the decision values behind the votes are written to. The classes do not depend on it.

    Returns
    -------
    ndarray of int16, shape (p, m)
        Class codes.
    """
    n_classes, n_problems = len(class_starts) - 1, len(path.bias)
    winners = np.zeros((n_problems, len(test_gram)), dtype=np.int16)
    if n_classes == 1:
        return winners
    one = np.empty((1, path.bias.shape[1], len(test_gram)))
    for block in _blocks(n_problems, n_classes * (n_classes - 1) * max(1, len(test_gram))):
        parts, places = _multiply(test_gram, class_starts, path, block, scratch or Scratch())
        bias = np.ascontiguousarray(path.bias[block])
        if decisions is None:
            _vote_by_parts(parts, places, bias, one, winners[block])
            continue
        own = np.empty((len(bias), *one.shape[1:]))  # contiguous, which a strip of `decisions` is not
        _add_parts(parts, places, bias, own)
        _count_votes(own, n_classes, winners[block])
        decisions[block] = own
    return winners


def _blocks(n_problems: int, numbers_each: int) -> Iterator[slice]:
    step = max(1, BLOCK_NUMBERS // numbers_each)
    return (slice(start, min(start + step, n_problems)) for start in range(0, n_problems, step))


def _multiply(
    test_gram: npt.NDArray[np.float64],
    class_starts: npt.NDArray[np.int64],
    path: OneVsOnePath,
    problems: slice,
    scratch: Scratch,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    # The products of the coefficients of each class with its part of `test_gram`, and which of them is whose; see
    # `_add_parts`.
    if test_gram.shape != (len(test_gram), path.coefficients.shape[2]):
        raise ValueError(
            f"test_gram has shape {test_gram.shape}; it has a row for each new row and a column for each of the "
            f"{path.coefficients.shape[2]} training rows"
        )
    coefficients = path.coefficients[problems]
    distinct, places = _distinct(path.sources[problems] - problems.start, len(class_starts) - 1)
    ends = np.cumsum(distinct.sum(axis=(1, 2)))
    parts = scratch.take("parts", (int(ends[-1]), len(test_gram)), np.float64)
    for code, (end, chosen) in enumerate(zip(ends.tolist(), distinct, strict=True)):
        rows = slice(class_starts[code], class_starts[code + 1])
        own = coefficients[:, :, rows][chosen]
        np.matmul(own, test_gram[:, rows].T, out=parts[end - len(own) : end])
    return parts, places


def _distinct(sources: npt.NDArray[np.int64], n_classes: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    # Which coefficients of each class have to be multiplied, (k, p, k - 1), laid out as those of a path, and the number
    # of the product that is each one's, counted in this order. What a source outside the block gives is its own here.
    own = np.arange(len(sources))[:, np.newaxis]
    sources = np.where((sources >= 0) & (sources < len(sources)), sources, own)
    pair_of = np.zeros((n_classes, n_classes), dtype=np.int64)
    for index, (first, second) in enumerate(pairs(n_classes)):
        pair_of[first, second - 1] = pair_of[second, first] = index
    pair_of = pair_of[:, :-1]
    distinct = (sources == own)[:, pair_of].transpose(1, 0, 2)
    numbers = (np.cumsum(distinct) - 1).reshape(distinct.shape)
    codes, others = np.ogrid[:n_classes, : n_classes - 1]
    places = numbers[codes[:, np.newaxis], sources[:, pair_of].transpose(1, 0, 2), others[np.newaxis]]
    return distinct, np.ascontiguousarray(places)


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


def one_vs_rest(decisions: npt.NDArray[np.float64], n_classes: int) -> npt.NDArray[np.float64]:
    """Return one value per class from those of the pairs, as SVC's ``decision_function`` does by default.

    A class has a vote for each pair that it wins; votes that are equal are told apart by the sum s of its decision
    values (those of a pair's second class with the sign changed), of which s / (3 (abs(s) + 1)) is added: less than a
    third, so that no vote is outdone. A decision value of 0 is a vote for the pair's first class here, as in SVC's
    ``decision_function``, while ``predict`` and `vote` have it for the second.

    Parameters
    ----------
    decisions : ndarray of float64, shape (..., n_pairs, m)
        In the order of `pairs`; positive is a vote for the pair's first class.
    n_classes : int
        k, two at least.

    Returns
    -------
    ndarray of float64, shape (..., m, k)
        For two classes (..., m): the pair's decision values, positive for the second class.

    Raises
    ------
    ValueError
        When `decisions` are not those of the pairs of so many classes.

    Examples
    --------
    >>> one_vs_rest(np.array([[1.0], [-1.0], [0.5]]), 3).round(3).tolist()
    [[1.0, 0.889, 1.111]]
    """
    both = pairs(n_classes)
    if n_classes < 2 or decisions.ndim < 2 or decisions.shape[-2] != len(both):
        raise ValueError(
            f"decisions has shape {decisions.shape} for {n_classes} classes; give (..., {len(both)} pairs, items) "
            "of two classes at least"
        )
    if n_classes == 2:
        return -decisions[..., 0, :]
    shape = (*decisions.shape[:-2], decisions.shape[-1], n_classes)
    votes, sums = np.zeros(shape), np.zeros(shape)
    for pair, (first, second) in enumerate(both):
        values = decisions[..., pair, :]
        sums[..., first] += values
        sums[..., second] -= values
        votes[..., first] += values >= 0.0
        votes[..., second] += values < 0.0
    return votes + sums / (3.0 * (np.abs(sums) + 1.0))
