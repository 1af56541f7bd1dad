"""The text at a path of descriptor files: the same from JSON and YAML, kept beside the table, never a descriptor."""

import gzip
import json
import shutil
import unicodedata
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from fastgrid.descriptors import read_collection
from fastgrid.descriptors.document import read_document
from fastgrid.descriptors.texts import LONGEST_VALUE, MOST_VALUES, text_paths, texts_at

ARTIST = "metadata.tags.artist"


def document(artist: object, number: float = 1.0) -> dict:
    return {"lowlevel": {"x": [number, 2.5]}, "metadata": {"tags": {"artist": artist}}, "tonal": {"key": "C"}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Ann", ("Ann",)),
        (["Ann", "Bob", "Ann"], ("Ann", "Bob")),
        ("  Ann \n Lee ", ("Ann Lee",)),
        (["", " "], ()),
        ([], ()),
        (None, ()),
        (["Ann", None, ["Bob"], {"x": 1}], ("Ann",)),
        ({"name": "Ann"}, ()),
        (311, ("311",)),
        (["1999", 1999], ("1999",)),
        (True, ("true",)),
        (unicodedata.normalize("NFD", "Björk"), ("Björk",)),
        ("久石 譲", ("久石 譲",)),
        ("\ud800", ("?",)),
    ],
)
def test_values(value: object, expected: tuple[str, ...]) -> None:
    assert texts_at(document(value), ARTIST) == expected


def test_paths_that_lead_nowhere() -> None:
    tree = document("Ann")
    for path in ("metadata.tags", "metadata.tags.album", "metadata.tags.artist.name", "artist", "", "lowlevel.x.0"):
        assert texts_at(tree, path) == ()


def test_values_are_bounded_and_stay_different() -> None:
    long = ["x" * 5000 + end for end in "ab"]
    found = texts_at(document(long), ARTIST)
    assert len(found) == 2 and all(len(value) < LONGEST_VALUE + 20 for value in found)
    assert len(texts_at(document([str(number) for number in range(1000)]), ARTIST)) == MOST_VALUES


def test_paths_that_hold_text() -> None:
    assert list(text_paths(document(["Ann"]) | {"empty": [], "k": "v"})) == [ARTIST, "tonal.key", "k"]


def test_json_yaml_and_gzip_agree(tmp_path: Path) -> None:
    contents = {
        "a.json": json.dumps(document(["Ann", "Bjo\u0308rk"])),
        "b.sig": 'metadata: {tags: {artist: ["Ann", "Bjo\u0308rk"]}}\nlowlevel: {x: [2, 2.5]}\ntonal: {key: C}\n',
        "c.sig": "metadata:\n  tags:\n    artist:\n    - Ann\n    - Björk\nlowlevel: {x: [3, 2.5]}\ntonal: {key: C}\n",
        "d.json.gz": json.dumps(document(["Ann", "Björk"], 4.0)),
        "e.sig": "metadata: {tags: {artist: ~}}\nlowlevel: {x: [5, 2.5]}\ntonal: {key: C}\n",
    }
    files = {}
    for name, text in contents.items():
        files[name[0]] = tmp_path / name
        packed = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
        files[name[0]].write_bytes(packed)
    found = read_collection(files, excluded=["metadata.tags*"], texts=[ARTIST, "tonal.key", "nothing"])
    assert found.texts == {
        ARTIST: dict.fromkeys("abcd", ("Ann", "Björk")),
        "tonal.key": dict.fromkeys("abcde", ("C",)),
        "nothing": {},
    }
    assert found.table.names == (".lowlevel.x", ".tonal.key")


def test_all_readers_agree_with_the_whole_document_on_real_files(shared_data: Path, tmp_path: Path) -> None:
    paths = sorted((shared_data / "game_music").glob("*/*_00[0-4].json"))
    files = {path.stem: path for path in paths}
    wanted = [ARTIST, "metadata.tags.file_name", "tonal.key_edma.key", "metadata.version.essentia"]
    plain = read_collection(files, texts=wanted)
    assert plain.texts["metadata.tags.file_name"].keys() == files.keys() and plain.texts[ARTIST]
    for path in wanted:
        expected = {item: texts_at(read_document(file), path) for item, file in files.items()}
        assert plain.texts[path] == {item: found for item, found in expected.items() if found}
    with ProcessPoolExecutor(2) as pool:
        assert read_collection(files, texts=wanted, map_batches=pool.map).texts == plain.texts
    assert read_collection(files).texts == {}
    assert read_collection(files, texts=wanted, cache=tmp_path / "c").texts == plain.texts
    again = read_collection(files, texts=wanted, cache=tmp_path / "c")
    assert again.from_cache and again.texts == plain.texts


def test_a_cache_without_the_path_is_read_again(tmp_path: Path) -> None:
    files = {}
    for number, item in enumerate("abc"):
        files[item] = tmp_path / f"{item}.json"
        files[item].write_text(json.dumps(document(f"Artist {number}", number)))
    read_collection(files, cache=tmp_path / "sets/c", texts=["tonal.key"])
    assert read_collection(files, cache=tmp_path / "sets/c").from_cache
    found = read_collection(files, cache=tmp_path / "sets/c", texts=[ARTIST])
    assert not found.from_cache and found.texts[ARTIST]["b"] == ("Artist 1",)
    assert read_collection(files, cache=tmp_path / "sets/c", texts=[ARTIST]).from_cache
    files["b"].write_text(json.dumps(document("Someone else", 1)))
    assert read_collection(files, cache=tmp_path / "sets/c", texts=[ARTIST]).texts[ARTIST]["b"] == ("Someone else",)
    moved = {item: Path(shutil.move(file, tmp_path / "sets")) for item, file in files.items()}
    found = read_collection(moved, cache=tmp_path / "sets/c", texts=[ARTIST])
    assert found.from_cache and found.texts[ARTIST]["a"] == ("Artist 0",)


def test_a_file_that_is_left_out_has_text_but_an_unreadable_one_has_none(tmp_path: Path) -> None:
    contents = {"a": document("Ann"), "b": document("Bob", 3), "c": {"y": 1, "metadata": {"tags": {"artist": "Cid"}}}}
    files = {item: tmp_path / f"{item}.json" for item in "abcd"}
    for item, content in contents.items():
        files[item].write_text(json.dumps(content))
    files["d"].write_text("{")
    assert read_collection(files, texts=[ARTIST]).texts == {ARTIST: {"a": ("Ann",), "b": ("Bob",), "c": ("Cid",)}}
