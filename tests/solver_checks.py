"""What holds of any answer of the fast solver, from the exact gradient in float64."""

import numpy as np
from naive_svm import naive_objective

from fastgrid.solvers import ClassOrderedGram, Stopping, get_solver, pairs


def ordered_problem(rng, n_classes, n, d, *, shift=0.5, rounded=False):
    """Rows ordered by class; every class occurs."""
    labels = np.sort(np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, n - n_classes)]))
    rows = rng.normal(size=(n, d)) + shift * labels[:, np.newaxis]
    return (np.round(rows) if rounded else rows), labels


def problem_of(gram, labels, first, second, coefficients, costs, weights=None):
    """Kernel values, labels, signed duals and C of the items of one pair; as the solvers see them, in float32."""
    items = np.flatnonzero((labels == first) | (labels == second))
    signs = np.where(labels[items] == first, 1.0, -1.0)
    kernel = gram[np.ix_(items, items)].astype(np.float32).astype(np.float64)
    factors = np.ones(len(labels)) if weights is None else weights
    return kernel, signs, coefficients[items], costs[labels[items]] * factors[items]


def violation(kernel, signs, beta, limits):
    """LIBSVM's stopping rule on the gradient of these duals."""
    gradient = kernel @ beta - signs
    lower, upper = np.where(signs > 0, 0.0, -limits), np.where(signs > 0, limits, 0.0)
    falling, growing = gradient[beta > lower], gradient[beta < upper]
    return falling.max(initial=-np.inf) - growing.min(initial=np.inf)


def assert_optimal(gram, labels, costs, tol, solutions, weights=None):
    """Every solution is in its box, on the hyperplane, and within the tolerance of the stopping rule."""
    for row, solution in enumerate(solutions):
        assert solution.converged
        for index, (first, second) in enumerate(pairs(int(labels.max()) + 1)):
            kernel, signs, beta, limits = problem_of(
                gram, labels, first, second, solution.coefficients[index], costs[row], weights
            )
            # LIBSVM's step too leaves the box by a rounding: C - (C - alpha) may be more than alpha.
            rounding = 1e-12 * limits.max()
            assert (beta * signs >= -rounding).all() and (np.abs(beta) <= limits + rounding).all()
            assert abs(beta.sum()) <= 1e-9 * max(np.abs(beta).sum(), limits.min())
            # The gradient is kept up to date in float64: what rounding adds up to is relative to the sums in it.
            size = 1.0 + float((np.abs(kernel) @ np.abs(beta)).max())
            assert violation(kernel, signs, beta, limits) < tol + 1e-11 * size
            assert np.isfinite(solution.bias[index])


def assert_as_good_as(gram, labels, costs, solutions, expected, weights=None, relative=1e-4):
    """Dual objectives are those of `expected`."""
    for row, (ours, theirs) in enumerate(zip(solutions, expected, strict=True)):
        for index, (first, second) in enumerate(pairs(int(labels.max()) + 1)):
            objectives = [
                naive_objective(
                    *problem_of(gram, labels, first, second, each.coefficients[index], costs[row], weights)[:3]
                )
                for each in (ours, theirs)
            ]
            assert abs(objectives[0] - objectives[1]) <= relative * abs(objectives[1])


def path_of(solver, gram, labels, costs, stopping=None, weights=None):
    """The path of rows that are ordered by class."""
    ordered = ClassOrderedGram.from_gram(gram, labels)
    return get_solver(solver).solve_path(ordered, costs, stopping or Stopping(), weights)
