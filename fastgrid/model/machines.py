"""The machines of all pairs of classes, trained on all items and calibrated.

Up to `LARGEST_GRAM` items there is one Gram matrix of all of them. With more, each pair of classes has one of its own,
and a pair of more items than that has none: its rows are computed when they are wanted. How it is done depends on the
number of items only, never on the memory there is, so that a model is the same bytes on every machine.

Memory, with n items of d features, m of them in a pair, and s = `LARGEST_GRAM`: about 25 min(m, s)^2 bytes for the Gram
matrix in float64 and its parts in float32 for the solver and the calibration; where m > s, 256 MiB of rows, 14 m d.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError
from fastgrid.common.threads import single_threaded_blas
from fastgrid.model.calibration import calibrate, held_out_decisions
from fastgrid.model.classifier import Kernel
from fastgrid.model.pair_problems import CACHE_BYTES, STRIP_NUMBERS, FeatureProblem, GramProblem, PairProblem
from fastgrid.model.shuffling import AdditiveFeedbackGenerator
from fastgrid.model.sigmoid import Sigmoid, fit_sigmoid
from fastgrid.solvers import Stopping, get_solver, pairs

Float64Vector = npt.NDArray[np.float64]

#: Items of which there is a Gram matrix in float64, 128 MB.
LARGEST_GRAM = 4000


class Machines(NamedTuple):
    """Machines of all pairs of classes.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (n_pairs, n)
    bias : ndarray of float64, shape (n_pairs,)
    converged : bool
    sigmoids : list of Sigmoid
        One per pair.
    """

    coefficients: npt.NDArray[np.float64]
    bias: Float64Vector
    converged: bool
    sigmoids: list[Sigmoid]


def fit_machines(
    kernel: Kernel,
    features: npt.NDArray[np.float32],
    codes: npt.NDArray[np.int64],
    costs: Float64Vector,
    *,
    solver_name: str,
    stopping: Stopping,
    seed: int,
) -> Machines:
    """Train and calibrate a machine for each pair of classes.

    Parameters
    ----------
    kernel : Kernel
    features : ndarray of float32, shape (n, d)
        Rows ordered by class.
    codes : ndarray of int64, shape (n,)
        Ascending class codes 0..k-1, each of which occurs.
    costs : ndarray of float64, shape (k,)
    solver_name : str
        One of `fastgrid.solvers.SOLVERS`.
    stopping : Stopping
    seed : int
        Of the calibration's folds.

    Raises
    ------
    UserError
        When kernel values overflow.
    """
    # One BLAS thread: sums come out the same on every machine.
    with single_threaded_blas(), np.errstate(over="ignore", invalid="ignore"):
        if len(codes) <= LARGEST_GRAM:
            return _on_one_matrix(kernel, features, codes, costs, solver_name, stopping, seed)
        return _pair_by_pair(kernel, features, codes, costs, solver_name, stopping, seed)


def bytes_of_machines(counts: npt.NDArray[np.integer], n_features: int) -> int:
    """Return the bytes that `fit_machines` takes at most, beside its arguments.

    Parameters
    ----------
    counts : ndarray of int, shape (k,)
        Items of each class.
    n_features : int
    """
    n, n_pairs = int(counts.sum()), len(counts) * (len(counts) - 1) // 2
    m = n if n <= LARGEST_GRAM else int(np.sort(counts)[-2:].sum())
    result = 8 * n_pairs * n
    if m <= LARGEST_GRAM:
        return 25 * m**2 + result
    return CACHE_BYTES + 8 * STRIP_NUMBERS * 2 + 14 * m * n_features + 300 * m + 25 * LARGEST_GRAM**2 + result


def _on_one_matrix(
    kernel: Kernel,
    features: npt.NDArray[np.float32],
    codes: npt.NDArray[np.int64],
    costs: Float64Vector,
    solver_name: str,
    stopping: Stopping,
    seed: int,
) -> Machines:
    solver = get_solver(solver_name)
    gram = kernel.gram(features, features)
    _require_finite(kernel, gram)
    (solution,) = solver.solve(gram, codes, costs[np.newaxis], stopping=stopping)
    _require_finite(kernel, solution.coefficients, solution.bias)
    sigmoids = calibrate(gram, codes, costs, solver=solver, stopping=stopping, seed=seed)
    return Machines(solution.coefficients, solution.bias, solution.converged, sigmoids)


def _pair_by_pair(
    kernel: Kernel,
    features: npt.NDArray[np.float32],
    codes: npt.NDArray[np.int64],
    costs: Float64Vector,
    solver_name: str,
    stopping: Stopping,
    seed: int,
) -> Machines:
    both = list(pairs(len(costs)))
    coefficients, bias = np.zeros((len(both), len(codes))), np.empty(len(both))
    generator, sigmoids, converged = AdditiveFeedbackGenerator(seed), [], True
    for pair, (first, second) in enumerate(both):
        rows = np.concatenate([np.flatnonzero(codes == first), np.flatnonzero(codes == second)])
        positive = codes[rows] == first
        own_costs = costs[[first, second]]
        problem = _problem(kernel, features[rows], solver_name, stopping)
        solution = problem.solve(np.arange(len(rows)), (~positive).astype(np.int64), own_costs)
        _require_finite(kernel, solution.coefficients, solution.bias)
        coefficients[pair, rows], bias[pair] = solution.coefficients[0], solution.bias[0]
        converged &= solution.converged
        decisions = held_out_decisions(problem, positive, own_costs, generator.permutation(len(rows)))
        sigmoids.append(fit_sigmoid(decisions, positive))
    return Machines(coefficients, bias, converged, sigmoids)


def _problem(kernel: Kernel, features: npt.NDArray[np.float32], solver_name: str, stopping: Stopping) -> PairProblem:
    if len(features) > LARGEST_GRAM:
        if solver_name == "smo-fast":
            from fastgrid.solvers.smo_fast import tighter

            # What it promises, by LIBSVM's iterations, which need no Gram matrix.
            stopping = Stopping(tighter(stopping.tol), stopping.maximum_iterations, stopping.relaxations)
        _require_no_overflow(kernel, features)
        return FeatureProblem(kernel, features, stopping)
    gram = kernel.gram(features, features)
    _require_finite(kernel, gram)
    return GramProblem(gram, get_solver(solver_name), stopping)


def _require_no_overflow(kernel: Kernel, features: npt.NDArray[np.float32]) -> None:
    # The kernel value of the longest row with itself is the largest that there can be, and has to fit into float32.
    norms = np.einsum("ij,ij->i", features, features, dtype=np.float64)
    longest = features[[int(np.argmax(norms))]]
    _require_finite(kernel, kernel.gram(longest, longest).astype(np.float32))


def _require_finite(kernel: Kernel, *arrays: npt.NDArray[np.floating]) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        raise UserError(
            f"{kernel.name} kernel: its values overflow with gamma = {kernel.gamma}; choose a smaller C or gamma"
        )
