"""From bytes to documents: formats, bounds, and a readable reason for everything that cannot be read."""

import gzip
import json
import math
import os
import sys
from pathlib import Path

import pytest

import fastgrid.descriptors.yaml_tree as yaml_tree
from fastgrid.common.errors import UserError
from fastgrid.descriptors import read_document
from fastgrid.descriptors.document import parse_document
from fastgrid.descriptors.flatten import flatten
from fastgrid.descriptors.leaves import descriptor_tree
from fastgrid.descriptors.source import read_source
from fastgrid.descriptors.unreadable import MAXIMAL_BYTES, MAXIMAL_VALUES, UnreadableError

BILLION_LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


def reason_for(path):
    with pytest.raises(UnreadableError) as caught:
        data, _ = read_source(path)
        flatten(descriptor_tree(parse_document(data, path.name)))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", b"", "is empty"),
        ("a.sig", b" \n\t\n", "is empty"),
        ("a.json", b'{"a": [1, 2', "not valid JSON"),
        ("a.json", b"a: 1\n", "not valid JSON"),
        ("a.json", b"[1, 2]", "not a mapping of descriptors but a list"),
        ("a.json", b"5", "not a mapping of descriptors but a single value"),
        ("a.json", b"{}", "holds no descriptors"),
        ("a.json", b'{"configuration": {"a": 1}}', "holds no descriptors"),
        ("a.sig", b"- 1\n- 2\n", "not a mapping"),
        ("a.sig", b"hello", "not a mapping"),
        ("a.sig", b"# nothing\n", "not a mapping"),
        ("a.sig", b"a: [1, 2\n", "not valid YAML"),
        ("a.sig", b"a: 1\nb: :\n  - x\n c: 2\n", "not valid YAML"),
        ("a.sig", b"{a: 1", "not valid YAML"),
        ("a.unknown", b"{a: 1", "not valid JSON"),
        ("a.sig", b"a: 1\n---\nb: 2\n", "more than one YAML document"),
        ("a.sig", b"? [a]\n: 1\n", "a key that is a list"),
        ("a.json", b"\x00\x01\x02", "is binary"),
        ("a.sig", b"a: \xff\xfe\n", "not UTF-8"),
        ("a.sig", b"\x1f\x8b" + b"junk" * 9, "damaged gzip"),
        ("a.json.gz", gzip.compress(b'{"a": 1}', mtime=0)[:-9], "truncated"),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.json", b'{"a":' * 900 + b"1" + b"}" * 900, "nested too deeply"),
        ("a.sig", b"a: " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        ("a.sig", b"!!python/object/apply:os.system ['true']", "YAML tag"),
        ("a.sig", b"a: !!python/name:os.system\n", "YAML tag"),
        ("a.sig", b"a: !!float 1\n", "YAML tag"),
        ("a.sig", b"a: !own 1\n", "YAML tag"),
        ("a.sig", b"a: !!seq [1]\n", "YAML tag"),
        ("a.sig", BILLION_LAUGHS.encode(), "YAML alias"),
    ],
)
def test_unreadable_content_has_a_reason(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)
    assert reason in reason_for(path)


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), os.mkfifo])
def test_what_is_no_file_is_unreadable_at_once(tmp_path, make):
    path = tmp_path / "a.json"
    make(path)
    assert reason_for(path).startswith(("does not exist", "is a directory", "is a special file"))


def test_name_with_a_zero_byte_is_unreadable(tmp_path):
    assert "name" in reason_for(tmp_path / "a\0.json")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no file here has another size than it says")
def test_file_that_is_longer_than_it_was_said_to_be_is_unreadable():
    assert reason_for(Path("/proc/self/status")) == "was changed while it was read"


def test_file_above_the_size_limit_is_not_read(tmp_path):
    path = tmp_path / "a.json"
    with path.open("wb") as handle:
        handle.truncate(MAXIMAL_BYTES + 1)
    assert reason_for(path) == "is larger than 64 MiB"


def test_gzip_bomb_stops_at_the_size_limit(tmp_path):
    path = tmp_path / "a.json.gz"
    with gzip.open(path, "wb", compresslevel=1) as handle:
        for _ in range(65):
            handle.write(bytes(1024 * 1024))
    assert reason_for(path) == "is larger than 64 MiB when unpacked"


def test_too_many_values_are_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a": [0' + b",0" * (MAXIMAL_VALUES + 1) + b"]}")
    assert "more than 1000000 values" in reason_for(path)


def test_too_many_values_are_refused_in_yaml(monkeypatch):
    monkeypatch.setattr(yaml_tree, "MAXIMAL_VALUES", 10)
    with pytest.raises(UnreadableError, match="more than"):
        yaml_tree.parse_yaml("a: [" + "0, " * 30 + "0]")


def test_yaml_is_bounded_in_depth():
    assert yaml_tree.parse_yaml("[" * 64 + "]" * 64)
    with pytest.raises(UnreadableError, match="nested too deeply"):
        yaml_tree.parse_yaml("[" * 65 + "]" * 65)


@pytest.mark.parametrize("name", ["a.json", "a.sig", "a.yaml", "a.yml", "a", "a.txt", "A.JSON", "a.b.json"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_json_is_read_under_every_name(tmp_path, name, pack):
    path = tmp_path / (name + ".gz" if pack is gzip.compress else name)
    path.write_bytes(pack(b'\xef\xbb\xbf {"a": {"b": [1, 2.5]}, "c": "\xc3\xa9"}'))
    assert read_document(path) == {"a": {"b": [1, 2.5]}, "c": "é"}


@pytest.mark.parametrize("name", ["a.sig", "a.yaml", "a.yml", "a"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_yaml_is_read_with_our_own_idea_of_numbers(tmp_path, name, pack):
    path = tmp_path / name
    path.write_bytes(pack(b"a: &x [1e-05, '5', 010, .nan, yes]\nb: {c: 1_000}\n"))
    found = read_document(path)
    assert math.isnan(found["a"].pop(3))
    assert found == {"a": [1e-05, "5", 10.0, "yes"], "b": {"c": "1_000"}}
    assert type(found["b"]["c"]) is str


def test_flow_mapping_in_a_sig_is_yaml(tmp_path):
    path = tmp_path / "a.sig"
    path.write_text("{a: 1, b: x}\n")
    assert read_document(path) == {"a": 1.0, "b": "x"}


def test_utf_16_with_its_mark_is_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": "é"}', encoding="utf-16")
    assert read_document(path) == {"a": "é"}


def test_of_two_equal_keys_the_last_one_counts(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1, "a": 2}')
    (tmp_path / "a.sig").write_text("a: 1\na: 2\n")
    assert read_document(tmp_path / "a.json") == read_document(tmp_path / "a.sig") == {"a": 2}


def test_integers_beyond_what_python_reads_are_infinite(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": ' + "9" * 5000 + ', "b": 7}')
    assert read_document(path) == {"a": math.inf, "b": 7}


def test_python_yaml_parser_gives_the_same_tree(monkeypatch, shared_data):
    text = (shared_data / "layouts" / "essentia_2.1-beta5.sig").read_text()
    by_libyaml = yaml_tree.parse_yaml(text)
    monkeypatch.setattr(yaml_tree, "_PARSER", yaml_tree.yaml.SafeLoader)
    assert yaml_tree.parse_yaml(text) == by_libyaml


def test_read_document_names_the_file(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("{")
    with pytest.raises(UserError, match=r"a\.json: is not valid JSON"):
        read_document(path)


def test_read_document_is_bounded_in_depth(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a":' * 65 + "1" + "}" * 65)
    with pytest.raises(UserError, match="nested too deeply"):
        read_document(path)
    path.write_text('{"a":' * 64 + "1" + "}" * 64)
    assert list(read_document(path)) == ["a"]


def test_recursion_limit_stays_as_it_was(tmp_path):
    limit = sys.getrecursionlimit()
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a":' * 200_000)
    assert "nested too deeply" in reason_for(path)
    assert sys.getrecursionlimit() == limit


def test_read_document_keeps_tags_and_ignored_keys(shared_data):
    path = sorted((shared_data / "game_music" / "0ad").iterdir())[0]
    assert read_document(path) == json.loads(path.read_text())
    assert "tags" in read_document(path)["metadata"]


def test_all_layouts_are_documents(shared_data):
    for path in sorted((shared_data / "layouts").iterdir()):
        found = read_document(path)
        assert {"lowlevel", "metadata", "rhythm", "tonal"} <= found.keys()
        assert isinstance(found["metadata"]["version"]["essentia"], str)
