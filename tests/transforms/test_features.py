"""What is left to train on, and which steps the scaling of a fold undoes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgrid.descriptors.table import Descriptor, DescriptorTable, Kind
from fastgrid.descriptors.validity import numeric_columns
from fastgrid.transforms.chain import build_chain
from fastgrid.transforms.features import trainable, without_rescaling
from fastgrid.transforms.scaling import fit_scaling

NORMALIZE = {"transfo": "normalize"}
GAUSSIANIZE = {"transfo": "gaussianize", "params": {"descriptorNames": ["*"]}}
REMOVE = {"transfo": "Remove", "params": {"descriptorNames": [".b"]}}
CLEANER = {"transfo": "cleaner"}


def table(seed=0, n=12):
    rng = np.random.default_rng(seed)
    descriptors = (
        Descriptor(".a.x", Kind.REAL, 3),
        Descriptor(".a.y", Kind.TEXT, 1),
        Descriptor(".b", Kind.REAL, 1),
        Descriptor(".c", Kind.ENUMERATED, 1),
    )
    values = rng.normal(size=(n, 5)).astype(np.float32) * np.array([1, 10, 0.1, 100, 1], dtype=np.float32) + 3
    texts = np.array([["one"], ["two"]] * (n // 2))
    return DescriptorTable(tuple(f"{i:02}" for i in range(n)), descriptors, values, texts)


def test_numeric_descriptors_are_chosen_and_texts_named():
    chosen, texts, unmatched = trainable(table())
    assert chosen.names == (".a.x", ".b", ".c")
    assert chosen.values.shape == (12, 5)
    assert texts == (".a.y",)
    assert unmatched == ()


def test_patterns_choose_and_exclude():
    chosen, texts, unmatched = trainable(table(), ["a.*", "c", "nothing*"], ["a.y"])
    assert chosen.names == (".a.x", ".c")
    assert texts == ()
    assert unmatched == ("nothing*",)


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ([], []),
        ([NORMALIZE], []),
        ([REMOVE, NORMALIZE, REMOVE], [REMOVE, REMOVE]),
        ([NORMALIZE, GAUSSIANIZE], [NORMALIZE, GAUSSIANIZE]),
        ([NORMALIZE, GAUSSIANIZE, NORMALIZE], [NORMALIZE, GAUSSIANIZE]),
        ([NORMALIZE, CLEANER], [NORMALIZE, CLEANER]),
        ([CLEANER, NORMALIZE], [CLEANER]),
    ],
)
def test_only_rescaling_that_nothing_looks_at_is_dropped(steps, kept):
    assert without_rescaling(steps) == kept


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), independent=st.booleans())
def test_scaling_undoes_what_is_dropped(seed, independent):
    whole = table(seed)
    steps = [{"transfo": "normalize", "params": {"independent": independent}}]
    plain, _, _ = trainable(whole)
    rescaled, _, _ = trainable(build_chain(steps).fit_transform(whole))
    scaled = []
    for features in (plain, rescaled):
        columns = numeric_columns(features)
        training = features.values[:8]
        scaled.append(fit_scaling(training, *columns).apply(features.values))
    np.testing.assert_allclose(scaled[0], scaled[1], atol=2e-4)
