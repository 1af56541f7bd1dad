"""Normalize, both modes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from naive_transforms import naive_normalize, naive_scaling
from transform_tables import assert_same_table, make_table, same_bits

from fastgrid.common.errors import UserError
from fastgrid.transforms.enumeration import Enumerate
from fastgrid.transforms.normalization import Normalize

FLOATS = st.floats(-1e6, 1e6, width=32, allow_subnormal=False) | st.sampled_from(
    np.array([0, 0.1, 0.7, -3], np.float32).tolist()
)
BLOCKS = hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=FLOATS)


@settings(max_examples=150, deadline=None)
@given(BLOCKS)
def test_naive_normalize_agrees(block):
    step = Normalize()
    result = step.fit_transform(make_table({".a": block.tolist()}))
    with np.errstate(over="ignore"):
        expected = naive_normalize(block)
    if expected is None:
        assert list(step.left_out_) == [".a"] and result.names == ()
    else:
        assert same_bits(result.values, expected)


@settings(max_examples=150, deadline=None)
@given(BLOCKS)
def test_naive_independent_normalize_agrees(block):
    step = Normalize(independent=True)
    result = step.fit_transform(make_table({".a": block.tolist()}))
    wide = np.ptp(block, axis=0) > 0
    if not wide.any():
        assert list(step.left_out_) == [".a"] and result.names == ()
        return
    # One descriptor per dimension, so that the naive cleaner has its say on each by itself; where it drops one
    # for its small range, normalize still scales it.
    used = naive_scaling(block, list(range(block.shape[1])), [False] * block.shape[1])
    for d, scale, offset in used:
        expected = [np.float32(np.float32(x * scale) + offset) for x in block[:, d]]
        assert same_bits(np.ascontiguousarray(result.values[:, d]), np.array(expected, np.float32))
    assert not result.values[:, ~wide].any()


def test_all_dimensions_of_a_descriptor_share_one_scale():
    result = Normalize().fit_transform(make_table({".a": [[0, 5], [1, 10]], ".b": [2, 4]}))
    assert result.values.tolist() == [[0, 0.5, 0], [np.float32(0.1), 1, 1]]


def test_exceptions_text_and_numbers_of_text_stay():
    table = make_table({".a": [1, 3], ".b": [1, 3], ".k": ["x", "y"], ".t": ["u", "v"]})
    numbered = Enumerate("k").fit_transform(table)
    step = Normalize(except_=["b"])
    result = step.fit_transform(numbered)
    assert result.values.tolist() == [[0, 1, 0], [1, 3, 1]]
    assert result.text.tolist() == [["u"], ["v"]]
    assert step.left_out_ == {} and step.unmatched_ == ()


def test_patterns_choose_what_is_scaled():
    step = Normalize(["a", "none"]).fit(table := make_table({".a": [1, 3], ".b": [1, 3]}))
    assert step.transform(table).values.tolist() == [[0, 1], [1, 3]]
    assert step.unmatched_ == ("none",)


@pytest.mark.parametrize("independent", [False, True])
def test_what_cannot_be_scaled_is_left_out_with_its_reason(independent):
    table = make_table(
        {
            ".a": [1, 2],
            ".nan": [[1, 2], [np.nan, 5]],
            ".inf": [1, -np.inf],
            ".same": [[3, 3], [3, 3]],
            ".denormal": [0, 1e-44],
        }
    )
    step = Normalize(independent=independent)
    assert step.fit_transform(table).names == (".a",)
    assert {name: reason.split()[0] for name, reason in step.left_out_.items()} == {
        ".nan": "holds",
        ".inf": "holds",
        ".same": "has",
        ".denormal": "has",
    }


def test_a_constant_dimension_becomes_zero_when_independent():
    table = make_table({".a": [[1, 7], [3, 7]]})
    step = Normalize(independent=True).fit(table)
    assert step.transform(table).values.tolist() == [[0, 0], [1, 0]]
    assert step.transform(make_table({".a": [[2, 9]]})).values.tolist() == [[0.5, 0]]


def test_new_items_are_not_clipped_and_overflow_quietly():
    step = Normalize().fit(make_table({".a": [0, 1e-3]}))
    assert step.transform(make_table({".a": [-1e-3, 3e38]})).values.ravel().tolist() == [-1, np.inf]


def test_the_fitted_table_is_not_changed_and_may_be_read_only():
    table = make_table({".a": [1, 3]})
    table.values.flags.writeable = False
    Normalize().fit_transform(table)
    assert table.values.ravel().tolist() == [1, 3]


def test_a_subset_of_descriptors():
    table = make_table({".a": [1, 3], ".b": [[1, 2], [2, 6]], ".c": [5, 9], ".s": [1, 1]})
    step = Normalize().fit(table)
    whole = step.transform(table)
    for names in ([".b"], [".a", ".c"], [".s"], []):
        assert_same_table(step.transform(table.keep(names)), whole.keep(names))


@pytest.mark.parametrize("column", [["x"], [[1, 2]]])
def test_another_kind_or_length_than_fitted(column):
    step = Normalize().fit(make_table({".a": [1, 3]}))
    with pytest.raises(UserError, match=r"\.a: .* fitted on 1 real"):
        step.transform(make_table({".a": column}))
