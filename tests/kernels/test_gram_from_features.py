"""A Gram matrix made in strips is that of the formula, whatever the length of a strip."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_svm import naive_gram

from fastgrid.kernels import KERNELS, fill_symmetric_gram, gram_from_features, inner_products


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 12),
    d=st.integers(1, 5),
    padding=st.integers(0, 3),
    strip_rows=st.integers(0, 13),
    degree=st.integers(1, 5),
    coef0=st.sampled_from([0.0, 1.0, -0.5]),
)
def test_it_is_the_formula(kernel, seed, n, d, padding, strip_rows, degree, coef0):
    values = np.random.default_rng(seed).normal(size=(n, d))
    out = np.full((n, n + padding), np.nan, dtype=np.float32)
    largest, norms = gram_from_features(kernel, values, out, 0.3, degree, coef0, strip_bytes=8 * n * strip_rows)
    expected = naive_gram(kernel, values, values, 0.3, degree, coef0)
    np.testing.assert_allclose(out[:, :n], expected, rtol=2e-7, atol=1e-9)
    np.testing.assert_array_equal(out[:, :n], out[:, :n].T)
    assert (out[:, n:] == 0).all()
    np.testing.assert_allclose(norms, (values**2).sum(axis=1), rtol=1e-14)
    assert largest == pytest.approx(1.0 if kernel == "rbf" else np.abs(expected).max(), rel=1e-9)


@pytest.mark.compiled
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("strip_bytes", [1, 8 * 1100 * 31, 8 * 1100 * 33, 8 * 1100 * 700, 2**40])
def test_integers_give_the_bits_of_the_whole(kernel, strip_bytes):
    values = np.random.default_rng(1).integers(-5, 6, (1100 if strip_bytes > 1 else 150, 4)).astype(np.float64)
    n = len(values)
    out, expected = np.empty((2, n, n), dtype=np.float32)
    largest, norms = gram_from_features(kernel, values, out, 2.0**-4, 3, 0.5, strip_bytes=strip_bytes)
    products = inner_products(values, values)
    assert largest == fill_symmetric_gram(kernel, products, expected, 2.0**-4, 3, 0.5)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(norms, products.diagonal())
    if kernel == "rbf":
        assert (out.diagonal() == 1).all()


@pytest.mark.parametrize(("kernel", "value"), [("rbf", np.inf), ("linear", np.nan), ("poly", np.nan), ("rbf", np.nan)])
@pytest.mark.parametrize("row", [0, 20, 39])
def test_what_is_not_finite_is_reported(kernel, value, row):
    values = np.random.default_rng(2).normal(size=(40, 2))
    values[row] = value
    out = np.empty((40, 48), dtype=np.float32)
    with np.errstate(all="ignore"):
        largest, _ = gram_from_features(kernel, values, out, 1.0, 3, 0.0, strip_bytes=8 * 40 * 7)
    assert np.isnan(largest)


def test_the_largest_value_may_be_in_any_strip():
    for row in (0, 13, 39):
        values = np.full((40, 1), 2.0)
        values[row] = 1e20
        with np.errstate(over="ignore"):
            largest, _ = gram_from_features("linear", values, np.empty((40, 40), np.float32), 1.0, strip_bytes=999)
        assert largest == 1e20 * 1e20


def test_another_kernel_is_refused():
    with pytest.raises(ValueError, match="'sigmoid' is not one of rbf, poly, linear"):
        gram_from_features("sigmoid", np.ones((2, 2)), np.empty((2, 2), np.float32), 1.0, strip_bytes=99)
