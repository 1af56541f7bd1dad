"""Probabilities of the pairs: a sigmoid per pair, fitted to decision values of five-fold cross-validation.

Follows LIBSVM (Chang & Lin 2011, "LIBSVM: a library for support vector machines", section 8), its folds included, so
that the same seed gives the same sigmoids.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.model.pair_problems import GramProblem, PairProblem
from fastgrid.model.shuffling import AdditiveFeedbackGenerator
from fastgrid.model.sigmoid import Sigmoid, fit_sigmoid
from fastgrid.solvers import Solver, Stopping, pairs

N_FOLDS = 5


def calibrate(
    gram: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    class_costs: npt.NDArray[np.float64],
    *,
    solver: Solver,
    stopping: Stopping,
    seed: int,
) -> list[Sigmoid]:
    """Return one sigmoid per pair of classes.

    Parameters
    ----------
    gram : ndarray of float64, shape (n, n)
    labels : ndarray of int64, shape (n,)
        Class codes 0..k-1, each of which occurs.
    class_costs : ndarray of float64, shape (k,)
    solver : Solver
    stopping : Stopping
    seed : int
        One stream of random numbers serves all pairs, in order.

    Returns
    -------
    list of Sigmoid
        In the order of `fastgrid.solvers.pairs`.
    """
    generator = AdditiveFeedbackGenerator(seed)
    sigmoids = []
    for first, second in pairs(len(class_costs)):
        rows = np.concatenate([np.flatnonzero(labels == first), np.flatnonzero(labels == second)])
        positive = labels[rows] == first
        problem = GramProblem(gram[np.ix_(rows, rows)], solver, stopping)
        decisions = held_out_decisions(
            problem, positive, class_costs[[first, second]], generator.permutation(len(rows))
        )
        sigmoids.append(fit_sigmoid(decisions, positive))
    return sigmoids


def held_out_decisions(
    problem: PairProblem,
    positive: npt.NDArray[np.bool_],
    costs: npt.NDArray[np.float64],
    permutation: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    """Return each item's decision value by a machine trained without its fold.

    Fold i of the five holds the items ``permutation[i n // 5 : (i + 1) n // 5]``. Where the others are all of one
    class, the decision value is 1 or -1, that class's sign.

    Parameters
    ----------
    problem : PairProblem
        The pair's items, at least two.
    positive : ndarray of bool, shape (n,)
        Whether an item is of the pair's first class.
    costs : ndarray of float64, shape (2,)
        C of the first and of the second class.
    permutation : ndarray of intp, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
        Positive for the first class.
    """
    n = len(positive)
    decisions = np.zeros(n)
    for fold in range(N_FOLDS):
        begin, end = fold * n // N_FOLDS, (fold + 1) * n // N_FOLDS
        held_out = permutation[begin:end]
        training = np.concatenate([permutation[:begin], permutation[end:]])
        if not len(held_out):
            continue
        if positive[training].all() or not positive[training].any():
            decisions[held_out] = 1.0 if positive[training[0]] else -1.0
            continue
        decisions[held_out] = _decide(problem, positive, costs, training, held_out)
    return decisions


def _decide(
    problem: PairProblem,
    positive: npt.NDArray[np.bool_],
    costs: npt.NDArray[np.float64],
    training: npt.NDArray[np.intp],
    held_out: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    # LIBSVM's first class is that of the first training item; the solution it stops at depends on that order.
    leader = positive[training[0]]
    codes = (positive[training] != leader).astype(np.int64)
    by_class = np.argsort(codes, kind="stable")
    training, codes = training[by_class], codes[by_class]
    solution = problem.solve(training, codes, costs if leader else costs[::-1])
    values = problem.decide(held_out, training, solution)
    return values if leader else -values
