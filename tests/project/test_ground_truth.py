"""Ground truth and file lists."""

import os
from pathlib import Path

import pytest
import yaml

from fastgrid.common.errors import UserError
from fastgrid.project.filelist import read_filelist, write_filelist
from fastgrid.project.groundtruth import GroundTruth, check_same_ids, read_groundtruth, write_groundtruth


def written(directory: Path, content: str, name: str = "gt.yaml") -> Path:
    path = directory / name
    path.write_text(content)
    return path


def test_gaias_file_and_back(shared_data: Path, tmp_path: Path) -> None:
    golden = shared_data / "gaia_run" / "groundtruth.yaml"
    groundtruth = read_groundtruth(golden)
    assert groundtruth.class_name == "music"
    assert len(groundtruth.labels) == 70
    assert set(groundtruth.labels.values()) == {"0ad", "hedgewars", "wesnoth"}
    write_groundtruth(tmp_path / "gt.yaml", groundtruth)
    assert (tmp_path / "gt.yaml").read_bytes() == golden.read_bytes()


def test_ids_and_labels_are_text_in_file_order(tmp_path: Path) -> None:
    path = written(
        tmp_path, "className: 0123\ngroundTruth: {2: yes, 01: 0, 'b': no, a: 1.0, n: null}\nanything: else\n"
    )
    groundtruth = read_groundtruth(path)
    assert groundtruth.class_name == "0123"
    assert list(groundtruth.labels.items()) == [("2", "yes"), ("01", "0"), ("b", "no"), ("a", "1.0"), ("n", "null")]


def test_labels_that_look_like_numbers_come_back_in_gaia_too(tmp_path: Path) -> None:
    groundtruth = GroundTruth("1", {"0": "1", "a b": "yes", "é": "1e5", "null": "~", "x": "no"})
    write_groundtruth(tmp_path / "gt.yaml", groundtruth)
    assert read_groundtruth(tmp_path / "gt.yaml") == groundtruth
    loaded = yaml.safe_load((tmp_path / "gt.yaml").read_text())
    assert loaded == {"className": "1", "groundTruth": groundtruth.labels, "type": "singleClass", "version": 1.0}


def test_json(tmp_path: Path) -> None:
    path = written(tmp_path, '{"className": "mood",\t"groundTruth": {"1": true, "2": 5}}', "gt.json")
    assert read_groundtruth(path) == GroundTruth("mood", {"1": "true", "2": "5"})


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("- a\n", "line 1: no ground truth"),
        ("className: a\n", "groundTruth is missing"),
        ("groundTruth: {a: b}\n", "className is missing"),
        ("className: a\ngroundTruth: {}\n", "at least one id"),
        ("className: a\ngroundTruth:\n", "at least one id"),
        ("className: a\ngroundTruth:\n- x\n", "line 3: groundTruth must be a mapping"),
        ("className: a\ngroundTruth:\n  x: y\n  z: [1]\n", "line 4: id 'z' needs exactly one label"),
        ("className: a\ngroundTruth:\n  x: y\n  z:\n", "line 4: id 'z' needs exactly one label"),
        ("className: a\ngroundTruth:\n  x: y\n  '': z\n", "line 4: an id is empty"),
        ("className: a\ngroundTruth:\n  x: y\n  x: z\n", "line 4: key 'x' is given twice"),
        ("className: [a]\ngroundTruth: {a: b}\n", "className must be one word"),
        ("className: a/b\ngroundTruth: {a: b}\n", "line 1: className 'a/b' cannot be part of a file name"),
        ("className: ..\ngroundTruth: {a: b}\n", "cannot be part of a file name"),
        ("className: ''\ngroundTruth: {a: b}\n", "className is empty"),
        ('className: "a\\nb"\ngroundTruth: {a: b}\n', "control characters"),
        (f"className: {'a' * 81}\ngroundTruth: {{a: b}}\n", "longer than 80 bytes"),
        ("className: a\ntype: multiClass\ngroundTruth: {a: b}\n", "line 2: type 'multiClass' is not supported"),
    ],
)
def test_faults(tmp_path: Path, content: str, part: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(UserError) as caught:
        read_groundtruth(path)
    assert part in str(caught.value)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_filelist_paths_start_from_the_list(tmp_path: Path) -> None:
    path = written(tmp_path, "b: sub/x.json\na: /abs/y.sig\n01: z.sig\n")
    assert list(read_filelist(path).items()) == [
        ("b", tmp_path / "sub" / "x.json"),
        ("a", Path("/abs/y.sig")),
        ("01", tmp_path / "z.sig"),
    ]


def test_filelist_is_sorted_and_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_filelist("list.yaml", {"b": "x.json", "0": Path("/abs/../y é.sig")})
    assert yaml.safe_load(Path("list.yaml").read_text()) == {"0": "/y é.sig", "b": str(tmp_path / "x.json")}
    assert list(read_filelist("list.yaml")) == ["0", "b"]


@pytest.mark.parametrize("content", ["- a\n", "? {}\n", "a:\n", "a: [b]\n", "'': b\n", 'a: "b\\0"\n'])
def test_filelist_faults(tmp_path: Path, content: str) -> None:
    with pytest.raises(UserError, match=r"l\.yaml, line 1: "):
        read_filelist(written(tmp_path, content, "l.yaml"))


def test_undecodable_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not valid Unicode"):
        write_filelist(tmp_path / "list.yaml", {"a": os.fsdecode(b"/x/\xff.json")})
    assert not list(tmp_path.iterdir())


def test_mismatch_lists_ids() -> None:
    check_same_ids(["a", "b"], ["b", "a"], "gt", "fl")
    with pytest.raises(UserError) as caught:
        check_same_ids([f"i{n:02}" for n in range(12)], ["i00", "x"], "gt.yaml", "fl.yaml")
    message = str(caught.value)
    assert "gt.yaml and fl.yaml disagree" in message
    assert "11 only in the ground truth (i01, i02, i03, i04, i05, i06, i07, i08, i09, i10, …)" in message
    assert "1 only in the file list (x)" in message
