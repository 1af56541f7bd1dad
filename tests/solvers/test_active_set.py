"""Newton steps: within the box, on the hyperplane, never worse, and at the optimum where few duals change sides."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_svm import naive_objective, naive_smo
from solver_checks import ordered_problem

from fastgrid.kernels import gram_matrix
from fastgrid.solvers.active_set import Iterate, _feasible, newton


def problem(rng, n, cost, *, gamma=0.5, shift=0.4):
    rows, labels = ordered_problem(rng, 2, n, 3, shift=shift)
    gram = gram_matrix("rbf", rows, rows, gamma).astype(np.float32)
    signs = np.where(labels == 0, 1.0, -1.0)
    return gram, signs, np.where(signs > 0, 0.0, -cost), np.where(signs > 0, cost, 0.0)


def iterate(gram, signs, beta):
    return Iterate(beta, gram.astype(np.float64) @ beta - signs)


def random_beta(rng, signs, cost):
    """Signed duals in the box that sum to zero, many at a bound."""
    alpha = np.clip(rng.uniform(-0.5, 1.5, len(signs)), 0, 1) * cost
    sums = [alpha[signs == sign].sum() for sign in (1, -1)]
    for sign, own in zip((1, -1), sums, strict=True):
        if own > 0:
            alpha[signs == sign] *= min(sums) / own
    return alpha * signs


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 80),
    log_cost=st.integers(-6, 8),
    most=st.integers(1, 12),
    log_gamma=st.sampled_from([-20, -5, 0, 10]),
)
def test_what_is_found_is_feasible_and_better(seed, n, log_cost, most, log_gamma):
    rng, cost = np.random.default_rng(seed), 2.0**log_cost
    gram, signs, lower, upper = problem(rng, n, cost, gamma=2.0**log_gamma)
    start = iterate(gram, signs, random_beta(rng, signs, cost))
    before = start.beta.copy(), start.gradient.copy()
    found, steps = newton(gram, start, lower, upper, signs, 1e-6, most)
    assert 1 <= steps <= most
    np.testing.assert_array_equal(start.beta, before[0])
    np.testing.assert_array_equal(start.gradient, before[1])
    if found is None:
        return
    assert (found.beta >= lower).all() and (found.beta <= upper).all()
    assert abs(found.beta.sum()) <= 1e-11 * max(1.0, np.abs(found.beta).sum())
    exact = gram.astype(np.float64)
    np.testing.assert_allclose(found.gradient, exact @ found.beta - signs, atol=1e-11 * (1 + n * cost))
    objectives = [naive_objective(exact, signs, each.beta) for each in (found, start)]
    rounding = 1e-13 * (np.abs(start.beta) @ np.abs(exact) @ np.abs(start.beta) + n * cost)
    assert objectives[0] < objectives[1] + rounding


def test_from_near_the_optimum_it_is_reached():
    rng = np.random.default_rng(1)
    gram, signs, lower, upper = problem(rng, 80, 2.0)
    exact = gram.astype(np.float64)
    near, _ = naive_smo(exact, signs, upper - lower, tol=1e-2)
    best, _ = naive_smo(exact, signs, upper - lower, tol=1e-9)
    found, steps = newton(gram, iterate(gram, signs, near), lower, upper, signs, 1e-7, 20)
    assert found is not None and steps < 20
    np.testing.assert_allclose(found.beta, best, atol=1e-5)


def test_nothing_is_better_than_the_optimum():
    # A unit matrix and equal classes: every dual is 1, exactly.
    unit = np.eye(40, 48, dtype=np.float32)
    signs = np.where(np.arange(40) < 20, 1.0, -1.0)
    lower, upper = np.where(signs > 0, 0.0, -2.0), np.where(signs > 0, 2.0, 0.0)
    start = Iterate(signs.copy(), np.zeros(40))
    assert newton(unit, start, lower, upper, signs, 1e-9, 5)[0] is None


def test_without_free_duals_there_is_nothing_to_do():
    gram, signs, lower, upper = problem(np.random.default_rng(3), 40, 1e-6)
    beta = np.where(signs > 0, upper, lower)
    assert newton(gram, iterate(gram, signs, beta), lower, upper, signs, 1e-3, 5) == (None, 1)


def test_a_system_that_is_not_positive_definite_is_given_up():
    _, signs, lower, upper = problem(np.random.default_rng(4), 30, 1.0)
    gram = -np.ones((30, 32), dtype=np.float32) - 10 * np.eye(30, 32, dtype=np.float32)
    np.fill_diagonal(gram, 1.0)
    start = Iterate(signs * 0.5 * (signs > 0) + lower * 0.5, -signs)
    found, steps = newton(gram, start, lower, upper, signs, 1e-3, 5)
    assert found is None and steps == 1


def test_a_large_system_takes_twelve_bytes_per_entry():
    n = 500
    gram, signs, lower, upper = problem(np.random.default_rng(5), n, 1e9, gamma=200.0)
    start = Iterate(np.zeros(n), -signs)
    newton(gram, start, lower, upper, signs, 1e-9, 1)
    tracemalloc.start()
    found, _ = newton(gram, start, lower, upper, signs, 1e-9, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None and np.count_nonzero(found.beta) > 0.9 * n
    assert 8 * n**2 < peak < 12 * n**2 + 200 * n + 2**16


@given(
    seed=st.integers(0, 2**32 - 1), n=st.integers(1, 30), size=st.sampled_from([0.0, 1e-9, 1e-3, 1.0]),
    cost=st.sampled_from([1e-6, 1.0, 1e6]),
)  # fmt: skip
def test_feasible_duals_sum_to_zero_within_the_box(seed, n, size, cost):
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], n)
    lower, upper = np.where(signs > 0, 0.0, -cost), np.where(signs > 0, cost, 0.0)
    beta = np.clip(random_beta(rng, signs, cost) + size * cost * rng.normal(size=n), lower, upper)
    given_beta = beta.copy()
    found = _feasible(beta, lower, upper)
    np.testing.assert_array_equal(beta, given_beta)
    if found is None:
        return
    assert (found >= lower).all() and (found <= upper).all()
    assert abs(found.sum()) <= 1e-12 * max(1.0, np.abs(found).sum())
    # What is at a bound stays there.
    fixed = (beta == lower) | (beta == upper)
    np.testing.assert_array_equal(found[fixed], beta[fixed])


@pytest.mark.parametrize(
    ("beta", "expected"),
    [
        ([0.0, 0.0], [0.0, 0.0]),
        ([0.6, -0.4], [0.6 - 0.2 * 0.6 / 1.2, -0.4 - 0.2 * 0.6 / 1.2]),
        ([1.0, -0.4], [1.0, -1.0]),
        ([1.0, 0.0], None),
    ],
)
def test_what_the_sum_lacks_is_spread_over_free_duals(beta, expected):
    found = _feasible(np.array(beta), np.array([0.0, -1.0]), np.array([1.0, 0.0]))
    if expected is None:
        assert found is None
    else:
        np.testing.assert_allclose(found, expected, atol=1e-12)
