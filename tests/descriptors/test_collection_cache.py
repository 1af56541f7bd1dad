"""The collection kept on disk: believed exactly when the files and it are what they were."""

import json
import os
import shutil

import numpy as np
import pytest

import fastgrid.descriptors.batches as batches
import fastgrid.descriptors.cache as cache_module
from fastgrid.common.errors import UserError
from fastgrid.descriptors import read_collection
from fastgrid.descriptors.array_file import digest_of
from fastgrid.descriptors.source import Fingerprint, still_same


@pytest.fixture
def files(tmp_path):
    found = {}
    for i, item_id in enumerate(["a", "b", "c"]):
        found[item_id] = tmp_path / f"{item_id}.json"
        found[item_id].write_text(json.dumps({"x": [i, 2.5], "k": "CDE"[i], "n": [i, "oops"], "s": 1}))
    found["odd"] = tmp_path / "odd.json"
    found["odd"].write_text("{")
    found["gone"] = tmp_path / "gone.json"
    return found


@pytest.fixture
def stem(tmp_path):
    return tmp_path / "sets" / "genre"


def same(one, other):
    assert (one.table.ids, one.table.descriptors) == (other.table.ids, other.table.descriptors)
    np.testing.assert_array_equal(one.table.values, other.table.values)
    np.testing.assert_array_equal(one.table.text, other.table.text)
    for field in ("left_out_files", "left_out_descriptors", "notes", "versions"):
        assert getattr(one, field) == getattr(other, field)


def test_second_reading_comes_from_the_cache_and_is_the_same(files, stem):
    plain = read_collection(files)
    first = read_collection(files, cache=stem)
    second = read_collection(files, cache=stem)
    assert (first.from_cache, second.from_cache) == (False, True)
    same(first, plain)
    same(second, plain)
    assert {path.name for path in stem.parent.iterdir()} == {"genre.npy", "genre.text.npy", "genre.layout.json"}


def test_values_are_mapped_read_only_from_the_file(files, stem):
    for _ in range(2):
        values = read_collection(files, cache=stem).table.values
        assert isinstance(values, np.memmap) and not values.flags.writeable
        assert os.path.realpath(values.filename) == os.path.realpath(f"{stem}.npy")
        assert values.dtype == np.float32


def test_cached_collection_opens_no_file_and_reports_progress(files, stem, monkeypatch):
    read_collection(files, cache=stem)

    def refuse(*_):
        raise AssertionError("read a file")

    monkeypatch.setattr(batches, "read_source", refuse)
    seen = []
    assert read_collection(files, cache=stem, progress=seen.append).from_cache
    assert seen == [5]


def test_same_content_at_another_time_or_place_is_kept(files, stem, tmp_path):
    first = read_collection(files, cache=stem)
    os.utime(files["a"], ns=(1, 1))
    assert read_collection(files, cache=stem).from_cache
    recorded = json.loads((stem.parent / "genre.layout.json").read_text())["files"]["a"]
    assert recorded[2] == 1
    moved = {}
    for item_id, path in files.items():
        moved[item_id] = tmp_path / "elsewhere" / path.name
        moved[item_id].parent.mkdir(exist_ok=True)
        if path.exists():
            shutil.copy2(path, moved[item_id])
    found = read_collection(moved, cache=stem)
    assert found.from_cache
    np.testing.assert_array_equal(found.table.values, first.table.values)
    assert found.left_out_files[0].path == moved[found.left_out_files[0].name]


def test_other_content_of_the_same_size_is_read_again(files, stem):
    read_collection(files, cache=stem)
    text = files["a"].read_text()
    status = files["a"].stat()
    files["a"].write_text(text.replace("2.5", "7.5"))
    os.utime(files["a"], ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    found = read_collection(files, cache=stem)
    assert not found.from_cache
    same(found, read_collection(files))
    assert 7.5 in found.table.values


@pytest.mark.parametrize("change", ["longer", "deleted", "mended", "appeared", "fewer", "more", "excluded", "suffix"])
def test_whatever_changes_the_table_is_noticed(files, stem, tmp_path, change):
    read_collection(files, cache=stem)
    excluded = ()
    if change == "longer":
        files["a"].write_text('{"x": [0, 2.5], "k": "CCC", "n": [0, 5], "s": 1.0}')
    elif change == "deleted":
        files["b"].unlink()
    elif change in ("mended", "appeared"):
        shutil.copy(files["a"], files["odd" if change == "mended" else "gone"])
    elif change == "fewer":
        del files["odd"]
    elif change == "more":
        files["d"] = files["a"]
    elif change == "excluded":
        excluded = ("k",)
    else:
        files["a"] = files["a"].rename(tmp_path / "a.sig")
    found = read_collection(files, cache=stem, excluded=excluded)
    assert not found.from_cache
    same(found, read_collection(files, excluded=excluded))
    assert read_collection(files, cache=stem, excluded=excluded).from_cache


def truncate(path):
    path.write_bytes(path.read_bytes()[:-3])


def change_last_byte(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def pickle_objects(path):
    with path.open("wb") as handle:
        np.save(handle, np.array([{}, {}], dtype=object), allow_pickle=True)


def save_as_zip(path):
    with path.open("wb") as handle:
        np.savez(handle, np.zeros(3))


DAMAGE = [
    truncate,
    change_last_byte,
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"junk"),
    lambda path: path.unlink(),
    lambda path: path.write_text("[" * 100_000),
    lambda path: path.write_text('{"schema": "fastgrid descriptors 1", "excluded": [], "files": 5}'),
    lambda path: path.write_text("[]"),
]


@pytest.mark.parametrize("suffix", [".npy", ".text.npy", ".layout.json"])
@pytest.mark.parametrize("damage", [*DAMAGE, pickle_objects, save_as_zip])
def test_damaged_cache_is_built_again(files, stem, suffix, damage):
    read_collection(files, cache=stem)
    path = stem.with_name(stem.name + suffix)
    before = path.read_bytes()
    damage(path)
    found = read_collection(files, cache=stem)
    assert not found.from_cache
    same(found, read_collection(files))
    assert path.read_bytes() == before


def test_matrix_of_another_run_is_not_believed(files, stem, tmp_path):
    """The matrix is whole and of the right shape, but another process wrote it after the layout."""
    read_collection(files, cache=stem)
    others = dict(files)
    others["a"] = tmp_path / "other" / "a.json"
    others["a"].parent.mkdir()
    others["a"].write_text(files["a"].read_text().replace("2.5", "7.5"))
    read_collection(others, cache=tmp_path / "other" / "genre")
    shutil.copy(tmp_path / "other" / "genre.npy", f"{stem}.npy")
    found = read_collection(files, cache=stem)
    assert not found.from_cache
    same(found, read_collection(files))


def test_matrix_replaced_while_it_was_written_is_an_error(files, stem, monkeypatch):
    def write_and_replace(path, shape, rows):
        rows = list(rows)
        write_rows(path, shape, [some + np.float32(1) for some in rows])
        return digest_of(np.concatenate(rows))

    write_rows = cache_module.write_rows
    monkeypatch.setattr(cache_module, "write_rows", write_and_replace)
    with pytest.raises(UserError, match="do not let two runs share"):
        read_collection(files, cache=stem)


def test_a_fresh_cache_of_another_run_with_equal_input_has_equal_bytes(files, stem, tmp_path):
    read_collection(files, cache=stem)
    read_collection(dict(reversed(files.items())), cache=tmp_path / "again" / "genre")
    for suffix in (".npy", ".text.npy", ".layout.json"):
        assert stem.with_name(stem.name + suffix).read_bytes() == (tmp_path / "again" / f"genre{suffix}").read_bytes()


def test_strict_and_unmatched_hold_for_a_cached_collection_too(files, stem):
    read_collection(files, cache=stem, excluded=["nothing"])
    with pytest.raises(UserError, match="and 1 more"):
        read_collection(files, cache=stem, excluded=["nothing"], strict=True)
    with pytest.raises(UserError, match="nothing"):
        read_collection(files, cache=stem, excluded=["nothing"], fail_on_unmatched=True)
    assert read_collection(files, cache=stem, excluded=["nothing"]).from_cache


def test_failed_reading_leaves_nothing_behind(files, stem):
    with pytest.raises(UserError):
        read_collection(files, cache=stem, strict=True)
    assert not stem.parent.exists()


def test_cache_directory_that_is_a_file_is_one_clear_error(files, tmp_path):
    (tmp_path / "sets").write_text("")
    with pytest.raises(UserError, match="sets: is a file where a directory is needed"):
        read_collection(files, cache=tmp_path / "sets" / "genre")


def test_table_without_numbers_can_be_kept(tmp_path, stem):
    path = tmp_path / "a.json"
    path.write_text('{"k": "C"}')
    read_collection({"a": path}, cache=stem)
    found = read_collection({"a": path}, cache=stem)
    assert found.from_cache and found.table.values.shape == (1, 0) and found.table.text.tolist() == [["C"]]


def test_what_can_no_longer_be_read_is_not_the_same(tmp_path):
    readable_once = Fingerprint(tmp_path.stat().st_size, 1, "digest")
    assert still_same(tmp_path, readable_once) == (False, None)
    assert still_same(tmp_path, None) == (True, None)
