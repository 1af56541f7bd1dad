"""What each value becomes: the table of Gaia 2.4.6's behaviour, with fastgrid's own rules for NaN and infinity."""

import json
import math

import numpy as np
import pytest

from fastgrid.descriptors.document import parse_document
from fastgrid.descriptors.flatten import flatten
from fastgrid.descriptors.leaves import descriptor_tree, version_of
from fastgrid.descriptors.scalars import number_of, vanishes
from fastgrid.descriptors.unreadable import UnreadableError
from fastgrid.descriptors.yaml_tree import PlainText

NAN, INF = math.nan, math.inf


def leaves_of(text, name="a.sig"):
    return flatten(descriptor_tree(parse_document(text.encode(), name)))


def only(text, name="a.sig"):
    """Return the values of the one descriptor: a list of numbers, or a tuple of texts."""
    leaves = leaves_of(text, name)
    assert len(leaves.structure.names) == 1
    textual = leaves.structure.textual[0]
    values = leaves.texts if textual else leaves.values.tolist()
    assert leaves.lengths.tolist() == [len(values)]
    assert not (leaves.values.size if textual else leaves.texts)
    return values


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("5", 5.0),
        ("-3", -3.0),
        ("+3", 3.0),
        (".5", 0.5),
        ("-.5e1", -5.0),
        ("5.", 5.0),
        ("1e5", 1e5),
        ("1E+5", 1e5),
        ("1e-05", float(np.float32(1e-05))),
        ("12e34", float(np.float32(12e34))),
        ("010", 10.0),
        ("0.1", float(np.float32(0.1))),
        ("-0.0", 0.0),
        ("1e-45", 2.0**-149),
        ("3.41e38", INF),
        ("1e39", INF),
        ("-1e39", -INF),
        ("1e999", INF),
        ("inf", INF),
        ("INF", INF),
        ("-inf", -INF),
        ("+.inf", INF),
        (".Inf", INF),
        ("Infinity", INF),
        ("-Infinity", -INF),
        ("nan", NAN),
        ("NaN", NAN),
        (".nan", NAN),
        ("-nan", NAN),
    ],
)
def test_plain_yaml_scalar_is_a_number(written, number):
    found = only(f"a: {written}\n")
    np.testing.assert_array_equal(found, [number])
    np.testing.assert_array_equal(only(f"a: [{written}]\n"), found)
    np.testing.assert_array_equal(only(f"a: [1.5, {written}]\n"), [1.5, number])
    np.testing.assert_array_equal(only(f"a: [[{written}]]\n"), [1, 1, number])


@pytest.mark.parametrize(
    "written",
    ["1e-46", "1e-50", "-1e-400", "true", "null", "~", "0x10", "1_000", "2020-01-01", "e5", ".", "1e", "+", "٣", "1 2",
     "nano", "infinite", ".infinity", "--1", "1.2.3"],
)  # fmt: skip
def test_plain_yaml_scalar_is_text(written):
    assert only(f"a: {written}\n") == (written,)
    assert only(f"a: [{written}, 2.50]\n") == (written, "2.50")


@pytest.mark.parametrize("quoted", ["'5'", '"5"', "'nan'", "''", '".inf"', '"null"'])
def test_quoted_yaml_scalar_is_text_whatever_it_holds(quoted):
    assert only(f"a: {quoted}\n") == (quoted[1:-1],)


def test_yaml_value_that_is_left_out_is_empty_text():
    assert only("a:\n") == ("",)


def test_block_scalars_are_text():
    assert only("a: |\n  5\n") == ("5\n",)


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("1e-05", [float(np.float32(1e-05))]),
        ("[1, 2.5, -3]", [1.0, 2.5, -3.0]),
        ("[]", []),
        ("[[]]", []),
        ("[[], []]", []),
        ("[[1, 2], [3, 4]]", [2.0, 2.0, 1.0, 2.0, 3.0, 4.0]),
        ("[[1, 2], [3]]", [2.0, 2.0, 1.0, 2.0, 3.0]),
        ("[[], [7]]", [2.0, 0.0, 7.0]),
        ("NaN", [NAN]),
        ("[1, NaN, -Infinity]", [1.0, NAN, -INF]),
        ("[1, 1e39]", [1.0, INF]),
        ("1" + "0" * 400, [INF]),
        ("-1" + "0" * 400, [-INF]),
        ("1" + "0" * 5000, [INF]),
        ("[1, 1e-46]", [1.0, 0.0]),
        ("1e-46", ("1.0e-46",)),
        ("[1.5e-46, 2, 2.0, 1e-05, NaN, -Infinity]", ("1.5e-46", "2", "2.0", "1.0e-05", ".nan", "-.inf")),
        ("true", ("true",)),
        ("false", ("false",)),
        ("null", ("null",)),
        ('"NaN"', ("NaN",)),
        ('"5"', ("5",)),
        ('["a", 5, true, null]', ("a", "5", "true", "null")),
        ('"\\ud800x"', ("?x",)),
    ],
)
def test_json_value(written, values):
    found = only(f'{{"a": {written}}}', "a.json")
    assert type(found) is type(values)
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("later", ['"x"', "true", "null"])
def test_text_among_numbers_becomes_zero_and_is_noted(later):
    leaves = leaves_of(f'{{"a": {{"b": [1, {later}, 3]}}}}', "a.json")
    assert leaves.values.tolist() == [1.0, 0.0, 3.0]
    assert len(leaves.notes) == 1 and ".a.b" in leaves.notes[0] and later.strip('"') in leaves.notes[0]
    assert leaves_of(f'{{"a": [[1, 2], [{later}, 4]]}}', "a.json").values.tolist() == [2, 2, 1, 2, 0, 4]


def test_number_that_vanishes_among_numbers_is_not_noted():
    assert leaves_of("a: [1, 1e-46]\n").notes == ()


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ('{"a": [["x"]]}', "matrix of text"),
        ('{"a": [[true, 1]]}', "matrix of text"),
        ('{"a": [[1e-46]]}', "matrix of text"),
        ('{"a": [[], ["x"]]}', "matrix of text"),
        ('{"a": [[[1]]]}', "nested too deeply"),
        ('{"a": [1, [2]]}', "nested too deeply"),
        ('{"a": [[1], 2]}', "mixes lists"),
        ('{"a": [{"b": 1}]}', "mapping inside a list"),
        ('{"a": [1, {"b": 1}]}', "mapping inside a list"),
        ('{"a": [[{"b": 1}]]}', "mapping inside a list"),
        ('{"x": 1, "a": {}}', "empty mapping at .a"),
        ('{"x": 1, "b": {"a": {}}}', "empty mapping at .b.a"),
        ('{"a.b": 1}', "key with a dot"),
        ('{"a": {"": 1}}', "key empty"),
        ('{"a": {"\\ud800": 1}}', "not valid text"),
    ],
)
def test_what_is_no_descriptor_makes_the_file_unreadable(written, reason):
    with pytest.raises(UnreadableError, match=reason):
        leaves_of(written, "a.json")


def test_names_are_paths_and_leaves_come_before_what_is_below():
    leaves = leaves_of("b:\n  c: {d: 1}\n  e: x\na: 2\n'q u': 3\n5: 4\n")
    assert leaves.structure.names == (".a", ".q u", ".5", ".b.e", ".b.c.d")
    assert leaves.structure.textual == (False, False, False, True, False)
    assert leaves.values.tolist() == [2.0, 3.0, 4.0, 1.0]
    assert leaves.starts.tolist() == [0, 1, 2, 0, 3]


def test_gaia_keys_are_ignored_at_the_top_only():
    leaves = leaves_of("configuration: {a: {}}\nsegments: [[[1]]]\nb: {segments: 1}\n")
    assert leaves.structure.names == (".b.segments",)


def test_tags_and_two_properties_are_left_out_of_json_only():
    metadata = {
        "tags": {"a.b": ["x"]},
        "audio_properties": {"sample_rate": 1, "lossless": True, "length": 2},
        "version": {"essentia": "2.1"},
    }
    text = json.dumps({"metadata": metadata})
    length, version = ".metadata.audio_properties.length", ".metadata.version.essentia"
    assert leaves_of(text, "a.json").structure.names == (length, version)
    as_yaml = leaves_of("metadata: {tags: {x: y}, audio_properties: {sample_rate: 1, lossless: 0}}\n")
    assert as_yaml.structure.names == (
        ".metadata.tags.x",
        ".metadata.audio_properties.sample_rate",
        ".metadata.audio_properties.lossless",
    )


def test_mapping_emptied_by_that_is_no_empty_mapping():
    text = '{"metadata": {"tags": {"x": "y"}, "audio_properties": {"lossless": true}}, "a": 1}'
    assert leaves_of(text, "a.json").structure.names == (".a",)
    assert leaves_of('{"metadata": 5}', "a.json").structure.names == (".metadata",)


def test_tag_that_cannot_be_named_is_ignored_with_a_note():
    leaves = leaves_of("metadata: {tags: {www.site: x, ok: y}}\n")
    assert leaves.structure.names == (".metadata.tags.ok",)
    assert "www.site" in leaves.notes[0]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("metadata: {version: {essentia: 2.10}}", "2.10"),
        ('{"metadata": {"version": {"essentia": ["2.1-beta6-dev"]}}}', "2.1-beta6-dev"),
        ("metadata: {version: {essentia: [a, b]}}", None),
        ("metadata: {version: 5}", None),
        ("metadata: 5", None),
        ('{"metadata": {"version": {"essentia": null}}}', None),
        ("a: 5", None),
    ],
)
def test_version_is_the_text_as_it_is_written(text, version):
    assert version_of(parse_document(text.encode(), "a").tree) == version


def test_half_of_the_smallest_float32_is_the_limit_of_vanishing():
    for number in (2.0**-150, np.nextafter(2.0**-150, 1), 5e-324, 0.0, 1e-45, 1.0):
        assert vanishes(float(number)) == (number != 0 and np.float32(number) == 0)


def test_decimal_text_of_yaml_rounds_as_the_numbers_of_json_do():
    for text in ("0.1", "1e-45", "16777217", "3.4028235677973366e38", "8.5899345920000004e9"):
        assert number_of(PlainText(text)) == json.loads(text)
