"""Cleaner, FixLength and RemoveVL."""

import numpy as np
import pytest
from transform_tables import assert_same_table, make_table

from fastgrid.transforms.cleaning import Cleaner, FixLength, RemoveVL
from fastgrid.transforms.enumeration import Enumerate

TABLE = make_table(
    {
        ".constant": [[2, 3], [2, 3], [2, 3]],
        ".half": [[2, 3], [2, 4], [2, 5]],
        ".infinite": [1, np.inf, 3],
        ".key": ["a", "a", "a"],
        ".nan": [[1, 1], [2, np.nan], [3, 3]],
        ".real": [1, 2, 3],
        ".tiny": [0, 5e-8, 9e-8],
    }
)


def test_what_cannot_be_used_is_left_out_with_its_reason():
    step = Cleaner().fit(TABLE)
    assert step.transform(TABLE).names == (".half", ".key", ".real")
    assert {name: reason.split()[0] for name, reason in step.left_out_.items()} == {
        ".constant": "does",
        ".infinite": "holds",
        ".nan": "holds",
        ".tiny": "does",
    }


def test_what_was_fitted_counts_later():
    step = Cleaner().fit(TABLE)
    later = TABLE.rows([0]).keep([".real", ".tiny"])
    assert step.transform(later).names == (".real",)


def test_enumerated_text_is_never_cleaned():
    numbered = Enumerate("key").fit_transform(TABLE)
    assert ".key" in Cleaner().fit_transform(numbered).names


def test_a_table_of_text_only():
    text = TABLE.keep([".key"])
    assert_same_table(Cleaner().fit_transform(text), text)


@pytest.mark.parametrize("step", [FixLength(), RemoveVL()])
def test_steps_that_a_table_does_not_need(step):
    assert step.fit_transform(TABLE) is TABLE
    assert step.unmatched_ == () and step.left_out_ == {}
