"""The scaling of a training part against a naive one, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_transforms import naive_scaling
from transform_tables import same_bits

from fastgrid.transforms.scaling import fit_scaling

SPECIAL = [0.0, -0.0, 1.0, 1.0 + 2.0**-23, -7.25, 0.1, 5e-8, 1e-7, 1e-44, 1e-39, 3e38, -3e38]


@st.composite
def training_parts(draw):
    lengths = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    texts = draw(st.lists(st.booleans(), min_size=len(lengths), max_size=len(lengths)))
    n_items = draw(st.integers(1, 5))
    cell = st.sampled_from([*SPECIAL, float("nan"), float("inf")]) | st.floats(width=32, allow_nan=False)
    row = st.lists(cell, min_size=sum(lengths), max_size=sum(lengths))
    values = np.array(draw(st.lists(row, min_size=n_items, max_size=n_items)), np.float32)
    enumerated = np.repeat(texts, lengths)
    values[:, enumerated] = np.arange(n_items)[:, None]
    return values, np.repeat(np.arange(len(lengths)), lengths), enumerated


@settings(max_examples=200, deadline=None)
@given(training_parts())
def test_naive_scaling_agrees(part):
    values, owner, enumerated = part
    fitted = fit_scaling(values, owner, enumerated)
    with np.errstate(all="ignore"):
        expected = naive_scaling(values, owner, enumerated)
        scaled = [[np.float32(np.float32(row[d] * a) + b) for d, a, b in expected] for row in values]
    assert fitted.columns.dtype == np.intp
    assert fitted.columns.tolist() == [d for d, _, _ in expected]
    assert same_bits(fitted.scale, np.array([a for _, a, _ in expected], np.float32))
    assert same_bits(fitted.offset, np.array([b for _, _, b in expected], np.float32))
    assert same_bits(fitted.apply(values), np.array(scaled, np.float32).reshape(len(values), len(expected)))


def test_training_part_of_real_size_agrees():
    random = np.random.default_rng(0)
    lengths = random.integers(1, 40, size=30)
    owner = np.repeat(np.arange(30), lengths)
    values = random.lognormal(size=(60, owner.size)).astype(np.float32)
    values[:, ::17] = 0.25
    values[3, 50] = np.nan
    fitted = fit_scaling(values, owner, np.zeros(owner.size, bool))
    expected = naive_scaling(values, owner, np.zeros(owner.size, bool))
    assert fitted.columns.tolist() == [d for d, _, _ in expected]
    assert same_bits(fitted.scale, np.array([a for _, a, _ in expected], np.float32))
    inside = fitted.apply(values)
    assert inside.shape[1] < owner.size and inside.min() >= -1e-6 and inside.max() <= 1 + 1e-6


def test_each_product_and_sum_is_rounded_to_float32():
    training = np.array([[0.1], [0.7]], np.float32)
    fitted = fit_scaling(training, np.array([0]), np.array([False]))
    a, b = fitted.scale[0], fitted.offset[0]
    new = np.random.default_rng(1).random((500, 1), dtype=np.float32)
    rounded_twice = np.array([[np.float32(np.float32(x * a) + b)] for x in new[:, 0]])
    rounded_once = (new.astype(np.float64) * float(a) + float(b)).astype(np.float32)
    assert same_bits(fitted.apply(new), rounded_twice)
    assert not np.array_equal(rounded_twice, rounded_once)


def test_a_constant_dimension_is_dropped_and_its_neighbours_stay():
    values = np.array([[1, 5, 2], [3, 5, 4]], np.float32)
    fitted = fit_scaling(values, np.array([0, 0, 0]), np.zeros(3, bool))
    assert fitted.columns.tolist() == [0, 2]
    assert fitted.apply(values).tolist() == [[0, 0], [1, 1]]


def test_new_items_are_not_clipped_and_overflow_quietly():
    fitted = fit_scaling(np.array([[0], [1e-3]], np.float32), np.array([0]), np.array([False]))
    assert fitted.apply(np.array([[-1e-3], [2e-3], [3e38]], np.float32)).ravel().tolist() == [-1, 2, np.inf]


def test_enumerated_numbers_stay_even_when_constant():
    values = np.array([[4, 1], [4, 2]], np.float32)
    fitted = fit_scaling(values, np.array([0, 1]), np.array([True, False]))
    assert fitted.apply(values).tolist() == [[4, 0], [4, 1]]


@pytest.mark.parametrize("shape", [(3, 0), (0, 0), (0, 2), (1, 2)])
def test_nothing_to_scale(shape):
    fitted = fit_scaling(np.ones(shape, np.float32), np.arange(shape[1]), np.zeros(shape[1], bool))
    assert fitted.columns.size == 0
    assert fitted.apply(np.ones(shape, np.float32)).shape == (shape[0], 0)


def test_the_values_are_left_alone_and_may_be_read_only():
    values = np.array([[0, 1], [2, 3]], np.float32)
    values.flags.writeable = False
    fit_scaling(values, np.array([0, 1]), np.zeros(2, bool)).apply(values)
    assert values.tolist() == [[0, 1], [2, 3]]


def test_wrong_arguments():
    with pytest.raises(ValueError, match="flags"):
        fit_scaling(np.ones((2, 2), np.float32), np.array([0, 1]), np.array([True]))
    with pytest.raises(ValueError, match="float64"):
        fit_scaling(np.ones((2, 2)), np.array([0, 1]), np.zeros(2, bool))
