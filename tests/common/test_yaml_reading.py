"""Reading of YAML and JSON that nobody vouches for."""

import contextlib
import json
import random
import tracemalloc
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.common import safe_yaml
from fastgrid.common.errors import UserError
from fastgrid.common.safe_yaml import Limits, load_text, load_typed, parse_yaml, read_yaml
from fastgrid.common.yaml_nodes import text, typed

PARSERS = [yaml.SafeLoader] + ([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])

DOCUMENT = """\
# a comment
name: yes
numbers: [0, 1.0, 0123, 0x1f, 1e-05, -.5, .inf, 1_000, 1:30]
words: ['1', "2", plain, 2001-01-01, ~, null, ]
base: &base {a: 1, b: 2}
copy: *base
merged: {<<: *base, b: 3, c: 4}
block: |
  one
  two
"""


@pytest.fixture(params=PARSERS, ids=lambda loader: loader.__name__)
def each_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_yaml, "_LOADER", request.param)


def error_of(content: str, limits: Limits = safe_yaml.DEFAULT_LIMITS) -> str:
    with pytest.raises(UserError) as caught:
        parse_yaml(content, "f.yaml", limits)
    message = str(caught.value)
    assert message.startswith("f.yaml") and "\n" not in message
    return message


@pytest.mark.usefixtures("each_parser")
def test_typed_is_what_pyyaml_makes_except_dates_and_exponents() -> None:
    ours = typed(parse_yaml(DOCUMENT, "f").root)
    theirs = yaml.safe_load(DOCUMENT)
    theirs["words"][3] = "2001-01-01"
    theirs["numbers"][4:6] = [1e-05, -0.5]
    assert ours == theirs
    assert [type(value) for value in ours["numbers"]] == [int, float, int, int, float, float, float, int, int]


@pytest.mark.usefixtures("each_parser")
def test_text_is_as_written() -> None:
    document = text(parse_yaml(DOCUMENT, "f").root)
    assert document["name"] == "yes"
    assert document["numbers"] == ["0", "1.0", "0123", "0x1f", "1e-05", "-.5", ".inf", "1_000", "1:30"]
    assert document["words"] == ["1", "2", "plain", "2001-01-01", "~", "null"]
    assert document["copy"] == {"a": "1", "b": "2"}
    assert list(document["merged"].items()) == [("a", "1"), ("b", "3"), ("c", "4")]
    assert document["block"] == "one\ntwo\n"


def test_keys_are_text_as_written() -> None:
    assert typed(parse_yaml("{01: a, 1: b, yes: c}", "f").root) == {"01": "a", "1": "b", "yes": "c"}


def test_merge_list_prefers_the_first_as_pyyaml() -> None:
    content = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], w: 0}\n"
    ours, theirs = typed(parse_yaml(content, "f").root), yaml.safe_load(content)
    assert ours == theirs
    # PyYAML's order up to 6.0.3; ours stays.
    assert list(ours["c"]) == ["y", "z", "x", "w"]


@pytest.mark.usefixtures("each_parser")
@pytest.mark.parametrize(
    ("content", "line", "part"),
    [
        ("a: 1\nb: [1\n", 3, "not valid YAML"),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", 3, "key 'a' is given twice (first on line 1)"),
        ("a: 1\nb: !!python/object:os.system ls\n", 2, "tag"),
        ("a: 1\nb: !!python/name:os.system\n", 2, "tag"),
        ("a:\n  - !!binary aGk=\n", 2, "tag"),
        ("a: !mine [1]\n", 1, "tag"),
        ("a: 1\nb: *nothing\n", 2, "no anchor"),
        ("a: &a\n  - *a\n", 2, "no anchor"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("? [1, 2]\n: 3\n", 1, "list or mapping stands where a key"),
        ("a: 1\n<<: 2\n", 2, "'<<' needs a mapping"),
    ],
)
def test_faults_name_the_line(content: str, line: int, part: str) -> None:
    message = error_of(content)
    assert part in message
    assert message.startswith(f"f.yaml, line {line}: ")


@pytest.mark.usefixtures("each_parser")
@pytest.mark.parametrize("content", ["", "\n# only a comment\n", "---\n"])
def test_empty(content: str) -> None:
    assert "is empty" in error_of(content)


@pytest.mark.usefixtures("each_parser")
def test_alias_bomb_ends_early() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    assert "holds more than" in error_of("\n".join(lines))


@pytest.mark.usefixtures("each_parser")
@pytest.mark.parametrize("content", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_deep_nesting(content: str) -> None:
    assert "nested more than 64 levels" in error_of(content)


def test_deep_json() -> None:
    assert "nested more than" in error_of("[" * 100_000 + "]" * 100_000)
    assert "nested more than" in error_of("[" * 70 + "]" * 70)
    assert typed(parse_yaml("[" * 60 + "]" * 60, "f").root) is not None


def test_limits() -> None:
    assert "holds more than 5 values" in error_of("[1, 2, 3, 4, 5]", Limits(nodes=5))
    assert "holds more than 5 values" in error_of("- 1\n- 2\n- 3\n- 4\n- 5", Limits(nodes=5))


def test_json_as_written(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{\t"a": 1.50, "b": true, "c": "\\ud83d\\ude00\\/", "d": null, "e": [1e5, NaN], "0": "0"}')
    assert load_text(path) == {
        "a": "1.50", "b": "true", "c": "\U0001f600/", "d": "null", "e": ["1e5", "NaN"], "0": "0",
    }  # fmt: skip
    assert load_typed(path)["e"][0] == 1e5
    assert load_typed(path)["d"] is None
    path.write_text('{"a": 1, "a": 2}')
    with pytest.raises(UserError, match="given twice"):
        read_yaml(path)
    path.write_text('{"a": 1,}')
    with pytest.raises(UserError, match="not valid JSON"):
        read_yaml(path)
    # Elsewhere a bracket may begin YAML as well.
    assert typed(parse_yaml("{a: 1,}", "f").root) == {"a": 1}


def test_bom_and_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: \xc3\xa9\r\nb: 2\r\n")
    assert load_typed(path) == {"a": "é", "b": 2}
    path.write_bytes(b"a: \xe9\n")
    with pytest.raises(UserError, match="not UTF-8"):
        read_yaml(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_yaml(tmp_path / "missing.yaml")
    with pytest.raises(UserError, match="is a directory"):
        read_yaml(tmp_path)
    (tmp_path / "large.yaml").write_text("a" * 101)
    with pytest.raises(UserError, match="larger than 100 bytes"):
        read_yaml(tmp_path / "large.yaml", Limits(size=100))
    with pytest.raises(UserError):
        read_yaml("a\0b")


def test_variables_are_seen() -> None:
    file = parse_yaml("a:\n  b: &x [1]\nc: *x\nd: &unused 2\n", "f")
    values = file.root.children
    assert [file.is_variable(values[key]) for key in "acd"] == [True, True, False]


@given(st.text(max_size=200))
def test_any_text_is_a_value_or_a_user_error(content: str) -> None:
    try:
        typed(parse_yaml(content, "f").root)
    except UserError as error:
        assert len(str(error).splitlines()) == 1


@pytest.mark.usefixtures("each_parser")
def test_mutations_are_a_value_or_a_user_error() -> None:
    chance = random.Random(7)
    for _ in range(400):
        content = list(DOCUMENT)
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(len(content))] = chance.choice("[]{}&*!|>'\"%@:-? \n\t\0\\a1#,")
        try:
            typed(parse_yaml("".join(content), "f").root)
        except UserError as error:
            assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize(
    "content", ['"\\UFFFFFFFF"', "a: 0b_", "a: " + "9" * 5000, '"\\ud800"', "a: 1" + ":0" * 200 + "."]
)
@pytest.mark.usefixtures("each_parser")
def test_scalars_that_upset_parsers(content: str) -> None:
    with contextlib.suppress(UserError):
        assert typed(parse_yaml(content, "f").root)


@pytest.mark.parametrize("number", ["0x" + "f" * 999, "1" + ":59" * 333 + ":5", "9" * 1001, "9" * 1000 + ".5"])
def test_a_number_of_more_than_a_thousand_characters_is_text(number: str) -> None:
    # To the base of 60 one of a megabyte takes minutes, and one of 5000 hexadecimal digits cannot be written again.
    assert typed(parse_yaml(f"a: {number}", "f").root) == {"a": number}


def test_a_small_file_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")
    load_typed(path)
    tracemalloc.start()
    try:
        load_typed(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values.filter(lambda value: isinstance(value, (list, dict))))
def test_json_round_trip(value: object) -> None:
    assert typed(parse_yaml(json.dumps(value), "f.json").root) == value
