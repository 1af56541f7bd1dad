"""Gram matrices of subsets of rows against the naive ones and against the formula in numpy."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_svm import naive_gram

from fastgrid.kernels import KERNELS, fill_gram_between, fill_symmetric_gram, inner_products

LARGEST_FLOAT32 = np.finfo(np.float32).max


def plain_gram(kernel, products, rows, columns, gamma, degree, coef0):
    chosen = products[np.ix_(rows, columns)]
    if kernel == "rbf":
        norms = products.diagonal()
        return np.exp(-gamma * np.maximum(norms[rows][:, None] + norms[columns] - 2 * chosen, 0))
    return (gamma * chosen + coef0) ** degree if kernel == "poly" else chosen


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 6),
    d=st.integers(1, 5),
    gamma=st.sampled_from([2.0**-11, 0.3, 1.0, 8.0]),
    degree=st.integers(0, 9),
    coef0=st.sampled_from([0.0, 1.0, -0.5]),
    data=st.data(),
)
def test_both_are_the_formula(kernel, seed, n, d, gamma, degree, coef0, data):
    features = np.random.default_rng(seed).normal(size=(n, d))
    chosen = st.lists(st.integers(0, n - 1), max_size=8)
    rows, columns = (np.array(data.draw(chosen), dtype=np.intp) for _ in range(2))
    products = inner_products(features, features)
    between = np.full((len(rows), len(columns)), np.nan)
    largest = fill_gram_between(kernel, products, rows, columns, between, gamma, degree, coef0)
    expected = naive_gram(kernel, features[rows], features[columns], gamma, degree, coef0).reshape(between.shape)
    np.testing.assert_allclose(between, expected, rtol=1e-9, atol=1e-9)
    assert largest == (min(1, between.size) if kernel == "rbf" else np.abs(between).max(initial=0.0))
    symmetric = np.full((len(rows), len(rows)), np.nan)
    largest = fill_symmetric_gram(kernel, products, symmetric, gamma, degree, coef0, rows)
    expected = naive_gram(kernel, features[rows], features[rows], gamma, degree, coef0).reshape(symmetric.shape)
    np.testing.assert_allclose(symmetric, expected, rtol=1e-9, atol=1e-9)
    assert largest == (min(1, symmetric.size) if kernel == "rbf" else np.abs(symmetric).max(initial=0.0))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("m", [1, 31, 32, 33, 64, 77])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_symmetric_across_the_borders_of_strips(kernel, m, dtype):
    rng = np.random.default_rng(m)
    features = rng.normal(size=(80, 5))
    products = inner_products(features, features)
    rows = rng.permutation(80)[:m]
    out = np.full((m, m), np.nan, dtype=dtype)
    fill_symmetric_gram(kernel, products, out, 0.3, 3, 0.5, rows)
    expected = plain_gram(kernel, products, rows, rows, 0.3, 3, 0.5)
    np.testing.assert_allclose(out, expected, rtol=1e-6 if dtype == np.float32 else 1e-13)
    np.testing.assert_array_equal(out, out.T)
    if kernel == "rbf":
        assert (out.diagonal() == 1).all()
    between = np.full((m, m), np.nan, dtype=dtype)
    fill_gram_between(kernel, products, rows, rows, between, 0.3, 3, 0.5)
    np.testing.assert_array_equal(out, between)


@pytest.mark.parametrize("kernel", KERNELS)
def test_all_rows_are_the_default(kernel):
    features = np.random.default_rng(1).normal(size=(40, 3))
    products = inner_products(features, features)
    whole, chosen = np.empty((2, 40, 40), dtype=np.float32)
    largest = fill_symmetric_gram(kernel, products, whole, 0.5, 2, 1.0)
    assert largest == fill_symmetric_gram(kernel, products, chosen, 0.5, 2, 1.0, np.arange(40))
    np.testing.assert_array_equal(whole, chosen)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("count", [1023, 1024, 1025, 2050])
def test_between_across_the_borders_of_pieces(kernel, count):
    rng = np.random.default_rng(count)
    features = rng.normal(size=(30, 4))
    products = inner_products(features, features)
    rows, columns = np.array([7, 3]), rng.integers(0, 30, count)
    out = np.full((2, count), np.nan)
    fill_gram_between(kernel, products, rows, columns, out, 0.3, 4, -0.5)
    np.testing.assert_allclose(out, plain_gram(kernel, products, rows, columns, 0.3, 4, -0.5), rtol=1e-13)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="a million values, one by one")
@pytest.mark.parametrize("kernel", KERNELS)
def test_symmetric_across_the_borders_of_pieces(kernel):
    features = np.random.default_rng(9).normal(size=(1100, 4))
    products = inner_products(features, features)
    everything = np.arange(1100)
    for rows in (None, everything[::-1].copy()):
        out = np.full((1100, 1100), np.nan)
        fill_symmetric_gram(kernel, products, out, 0.3, 3, 0.5, rows)
        chosen = everything if rows is None else rows
        np.testing.assert_allclose(out, plain_gram(kernel, products, chosen, chosen, 0.3, 3, 0.5), rtol=1e-13)


def test_only_one_triangle_of_the_products_is_read():
    features = np.random.default_rng(2).normal(size=(50, 3))
    products = inner_products(features, features)
    whole, half = np.empty((2, 50, 50))
    fill_symmetric_gram("rbf", products, whole, 0.5)
    products[np.tril_indices(50, -1)] = 1e6
    fill_symmetric_gram("rbf", products, half, 0.5)
    np.testing.assert_array_equal(whole, half)


def test_products_that_are_a_part_of_a_larger_array():
    products = np.random.default_rng(3).normal(size=(9, 9))
    part, out, expected = products[2:7, 1:6], np.empty((5, 5)), np.empty((5, 5))
    fill_symmetric_gram("poly", part, out, 0.5, 3, 1.0)
    fill_symmetric_gram("poly", part.copy(), expected, 0.5, 3, 1.0)
    np.testing.assert_array_equal(out, expected)


def test_equal_rows_have_distance_zero_and_distances_are_never_negative():
    features = np.repeat(np.random.default_rng(0).normal(size=(5, 40)) * 1e3, 3, axis=0)
    products = (features[:, None, :] * features[None, :, :]).sum(axis=2)
    products[0, 1] = products[1, 0] = products[0, 0] * (1 + 1e-15)  # the distance rounds to less than zero
    out = np.empty((15, 15))
    fill_symmetric_gram("rbf", products, out, 1.0)
    assert (out <= 1).all()
    assert out[0, 1] == 1
    assert (out[np.arange(15), np.arange(15) // 3 * 3] == 1).all()


@pytest.mark.parametrize("where", [(0, 0), (0, 44), (39, 40), (44, 44)])
@pytest.mark.parametrize("value", [3e38, 4e38, -4e38, np.inf, -np.inf, np.nan])
def test_the_largest_value_tells_an_overflow(where, value):
    # The largest value may be anywhere: an even power with a negative coef0 is largest off the diagonal.
    products = np.eye(45)
    products[where] = products[where[::-1]] = value
    out = np.empty((45, 45), dtype=np.float32)
    positions = np.arange(45)
    with np.errstate(all="ignore"):
        symmetric = fill_symmetric_gram("linear", products, out, 1.0)
        assert bool(np.isfinite(out).all()) == bool(symmetric <= LARGEST_FLOAT32)
        between = fill_gram_between("linear", products, positions, positions, out, 1.0)
    np.testing.assert_array_equal([symmetric, between], [abs(value)] * 2)


def test_a_power_may_be_largest_off_the_diagonal():
    features = np.array([[1.0, 0.0], [-1.0, 0.0]])
    products = inner_products(features, features)
    out = np.empty((2, 2), dtype=np.float32)
    assert fill_symmetric_gram("poly", products, out, 1.0, 3, -1.0) == 8.0
    np.testing.assert_array_equal(out, [[0, -8], [-8, 0]])


@pytest.mark.parametrize("norm", [np.inf, np.nan, 1e308])
def test_rbf_of_what_is_not_finite_is_reported(norm):
    products = np.diag([1.0, norm])
    out = np.empty((2, 2))
    with np.errstate(all="ignore"):
        assert np.isnan(fill_symmetric_gram("rbf", products, out, 1.0))
        first, second = np.array([0]), np.array([1])
        assert np.isnan(fill_gram_between("rbf", products, first, second, out[:1, :1], 1.0))
        assert np.isnan(fill_gram_between("rbf", products, second, first, out[:1, :1], 1.0))
        assert fill_gram_between("rbf", products, first, first, out[:1, :1], 1.0) == 1.0


def test_unknown_kernel_is_refused():
    base, nothing = np.zeros((1, 1)), np.zeros(1, dtype=np.intp)
    with pytest.raises(ValueError, match="'sigmoid' is not one of rbf, poly, linear"):
        fill_symmetric_gram("sigmoid", base, base, 1.0)
    with pytest.raises(ValueError, match="'sigmoid' is not one of rbf, poly, linear"):
        fill_gram_between("sigmoid", base, nothing, nothing, base, 1.0)
