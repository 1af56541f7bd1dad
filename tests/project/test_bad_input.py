"""Mistakes of the user: exit code 2, one line on standard error that names the file, nothing half-written."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from whole_job import CLASSES, contents, small_project

from fastgrid.cli import main
from fastgrid.common import files as common_files
from fastgrid.project.training import train_model_from_sigs

BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
TAG = "a: !!python/object/apply:os.system ['true']\n"


def refused(capsys, *arguments: object, code: int = 2) -> str:
    """Run a command that must fail; return its only line on standard error."""
    try:
        found = main([str(argument) for argument in arguments])
    except SystemExit as error:
        found = error.code
    captured = capsys.readouterr()
    assert (found, captured.out) == (code, "")
    (line,) = captured.err.splitlines()
    return line


def sigs(inputs: Path, output: Path, *more: object) -> list[object]:
    return ["train_model_from_sigs", inputs, output, "game", "-q", "-j", "1", *more]


@pytest.fixture
def copied(inputs: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(inputs, tmp_path / "in"))


def test_input_that_is_no_directory_of_classes(inputs: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    assert f"{tmp_path / 'none'}: there is no such directory" in refused(capsys, *sigs(tmp_path / "none", out))
    (tmp_path / "empty").mkdir()
    assert "no class folders" in refused(capsys, *sigs(tmp_path / "empty", out))
    (tmp_path / "hollow" / "a").mkdir(parents=True)
    assert "no descriptor files" in refused(capsys, *sigs(tmp_path / "hollow", out))
    file = inputs / "0ad" / "0ad_000.json"
    assert f"{file}: is not a directory" in refused(capsys, *sigs(file, out))
    assert not out.exists()


def test_a_class_with_one_file(copied: Path, tmp_path: Path, capsys) -> None:
    for path in sorted((copied / "0ad").iterdir())[1:]:
        path.unlink()
    assert f"{copied / '0ad'}: a class with only one file" in refused(capsys, *sigs(copied, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_fewer_items_of_every_class_than_folds(copied: Path, tmp_path: Path, capsys) -> None:
    for label in CLASSES:
        for path in sorted((copied / label).iterdir())[4:]:
            path.unlink()
    line = refused(capsys, *sigs(copied, tmp_path / "out"))
    assert "game.project: every class has fewer items than there are folds (5; the largest class has 4 items)" in line
    assert not list((tmp_path / "out").glob("*.model")) and not (tmp_path / "out" / "report.tsv").exists()


def test_one_class_smaller_than_the_folds_is_a_warning(copied: Path, tmp_path: Path, capsys) -> None:
    for path in sorted((copied / "wesnoth").iterdir())[3:]:
        path.unlink()
    assert main(["train_model", *small_project(copied, tmp_path / "out"), "-q", "-j", "1"]) == 0
    assert "warning: classes with fewer items than the 4 folds are missing from some folds: wesnoth (3)" in (
        capsys.readouterr().err
    )


def test_lists_that_disagree(inputs: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    listed = Path(arguments[1])
    lines = listed.read_text().splitlines()
    listed.write_text("\n".join([*lines[1:], "zzz: /none.json"]) + "\n")
    capsys.readouterr()
    commands = [
        ["run_tests", arguments[2]],
        ["train_model", *arguments[:2], tmp_path / "new/p.project", tmp_path / "new/r", tmp_path / "new/m"],
        ["generate_classification_project", *arguments[:2], *(tmp_path / "new" / name for name in "pdr")],
    ]
    for command in commands:
        line = refused(capsys, *command, "-q")
        assert "1 only in the ground truth (0ad_000); 1 only in the file list (zzz)" in line
    assert not (tmp_path / "new").exists()


def test_lists_that_disagree_can_be_reduced_to_what_they_share(inputs: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    listed = Path(arguments[1])
    listed.write_text("\n".join([*listed.read_text().splitlines()[1:], "zzz: /none.json"]) + "\n")
    new = tmp_path / "new"
    command = ["generate_classification_project", *arguments[:2], *(str(new / name) for name in "pdr"), "-q"]
    capsys.readouterr()
    assert main([*command, "-f", "-t", str(tmp_path / "out" / "template.yaml")]) == 0
    said = capsys.readouterr().err
    assert "left out 0ad_000: it stands in the ground truth only" in said and "left out zzz" in said
    assert main(["run_tests", str(new / "p"), "-q", "-j", "1"]) == 0


UNREADABLE = {
    "empty": b"",
    "truncated": b'{"lowlevel": {"a": [1, 2',
    "binary": bytes(range(256)) * 8,
    "nested": b"[" * 100_000 + b"]" * 100_000,
    "nested mappings": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a list": b"[1, 2, 3]",
    "a number": b"5",
    "a tag": TAG.encode(),
    "gz of nothing": gzip.compress(b""),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_an_unreadable_descriptor_file_is_named_and_the_others_go_on(
    copied: Path, tmp_path: Path, capsys, kind: str
) -> None:
    bad = copied / "hedgewars" / "hedgewars_003.json"
    bad.write_bytes(UNREADABLE[kind])
    arguments = small_project(copied, tmp_path / "out")
    capsys.readouterr()
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
    line, hint = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: left out {bad}: ") and "share metadata.tags.file_name with another" in hint
    dataset = json.loads((tmp_path / "out" / "results" / "dataset.json").read_text())
    (entry,) = dataset["left_out_files"]
    assert (entry["name"], entry["path"]) == ("hedgewars_003", str(bad)) and entry["reason"] in line
    assert dataset["items"] == 23
    before = contents(tmp_path / "out")
    assert refused(capsys, "run_tests", arguments[2], "--strict").startswith(
        f"fastgrid run_tests: error: {bad}: {entry['reason']}"
    )
    assert contents(tmp_path / "out") == before


def test_missing_files_and_files_of_another_layout(copied: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(copied, tmp_path / "out")
    (copied / "0ad" / "0ad_001.json").unlink()
    other = copied / "0ad" / "0ad_002.json"
    document = json.loads(other.read_text())
    del document["lowlevel"]["dissonance"]
    other.write_text(json.dumps(document))
    capsys.readouterr()
    assert main(["run_tests", arguments[2], "-q", "-j", "1"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"warning: left out {copied}/0ad/0ad_001.json: does not exist"
    assert lines[1].startswith(f"warning: left out {other}: its layout is not that of the other files")


def test_all_files_of_different_layouts(tmp_path: Path, capsys) -> None:
    for label in ("a", "b"):
        for number in range(2):
            (tmp_path / "in" / label).mkdir(parents=True, exist_ok=True)
            (tmp_path / "in" / label / f"{label}{number}.json").write_text(f'{{"x": {{"{label}{number}": 1.5}}}}')
    line = refused(capsys, *sigs(tmp_path / "in", tmp_path / "out"))
    assert "layout" in line and "a0" in line
    assert not list((tmp_path / "out").rglob("*.np*"))


def test_files_that_leave_one_item_of_a_class(copied: Path, tmp_path: Path, capsys) -> None:
    for path in sorted((copied / "0ad").iterdir())[1:]:
        path.write_text("")
    assert main([str(argument) for argument in sigs(copied, tmp_path / "out")]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith("class 0ad has one usable file only (0ad_000); add files of it or remove the class")


def test_output_directories_that_will_not_do(inputs: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "file").write_text("mine")
    for output in (tmp_path / "file", tmp_path / "file" / "below"):
        assert "is a file where a directory is needed" in refused(capsys, *sigs(inputs, output))
    assert (tmp_path / "file").read_text() == "mine"
    assert "lies in the input directory" in refused(capsys, *sigs(inputs, inputs / "0ad" / "out"))
    assert "lies in the input directory" in refused(capsys, *sigs(inputs, inputs, "--force"))
    assert len(list(inputs.rglob("*.json"))) == 24 and not (inputs / "results").exists()
    assert "/proc/out" in refused(capsys, *sigs(inputs, "/proc/out"))


def test_output_directory_that_is_not_writable(inputs: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    (tmp_path / "out").mkdir()
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path / "out" and allowed(path, mode))
    assert f"{tmp_path / 'out'}: not writable" in refused(capsys, *sigs(inputs, tmp_path / "out"))
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("name", ["", "a/b", "..", "a\nb", "x" * 100])
def test_project_names_that_cannot_begin_a_file_name(inputs: Path, tmp_path: Path, capsys, name: str) -> None:
    line = refused(capsys, "train_model_from_sigs", inputs, tmp_path / "out", name)
    assert "PROJECT_NAME: className" in line
    assert not (tmp_path / "out").exists()


FOREIGN = (
    "notes.txt",
    "mine.model",
    ".project",
    "results/mine.yaml",
    "results/predictions_mine.npz",
    "results/datasets/game_notes.npy",
    "results/datasets/foreign.npy",
    "results/results/mine.result",
    "results/results/game_notes.param",
    "results/results/games_basic_rbf_C+1_gamma-3_balanced.param",
    "results/journal/mine.npz",
)


def test_force_removes_only_what_fastgrid_made(inputs: Path, trained: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    shutil.copytree(trained, out)
    for name in ("gt.yaml", "fl.yaml", "template.yaml"):
        (out / name).unlink()
    for name in FOREIGN:
        (out / name).write_text("mine")
    (out / "results" / "journal" / f".{'0' * 64}.npz.{'f' * 16}.part").write_text("of a killed run")
    before = contents(out)
    line = refused(capsys, "train_model_from_sigs", inputs, out, "other")
    assert "holds another project (game.project); choose another output directory or give --force" in line
    assert contents(out) == before

    (tmp_path / "nothing").mkdir()
    refused(capsys, "train_model_from_sigs", tmp_path / "nothing", out, "other", "--force")
    refused(capsys, "train_model_from_sigs", tmp_path, out, "other", "--force")
    assert contents(out) == before

    # All files are unreadable, so that the training ends right after the removal.
    for label in "ab":
        (tmp_path / "bad" / label).mkdir(parents=True)
        for number in range(2):
            (tmp_path / "bad" / label / f"{label}{number}.json").write_text("")
    assert "no descriptor file is readable" in refused(capsys, *sigs(tmp_path / "bad", out)[:3], "other", "--force")
    made = {"results/groundtruth.yaml", "results/filelist.yaml"}
    assert contents(out).keys() - made == set(FOREIGN)


@pytest.mark.slow
def test_outputs_around_the_inputs(inputs: Path, tmp_path: Path) -> None:
    shutil.copytree(inputs, tmp_path / "in")
    for force in (False, True):
        train_model_from_sigs(tmp_path / "in", tmp_path, "game", force=force)
    assert contents(tmp_path / "in") == contents(inputs)
    assert (tmp_path / "game.model").is_file() and (tmp_path / "results/groundtruth.yaml").is_file()


def everything_that_reads_yaml(trained: Path, bad: Path, new: Path) -> list[list[object]]:
    truth, listed, project = trained / "gt.yaml", trained / "fl.yaml", trained / "game.project"
    train = [new / "p.project", new / "r", new / "m.model"]
    return [
        ["train_model", bad, listed, *train],
        ["train_model", truth, bad, *train],
        ["train_model", truth, listed, bad, *train[1:]],
        ["run_tests", bad],
        ["generate_params_report", bad],
        ["select_best_model", bad, new / "m.model"],
        ["retrain_model", bad, trained / "game.history.param", new / "m.model"],
        ["retrain_model", project, bad, new / "m.model"],
        ["generate_classification_project", truth, listed, *(new / name for name in "pdr"), "-t", bad],
        ["visualize_confusion_matrix", bad, new / "page.html"],
        ["get_classification_results", bad.parent],
        ["json_to_sig", bad, new / "list"],
    ]


@pytest.mark.parametrize(
    "content",
    [BOMB, TAG, "", "a: [", "- 1\n- 2\n", "\0\1", "\N{PILE OF POO}", "[" * 3000, "a: &x [*x]", "a: 1\na: 2\n", "<<: 5"],
    ids=lambda content: content[:12] or "empty",
)
def test_nothing_gets_past_the_readers_of_yaml(trained: Path, tmp_path: Path, capsys, content: str) -> None:
    (tmp_path / "bad").mkdir()
    bad, new = tmp_path / "bad" / "bad.result", tmp_path / "new"
    bad.write_text(content)
    shutil.copyfile(bad, bad.with_suffix(".param"))
    for command in everything_that_reads_yaml(trained, bad, new):
        line = refused(capsys, *command)
        assert str(tmp_path / "bad" / "bad.") in line, command
        assert not new.exists() or not [path for path in new.rglob("*") if path.is_file()], command


def test_files_that_are_not_there_or_no_files(trained: Path, tmp_path: Path, capsys) -> None:
    for bad in (tmp_path / "none", tmp_path):
        for command in everything_that_reads_yaml(trained, bad, tmp_path / "new"):
            if command[0] == "get_classification_results" or (command[0] == "train_model" and command[3] == bad):
                continue
            assert str(bad) in refused(capsys, *command), command


def test_results_that_are_not_there(inputs: Path, tmp_path: Path, capsys) -> None:
    project = small_project(inputs, tmp_path / "out")[2]
    capsys.readouterr()
    for command in (["generate_params_report", project], ["select_best_model", project, tmp_path / "m.model"]):
        assert f"there are no results yet; run: fastgrid run_tests {project}" in refused(capsys, *command)
    assert "is no directory" in refused(capsys, "get_classification_results", tmp_path / "out/results/results")
    assert "holds no .result files" in refused(capsys, "get_classification_results", tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"combinations": 5}', b"[" * 100_000, b"\xff\xfe"])
def test_a_damaged_record(trained: Path, tmp_path: Path, capsys, content: bytes) -> None:
    shutil.copytree(trained, tmp_path / "out")
    (tmp_path / "out/results/sweep.json").write_bytes(content)
    line = refused(capsys, "generate_params_report", tmp_path / "out/game.project")
    assert "sweep.json: is damaged" in line and "run: fastgrid run_tests" in line


def test_damaged_predictions_and_journal(trained: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    shutil.copytree(trained, out)
    (out / "results/predictions.npz").write_bytes(b"PK\3\4")
    assert "predictions.npz" in refused(capsys, "generate_params_report", out / "game.project")
    for number, path in enumerate(sorted((out / "results/journal").iterdir())):
        path.write_bytes([b"", path.read_bytes()[:100], b"\x93NUMPY", bytes(500)][number % 4])
    assert main(["train_model", "x", "x", str(out / "game.project"), "x", str(out / "game.history"), "-q"]) == 0
    assert contents(out) == contents(trained)


def test_predict_names_what_it_cannot_use(trained: Path, inputs: Path, tmp_path: Path, capsys) -> None:
    good, bad = inputs / "0ad" / "0ad_000.json", tmp_path / "bad.json"
    bad.write_text('{"lowlevel": {}}')
    assert main(["predict", str(trained / "game.model"), str(good), "missing.json", str(bad)]) == 2
    captured = capsys.readouterr()
    (line,) = captured.out.splitlines()
    told = json.loads(line)
    assert told["id"] == "0ad_000" and set(told) == {"id", "class", "probability"}
    assert [text.split(": ")[1] for text in captured.err.splitlines()] == [
        f"left out {bad}",
        "left out missing.json",
    ]
    assert "missing.json: does not exist" in refused(
        capsys, "predict", trained / "game.model", "missing.json", "--strict"
    )
    assert "is given twice" in refused(capsys, "predict", trained / "game.model", good, good)


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-1], lambda data: b"x" + data, lambda d: b"a: 1"]
)
def test_a_model_file_that_is_none(trained: Path, inputs: Path, tmp_path: Path, capsys, damage) -> None:
    model = tmp_path / "bad.model"
    model.write_bytes(damage((trained / "game.model").read_bytes()))
    assert str(model) in refused(capsys, "predict", model, inputs / "0ad" / "0ad_000.json")


def test_a_full_disk_leaves_whole_files_only(inputs: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    capsys.readouterr()
    replace, room = Path.replace, [30]

    def replace_while_there_is_room(self: Path, target: Path) -> Path:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(common_files.Path, "replace", replace_while_there_is_room)
    assert "the disk is full; make room" in refused(capsys, "train_model", *arguments, "-q", "-j", "1")
    assert not list((tmp_path / "out").rglob("*.part"))
    assert not (tmp_path / "out" / "results" / "sweep.json").exists()
    monkeypatch.undo()
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0


# The mount is in a namespace of its own and ends with the process.
ON_A_SMALL_DISK = """
mount -t tmpfs -o size=$1 tmpfs "$2" || exit 99
"$3" -m fastgrid train_model_from_sigs "$4" "$2/out" game -q -j 1
code=$?
find "$2" -name '*.part' >&2
exit $code
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
@pytest.mark.parametrize("size", ["64k", "400k", "900k"])
def test_a_disk_that_is_really_full(inputs: Path, tmp_path: Path, size: str) -> None:
    arguments = [size, str(tmp_path), sys.executable, str(inputs)]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", ON_A_SMALL_DISK, "sh", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode in (1, 99) and "fastgrid" not in done.stderr:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"{tmp_path}/out" in line and "the disk is full" in line


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_full_standard_output(trained: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "fastgrid", "get_classification_results", str(trained)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "standard output: the disk is full" in line
