"""Products of folds by correction against fresh ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgrid.kernels import changed_features, correct_products, correction_cost, fresh_cost, inner_products
from fastgrid.transforms.scaling import fit_scaling


def assert_equal_products(found, fresh):
    # Relative to the larger of the two norms: inner products themselves may cancel.
    norms = np.maximum(fresh.diagonal(), 1.0)
    scale = np.sqrt(np.outer(norms, norms))
    assert np.abs(found - fresh).max() <= 1e-12 * scale.max()
    np.testing.assert_allclose(found / scale, fresh / scale, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found, found.T)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from([1, 2, 15, 16, 17, 128, 129, 300]),
    kept=st.integers(0, 4),
    out_width=st.integers(0, 4),
    in_width=st.integers(0, 4),
    dtype=st.sampled_from([np.float32, np.float64]),
    in_place=st.booleans(),
)
def test_exchanged_features(seed, n, kept, out_width, in_width, dtype, in_place):
    rng = np.random.default_rng(seed)
    common, old, new = (rng.normal(size=(n, width)).astype(dtype) for width in (kept, out_width, in_width))
    whole, fold = np.hstack([common, old]), np.hstack([common, new])
    products = inner_products(whole, whole)
    before = products.copy()
    out = products if in_place else np.full((n, n), np.nan)
    correct_products(products, old, new, out)
    assert_equal_products(out, inner_products(fold, fold))
    if not in_place:
        np.testing.assert_array_equal(products, before)


def test_nothing_changed_is_exact():
    features = np.random.default_rng(0).normal(size=(150, 7))
    products, nothing = inner_products(features, features), np.empty((150, 0))
    out = np.empty_like(products)
    correct_products(products, nothing, nothing, out)
    np.testing.assert_array_equal(out, products)
    correct_products(products, nothing, nothing, products)
    np.testing.assert_array_equal(out, products)


def test_changed_are_those_with_another_scale_or_offset_or_in_one_only():
    whole = (np.array([0, 1, 2, 4, 6]), np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0.0, 0.0, 0.0, 0.0, 0.0]))
    fold = (np.array([1, 2, 3, 4, 6]), np.array([2.0, 9.0, 1.0, 4.0, 5.0]), np.array([0.0, 0.0, 0.0, 7.0, 0.0]))
    taken_out, put_in = changed_features(whole, fold)
    np.testing.assert_array_equal(whole[0][taken_out], [0, 2, 4])
    np.testing.assert_array_equal(fold[0][put_in], [2, 3, 4])
    for positions in changed_features(whole, whole):
        assert positions.size == 0


def scaled_parts(scaling):
    return scaling.columns, scaling.scale, scaling.offset


def assert_folds_agree(values, folds):
    owners, enumerated = np.arange(values.shape[1]), np.zeros(values.shape[1], dtype=bool)
    whole = fit_scaling(values, owners, enumerated)
    scaled = whole.apply(values)
    products, out = inner_products(scaled, scaled), np.empty((len(values), len(values)))
    changes = set()
    for fold in range(folds.max() + 1):
        own = fit_scaling(values[folds != fold], owners, enumerated)
        fresh = own.apply(values)
        taken_out, put_in = changed_features(scaled_parts(whole), scaled_parts(own))
        correct_products(products, scaled[:, taken_out], fresh[:, put_in], out)
        assert_equal_products(out, inner_products(fresh, fresh))
        changes.add((len(taken_out), len(put_in)))
    return changes


@pytest.mark.parametrize("n_folds", [2, 5, 30])
def test_all_folds_of_scaled_data(n_folds):
    rng = np.random.default_rng(n_folds)
    values = (rng.lognormal(size=(150, 40)) * 10.0 ** rng.integers(-3, 4, 40)).astype(np.float32)
    changes = assert_folds_agree(values, rng.permutation(150) % n_folds)
    # Something is kept and something changes, else nothing is tested.
    assert any(0 < count < 40 for count, _ in changes)


def test_features_that_only_a_fold_keeps_or_drops():
    rng = np.random.default_rng(4)
    values = rng.normal(size=(60, 6)).astype(np.float32)
    folds = np.arange(60) % 3
    values[:, 0] = folds == 1  # constant without fold 1
    values[3:, 2] = 5.0  # varies by items of every fold, but little
    values[4, 4] = np.float32(3e38)
    values[7, 4] = np.float32(-3e38)  # a range beyond float32, unless one of the two is held out
    with np.errstate(over="ignore"):
        changes = assert_folds_agree(values[:, :4], folds)
    assert any(taken_out > put_in for taken_out, put_in in changes)
    whole, own = (np.array([0, 2]), np.ones(2), np.zeros(2)), (np.array([0, 1, 2]), np.ones(3), np.zeros(3))
    taken_out, put_in = changed_features(whole, own)
    assert (taken_out.tolist(), put_in.tolist()) == ([], [1])
    with_it, without = values[:, [0, 1, 2]], values[:, [0, 2]]
    out = np.empty((60, 60))
    correct_products(inner_products(without, without), without[:, taken_out], with_it[:, put_in], out)
    assert_equal_products(out, inner_products(with_it, with_it))


def test_when_a_correction_costs_less():
    for n in (10, 1000, 20000):
        fresh = fresh_cost(n, 300)
        costs = [correction_cost(n, columns) for columns in range(601)]
        assert costs[0] == 0.0 and costs == sorted(costs)
        assert costs[100] < fresh < costs[600]
