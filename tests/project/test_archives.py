"""Projects whose descriptor files are in tar archives."""

import json
import tarfile
from pathlib import Path

import pytest
from archives import KINDS, packed, special, tar_of
from whole_job import class_folders

import fastgrid.descriptors.archive as archive_module
from fastgrid.cli import main
from fastgrid.common.errors import UserError
from fastgrid.project.class_folders import scan_class_folders
from fastgrid.project.filelist import read_filelist, write_filelist
from fastgrid.project.groundtruth import GroundTruth, write_groundtruth


def archived(folder: Path, archive: Path, below: str = "") -> Path:
    """Put class folders into an archive, in an order that is not theirs."""
    files = sorted((path for path in folder.rglob("*") if path.is_file()), reverse=True)
    members = [(f"{below}{path.relative_to(folder).as_posix()}", path.read_bytes()) for path in files]
    archive.write_bytes(packed(tar_of(members), archive.name))
    return archive


@pytest.fixture(scope="module")
def folders(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(shared_data, tmp_path_factory.mktemp("inputs") / "music", 6)


@pytest.mark.slow
@pytest.mark.parametrize("below", ["", "./", "dump/", "./dump/inner/"])
@pytest.mark.parametrize("kind", KINDS)
def test_class_folders_in_an_archive(folders: Path, tmp_path: Path, kind: str, below: str) -> None:
    archive = archived(folders, tmp_path / f"music{kind}", below)
    expected, found = scan_class_folders(folders), scan_class_folders(archive)
    assert found.labels == expected.labels and found.notes == expected.notes == ()
    top = archive / below
    assert {item: file.relative_to(top) for item, file in found.files.items()} == {
        item: file.relative_to(folders) for item, file in expected.files.items()
    }


def test_what_is_left_out_of_an_archive_is_what_is_left_out_of_folders(tmp_path: Path) -> None:
    folder = tmp_path / "music"
    names = ["a/1.json", "a/2.json", "a/2.sig", "a/._1.json", "a/.b.json", "a/notes.txt", "a/in/3.json", "b/1.json"]
    names += ["b/4.json", "b/4.sig.gz", ".git/x.json", "none/readme.txt", "README.json"]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    archive = archived(folder, tmp_path / "music.tar.gz")
    for nested in (False, True):
        expected, found = scan_class_folders(folder, nested=nested), scan_class_folders(archive, nested=nested)
        assert found.labels == expected.labels
        assert [note.replace(str(archive), str(folder)) for note in found.notes] == list(expected.notes)
        assert len(found.notes) >= 7


def test_links_and_names_that_lead_out_are_unusable(tmp_path: Path) -> None:
    members = [(f"{label}/{i}.json", b"{}") for label in "ab" for i in range(3)]
    members += [(special("a/link.json", tarfile.SYMTYPE, "0.json"), None), ("../a/x.json", b"{}"), ("a/0.json", b"{ }")]
    archive = tmp_path / "music.tar"
    archive.write_bytes(tar_of(members))
    found = scan_class_folders(archive)
    assert found.labels == {"0": "b", "a/1": "a", "a/2": "a", "b/1": "b", "b/2": "b"}
    assert [note.rpartition(": ")[2] for note in found.unusable] == [
        "left out, occurs more than once in the archive",
        "left out, is a link in the archive, not a file",
    ]
    assert any("names lead out of the archive; the first is ../a/x.json" in note for note in found.notes)


def test_an_archive_without_classes_and_a_damaged_one_are_errors(tmp_path: Path, capsys) -> None:
    archive = tmp_path / "music.tar.gz"
    for members, said in (([("a.json", b"{}")], "no class folders"), ([("a/b.txt", b"")], "no descriptor files")):
        archive.write_bytes(packed(tar_of(members), ".gz"))
        with pytest.raises(UserError, match=said):
            scan_class_folders(archive)
    archive.write_bytes(archive.read_bytes()[:-5])
    assert main(["train_model_from_sigs", str(archive), str(tmp_path / "out"), "mood"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "music.tar.gz: is truncated" in error
    assert not (tmp_path / "out").exists()


def content(directory: Path, patterns: tuple[str, ...]) -> dict[str, bytes]:
    return {
        p.relative_to(directory).as_posix(): p.read_bytes() for pattern in patterns for p in directory.glob(pattern)
    }


@pytest.mark.slow
def test_a_training_on_an_archive_is_that_on_folders(folders: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    archive = archived(folders, tmp_path / "music.tar.zst", "dump/")
    for given, out in ((folders, "f"), (archive, "a")):
        assert main(["train_model_from_sigs", str(given), str(tmp_path / out), "game", "-j", "1", "--quiet"]) == 0
    kept = ("*.tsv", "*.param", "results/*.npz", "results/groundtruth.yaml", "results/datasets/*.npy", "game.project")
    assert content(tmp_path / "a", kept) == content(tmp_path / "f", kept)
    listed = read_filelist(tmp_path / "a" / "results" / "filelist.yaml")
    assert {file.parent.parent for file in listed.values()} == {archive / "dump"}

    def refuse(*_: object) -> None:
        raise AssertionError("unpacked an archive")

    with monkeypatch.context() as patched:
        patched.setattr(archive_module, "unpacking", refuse)
        assert main(["train_model_from_sigs", str(archive), str(tmp_path / "a"), "game", "-j", "1", "--quiet"]) == 0
    assert content(tmp_path / "a", kept) == content(tmp_path / "f", kept)
    assert {path.name for path in tmp_path.iterdir()} == {"a", "f", "music.tar.zst"}

    # The model says the same of members, of whole archives and of files.
    model = str(tmp_path / "a" / "game.model")
    files = [file for _, file in sorted(scan_class_folders(folders).files.items())]
    capsys.readouterr()
    assert main(["predict", model, *map(str, files)]) == 0
    expected = capsys.readouterr().out
    assert main(["predict", model, "--format", "json", str(archive)]) == 0
    assert capsys.readouterr().out == expected
    assert main(["predict", model, f"{archive}/dump/0ad/0ad_000.json", f"{archive}/dump/0ad/none.json"]) == 2
    said = capsys.readouterr()
    assert said.out == expected.splitlines(keepends=True)[0] and "none.json: is not in the archive" in said.err

    assert main(["train_model_from_sigs", str(folders), str(tmp_path / "a"), "game", "-j", "1", "-f", "--quiet"]) == 0
    assert not (tmp_path / "a" / "results" / "archive.json").exists()


def test_predict_wants_descriptor_files_in_an_archive(tmp_path: Path) -> None:
    from fastgrid.project.prediction import _in_archive

    archive = tmp_path / "dump.tar"
    archive.write_bytes(tar_of([("a/1.json", b"{}"), ("a/._1.json", b"{}"), (".x/2.json", b"{}"), ("a/b.txt", b"")]))
    assert _in_archive(str(archive)) == [f"{archive}/a/1.json"]
    archive.write_bytes(tar_of([("b.txt", b"")]))
    with pytest.raises(UserError, match="holds no descriptor files"):
        _in_archive(str(archive))


def test_a_file_list_into_archives(folders: Path, tmp_path: Path, capsys) -> None:
    """Relative paths start from the file list, as for any file; groups and conversion read archives, too."""
    archived(folders, tmp_path / "music.tar.gz")
    found = scan_class_folders(folders)
    relative = {item: f"music.tar.gz/{file.parent.name}/{file.name}" for item, file in found.files.items()}
    (tmp_path / "fl.yaml").write_text(json.dumps(relative))
    write_groundtruth(tmp_path / "gt.yaml", GroundTruth("game", found.labels))
    write_filelist(tmp_path / "plain.yaml", found.files)
    for name in ("plain", "fl"):
        command = ["generate_classification_project", str(tmp_path / "gt.yaml"), str(tmp_path / f"{name}.yaml")]
        command += [str(tmp_path / f"{name}.project"), str(tmp_path / name), str(tmp_path / "results")]
        assert main(command) == 0
    assert (tmp_path / "fl" / "game.npy").read_bytes() == (tmp_path / "plain" / "game.npy").read_bytes()
    assert main([*command, "--groups", "metadata.tags.artst"]) == 2
    assert "similar are" in capsys.readouterr().err
    sigs = [str(tmp_path / "fl.yaml"), str(tmp_path / "sigs.yaml")]
    assert main(["json_to_sig", *sigs]) == 2
    assert "lies in an archive, which is not written to; give --output-dir" in capsys.readouterr().err
    assert main(["json_to_sig", *sigs, "--output-dir", str(tmp_path / "sigs")]) == 0
    assert len(list((tmp_path / "sigs").iterdir())) == len(found.files) == len(read_filelist(tmp_path / "sigs.yaml"))
