import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive_probability import naive_couple, naive_couple_as_libsvm

from fastgrid.model.coupling import couple

KS = st.integers(2, 9)


def matrix_of_pairs(flat, k):
    r, values = [[0.0] * k for _ in range(k)], iter(flat)
    for i in range(k):
        for j in range(i + 1, k):
            r[i][j] = next(values)
            r[j][i] = 1 - r[i][j]
    return r


@st.composite
def pair_probabilities(draw):
    k, n_items = draw(KS), draw(st.integers(1, 4))
    value = st.floats(1e-7, 1 - 1e-7)
    n_pairs = k * (k - 1) // 2
    return k, np.array([draw(st.lists(value, min_size=n_items, max_size=n_items)) for _ in range(n_pairs)])


@given(pair_probabilities())
def test_every_item_is_coupled_as_libsvm_does(case):
    k, r = case
    expected = [naive_couple_as_libsvm(matrix_of_pairs(r[:, item], k)) for item in range(r.shape[1])]
    np.testing.assert_allclose(couple(r, k), expected, rtol=0, atol=1e-9)


def test_is_near_the_exact_minimum():
    k, r = 6, np.random.default_rng(1).uniform(0.05, 0.95, (15, 30))
    expected = [naive_couple(matrix_of_pairs(r[:, item], k)) for item in range(30)]
    np.testing.assert_allclose(couple(r, k), expected, rtol=0, atol=5e-3)


@given(pair_probabilities())
def test_rows_are_probabilities(case):
    k, r = case
    p = couple(r, k)
    assert p.shape == (r.shape[1], k) and (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=0, atol=1e-12)


def test_consistent_pairs_give_the_classes_back():
    p = np.array([0.1, 0.2, 0.3, 0.4])
    r = np.array([[p[i] / (p[i] + p[j])] for i in range(4) for j in range(i + 1, 4)])
    np.testing.assert_allclose(couple(r, 4)[0], p, atol=2e-3)


def test_two_classes_are_coupled_too():
    # As by Gaia's LIBSVM: a pair that is nearly even stays where the iteration begins.
    p = couple(np.array([[0.5004, 0.25, 0.0, 1.0]]), 2)[:, 0]
    assert p[0] == 0.5 and p[1] != 0.25
    np.testing.assert_allclose(p, [0.5004, 0.25, 0.0, 1.0], rtol=0, atol=5e-3)


@pytest.mark.parametrize("n_items", [0, 3])
def test_one_class_is_certain(n_items):
    np.testing.assert_array_equal(couple(np.empty((0, n_items)), 1), np.ones((n_items, 1)))


def test_no_items():
    assert couple(np.empty((3, 0)), 3).shape == (0, 3)
