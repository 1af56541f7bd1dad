"""The fast way must give what the exact way gives, and JSON what its converted .sig gives."""

import codecs
import gzip
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgrid.descriptors import batches
from fastgrid.descriptors.batches import Batch, Packed, batches_like, read_batch
from fastgrid.descriptors.document import parse_document, quick_document
from fastgrid.descriptors.flatten import flatten
from fastgrid.descriptors.leaves import descriptor_tree
from fastgrid.descriptors.template import learn
from fastgrid.descriptors.unreadable import UnreadableError

KEYS = st.sampled_from(["a", "b", "mean", "key", "metadata", "tags", "x y"])
# No text that PyYAML would write without quotes and that is a number for us, such as 1e-05.
TEXTS = st.sampled_from(["", "C#", "major", "5", "é", "true", "a: b", "- x"])
NUMBERS = st.one_of(
    st.integers(-5, 5),
    st.integers(-(10**400), 10**400),
    st.floats(width=32),
    st.floats(),
    st.sampled_from([0, 1, 0.0, -0.0, 1e-46, 1e39, 2.0**-150]),
)
SCALARS = st.one_of(NUMBERS, TEXTS, st.booleans(), st.none())
LISTS = st.one_of(st.lists(NUMBERS, max_size=4), st.lists(TEXTS, max_size=3), st.lists(SCALARS, max_size=4))
MATRICES = st.lists(st.lists(st.one_of(NUMBERS, SCALARS), max_size=3), max_size=3)
ODD = st.recursive(SCALARS, lambda inside: st.lists(inside, max_size=2) | st.dictionaries(KEYS, inside, max_size=2))
USUAL = st.one_of(NUMBERS, NUMBERS, TEXTS, LISTS, MATRICES)
TREES = st.recursive(
    st.dictionaries(KEYS, st.one_of(USUAL, SCALARS), max_size=4),
    lambda inside: st.dictionaries(KEYS, st.one_of(USUAL, inside, ODD), max_size=4),
    max_leaves=12,
)


def outcome(text, name="a.json"):
    try:
        return as_data(flatten(descriptor_tree(parse_document(text.encode(), name))))
    except UnreadableError as error:
        return str(error)


def as_data(leaves):
    values = np.where(np.isnan(leaves.values), np.float32("nan"), leaves.values)
    return (leaves.structure, leaves.lengths.tolist(), values.view(np.uint32).tolist(), leaves.texts)


def tree_of(text):
    return descriptor_tree(parse_document(text.encode(), "a.json"))


@given(TREES)
@settings(max_examples=300, deadline=None)
def test_template_of_a_document_reads_it_exactly_or_not_at_all(tree):
    text = json.dumps(tree)
    template = learn(tree_of(text))
    leaves = template and template.flatten(tree_of(text))
    if leaves is not None:
        assert as_data(leaves) == outcome(text)
        assert leaves.notes == ()


@given(TREES, st.randoms(use_true_random=False), USUAL | SCALARS | ODD)
@settings(max_examples=300, deadline=None)
def test_template_reads_another_document_exactly_or_not_at_all(tree, random, replacement):
    text = json.dumps(tree)
    template = learn(tree_of(text))
    changed = json.loads(text)
    place = changed
    while place:
        key = random.choice(list(place))
        if isinstance(place[key], dict) and random.random() < 0.8:
            place = place[key]
            continue
        place[key] = replacement
        break
    other = json.dumps(changed)
    leaves = template and template.flatten(tree_of(other))
    if leaves is not None:
        assert as_data(leaves) == outcome(other)


def test_the_usual_document_goes_the_fast_way():
    text = json.dumps({"b": {"mean": [1.5, 2], "cov": [[1, 2], [3, 4]], "key": "C"}, "a": 1, "t": ["x", "y"], "e": []})
    template = learn(tree_of(text))
    assert as_data(template.flatten(tree_of(text))) == outcome(text)
    other = text.replace("1.5", "7.5, 8, NaN").replace('"C"', '"D#"')
    assert as_data(template.flatten(tree_of(other))) == outcome(other)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "\\ud800"}',
        '{"a": ["x", "\\ud800"]}',
        '{"\\ud800": 1}',
        '{"a.b": 1}',
        '{"a": {"": 1}}',
        '{"a": {}}',
        '{"a": true}',
        '{"a": [2, false]}',
        '{"a": null}',
        '{"a": 1e-46}',
        '{"a": [["x"]]}',
        '{"a": [[]]}',
        '{"a": ["x", 1]}',
        '{"a": [1, "x"]}',
        '{"a": 1' + "0" * 400 + "}",
    ],
)
def test_the_unusual_document_is_left_to_the_exact_way(text):
    template = learn(tree_of(text))
    assert template is None or template.flatten(tree_of(text)) is None


def test_text_alone_goes_the_fast_way():
    text = '{"a": "x"}'
    assert as_data(learn(tree_of(text)).flatten(tree_of(text))) == outcome(text)


def test_every_real_file_goes_the_fast_way_with_the_template_of_the_first(shared_data):
    template = None
    paths = sorted(shared_data.glob("game_music/*/*.json"))
    assert len(paths) == 360
    for path in paths:
        text = path.read_text()
        template = template or learn(tree_of(text))
        leaves = template.flatten(tree_of(text))
        if int(path.stem[-3:]) % 9 == 0:
            assert as_data(leaves) == outcome(text)
        else:
            assert leaves is not None


@given(TREES)
@settings(max_examples=150, deadline=None)
def test_json_and_its_converted_sig_have_the_same_leaves(tree):
    text = json.dumps(tree)
    as_json = outcome(text)
    if isinstance(as_json, str):
        return
    converted = tree_of(text)
    # What the conversion leaves out is left out by tree_of already.
    assert outcome(yaml.safe_dump(converted, sort_keys=False), "a.sig") == as_json


def test_real_file_and_its_converted_sig_have_the_same_leaves(shared_data):
    for path in (shared_data / "game_music/0ad/0ad_000.json", shared_data / "layouts/acousticbrainz_1.json"):
        text = path.read_text()
        dump = yaml.dump(tree_of(text), Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
        assert outcome(dump, "a.sig") == outcome(text)


def test_mixed_batch_gives_each_file_what_it_gives_alone(tmp_path):
    texts = [
        '{"a": 1, "b": [1, 2]}',
        '{"a": 2, "b": [3]}',
        '{"a": true, "b": []}',
        '{"b": [1], "a": 1e-46}',
        '{"c": [[1]]}',
        "{",
        '{"a": 3, "b": [1, "x"]}',
        '{"a": 4, "b": [[1]]}',
        '{"a": 5, "b": [5, 6]}',
    ]
    files = {}
    for i, text in enumerate(texts):
        files[str(i)] = tmp_path / f"{i}.json"
        files[str(i)].write_text(text)
    (batch,) = batches_like(Batch(()), tuple(files.items()))
    together = pickle.loads(pickle.dumps(read_batch(batch))).readings
    for reading, text in zip(together, texts, strict=True):
        assert outcome(text) == (reading.reason if reading.leaves is None else as_data(reading.leaves))


def test_excluding_equals_never_having_had(tmp_path):
    (tmp_path / "a.json").write_text('{"a": {"x": [1, 2], "y": "t"}, "b": {"x": ["u", "v"], "z": [[3, 4]]}}')
    (tmp_path / "b.json").write_text('{"a": {"y": "t"}, "b": {"z": [[3, 4]]}}')
    excluding = read_batch(Batch((("i", tmp_path / "a.json"),), excluded=("*.x", "nothing")))
    plain = read_batch(Batch((("i", tmp_path / "b.json"),)))
    assert as_data(excluding.readings[0].leaves) == as_data(plain.readings[0].leaves)
    assert excluding.excluded_names == {".a.x", ".b.x"}
    assert excluding.matched_patterns == {"*.x"}


def test_batches_hold_every_file_once_and_in_order():
    for count in (0, 1, 16, 17, 1000, 5000, 10_000):
        files = {str(i): Path(str(i)) for i in range(count)}
        batches = list(batches_like(Batch(()), tuple(files.items())))
        assert [item for batch in batches for item in batch.files] == list(files.items())
        assert all(32 <= len(batch.files) <= 64 for batch in batches[:-1])


def reading_of(data, name="a.json", texts=()):
    (reading,) = read_batch(Batch((("i", Packed(name, data)),), texts=texts)).readings
    leaves = reading.leaves
    found = None if leaves is None else (*as_data(leaves), leaves.notes)
    return found, reading.version, reading.reason, reading.texts


def reading_by_json_alone(*arguments, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "quick_document", lambda data: None)
        return reading_of(*arguments, **options)


VERSIONS = st.fixed_dictionaries(
    {"version": st.fixed_dictionaries({"essentia": SCALARS | LISTS}), "t": SCALARS | LISTS}
)


@given(TREES, VERSIONS, st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_file_is_read_alike_with_and_without_the_fast_parser(tree, metadata, ascii_only):
    data = json.dumps(tree | {"metadata": metadata}, ensure_ascii=ascii_only).encode()
    assert reading_of(data, texts=("metadata.t",)) == reading_by_json_alone(data, texts=("metadata.t",))


LONG = b"12345678901234567890123"


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": [%s, -%s], "b": 18446744073709551616}' % (LONG, LONG),
        b'{"a": ["x", %s]}' % LONG,
        b'{"a": 1, "metadata": {"version": {"essentia": %s}}}' % LONG,
        b'{"a": 1, "metadata": {"version": {"essentia": [%s]}}}' % LONG,
        b'{"a": 1, "metadata": {"t": ["x", -%s]}}' % LONG,
        b'{"a": 1, "metadata": {"version": {"essentia": 2.1}, "t": 9223372036854775807}}',
        b'{"a": 1, "b": 2, "a": "x"}',
        b'{"a": {"b": 1}, "a": {"c": 2}}',
        b'{"a": [NaN, Infinity, -Infinity]}',
        b'{"a": 1e400}',
        b'{"a": 1' + b"0" * 5000 + b"}",
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"a": "\0"}',
        b'{"a": "\t"}',
        b'{"a": "\xff"}',
        b'{"a": 01}',
        b'{"a": 1.}',
        b'{"a": 1,}',
        b'{"a": 1} x',
        b'{"a": 1}\0',
        b"[1, 2]",
        b"3",
        b"",
        b" \n",
        b"{}",
        b"a: 1",
        b"{a: 1}",
        b'\x0b{"a": 1}',
        codecs.BOM_UTF8 + b'{"a": 1}',
        '{"a": "é"}'.encode("utf-16"),
        gzip.compress(b'{"a": 1}', mtime=0),
        gzip.compress(b'{"a": 1}', mtime=0)[:-9],
        b'{"a": ' * 70 + b"1" + b"}" * 70,
        b'{"a": ' * 1100 + b"1" + b"}" * 1100,
        pytest.param(b'{"a": [' + b"1, " * 1_000_001 + b"1]}", marks=pytest.mark.slow),
    ],
    ids=lambda data: ascii(data[:24]),
)
@pytest.mark.parametrize("name", ["a.json", "a.sig", "a"])
def test_what_one_parser_refuses_or_rounds_is_left_to_the_other(data, name):
    assert reading_of(data, name, ("metadata.t",)) == reading_by_json_alone(data, name, ("metadata.t",))


def test_the_usual_file_is_left_to_the_fast_parser_alone(shared_data, monkeypatch):
    data = (shared_data / "game_music/0ad/0ad_000.json").read_bytes()
    expected = reading_by_json_alone(data)
    assert quick_document(data) is not None
    monkeypatch.setattr(batches, "parse_document", None)
    assert reading_of(data) == expected
