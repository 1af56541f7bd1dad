"""Class folders."""

import os
from pathlib import Path

import pytest

from fastgrid.common.errors import UserError
from fastgrid.project.class_folders import scan_class_folders


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")


def test_real_folders(shared_data: Path) -> None:
    found = scan_class_folders(shared_data / "game_music")
    assert len(found.labels) == 360 and list(found.labels) == list(found.files) == sorted(found.files)
    assert sorted(set(found.labels.values())) == sorted(p.name for p in (shared_data / "game_music").iterdir())
    assert all(file.parent.name == found.labels[item] and file.stem == item for item, file in found.files.items())
    assert not found.notes


def test_ids_extensions_and_odd_names(tmp_path: Path) -> None:
    make(tmp_path, "a[b]/song.json", "a[b]/tunes.sig", "a[b]/tune.json", "é/x.json.gz", "é/y.b.sig.gz", "é/notes.txt")
    found = scan_class_folders(tmp_path)
    assert found.labels == {"song": "a[b]", "tune": "a[b]", "tunes": "a[b]", "x": "é", "y.b": "é"}
    assert found.files["y.b"] == tmp_path / "é" / "y.b.sig.gz"
    assert not found.notes


def test_json_is_preferred_with_a_note(tmp_path: Path) -> None:
    make(tmp_path, "a/1.json", "a/1.sig", "a/2.sig", "a/2.sig.gz", "b/3.json", "b/4.json.gz", "b/4.sig")
    found = scan_class_folders(tmp_path)
    assert [file.name for file in found.files.values()] == ["1.json", "2.sig", "3.json", "4.json.gz"]
    assert len(found.notes) == 3
    assert any("1.sig: left out, 1.json of the same item" in note for note in found.notes)


def test_same_name_in_two_classes(tmp_path: Path) -> None:
    make(tmp_path, "angry/1.json", "angry/2.json", "happy/1.sig", "happy/3.json")
    found = scan_class_folders(tmp_path)
    assert found.labels == {"2": "angry", "3": "happy", "angry/1": "angry", "happy/1": "happy"}
    assert found.files["happy/1"] == tmp_path / "happy" / "1.sig"
    assert "1 file names occur in several classes" in found.notes[0]


def test_what_is_passed_over_is_noted(tmp_path: Path) -> None:
    make(
        tmp_path,
        "a/1.json",
        "a/2.json",
        "a/.hidden.json",
        "a/sub/3.json",
        ".git/x.json",
        "empty/readme.txt",
        "file.json",
    )
    (tmp_path / "a" / "dir.json").mkdir()
    (tmp_path / "a" / "broken.json").symlink_to("nowhere")
    found = scan_class_folders(tmp_path)
    assert list(found.labels) == ["1", "2"]
    text = "\n".join(found.notes)
    for name in (
        ".hidden.json: left out, hidden",
        ".git: left out, hidden",
        "empty: left out",
        "dir.json: left out, not a",
    ):
        assert name in text
    assert "broken.json: left out, not a file" in text
    assert "only one class (a)" in text


def test_symlinks_and_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "elsewhere/1.json", "elsewhere/2.json", "data/b/3.json", "data/b/4.json")
    (tmp_path / "data" / "a").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    found = scan_class_folders("data")
    assert found.labels == {"1": "a", "2": "a", "3": "b", "4": "b"}
    assert found.files["1"] == tmp_path / "data" / "a" / "1.json"


def test_undecodable_names_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a/1.json", "a/2.json")
    try:
        (tmp_path / "a" / os.fsdecode(b"\xff.json")).write_text("{}")
        (tmp_path / os.fsdecode(b"\xfe")).mkdir()
    except (OSError, UnicodeError):
        pytest.skip("the file system has only valid names")
    found = scan_class_folders(tmp_path)
    assert list(found.labels) == ["1", "2"]
    assert sum("not valid Unicode" in note for note in found.notes) == 2
    "\n".join(found.notes).encode()


@pytest.mark.parametrize(
    ("names", "part"),
    [
        ((), "no class folders"),
        (("1.json",), "no class folders"),
        (("a/readme.txt", "b/x.wav"), "no descriptor files"),
        ((".a/1.json", ".a/2.json"), "no descriptor files"),
        (("a/1.json", "a/2.json", "b/3.json", "c/4.sig"), "b, "),
    ],
)
def test_faults(tmp_path: Path, names: tuple[str, ...], part: str) -> None:
    make(tmp_path, *names)
    with pytest.raises(UserError) as caught:
        scan_class_folders(tmp_path)
    assert part in str(caught.value) and str(tmp_path) in str(caught.value)


def test_one_file_names_all_such_classes(tmp_path: Path) -> None:
    make(tmp_path, "a/1.json", "a/2.json", "b/3.json", "c/4.sig")
    with pytest.raises(UserError) as caught:
        scan_class_folders(tmp_path)
    assert f"{tmp_path / 'b'}, {tmp_path / 'c'}: a class with only one file" in str(caught.value)


def test_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="no such directory"):
        scan_class_folders(tmp_path / "missing")
    with pytest.raises(UserError, match="is not a directory"):
        scan_class_folders(tmp_path / "file")


def test_folders_below_those_of_the_classes(tmp_path: Path) -> None:
    make(tmp_path, "a/1.json", "a/x/1.json", "a/x/2.json", "a/y/1.sig", "a/y/1.json", "a/y/deep/9.json")
    make(tmp_path, "b/x/3.json", "b/x/1.json", "b/.hidden/4.json", "b/x/.5.json")
    found = scan_class_folders(tmp_path, nested=True)
    assert found.labels == {"2": "a", "3": "b", "a/1": "a", "a/x/1": "a", "a/y/1": "a", "b/x/1": "b"}
    assert found.files["a/y/1"] == tmp_path / "a" / "y" / "1.json"
    assert len(found.notes) == 4
    for part in (
        "deep: left out, files are looked for",
        "1.sig: left out, 1.json",
        ".5.json: left out, hidden",
        "occur in",
    ):
        assert any(part in note for note in found.notes)
    make(tmp_path, "b/6.json", "b/7.json", "a/8.json")
    found = scan_class_folders(tmp_path)
    assert found.labels == {"1": "a", "8": "a", "6": "b", "7": "b"}
    assert sum("with --groups parent-folder one below" in note for note in found.notes) == 3
