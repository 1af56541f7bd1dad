"""Remove and Select."""

import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from transform_tables import assert_same_table, make_table

from fastgrid.descriptors.patterns import AmbiguousPatternError
from fastgrid.transforms.choosing import Remove, Select

TABLE = make_table(
    {".low.a": [[1, 2], [3, 4]], ".low.b": [5, 6], ".low.key": ["x", "y"], ".tonal.c": [7, 8]},
)


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (Remove(["low.a", "tonal.*"]), [".low.b", ".low.key"]),
        (Remove("low.*", except_="*.key"), [".low.key", ".tonal.c"]),
        (Remove(["nothing"]), [".low.a", ".low.b", ".low.key", ".tonal.c"]),
        (Remove("*"), []),
        (Select("low.*"), [".low.a", ".low.b", ".low.key"]),
        (Select(["tonal.*", "low.*"], except_=["low.b"]), [".low.a", ".low.key", ".tonal.c"]),
        (Select(["nothing"]), []),
    ],
)
def test_what_stays(step, names):
    result = step.fit_transform(TABLE)
    assert list(result.names) == names
    assert_same_table(result, TABLE.keep(names))


def test_unmatched_patterns_are_told():
    step = Remove(["low.*", "none*"], except_=["never"]).fit(TABLE)
    assert step.unmatched_ == ("none*", "never")
    assert step.fit(TABLE.keep([".tonal.c"])).unmatched_ == ("low.*", "none*", "never")


def test_a_table_with_fewer_or_more_descriptors_than_fitted():
    step = Remove("low.a").fit(TABLE.keep([".low.a", ".low.b", ".low.key"]))
    assert step.transform(TABLE.keep([".low.a", ".low.b"])).names == (".low.b",)
    assert step.transform(TABLE).names == (".low.b", ".low.key")


def test_ambiguous_pattern():
    with pytest.raises(AmbiguousPatternError):
        Select("m").fit(make_table({".a.m": [1], ".b.m": [2]}))


def test_not_fitted():
    with pytest.raises(NotFittedError):
        Select("*").transform(TABLE)
    with pytest.raises(NotFittedError):
        Select("*").learned()


def test_the_steps_are_scikit_learn_transformers():
    pipeline = make_pipeline(Select("low.*"), Remove(["*.key"], except_=()))
    assert clone(pipeline).fit(TABLE).transform(TABLE).names == (".low.a", ".low.b")
    assert Remove("x").get_params() == {"descriptor_names": "x", "except_": ()}
