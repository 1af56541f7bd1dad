"""Enumerate."""

import numpy as np
import pytest
from transform_tables import assert_same_table, make_table

from fastgrid.common.errors import UserError
from fastgrid.descriptors.table import Kind
from fastgrid.transforms.chain import Chain
from fastgrid.transforms.enumeration import Enumerate

TABLE = make_table(
    {
        ".b.key": ["F", "A", "F", "C"],
        ".a": [[1, 2], [3, 4], [5, 6], [7, 8]],
        ".b.pair": [["x", "y"], ["y", "z"], ["z", "z"], ["x", "x"]],
        ".c": [10, 20, 30, 40],
        ".d.scale": ["minor", "minor", "major", "minor"],
    }
)


def test_numbers_by_first_appearance_stand_where_the_name_belongs():
    result = Enumerate(["b.*", "none"]).fit_transform(TABLE)
    assert [(d.name, d.kind, d.length) for d in result.descriptors] == [
        (".a", Kind.REAL, 2),
        (".b.key", Kind.ENUMERATED, 1),
        (".b.pair", Kind.ENUMERATED, 2),
        (".c", Kind.REAL, 1),
        (".d.scale", Kind.TEXT, 1),
    ]
    assert result.values.dtype == np.float32
    assert result.values.tolist() == [
        [1, 2, 0, 0, 1, 10],
        [3, 4, 1, 1, 2, 20],
        [5, 6, 0, 2, 2, 30],
        [7, 8, 2, 0, 0, 40],
    ]
    assert result.text.tolist() == [["minor"], ["minor"], ["major"], ["minor"]]


def test_texts_and_unmatched_patterns_are_told():
    step = Enumerate(["b.key", "none"]).fit(TABLE)
    assert step.texts_ == {".b.key": ("F", "A", "C")}
    assert step.unmatched_ == ("none",)


def test_real_descriptors_stay_as_they_are():
    assert_same_table(Enumerate("c").fit_transform(TABLE), TABLE)


def test_numbers_that_are_learned_are_those_of_the_fitted_order():
    step = Enumerate("*").fit(TABLE)
    backwards = step.transform(TABLE.rows([3, 2, 1, 0]).keep([".b.key"]))
    assert backwards.values.ravel().tolist() == [2, 0, 1, 0]


def test_unknown_text_gets_the_next_number_and_keeps_it():
    step, other = Enumerate("key").fit(TABLE), Enumerate("key").fit(TABLE)
    new = make_table({".b.key": ["G", "F", "H", "G"]})
    again = make_table({".b.key": ["H", "I", "G"]})
    assert step.transform(new).values.ravel().tolist() == [3, 0, 4, 3]
    assert step.transform(again).values.ravel().tolist() == [4, 5, 3]
    assert other.transform(again).values.ravel().tolist() == [3, 4, 5]
    assert step.texts_ == {".b.key": ("F", "A", "C")}
    assert step.fit(TABLE).transform(again).values.ravel().tolist() == [3, 4, 5]


def test_unknown_text_is_not_saved():
    chain = Chain([("enumerate", Enumerate("key"))]).fit(TABLE)
    before = chain.to_state()
    chain.transform(make_table({".b.key": ["G"]}))
    assert chain.to_state() == before
    restored = Chain.from_state(*before)
    assert restored.transform(make_table({".b.key": ["H"]})).values.tolist() == [[3]]


@pytest.mark.parametrize("column", [[1], [["F", "A"]]])
def test_another_kind_or_length_than_fitted(column):
    step = Enumerate("key").fit(TABLE)
    with pytest.raises(UserError, match=r"\.b\.key: .* fitted on 1 text"):
        step.transform(make_table({".b.key": column}))


def test_no_items():
    step = Enumerate("key").fit(TABLE.rows([]))
    assert step.texts_ == {".b.key": ()}
    assert step.transform(TABLE.rows([0])).values[0, 2] == 0
