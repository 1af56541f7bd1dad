"""Gram matrices against the naive ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_svm import naive_gram

from fastgrid.kernels import KERNELS, fill_gram, gram_matrix, inner_products, squared_distances


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    m=st.integers(1, 6),
    n=st.integers(1, 6),
    d=st.integers(1, 5),
    gamma=st.sampled_from([2.0**-11, 0.3, 1.0, 8.0]),
    degree=st.integers(1, 5),
    coef0=st.sampled_from([0.0, 1.0, -0.5]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_gram_is_the_formula(kernel, seed, m, n, d, gamma, degree, coef0, dtype):
    rng = np.random.default_rng(seed)
    left, right = rng.normal(size=(m, d)).astype(dtype), rng.normal(size=(n, d)).astype(dtype)
    expected = naive_gram(kernel, left, right, gamma, degree, coef0)
    found = gram_matrix(kernel, left, right, gamma, degree, coef0)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_distances_of_equal_rows_are_exactly_zero_and_never_negative():
    rows = np.repeat(np.random.default_rng(0).normal(size=(5, 40)) * 1e3, 3, axis=0)
    distances = squared_distances(inner_products(rows, rows))
    assert (distances >= 0).all()
    assert (distances.diagonal() == 0).all()


def test_gram_of_one_set_is_symmetric():
    rows = np.random.default_rng(1).normal(size=(20, 7)).astype(np.float32)
    for kernel in KERNELS:
        gram = gram_matrix(kernel, rows, rows, 0.25)
        np.testing.assert_array_equal(gram, gram.T)


def test_distance_blocks_equal_the_whole():
    rows = np.random.default_rng(2).normal(size=(12, 5))
    norms = (rows * rows).sum(axis=1)
    block = squared_distances(inner_products(rows[:4], rows), norms[:4], norms)
    np.testing.assert_allclose(block, squared_distances(inner_products(rows, rows))[:4], atol=1e-12)


def test_unknown_kernel_is_refused():
    base = np.zeros((1, 1))
    with pytest.raises(ValueError, match="'sigmoid' is not one of rbf, poly, linear"):
        fill_gram("sigmoid", base, base, 1.0)


def test_non_contiguous_blocks_are_filled():
    rows = np.random.default_rng(3).normal(size=(10, 4))
    base = squared_distances(inner_products(rows, rows))
    out = np.empty((4, 6))
    fill_gram("rbf", base[6:, :6], out, 0.5)
    np.testing.assert_array_equal(out, gram_matrix("rbf", rows, rows, 0.5)[6:, :6])
