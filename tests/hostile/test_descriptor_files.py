"""Descriptor files of any content: read into a collection, as documents, converted, and classified."""

import gzip
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from hostile_input import (
    SCALAR,
    TEXT,
    VALUE,
    WORD,
    cases,
    changed_bytes,
    changed_tree,
    command_outcome,
    explore,
    flow,
    left_behind,
    outcome,
    within_bounds,
)
from hypothesis import strategies as st

from fastgrid.common.errors import UserError
from fastgrid.descriptors import read_collection, read_document
from fastgrid.descriptors.batches import Batch, Packed, read_batch
from fastgrid.descriptors.document import parse_document
from fastgrid.model.training import train
from fastgrid.project.conversion import json_to_sig
from fastgrid.project.prediction import predict

CASES = cases(20)

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples/game_music"
BASE_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
NAMES = st.sampled_from(["a.json", "a.json.gz", "a.sig", "a.yaml", "a", "a.JSON", "a.txt"])


def pruned(tree: object, most: int = 4) -> object:
    """Return a document with lists of three values and at most so many keys in a mapping."""
    if isinstance(tree, dict):
        return {key: pruned(value) for key, value in list(tree.items())[:most]}
    return [pruned(value) for value in tree[:3]] if isinstance(tree, list) else tree


def real_documents() -> list[dict]:
    files = sorted(EXAMPLES.glob("*/*.json"))
    # As many of each class as of the others.
    return [json.loads(path.read_text()) for path in files[:3] + files[-3:]]


REAL = real_documents()
SMALL = [pruned(document) for document in REAL]
TREES = st.one_of(
    changed_tree(SMALL),
    st.dictionaries(TEXT, VALUE, max_size=5),
    st.dictionaries(
        st.sampled_from(["a", "b", "metadata", "tags"]), st.lists(st.lists(SCALAR, max_size=3), max_size=3)
    ),
)
WRITERS = st.sampled_from(
    [
        json.dumps,
        json.dumps,
        lambda tree: json.dumps(tree, ensure_ascii=False, indent=1),
        lambda tree: yaml.safe_dump(tree, allow_unicode=True),
        flow,
        lambda tree: flow(tree, quoted=False),
    ]
)
WHOLE = [
    json.dumps(pruned(REAL[0], most=12)).encode(),
    yaml.safe_dump(SMALL[0]).encode(),
    json.dumps(SMALL[0]).encode(),
]
DATA = st.one_of(
    st.builds(lambda write, tree: write(tree).encode("utf-8", "surrogatepass"), WRITERS, TREES),
    changed_bytes(WHOLE),
    st.builds(
        lambda before, part, times, after: (before + part * times + after).encode("utf-8", "surrogatepass"),
        WORD,
        WORD,
        st.sampled_from([1, 3, 70, 1100]),
        WORD,
    ),
)
FILES = st.tuples(
    NAMES,
    st.one_of(
        DATA,
        DATA,
        DATA,
        st.builds(gzip.compress, DATA, mtime=st.just(0)),
        changed_bytes([gzip.compress(WHOLE[2], mtime=0)]),
        st.binary(max_size=40),
    ),
)


def is_one_line(text: str) -> bool:
    return text.splitlines() == [text] and text.isprintable()


@CASES
def test_any_file_is_read_or_left_out_with_a_reason(times) -> None:
    def check(file: tuple[str, bytes]) -> None:
        name, data = file
        with within_bounds(data):
            (reading,) = read_batch(Batch((("x", Packed(name, data)),), texts=("metadata.tags.artist", "a"))).readings
        if reading.leaves is None:
            assert is_one_line(reading.reason)
            return
        leaves = reading.leaves
        assert reading.reason == "" and all(map(is_one_line, leaves.notes))
        assert leaves.lengths[~leaves.structure.text_mask].sum() == len(leaves.values)
        assert leaves.lengths[leaves.structure.text_mask].sum() == len(leaves.texts)
        assert len(set(leaves.structure.names)) == len(leaves.structure.names) == len(leaves.lengths)

    explore(FILES, check, times)


def as_plain_reader_has_it(name: str, data: bytes) -> object:
    """Return what json or PyYAML makes of `data`, every scalar of the latter as text; None where it refuses it."""
    try:
        text = data.decode("utf-8-sig")
        return json.loads(text) if name == "a.json" else yaml.load(text, Loader=BASE_LOADER)
    except (ValueError, RecursionError, yaml.YAMLError, TypeError):
        return None


def same(ours: object, theirs: object) -> bool:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return list(ours) == list(theirs) and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, float) and isinstance(theirs, str):
        # An unquoted number of YAML. What is written as other than zero does not become zero.
        number = float(theirs.lower().replace(".nan", "nan").replace(".inf", "inf"))
        return (math.isnan(ours) and math.isnan(number)) or ours == number or abs(ours) == 5e-324
    return ours == theirs or (ours != ours and theirs != theirs)


@CASES
def test_a_document_is_what_a_plain_reader_reads(times, tmp_path) -> None:
    found = {"a.json": 0, "a.sig": 0}

    def check(file: tuple[str, bytes]) -> None:
        _, data = file
        name = "a.json" if as_plain_reader_has_it("a.json", data) is not None else "a.sig"
        path = tmp_path / name
        path.write_bytes(data)
        with within_bounds(data):
            tree = outcome(lambda: read_document(path), path)
        if isinstance(tree, UserError) or data.startswith(b"\x1f\x8b"):
            return
        theirs = as_plain_reader_has_it(name, data)
        if theirs is not None:
            found[name] += 1
            assert same(tree, theirs), (tree, theirs)

    explore(FILES, check, times)
    assert min(found.values()) >= 2 * times, found


@CASES
def test_the_order_of_keys_changes_nothing(times) -> None:
    def leaves_of(data: bytes) -> dict[str, tuple[str, ...]] | str:
        (reading,) = read_batch(Batch((("x", Packed("a.json", data)),))).readings
        if reading.leaves is None:
            return "unreadable"
        leaves, found = reading.leaves, {}
        for name, is_text, start, length in zip(
            leaves.structure.names, leaves.structure.textual, leaves.starts, leaves.lengths, strict=True
        ):
            source = leaves.texts if is_text else leaves.values
            found[name] = tuple(map(str, source[start : start + length]))
        return found

    def turned(tree: object) -> object:
        if isinstance(tree, dict):
            return {key: turned(value) for key, value in reversed(tree.items())}
        return tree

    def check(tree: dict) -> None:
        assert leaves_of(json.dumps(tree).encode()) == leaves_of(json.dumps(turned(tree)).encode())

    explore(TREES, check, times)


@CASES
def test_a_bad_file_among_good_ones_changes_nothing_for_these(times, tmp_path) -> None:
    good = {f"good {number}": tmp_path / f"good{number}.json" for number in range(3)}
    for path, document in zip(good.values(), SMALL[:3], strict=True):
        path.write_text(json.dumps(document))
    alone = read_collection(good)

    def check(file: tuple[str, bytes]) -> None:
        name, data = file
        path = tmp_path / "bad" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        with within_bounds(data):
            found = read_collection({**good, "bad": path})
        assert set(found.table.ids) - {"bad"} == set(good)
        assert all(is_one_line(entry.reason) for entry in found.left_out_files)
        if "bad" not in found.table.ids:
            assert [entry.name for entry in found.left_out_files] == ["bad"]
            assert found.table.descriptors == alone.table.descriptors
            np.testing.assert_array_equal(found.table.values, alone.table.values)
        np.isfinite(found.table.values).all()

    explore(FILES, check, times)


@CASES
def test_a_converted_file_is_whole_and_says_the_same(times, tmp_path) -> None:
    good = tmp_path / "good.json"
    good.write_text(json.dumps(SMALL[0]))

    def check(file: tuple[str, bytes]) -> None:
        name, data = file
        directory = tmp_path / "work"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        source, listed, result = directory / name, directory / "list.yaml", directory / "result.yaml"
        source.write_bytes(data)
        listed.write_text(json.dumps({"bad": str(source), "good": str(good)}))
        with within_bounds(data):
            converted = json_to_sig(listed, result, output_dir=directory / "sig")
        assert not left_behind(tmp_path) and result.is_file()
        targets = {path.name for path in (directory / "sig").iterdir()}
        assert targets == {path.name for path in converted.values()} - {"a.sig"} and "good.sig" in targets
        # Of what is YAML already, nothing is left out when it is read.
        if "bad.sig" in targets and parse_document(data, name).is_json:
            before, after = (
                read_batch(Batch((("x", path),))).readings[0] for path in (source, directory / "sig/bad.sig")
            )
            if before.leaves is not None:
                assert after.leaves is not None, after.reason
                assert after.leaves.structure == before.leaves.structure
                np.testing.assert_array_equal(after.leaves.values, before.leaves.values)

    explore(FILES, check, times)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    directory = tmp_path_factory.mktemp("good")
    files = {}
    for number, document in enumerate(SMALL):
        files[f"{number}"] = directory / f"{number}.json"
        files[f"{number}"].write_text(json.dumps(document))
    table = read_collection(files).table
    steps = [{"transfo": "remove", "params": {"descriptorNames": ["metadata.*"]}}, {"transfo": "normalize"}]
    found = train(
        table,
        ["a", "a", "a", "b", "b", "b"],
        class_name="game",
        steps=steps,
        kernel="rbf",
        C=2.0,
        gamma=0.5,
        balance_classes=True,
        seed=1,
    )
    found.save(directory / "game.model")
    return directory / "game.model", found, files


@CASES
def test_a_bad_file_is_named_and_the_others_are_classified(model, times, tmp_path) -> None:
    _, loaded, files = model
    good = files["0"]
    alone = predict(loaded, [good])[0].probabilities

    def check(file: tuple[str, bytes]) -> None:
        name, data = file
        bad = tmp_path / name
        bad.write_bytes(data)
        with within_bounds(data):
            prediction, left_out = predict(loaded, [bad, good])
        np.testing.assert_array_equal(prediction.probabilities[-1:], alone)
        assert np.isfinite(prediction.probabilities).all()
        assert all(is_one_line(entry.reason) for entry in left_out)
        assert len(prediction.ids) + len(left_out) == 2

    explore(FILES, check, times)


@CASES
def test_the_command_predict(model, times, tmp_path, capsys) -> None:
    path, _, files = model

    def check(file: tuple[str, bytes]) -> None:
        name, data = file
        bad = tmp_path / name
        bad.write_bytes(data)
        code, out = command_outcome(capsys, ["predict", path, bad, files["0"]], bad)
        assert len(out.splitlines()) == (2 if code == 0 else 1)
        assert all(set(json.loads(line)) == {"id", "class", "probability"} for line in out.splitlines())
        assert command_outcome(capsys, ["predict", path, bad, "--strict", "--format", "table"], bad)[0] == code

    explore(FILES, check, times / 4)
