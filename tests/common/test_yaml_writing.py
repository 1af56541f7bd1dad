"""YAML text that is deterministic and comes back as it was."""

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.common.safe_yaml import parse_yaml
from fastgrid.common.yaml_dump import dump, scalar_text
from fastgrid.common.yaml_nodes import text, typed

printable = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
tricky = st.sampled_from(
    ["", " ", "yes", "No", "null", "~", "0", "0123", "1.0", "1e5", "nan", "-inf", "0x10", "1:30", "2001-01-01", "=",
     "<<", "a: b", "a #b", "- a", "? a", "---", "...", "%a", "@a", "`a", "&a", "*a", "!a", "a\nb", "\ta", "a\u2028b",
     "\U0001f600", "x" * 200, "é", "日本", "'", '"', "a'b", "key:", ":key", "\x7f", "\ufeff", "1_000", "+5",
     ".5", "5."]
)  # fmt: skip
strings = printable | tricky
documents = st.dictionaries(
    strings,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | strings,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4),
        max_leaves=15,
    ),
    max_size=5,
)


@given(documents)
def test_comes_back_in_pyyaml_and_here(document: dict) -> None:
    written = dump(document)
    assert yaml.safe_load(written) == document
    back = typed(parse_yaml(written, "f").root)
    assert back == document
    assert list(back) == list(document)


@given(st.dictionaries(strings, strings, min_size=1))
def test_ids_and_labels_come_back_as_text(document: dict[str, str]) -> None:
    assert text(parse_yaml(dump(document, sort_keys=True), "f").root) == document


class WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


simple = st.from_regex(r"[a-z][a-z0-9_/. -]{0,20}[a-z]", fullmatch=True) | st.sampled_from(
    ["0", "yes", "é x", "it's", "null"]
)
simple = simple.filter(lambda word: not word.startswith(("nan", "inf")))


@pytest.mark.slow
@given(
    st.dictionaries(
        simple,
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | simple,
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(simple, inner, max_size=4),
            max_leaves=15,
        ),
    ),
    st.booleans(),
)
def test_same_text_as_pyyaml(document: dict, sort: bool) -> None:
    expected = yaml.dump(
        document, Dumper=WithoutAliases, default_flow_style=False, allow_unicode=True, width=math.inf, sort_keys=sort
    )
    assert dump(document, sort_keys=sort) == expected


@pytest.mark.parametrize("number", ["1e5", "nan", "inf", "-Infinity", "5.", "+5", "1e-05", "12e34", " 5"])
def test_strings_that_any_reader_takes_for_numbers_are_quoted(number: str) -> None:
    assert scalar_text(number) == f"'{number}'"


@given(st.floats())
def test_floats_keep_all_digits(value: float) -> None:
    back = yaml.safe_load(scalar_text(value))
    assert isinstance(back, float)
    assert back == value or (math.isnan(back) and math.isnan(value))


def test_only_plain_values() -> None:
    with pytest.raises(TypeError):
        dump({"a": object()})
    assert scalar_text("a\nb") == '"a\\nb"'


def test_long_keys() -> None:
    document = {"x " * 700: {"a": [1, {"b": 2}]}, "y " * 700: [1, 2], "z " * 700: "scalar"}
    assert yaml.safe_load(dump(document)) == document
