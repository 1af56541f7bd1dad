"""Gaussianize against Gaia's bisection done step by step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_transforms import naive_gaussianize
from scipy.special import erfinv
from transform_tables import assert_same_table, make_table, same_bits

from fastgrid.common.errors import UserError
from fastgrid.transforms.enumeration import Enumerate
from fastgrid.transforms.gaussianization import Gaussianize, gaussianized

# Few distinct values, so that ties, values between and values outside are all frequent.
GRID = st.sampled_from([-2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.0 + 2.0**-23, 2.0])


@settings(max_examples=300, deadline=None)
@given(st.lists(GRID, min_size=2, max_size=40), st.lists(GRID | st.just(float("nan")), min_size=1, max_size=12))
def test_naive_gaussianize_agrees(fitted, values):
    known = np.sort(np.array([fitted], np.float32), axis=1)
    new = np.array(values, np.float32)
    expected = naive_gaussianize(np.array(fitted, np.float32), new)
    assert same_bits(gaussianized(new[:, None], known), expected[:, None])


@pytest.mark.parametrize("size", [2, 3, 70, 999, 10_000])
def test_every_rank_agrees(size):
    fitted = np.arange(size, dtype=np.float32)
    table = make_table({".a": fitted.tolist()})
    result = Gaussianize("*").fit_transform(table).values
    chosen = np.unique(np.linspace(0, size - 1, 300).astype(int))
    assert same_bits(result[chosen, 0], naive_gaussianize(fitted, fitted[chosen]))
    assert (np.diff(result[:, 0]) >= 0).all() and np.isfinite(result).all()


def test_two_items_give_zeros_and_the_two_largest_share_a_rank():
    assert Gaussianize("*").fit_transform(make_table({".a": [3, 8]})).values.ravel().tolist() == [0, 0]
    ranked = Gaussianize("*").fit_transform(make_table({".a": [4, 1, 3, 2]})).values.ravel()
    assert ranked[0] == ranked[2] > ranked[3] == 0 > ranked[1]


def test_above_ten_thousand_items_every_kth_is_fitted():
    values = np.random.default_rng(0).permutation(20_001).astype(np.float32)
    step = Gaussianize("*").fit(make_table({".a": values.tolist()}))
    assert step.sorted_.tolist() == [sorted(values[::3].tolist())]
    some = np.array([0, 0.5, 7_000, 20_000], np.float32)
    result = step.transform(make_table({".a": some.tolist()})).values.ravel()
    assert same_bits(result, naive_gaussianize(values, some))


def test_only_matching_real_descriptors_change():
    table = make_table({".a": [1, 2, 3], ".b": [1, 2, 3], ".c": [1, 2, 3], ".k": ["x", "y", "z"], ".t": ["p"] * 3})
    numbered = Enumerate("k").fit_transform(table)
    step = Gaussianize(["*", "none"], except_=["b"])
    result = step.fit_transform(numbered)
    unchanged = numbered.keep([".b", ".k", ".t"])
    assert_same_table(result.keep(unchanged.names), unchanged)
    assert not np.array_equal(result.values[:, 0], numbered.values[:, 0])
    assert np.array_equal(result.values[:, 0], result.values[:, 2])
    assert step.unmatched_ == ("none",)


def test_nan_and_infinity_are_left_out_with_their_reason():
    table = make_table({".a": [1, 2], ".inf": [[0, 1], [1, np.inf]], ".nan": [np.nan, 1]})
    step = Gaussianize("*")
    assert step.fit_transform(table).names == (".a",)
    assert set(step.left_out_) == {".inf", ".nan"}
    assert all("NaN" in reason for reason in step.left_out_.values())


def test_a_subset_of_descriptors_and_a_read_only_table():
    table = make_table({".a": [1, 2, 5], ".b": [[3, 1], [2, 2], [1, 9]], ".t": ["x", "y", "z"]})
    table.values.flags.writeable = False
    step = Gaussianize("*").fit(table)
    whole = step.transform(table)
    for names in ([".b"], [".a", ".t"], [".t"], []):
        assert_same_table(step.transform(table.keep(names)), whole.keep(names))


@pytest.mark.parametrize("n_items", [0, 1])
def test_too_few_items(n_items):
    table = make_table({".a": [1, 2]}).rows(range(n_items))
    with pytest.raises(UserError, match=f"at least 2 items, not {n_items}"):
        Gaussianize("*").fit(table)


def test_another_length_than_fitted():
    step = Gaussianize("*").fit(make_table({".a": [1, 2]}))
    with pytest.raises(UserError, match=r"\.a: .* fitted on 1 real"):
        step.transform(make_table({".a": [[1, 2]]}))


@pytest.mark.parametrize("sizes", [range(2, 400), (4095, 4096, 4097, 9_999, 10_000)], ids=["small", "large"])
def test_the_quantiles_are_scipys_inverse_error_function(sizes):
    for size in sizes:
        share = (np.arange(1, size, dtype=np.float32) / np.float32(size)).astype(np.float64)
        ranked = np.arange(size, dtype=np.float32)
        found = gaussianized(ranked[: size - 1, None], ranked[None])[:, 0]
        assert same_bits(found, erfinv(2.0 * share - 1.0).astype(np.float32)), size
