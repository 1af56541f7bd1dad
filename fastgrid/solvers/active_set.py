"""Newton steps on the free duals of one binary C-SVC, for problems on which SMO makes little headway.

The primal-dual active set method (Hintermueller, Ito & Kunisch 2002, "The primal-dual active set strategy as a
semismooth Newton method"): gradient and duals say which duals will be at which bound; with these fixed, the optimality
conditions of the others are one symmetric system, solved by Cholesky's method. Few such steps lead from an SMO iterate
to the optimum, many duals changing sides at once.

With h = K beta - y, level b (the rho of the decision function) and F the free duals:

    K_FF delta_F = -(h_F - b) - K_FM delta_M,    sum delta = -sum beta

where M are the duals that move to a bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import Scratch
from fastgrid.kernels.smo_fast import _add_rows, _fill_system
from fastgrid.solvers.positive_definite import solve_in_place

Float64Vector = npt.NDArray[np.float64]
BoolVector = npt.NDArray[np.bool_]

#: Added to the diagonal, relative to its mean: kernel values in float32 may make the matrix slightly indefinite.
RIDGE = 1e-7


@dataclass
class Iterate:
    """Signed duals within their box, and the gradient K beta - y that belongs to them; float64, shape (n,)."""

    beta: Float64Vector
    gradient: Float64Vector


def step_seconds(n: int, n_free: int) -> float:
    """Return roughly how long a Newton step takes: Cholesky's method, the free block, the gradient.

    A function of the arguments only, so that what is done does not depend on the machine.
    """
    return 1.5e-11 * n_free**3 + 6e-9 * n_free**2 + 2e-10 * n * n_free + 1e-4


def newton(
    gram: npt.NDArray[np.float32],
    given: Iterate,
    lower: Float64Vector,
    upper: Float64Vector,
    signs: Float64Vector,
    tolerance: float,
    most: int,
    scratch: Scratch | None = None,
) -> tuple[Iterate | None, int]:
    """Look for the optimum from `given`.

    Parameters
    ----------
    gram : ndarray of float32, shape (n, width)
    given : Iterate
    lower, upper : ndarray of float64, shape (n,)
        The box of the signed duals.
    signs : ndarray of float64, shape (n,)
        Labels, 1 or -1.
    tolerance : float
        Of LIBSVM's stopping rule.
    most : int
        Steps at most.
    scratch : Scratch, optional
        Memory to work in, 8 n_free^2 bytes.

    Returns
    -------
    found : Iterate or None
        Within the box and with duals that sum to zero; None where no step led to a lower objective.
    steps : int
    """
    free = (given.beta > lower) & (given.beta < upper)
    level = float(given.gradient[free].mean()) if free.any() else 0.0
    scratch = scratch or Scratch()
    now, scale = given, float(np.mean(gram.diagonal()[: len(signs)]))
    for number in range(1, most + 1):
        predicted = now.beta - (now.gradient - level) / scale
        free = (predicted > lower) & (predicted < upper)
        target = np.where(predicted >= upper, upper, np.where(predicted <= lower, lower, now.beta))
        moved = _solve(gram, now, target, free, level, scale, scratch)
        if moved is None:
            return _better(gram, now, given, lower, upper, signs), number
        now, level = moved
        outside = bool(((now.beta < lower) | (now.beta > upper)).any())
        if not outside and _violation(now, lower, upper) < tolerance:
            break
    return _better(gram, now, given, lower, upper, signs), number


def _solve(
    gram: npt.NDArray[np.float32],
    now: Iterate,
    target: Float64Vector,
    free: BoolVector,
    level: float,
    scale: float,
    scratch: Scratch,
) -> tuple[Iterate, float] | None:
    # The step to `target` on the fixed duals and to the conditions' solution on the free ones; None if it fails.
    change = target - now.beta
    items = np.flatnonzero(free)
    if not len(items):
        return None
    gradient = now.gradient.copy()
    _move(gram, gradient, change)
    matrix = scratch.take("system", (len(items), len(items)), np.float64)
    _fill_system(gram, items, RIDGE * scale, matrix)
    solved = np.stack([np.ones(len(items)), -gradient[items]])
    if not solve_in_place(matrix, solved):
        return None
    ones, plain = solved
    level = -float(plain.sum() + target.sum()) / float(ones.sum())
    step = np.zeros(len(change))
    step[items] = plain + level * ones
    _move(gram, gradient, step)
    return Iterate(target + step, gradient), level


def _move(gram: npt.NDArray[np.float32], gradient: Float64Vector, change: Float64Vector) -> None:
    items = np.flatnonzero(change)
    _add_rows(gram, items, change[items], gradient)


def _violation(now: Iterate, lower: Float64Vector, upper: Float64Vector) -> float:
    # LIBSVM's: max h over beta that may shrink - min h over beta that may grow.
    falling, growing = now.gradient[now.beta > lower], now.gradient[now.beta < upper]
    return float(falling.max(initial=-np.inf) - growing.min(initial=np.inf))


def _better(
    gram: npt.NDArray[np.float32],
    now: Iterate,
    given: Iterate,
    lower: Float64Vector,
    upper: Float64Vector,
    signs: Float64Vector,
) -> Iterate | None:
    # `now`, brought into the box and to a sum of zero, if that has a lower objective than `given`.
    beta = _feasible(np.clip(now.beta, lower, upper), lower, upper)
    if beta is None:
        return None
    gradient = -signs
    _move(gram, gradient, beta)
    before = given.beta @ (given.gradient - signs)
    after = beta @ (gradient - signs)
    return Iterate(beta, gradient) if after < before else None


def _feasible(beta: Float64Vector, lower: Float64Vector, upper: Float64Vector) -> Float64Vector | None:
    # What the sum lacks is spread over the free duals as far as their room goes.
    for _ in range(20):
        excess = float(beta.sum())
        if abs(excess) <= 1e-12 * max(1.0, float(np.abs(beta).sum())):
            return beta
        room = (beta - lower) if excess > 0 else (upper - beta)
        free = (beta > lower) & (beta < upper)
        room = np.where(free, room, 0.0)
        total = float(room.sum())
        if total <= 0.0:
            return None
        beta = np.clip(beta - np.sign(excess) * room * min(1.0, abs(excess) / total), lower, upper)
    return None
