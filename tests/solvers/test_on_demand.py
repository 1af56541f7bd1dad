"""Rows on demand give the iterates of a full Gram matrix, however few rows are kept."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgrid.kernels import fill_gram, inner_products, padded_length, squared_distances
from fastgrid.solvers import ClassOrderedGram, Stopping, get_solver
from fastgrid.solvers.on_demand import solve_on_demand


def products_in_order(features):
    """Inner products in float64, one feature added after the other."""
    wide = features.astype(np.float64)
    products = np.zeros((len(wide), len(wide)))
    for column in wide.T:
        products += np.outer(column, column)
    return products


def full_gram(products, labels, kernel, gamma, degree=3, coef0=0.0):
    gram = squared_distances(products) if kernel == "rbf" else products.copy()
    fill_gram(kernel, gram, gram, gamma, degree, coef0)
    return ClassOrderedGram.from_gram(gram, labels)


def random_problem(rng, n_classes, n, d, *, shift=0.5, integer=False):
    labels = np.sort(np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, n - n_classes)]))
    rows = rng.normal(size=(n, d)) * (1 + 2 * integer) + shift * (1 + 2 * integer) * labels[:, np.newaxis]
    return (np.round(rows) if integer else rows).astype(np.float32), labels


def starts_of(labels):
    return np.searchsorted(labels, np.arange(labels[-1] + 2)).astype(np.int64)


def assert_same_path(found, expected):
    np.testing.assert_array_equal(found.iterations, expected.iterations)
    np.testing.assert_array_equal(found.coefficients, expected.coefficients)
    np.testing.assert_array_equal(found.bias, expected.bias)
    np.testing.assert_array_equal(found.converged, expected.converged)
    np.testing.assert_array_equal(found.solved, expected.solved)


def bytes_of_rows(n_rows, n):
    return 4 * n_rows * padded_length(n)


@pytest.mark.compiled
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_classes=st.integers(2, 4),
    n=st.integers(5, 200),
    d=st.integers(1, 9),
    kernel=st.sampled_from(["rbf", "poly", "linear"]),
    log_gamma=st.integers(-6, 1),
    degree=st.integers(1, 4),
    coef0=st.sampled_from([0.0, 1.0, -0.5]),
    log_costs=st.lists(st.integers(-7, 5), min_size=1, max_size=3),
    shift=st.sampled_from([0.0, 0.5, 3.0]),
    integer=st.booleans(),
    weighted=st.booleans(),
    kept=st.integers(2, 60),
)
def test_iterates_are_those_of_the_full_gram_matrix(
    seed, n_classes, n, d, kernel, log_gamma, degree, coef0, log_costs, shift, integer, weighted, kept
):
    rng = np.random.default_rng(seed)
    features, labels = random_problem(rng, n_classes, n, d, shift=shift, integer=integer)
    gram = full_gram(products_in_order(features), labels, kernel, 2.0**log_gamma, degree, coef0)
    scale = 1.0 if kernel == "rbf" else max(1.0, float(np.abs(gram.values).max()))
    costs = np.outer(2.0 ** np.array(log_costs, dtype=float) / scale, rng.uniform(0.5, 2.0, n_classes))
    weights = rng.choice([0.25, 1.0, 3.7], n) if weighted else None
    stopping = Stopping(maximum_iterations=100_000)
    found = solve_on_demand(
        features, gram.class_starts, kernel, 2.0**log_gamma, costs, stopping,
        cache_bytes=bytes_of_rows(kept, n), degree=degree, coef0=coef0, item_weights=weights,
    )  # fmt: skip
    assert_same_path(found, get_solver("smo").solve_path(gram, costs, stopping, weights))


#: Kernel, gamma, shift between the classes, cost vectors. Between them, items are shrunk, active ones are copied
#: together once and more often, everything is activated in between, and changes at bounds fill their log.
LARGE = {
    "rbf": ("rbf", 2.0**-5, 0.4, [[1.0, 1.0], [32.0, 16.0]]),
    "rbf, separated": ("rbf", 2.0**-7, 1.5, [[0.1, 0.1], [10.0, 10.0], [1000.0, 1000.0]]),
    "rbf, noise": ("rbf", 2.0**-4, 0.05, [[0.25, 0.25]]),
    "poly": ("poly", 2.0**-6, 0.4, [[0.5, 0.5]]),
    "linear": ("linear", 1.0, 1.0, [[2.0**-7, 2.0**-7]]),
}


@pytest.mark.compiled
@pytest.mark.parametrize("integer", [True, False], ids=["integers", "random"])
@pytest.mark.parametrize("n", [600, 1500])
@pytest.mark.parametrize("name", LARGE)
def test_large_problems_with_few_and_many_rows(name, n, integer):
    kernel, gamma, shift, costs = LARGE[name]
    features, labels = random_problem(np.random.default_rng(n), 2, n, 6, shift=shift, integer=integer)
    # Inner products of integers are exact in any order.
    products = inner_products(features, features) if integer else products_in_order(features)
    gram = full_gram(products, labels, kernel, gamma)
    stopping = Stopping(maximum_iterations=60_000)
    expected = get_solver("smo").solve_path(gram, np.array(costs), stopping)
    misses = []
    for kept in (2, 40, 300, n):
        found = solve_on_demand(
            features, gram.class_starts, kernel, gamma, np.array(costs), stopping, cache_bytes=bytes_of_rows(kept, n)
        )
        assert_same_path(found, expected)
        misses.append(int(found.misses[0]))
    assert misses == sorted(misses, reverse=True)
    assert misses[0] > misses[-1]


@pytest.mark.compiled
def test_several_large_pairs_with_weights():
    rng = np.random.default_rng(7)
    features, labels = random_problem(rng, 3, 2000, 5, shift=0.7, integer=True)
    gram = full_gram(inner_products(features, features), labels, "rbf", 2.0**-6)
    weights = rng.choice([0.5, 1.0, 2.0], len(labels))
    costs = np.array([[2.0, 1.0, 4.0], [2.0, 1.0, 4.0], [20.0, 30.0, 10.0]])
    expected = get_solver("smo").solve_path(gram, costs, Stopping(), weights)
    found = solve_on_demand(
        features, gram.class_starts, "rbf", 2.0**-6, costs, Stopping(), cache_bytes=500_000, item_weights=weights
    )
    assert_same_path(found, expected)
    assert found.misses.shape == (3,)


def solve_rbf(features, labels, costs, cache_bytes):
    return solve_on_demand(
        features, starts_of(labels), "rbf", 2.0**-5, np.array(costs), Stopping(), cache_bytes=cache_bytes
    )


def test_rows_survive_from_one_cost_vector_to_the_next():
    features, labels = random_problem(np.random.default_rng(2), 2, 300, 4, shift=0.4)
    one = solve_rbf(features, labels, [[1.0, 1.0]], 10**9)
    several = solve_rbf(features, labels, [[1.0, 1.0], [2.0, 1.0], [30.0, 30.0]], 10**9)
    assert 0 < one.misses[0] <= several.misses[0] <= 300
    assert several.misses[0] < 3 * one.misses[0]


@pytest.mark.compiled
def test_misses_are_those_of_every_run_and_more_once_rows_were_narrowed():
    features, labels = random_problem(np.random.default_rng(1500), 2, 1500, 6, shift=0.4, integer=True)
    found, again = (solve_rbf(features, labels, [[1.0, 1.0], [32.0, 16.0]], 10**9) for _ in range(2))
    assert found.misses[0] == again.misses[0]
    # All rows fit, but when most items are shrunk their columns are left out, and computed again in the end.
    assert found.misses[0] > 1500


def test_two_rows_are_kept_whatever_the_bytes():
    features, labels = random_problem(np.random.default_rng(3), 2, 60, 3)
    assert_same_path(solve_rbf(features, labels, [[1.0, 1.0]], 0), solve_rbf(features, labels, [[1.0, 1.0]], 10**6))


@pytest.mark.compiled
def test_a_matrix_product_is_close_enough():
    features, labels = random_problem(np.random.default_rng(11), 2, 600, 20, shift=0.3)
    gram = full_gram(inner_products(features, features), labels, "rbf", 2.0**-5)
    (expected,) = get_solver("smo").solve_path(gram, np.ones((1, 2)), Stopping()).coefficients
    found = solve_rbf(features, labels, [[1.0, 1.0]], 10**6)
    np.testing.assert_allclose(found.coefficients[0], expected, atol=1e-3)


@pytest.mark.compiled
@pytest.mark.parametrize("cache_bytes", [0, 100_000, 10**9])
def test_memory_is_what_the_documentation_says(cache_bytes):
    n, d = 500, 40
    features, labels = random_problem(np.random.default_rng(12), 2, n, d)
    solve_rbf(features, labels, [[1.0, 1.0]], cache_bytes)  # compiled before it is measured
    tracemalloc.start()
    solve_rbf(features, labels, [[1.0, 1.0]], cache_bytes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    rows = max(8 * (n + 16), min(cache_bytes, 4 * n * (n + 16)))
    result = 8 * n + 1000
    assert peak <= rows + 6 * (n + 90) * d + 280 * (n + 16) + 8 * n + 8 * 5 + 16 * d + 40_000 + result


def test_features_may_be_read_only_and_in_any_layout():
    features, labels = random_problem(np.random.default_rng(13), 3, 90, 4)
    expected = solve_rbf(features, labels, [[1.0, 2.0, 3.0]], 5000)
    frozen = features.copy()
    frozen.setflags(write=False)
    assert_same_path(solve_rbf(frozen, labels, [[1.0, 2.0, 3.0]], 5000), expected)
    assert_same_path(solve_rbf(np.asfortranarray(features), labels, [[1.0, 2.0, 3.0]], 5000), expected)


def test_rows_that_are_zero_and_one_class():
    zeros = np.zeros((10, 3), dtype=np.float32)
    labels = np.repeat([0, 1], 5)
    expected = get_solver("smo").solve_path(
        full_gram(np.zeros((10, 10)), labels, "rbf", 1.0), np.ones((1, 2)), Stopping()
    )
    assert_same_path(solve_rbf(zeros, labels, [[1.0, 1.0]], 1000), expected)
    assert solve_rbf(zeros, np.zeros(10, dtype=np.int64), [[1.0]], 1000).coefficients.shape == (1, 0, 10)


@pytest.mark.parametrize(
    ("kernel", "value", "message"),
    [
        ("sigmoid", 1.0, "kernel 'sigmoid' is not one of rbf, poly, linear"),
        ("rbf", np.nan, "features must be finite"),
        ("linear", np.inf, "features must be finite"),
        ("linear", 1e20, "overflow; scale the features"),
        ("poly", 1e7, "overflow with gamma = 1; scale the features, or choose a smaller gamma"),
    ],
)
def test_what_float32_cannot_hold_is_refused(kernel, value, message):
    features = np.full((4, 2), value, dtype=np.float32)
    with pytest.raises(ValueError, match=message):
        solve_on_demand(features, np.array([0, 2, 4]), kernel, 1.0, np.ones((1, 2)), Stopping(), cache_bytes=1000)
