"""Many files into one table: merging, leaving out, and what is said about it."""

import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from fastgrid.common.errors import UserError
from fastgrid.descriptors import Descriptor, Kind, read_collection, read_items


@pytest.fixture
def write(tmp_path):
    """Return a function that writes documents (mappings or text) as files and returns them by id."""

    def write(**documents):
        files = {}
        for item_id, content in documents.items():
            text = content if isinstance(content, str) else json.dumps(content)
            files[item_id] = tmp_path / (f"{item_id}.json" if text.startswith("{") else f"{item_id}.sig")
            files[item_id].write_text(text)
        return files

    return write


def reasons(left_out):
    return {entry.name: entry.reason for entry in left_out}


def test_gaia_matrix_is_equal_bit_for_bit(shared_data):
    with np.load(shared_data / "gaia_run" / "matrices.npz", allow_pickle=False) as gaia:
        ids = gaia["merged/ids"].tolist()
        expected = {key: gaia[f"merged/{key}"] for key in ("columns", "values", "text_columns", "text_values")}
    files = {i: shared_data / "game_music" / i.rsplit("_", 1)[0] / f"{i}.json" for i in reversed(ids)}
    found = read_collection(files, excluded=["metadata.tags*"])
    table = found.table
    assert table.ids == tuple(ids)
    assert table.dimension_names == tuple(expected["columns"])
    np.testing.assert_array_equal(table.values.view(np.uint32), expected["values"].view(np.uint32))
    assert [f"{d.name}[0]" for d in table.textual] == expected["text_columns"].tolist()
    np.testing.assert_array_equal(table.text, expected["text_values"])
    assert found.left_out_files == () and found.notes == () and not found.from_cache
    assert set(found.versions.values()) == {"2.1-beta6-dev"}
    assert "length differs" in reasons(found.left_out_descriptors)[".rhythm.beats_position"]


def test_all_real_music_is_one_collection(shared_data):
    files = {path.stem: path for path in shared_data.glob("game_music/*/*.json")}
    seen = []
    found = read_collection(files, strict=True, progress=seen.append)
    assert len(found.table.ids) == 360 == sum(seen)
    assert np.isfinite(found.table.values).all()


def test_the_layouts_of_other_extractors_are_readable(shared_data):
    for path in sorted((shared_data / "layouts").iterdir()):
        found = read_collection({path.stem: path})
        assert found.table.ids == (path.stem,)
        assert any(name.startswith(".tonal.") and name.endswith("key") for name in found.table.names)
        # One item never varies.
        assert found.table.values.shape == (1, 0)
    both = {p.stem: p for p in (shared_data / "layouts").glob("acousticbrainz_*.json")}
    assert read_collection(both).table.values.shape[0] == 2


def test_processes_give_what_one_process_gives(shared_data):
    files = {path.stem: path for path in sorted(shared_data.glob("game_music/*/*.json"))[::9]}
    alone = read_collection(files)
    with ProcessPoolExecutor(2) as pool:
        together = read_collection(files, map_batches=pool.map)
    np.testing.assert_array_equal(together.table.values, alone.table.values)
    np.testing.assert_array_equal(together.table.text, alone.table.text)
    assert (together.table.ids, together.table.descriptors) == (alone.table.ids, alone.table.descriptors)
    assert together.versions == alone.versions


def test_json_and_yaml_items_stand_together_in_the_order_of_utf_16(write):
    files = write(**{"\uff5e": "a: 1\nk: C\n", "\U0001f600": {"k": "D", "a": 2}, "b": {"a": 3, "k": "E"}})
    table = read_collection(files).table
    assert table.ids == ("b", "\U0001f600", "\uff5e")
    assert table.values.tolist() == [[3], [2], [1]]
    assert table.text.tolist() == [["E"], ["D"], ["C"]]


def test_scalar_and_list_of_one_are_the_same(write):
    table = read_collection(write(a={"x": 1}, b={"x": [2]})).table
    assert table.descriptors == (Descriptor(".x", Kind.REAL, 1),)


def test_descriptors_that_cannot_be_used_are_left_out_with_a_reason(write):
    usable = {"good": [1, 5], "key": "C"}
    one = {**usable, "nan": 1.0, "inf": 1, "still": 3, "long": [1, 2], "words": ["x"], "none": [], "odd": "u" * 1001}
    two = {**one, "good": [2, 5], "nan": float("nan"), "inf": 1e39, "still": 3.00000001, "long": 1, "words": "x y"}
    two["words"] = ["x", "y"]
    found = read_collection(write(a=one, b=two))
    assert found.table.names == (".good", ".key")
    said = reasons(found.left_out_descriptors)
    assert list(said) == sorted(said)
    assert said.keys() == {".nan", ".inf", ".still", ".long", ".words", ".none", ".odd"}
    assert "NaN" in said[".nan"] and "infinity" in said[".inf"]
    assert "vary" in said[".still"]
    assert "1 to 2" in said[".long"] and "1 to 2" in said[".words"]
    assert "empty" in said[".none"]
    assert "1000 characters" in said[".odd"]


def test_yaml_not_a_number_makes_a_descriptor_invalid_never_zero_or_text(write):
    found = read_collection(write(a="x: [1, .nan]\ny: 1\n", b="x: [2, 3]\ny: .inf\n", c="x: [2, 3]\ny: 2\n"))
    assert found.table.names == ()
    assert set(reasons(found.left_out_descriptors)) == {".x", ".y"}


def test_files_that_differ_are_left_out_with_a_reason(write):
    usual = {"x": 1, "k": "C"}
    files = write(
        a={"x": 1}, b=usual, c={**usual, "x": 2}, d={**usual, "z": 1}, e={"x": "t", "k": "C"}, f="{", g="not a mapping"
    )
    found = read_collection(files)
    assert found.table.ids == ("b", "c")
    said = reasons(found.left_out_files)
    assert list(said) == ["a", "d", "e", "f", "g"]
    assert "has no .k" in said["a"]
    assert "has .z in addition" in said["d"]
    assert "text, not numbers, in .x" in said["e"]
    assert "not valid" in said["f"]
    assert "not a mapping" in said["g"]
    assert all(entry.path == files[entry.name] for entry in found.left_out_files)
    assert found.versions.keys() == {"a", "b", "c", "d", "e"}


def test_numbers_become_text_where_the_majority_has_text(write):
    values = {"a": 0.1, "b": "C", "c": "D", "d": [1, 1e-9], "e": "C"}
    found = read_collection(write(**{name: {"x": ord(name), "k": value} for name, value in values.items()}))
    assert found.table.text[:, 0].tolist() == ["0.1", "C", "D", "1e-09", "C"]
    assert found.left_out_files == ()
    assert any(".k" in note and "a and 1 more" in note for note in found.notes)


def test_empty_list_where_the_majority_has_text_removes_the_descriptor(write):
    found = read_collection(write(a={"x": 1, "k": []}, b={"x": 2, "k": "C"}, c={"x": 3, "k": "D"}))
    assert found.table.names == (".x",)
    assert "0 to 1" in reasons(found.left_out_descriptors)[".k"]


def test_text_among_numbers_is_zero_and_noted_with_its_file(write):
    found = read_collection(write(a={"x": [1, "oops"]}, b={"x": [2, 3]}))
    assert found.table.values.tolist() == [[1, 0], [2, 3]]
    assert len(found.notes) == 1 and found.notes[0].startswith("a: ") and ".x" in found.notes[0]


def test_excluded_descriptors_are_removed_before_comparing(write):
    files = write(a={"x": 1, "t": {"u": 1}}, b={"x": 2, "t": {"w": "y"}}, c={"x": 3})
    found = read_collection(files, excluded=["t.*"])
    assert found.table.ids == ("a", "b", "c") and found.table.names == (".x",)
    assert reasons(found.left_out_descriptors).keys() == {".t.u", ".t.w"}


def test_pattern_without_match_is_an_error_on_demand_only(write):
    files = write(a={"x": 1}, b={"x": 2, "y": 1}, c={"x": 2})
    assert read_collection(files, excluded=["nothing"]).table.ids == ("a", "c")
    assert read_collection(files, excluded=["y"], fail_on_unmatched=True).table.ids == ("a", "b", "c")
    with pytest.raises(UserError, match=r"nothing.*failOnUnmatched"):
        read_collection(files, excluded=["y", "nothing"], fail_on_unmatched=True)


def test_ambiguous_excluded_pattern_is_an_error(write):
    with pytest.raises(UserError, match="ambiguous"):
        read_collection(write(a={"x": {"m": 1}, "y": {"m": 1}}), excluded=["m"])


def test_strict_names_the_file_and_counts_the_others(write):
    files = write(a={"x": 1}, b={"x": 2}, c="{", d={"y": 1})
    with pytest.raises(UserError, match=r"c\.json: is not valid JSON.*and 1 more"):
        read_collection(files, strict=True)


def test_no_file_at_all_and_no_readable_file_are_errors(write, tmp_path):
    with pytest.raises(UserError, match="no descriptor file to read"):
        read_collection({})
    with pytest.raises(UserError, match=r"no descriptor file is readable.*a\.json: is not valid"):
        read_collection(write(a="{", b="{") | {"c": tmp_path / "missing.json"})


def test_files_without_anything_in_common_are_an_error(write):
    with pytest.raises(UserError, match=r"no two of the 3 readable files have the same descriptors.*has no"):
        read_collection(write(a={"x": 1}, b={"y": 1}, c={"z": 1}, d="{"))


def test_one_single_file_is_a_collection(write):
    assert read_collection(write(a={"k": "C", "x": 1})).table.names == (".k",)


WANTED = (Descriptor(".a.v", Kind.REAL, 2), Descriptor(".k", Kind.TEXT, 1), Descriptor(".z", Kind.REAL, 1))


def test_items_have_exactly_the_wanted_descriptors(write):
    files = write(b={"k": "C", "z": 1, "a": {"v": [2, 3], "w": 9}, "more": [[1]]}, a="z: 4\na: {v: [5, 6]}\nk: 0.25\n")
    table, left_out = read_items(files, WANTED[::-1])
    assert left_out == ()
    assert table.ids == ("a", "b") and table.descriptors == WANTED
    assert table.values.tolist() == [[5, 6, 4], [2, 3, 1]]
    assert table.text.tolist() == [["0.25"], ["C"]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"k": None}, None),
        ({"a": {"w": 1}}, "descriptor .a.v is missing"),
        ({"a": {"v": [1, 2, 3]}}, "descriptor .a.v has 3 values, not 2"),
        ({"a": {"v": ["x", "y"]}}, "descriptor .a.v holds text, not numbers"),
        ({"k": ["C", "D"]}, "descriptor .k has 2 values, not 1"),
        ({"z": float("nan")}, "descriptor .z holds NaN or infinity"),
        ({"z": 1e39}, "descriptor .z holds NaN or infinity"),
    ],
)
def test_item_that_does_not_fit_is_left_out(write, change, reason):
    good = {"k": "C", "z": 1, "a": {"v": [2, 3]}}
    table, left_out = read_items(write(a={**good, **change}, b=good), WANTED)
    if reason is None:
        assert table.text.tolist() == [["null"], ["C"]]
    else:
        assert table.ids == ("b",)
        assert [(entry.name, entry.reason) for entry in left_out] == [("a", reason)]


def test_no_item_may_be_left(write, tmp_path):
    table, left_out = read_items({"x": str(tmp_path / "x.json")}, WANTED)
    assert table.values.shape == (0, 3) and table.text.shape == (0, 1)
    assert reasons(left_out) == {"x": "does not exist"}


def test_enumerated_descriptors_are_not_in_files():
    with pytest.raises(ValueError, match="enumerated"):
        read_items({}, [Descriptor(".k", Kind.ENUMERATED, 1)])


def test_room_imports_nothing_heavy():
    heavy = "('numba', 'scipy', 'sklearn')"
    script = f"import sys, fastgrid.descriptors; print(*(m for m in {heavy} if m in sys.modules))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.strip()) == (0, "")


def test_paths_may_be_text(tmp_path):
    (tmp_path / "a.json").write_text('{"x": 1, "y": [2, 3]}')
    (tmp_path / "b.json").write_text('{"x": 2, "y": [4, 3]}')
    names = {"a": str(tmp_path / "a.json"), "b": str(tmp_path / "b.json")}
    found = read_collection(names, cache=str(tmp_path / "kept" / "xy"))
    assert found.table.ids == ("a", "b") and (tmp_path / "kept" / "xy.npy").exists()
    with pytest.raises(TypeError, match="files is a list; give a mapping of item ids to paths"):
        read_collection(list(names.values()))
