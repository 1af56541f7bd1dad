"""The fast solver: the optimum of the other solvers within the tolerance, on easy and on nasty problems."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from naive_svm import naive_objective, naive_smo
from solver_checks import (
    assert_as_good_as,
    assert_optimal,
    ordered_problem,
    path_of,
    problem_of,
)

from fastgrid.kernels import gram_matrix
from fastgrid.solvers import Stopping, get_solver, path_votes


@pytest.mark.compiled
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_classes=st.integers(2, 4),
    n=st.integers(5, 200),
    d=st.integers(1, 8),
    kernel=st.sampled_from(["rbf", "poly", "linear"]),
    log_gamma=st.integers(-9, 3),
    log_costs=st.lists(st.integers(-7, 6), min_size=1, max_size=5),
    shift=st.sampled_from([0.0, 0.3, 1.0, 4.0]),
    rounded=st.booleans(),
    unequal=st.booleans(),
    weighted=st.booleans(),
)
def test_the_optimum_of_random_problems(
    seed, n_classes, n, d, kernel, log_gamma, log_costs, shift, rounded, unequal, weighted
):
    rng = np.random.default_rng(seed)
    rows, labels = ordered_problem(rng, n_classes, n, d, shift=shift, rounded=rounded)
    gram = gram_matrix(kernel, rows, rows, 2.0**log_gamma)
    scale = 1.0 if kernel == "rbf" else max(1.0, float(np.abs(gram).max()))
    factors = rng.uniform(0.3, 3.0, n_classes) if unequal else np.ones(n_classes)
    costs = np.outer(2.0 ** np.array(log_costs, dtype=float) / scale, factors)
    weights = rng.choice([0.25, 1.0, 2.0, 3.7], n) if weighted else None
    # Some polynomials in one dimension take LIBSVM millions of iterations.
    stopping = Stopping(1e-6, 300_000)
    found, expected = (
        get_solver(solver).solve(gram, labels, costs, stopping=stopping, item_weights=weights)
        for solver in ("smo-fast", "smo")
    )
    assume(all(solution.converged for solution in expected))
    assert_optimal(gram, labels, costs, 1e-6, found, weights)
    assert_as_good_as(gram, labels, costs, found, expected, weights)


@pytest.mark.compiled
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), tol=st.sampled_from([1e-1, 1e-3, 1e-5]), log_gamma=st.integers(-6, 2))
def test_the_stopping_rule_holds_at_the_asked_tolerance(seed, tol, log_gamma):
    rng = np.random.default_rng(seed)
    rows, labels = ordered_problem(rng, 2, 150, 3, shift=0.3)
    gram = gram_matrix("rbf", rows, rows, 2.0**log_gamma)
    costs = 2.0 ** rng.integers(-8, 10, (6, 1)) * np.ones(2)
    assert_optimal(gram, labels, costs, tol, get_solver("smo-fast").solve(gram, labels, costs, tol))


def nasty_problems():
    rng = np.random.default_rng(0)
    rows, labels = ordered_problem(rng, 2, 80, 4)
    yield "all rows equal", np.ones((20, 3)), np.arange(20) % 2, "rbf", 1.0
    yield "every row twice, with both labels", np.repeat(rows, 2, axis=0), np.arange(160) % 2, "rbf", 0.5
    yield "every row twice", np.repeat(rows, 2, axis=0), np.repeat(labels, 2), "rbf", 0.5
    yield "one row in a class", rows, np.where(np.arange(80) == 7, 1, 0), "rbf", 0.5
    yield "separable", np.where(labels[:, np.newaxis] == 1, rows + 100, rows), labels, "linear", 1.0
    yield "labels are noise", rows, rng.integers(0, 2, 80), "rbf", 0.5
    yield "identity", rows, labels, "rbf", 1e6
    yield "constant Gram", rows, labels, "rbf", 1e-30
    yield "polynomial values of 1e8", rows * 25, labels, "poly", 1.0
    yield "two rows", rows[[0, 79]], np.array([0, 1]), "rbf", 0.5


@pytest.mark.compiled
@pytest.mark.parametrize("name_and_problem", list(nasty_problems()), ids=lambda problem: problem[0])
@pytest.mark.parametrize("cost", [1e-9, 1e-3, 1.0, 1e3])
def test_nasty_problems(name_and_problem, cost):
    _, rows, labels, kernel, gamma = name_and_problem
    gram = gram_matrix(kernel, rows, rows, gamma)
    if kernel != "rbf":
        cost = cost / float(np.abs(gram).max())
    costs = np.array([[5 * cost, cost], [cost, cost], [cost, 5 * cost], [7 * cost, 7 * cost]])
    found, expected = (get_solver(solver).solve(gram, labels, costs, 1e-6) for solver in ("smo-fast", "smo"))
    assert_optimal(gram, labels, costs, 1e-6, found)
    assert_as_good_as(gram, labels, costs, found, expected)


@pytest.mark.parametrize("size", [1e30, 1e34])
def test_kernel_values_at_the_end_of_float32(size):
    rng = np.random.default_rng(2)
    rows, labels = ordered_problem(rng, 2, 60, 3)
    gram = gram_matrix("linear", rows, rows, 1.0) * size
    costs = np.array([[1.0], [4.0], [64.0]]) / size * np.ones(2)
    assert_optimal(gram, labels, costs, 1e-6, get_solver("smo-fast").solve(gram, labels, costs, 1e-6))


def test_the_optimum_is_that_of_a_plain_smo():
    rng = np.random.default_rng(4)
    rows, labels = ordered_problem(rng, 2, 60, 3)
    gram = gram_matrix("rbf", rows, rows, 0.7)
    costs = np.array([[0.5, 0.5], [2.0, 3.0], [8.0, 8.0]])
    solutions = get_solver("smo-fast").solve(gram, labels, costs, tol=1e-8)
    for solution, pair_costs in zip(solutions, costs, strict=True):
        kernel, signs, found, limits = problem_of(gram, labels, 0, 1, solution.coefficients[0], pair_costs)
        beta, bias = naive_smo(kernel, signs, limits, tol=1e-8)
        assert naive_objective(kernel, signs, found) == pytest.approx(naive_objective(kernel, signs, beta), rel=1e-9)
        np.testing.assert_allclose(found, beta, atol=1e-5)
        assert solution.bias[0] == pytest.approx(bias, abs=1e-5)


def test_cost_vectors_may_come_in_any_order():
    rng = np.random.default_rng(11)
    rows, labels = ordered_problem(rng, 3, 120, 4, shift=0.4)
    gram = gram_matrix("rbf", rows, rows, 0.3)
    costs = 2.0 ** np.arange(-4, 6)[:, np.newaxis] * np.array([1.0, 0.5, 2.0])
    shuffled = rng.permutation(len(costs))
    sorted_path, path = path_of("smo-fast", gram, labels, costs), path_of("smo-fast", gram, labels, costs[shuffled])
    for name in ("coefficients", "bias", "iterations", "solved", "warm"):
        np.testing.assert_array_equal(getattr(path, name), getattr(sorted_path, name)[shuffled])


def test_rows_need_not_be_ordered_by_class():
    rng = np.random.default_rng(3)
    rows, labels = ordered_problem(rng, 3, 90, 4)
    shuffled = rng.permutation(90)
    gram, costs = gram_matrix("rbf", rows, rows, 0.5), np.array([[2.0] * 3, [0.1] * 3])
    as_given = get_solver("smo-fast").solve(gram[np.ix_(shuffled, shuffled)], labels[shuffled], costs, 1e-7)
    for found, expected in zip(as_given, get_solver("smo-fast").solve(gram, labels, costs, 1e-7), strict=True):
        np.testing.assert_allclose(found.coefficients, expected.coefficients[:, shuffled], atol=1e-4)


@pytest.mark.compiled
def test_the_same_bytes_twice():
    rng = np.random.default_rng(6)
    rows, labels = ordered_problem(rng, 3, 400, 3, shift=0.2)
    gram = gram_matrix("rbf", rows, rows, 2.0**-4)
    costs = 2.0 ** np.arange(-3, 11, 2)[:, np.newaxis] * np.ones(3)
    first, second = (path_of("smo-fast", gram, labels, costs) for _ in range(2))
    for name in vars(first):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()


def test_one_class_has_no_pairs():
    (solution,) = get_solver("smo-fast").solve(np.eye(3), np.zeros(3, dtype=np.int64), np.ones((1, 1)))
    assert solution.coefficients.shape == (0, 3)


@pytest.mark.parametrize("log_cost", [-20, -12, -8])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_without_free_duals_predictions_are_those_of_libsvm(n_classes, log_cost):
    # Balanced classes and a tiny C: every dual is at its C, and the bias is what rounding on LIBSVM's way makes it.
    rng = np.random.default_rng(n_classes)
    rows = rng.normal(size=(40 * n_classes, 4))
    labels = np.repeat(np.arange(n_classes), 40)
    gram = gram_matrix("rbf", rows, rows, 0.3)
    costs = 2.0 ** np.arange(log_cost, log_cost + 2.5)[:, np.newaxis] * np.ones(n_classes)
    stopping = Stopping(0.001)
    exact, fast = (path_of(solver, gram, labels, costs, stopping) for solver in ("smo", "smo-fast"))
    assert (np.abs(exact.coefficients) == costs[:, :1, np.newaxis]).all()
    np.testing.assert_array_equal(fast.coefficients, exact.coefficients)
    # A run for larger costs is that for smaller ones, scaled: equal but for the last bits.
    np.testing.assert_allclose(fast.bias, exact.bias, rtol=1e-6, atol=1e-15)
    test_gram = gram_matrix("rbf", rng.normal(size=(200, 4)), rows, 0.3)
    starts = np.arange(0, 40 * n_classes + 1, 40)
    np.testing.assert_array_equal(path_votes(test_gram, starts, fast), path_votes(test_gram, starts, exact))
