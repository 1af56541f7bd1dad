"""Inner products of folds: corrected ones are those of a product of its own, and what is kept is not made again."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_svm import naive_scaled

from fastgrid.sweep import fold_base
from fastgrid.sweep.combinations import FeatureSet
from fastgrid.sweep.fold_base import forget_products, make_fold_base, present_classes, values_of
from fastgrid.sweep.splits import Splits


@pytest.fixture(autouse=True)
def made(monkeypatch):
    """Shapes of the inner products that are computed; nothing is cheap, and nothing is kept from another test."""
    seen, real = [], fold_base.inner_products

    def counting(left, right):
        seen.append((len(left), left.shape[1]))
        return real(left, right)

    monkeypatch.setattr(fold_base, "inner_products", counting)
    monkeypatch.setattr(fold_base, "CHEAP_PRODUCT", 0.0)
    forget_products()
    yield seen
    forget_products()


def problem(seed=0, n=60, d=40, n_enumerated=3, n_folds=10):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, d)).astype(np.float32)
    enumerated = np.arange(d) >= d - n_enumerated
    values[:, enumerated] = rng.integers(0, 4, (n, n_enumerated))
    values[:, 0] = 1.0  # never varies
    values[:, 1] = np.arange(n) == 7  # varies but for the fold where item 7 is tested
    features = FeatureSet("a", values, np.arange(d), enumerated)
    labels, folds = rng.integers(0, 3, n).astype(np.int16), (np.arange(n) % n_folds).astype(np.int16)
    return features, labels, folds


def fresh(features, folds, fold):
    scaled = naive_scaled(features.values, folds != fold, features.descriptor_of_dimension, features.enumerated)
    return scaled, scaled.astype(np.float64) @ scaled.T.astype(np.float64)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(20, 140), d=st.integers(6, 150), keep=st.booleans())
def test_products_are_those_of_the_scaled_features(seed, n, d, keep):
    features, labels, folds = problem(seed, n, d)
    for fold in range(10):
        base = make_fold_base(features, labels, Splits.of_folds(folds, 10), fold, keep=keep)
        scaled, products = fresh(features, folds, fold)
        np.testing.assert_array_equal(base.values, scaled)
        np.testing.assert_allclose(base.products, products, rtol=1e-12, atol=1e-12 * np.abs(products).max())
        np.testing.assert_array_equal(base.products, base.products.T)


def test_one_product_serves_all_folds(made):
    features, labels, folds = problem(n=200, d=120)
    for fold in range(10):
        make_fold_base(features, labels, Splits.of_folds(folds, 10), fold)
    assert made == [(200, 119)]


def test_the_result_does_not_depend_on_what_is_kept(made):
    features, labels, folds = problem(n=200, d=120)
    kept = [make_fold_base(features, labels, Splits.of_folds(folds, 10), fold).products for fold in (3, 1, 2)]
    forget_products()
    made.clear()
    for fold, expected in zip((3, 1, 2), kept, strict=True):
        base = make_fold_base(features, labels, Splits.of_folds(folds, 10), fold, keep=False)
        np.testing.assert_array_equal(base.products, expected)
    assert len(made) == 3


def test_a_fold_that_scales_almost_everything_differently_has_a_product_of_its_own(made):
    features, labels, folds = problem(n=200, d=120)
    values = features.values.copy()
    values[np.flatnonzero(folds == 2)[:2]] = np.array([[90.0], [-90.0]])
    features = replace(features, values=values)
    for fold in range(10):
        base = make_fold_base(features, labels, Splits.of_folds(folds, 10), fold)
        _, products = fresh(features, folds, fold)
        np.testing.assert_allclose(base.products, products, rtol=1e-12, atol=1e-12 * np.abs(products).max())
    # Column 0 varies now, in the whole data, and column 1 has more than two values.
    assert len(made) == 2


@pytest.mark.parametrize("cheap", [0.0, 1e9])
def test_features_that_are_not_scaled_have_one_product(made, monkeypatch, cheap):
    monkeypatch.setattr(fold_base, "CHEAP_PRODUCT", cheap)
    features, labels, folds = problem(n_enumerated=40)
    bases = [make_fold_base(features, labels, Splits.of_folds(folds, 10), fold) for fold in range(10)]
    assert all(base.products is bases[0].products for base in bases)
    assert made == [(60, 40)]
    forget_products()
    again = make_fold_base(features, labels, Splits.of_folds(folds, 10), 0)
    assert again.products is not bases[0].products and len(made) == 2
    assert make_fold_base(features, labels, Splits.of_folds(folds, 10), 0, keep=False).products is again.products
    forget_products()
    assert make_fold_base(features, labels, Splits.of_folds(folds, 10), 0, keep=False).products is not again.products
    make_fold_base(features, labels, Splits.of_folds(folds, 10), 1, keep=False)
    assert len(made) == 4


def test_cheap_products_are_made_anew(made, monkeypatch):
    monkeypatch.setattr(fold_base, "CHEAP_PRODUCT", 1e9)
    features, labels, folds = problem()
    for fold in range(10):
        make_fold_base(features, labels, Splits.of_folds(folds, 10), fold)
    assert len(made) == 10


def test_without_products_none_are_made(made):
    features, labels, folds = problem()
    base = make_fold_base(features, labels, Splits.of_folds(folds, 10), 1, with_products=False)
    assert base.products is None and not made
    np.testing.assert_array_equal(base.values, fresh(features, folds, 1)[0])
    np.testing.assert_array_equal(base.test, np.flatnonzero(folds == 1))
    np.testing.assert_array_equal(np.sort(base.training), np.flatnonzero(folds != 1))
    np.testing.assert_array_equal(base.classes, present_classes(labels[folds != 1]))
    for code, first, last in zip(base.classes, base.class_starts, base.class_starts[1:], strict=False):
        members = base.training[first:last]
        assert (labels[members] == code).all() and (np.diff(members) > 0).all()


def test_feature_sets_that_share_a_matrix_share_no_products_unless_it_is_scaled_alike(made):
    features, labels, folds = problem(n_enumerated=40)
    other = replace(features, key="b", enumerated=np.arange(40) >= 20)
    make_fold_base(features, labels, Splits.of_folds(folds, 10), 0)
    for fold in range(10):
        base = make_fold_base(other, labels, Splits.of_folds(folds, 10), fold)
        _, products = fresh(other, folds, fold)
        np.testing.assert_allclose(base.products, products, rtol=1e-12, atol=1e-12 * np.abs(products).max())
    np.testing.assert_allclose(
        make_fold_base(features, labels, Splits.of_folds(folds, 10), 0).products,
        fresh(features, folds, 0)[1],
        rtol=1e-12,
    )


def test_a_file_that_was_replaced_is_noticed(made, tmp_path):
    features, labels, folds = problem(n_enumerated=40)
    path = tmp_path / "a.npy"
    np.save(path, features.values)
    stored = replace(features, values=np.empty((0, 0), dtype=np.float32), path=path)
    first = make_fold_base(stored, labels, Splits.of_folds(folds, 10), 0)
    assert make_fold_base(stored, labels, Splits.of_folds(folds, 10), 1).products is first.products
    assert len(made) == 1
    np.save(tmp_path / "new.npy", features.values + 1)
    (tmp_path / "new.npy").replace(path)
    second = make_fold_base(stored, labels, Splits.of_folds(folds, 10), 0)
    np.testing.assert_array_equal(values_of(stored), features.values + 1)
    np.testing.assert_allclose(
        second.products, fresh(replace(features, values=features.values + 1), folds, 0)[1], rtol=1e-12
    )
    assert (second.products != first.products).any()
