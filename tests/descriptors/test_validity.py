"""The cleaner's rule against a naive one and at its edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_transforms import naive_dropped

from fastgrid.descriptors.table import Descriptor, DescriptorTable, Kind
from fastgrid.descriptors.validity import clean, numeric_columns

SPECIAL = [0.0, -0.0, 1.0, 1.0 + 2.0**-23, 5e-8, 1e-7, 1.1e-7, 3e38, -3e38, float("nan"), float("inf"), -float("inf")]


@st.composite
def owned_values(draw):
    """A small float32 matrix full of special values, and the descriptor of each of its columns."""
    lengths = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    n_items = draw(st.integers(1, 5))
    cells = st.lists(st.sampled_from(SPECIAL), min_size=sum(lengths), max_size=sum(lengths))
    rows = draw(st.lists(cells, min_size=n_items, max_size=n_items))
    return np.array(rows, np.float32), np.repeat(np.arange(len(lengths)), lengths)


@settings(max_examples=200, deadline=None)
@given(owned_values())
def test_naive_cleaner_agrees(owned):
    values, owner = owned
    with np.errstate(over="ignore", invalid="ignore"):
        expected = naive_dropped(values, owner)
    assert clean(values, owner).dropped.tolist() == expected


def test_a_range_of_exactly_the_limit_is_kept():
    limit = np.float32(1e-7)
    values = np.array([[0, 0], [limit, np.nextafter(limit, np.float32(0))]], np.float32)
    assert clean(values, np.array([0, 1])).dropped.tolist() == [False, True]


def test_one_varying_dimension_keeps_the_descriptor():
    values = np.array([[5, 5, 0], [5, 5, 1]], np.float32)
    assert clean(values, np.array([0, 0, 0])).dropped.tolist() == [False]


def test_invalid_and_constant_are_told_apart():
    values = np.array([[1, np.nan, 0], [1, 2, 1], [1, 3, 2]], np.float32)
    found = clean(values, np.array([0, 1, 2]))
    assert found.invalid.tolist() == [False, True, False]
    assert found.constant.tolist() == [True, False, False]


@pytest.mark.parametrize(("n_items", "n_dimensions", "expected"), [(0, 2, [True, True]), (1, 1, [True]), (3, 0, [])])
def test_small_tables(n_items, n_dimensions, expected):
    values = np.ones((n_items, n_dimensions), np.float32)
    assert clean(values, np.arange(n_dimensions)).dropped.tolist() == expected


@pytest.mark.parametrize("owner", [[0], [0, 0, 0, 0], [1, 1, 2], [0, 2, 2], [0, 1, 0], [-1, 0, 1]])
def test_wrong_numbering_is_an_error(owner):
    with pytest.raises(ValueError, match="dimensions"):
        clean(np.ones((2, 3), np.float32), np.array(owner))


def test_columns_of_a_table():
    descriptors = (
        Descriptor(".a", Kind.REAL, 2),
        Descriptor(".b", Kind.TEXT, 5),
        Descriptor(".c", Kind.ENUMERATED, 1),
        Descriptor(".d", Kind.REAL, 1),
    )
    table = DescriptorTable(("x",), descriptors, np.zeros((1, 4), np.float32), np.zeros((1, 5), "U1"))
    owner, enumerated = numeric_columns(table)
    assert owner.tolist() == [0, 0, 1, 2]
    assert enumerated.tolist() == [False, False, True, False]
