"""What a first user stumbled on."""

import json
import shutil
from pathlib import Path

import pytest
from whole_job import TEMPLATE, lists

import fastgrid
from fastgrid.cli import main
from fastgrid.project.class_folders import scan_class_folders
from fastgrid.project.outputs import remove_project


def test_an_existing_project_says_that_other_inputs_are_not_used(
    inputs: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    groundtruth, filelist = lists(inputs, tmp_path)
    arguments = [groundtruth, filelist, trained / "game.project", trained / "results", tmp_path / "m.model"]
    assert main(["train_model", *map(str, arguments), "-j", "1", "-q", "-s", "7"]) == 0
    told = capsys.readouterr().err
    assert f"{groundtruth} is not used: the project names" in told
    assert f"{filelist} is not used" in told
    assert "the seed given is not used" in told


def test_an_edited_project_is_not_lost_when_it_is_generated_again(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    groundtruth, filelist = lists(inputs, tmp_path)
    project = tmp_path / "game.project"
    project.write_text("edited by hand")
    where = [project, tmp_path / "datasets", tmp_path / "results"]
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    arguments = ["generate_classification_project", groundtruth, filelist, *where, "-t", template, "-q"]
    assert main([str(argument) for argument in arguments]) == 0
    assert (tmp_path / "game.project.old").read_text() == "edited by hand"
    assert "which is now game.project.old" in capsys.readouterr().err
    assert "className: game" in project.read_text()
    generated = project.read_bytes()
    assert main([str(argument) for argument in arguments]) == 0
    assert not (tmp_path / "game.project.old1").exists()
    template.write_text("no: template")
    assert main([str(argument) for argument in arguments]) == 2
    assert project.read_bytes() == generated
    assert sorted(path.name for path in tmp_path.glob("*.old*")) == ["game.project.old"]
    template.write_text(TEMPLATE + "# another comment\n")
    assert main([str(argument) for argument in arguments]) == 0
    assert (tmp_path / "game.project.old").read_text() == "edited by hand"
    assert (tmp_path / "game.project.old1").read_bytes() == generated


def test_a_file_that_is_left_out_does_not_choose_the_template(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = tmp_path / "in"
    shutil.copytree(inputs, folders)
    (folders / "0ad" / "stray.json").write_text('{"name": "package"}')
    groundtruth, filelist = lists(folders, tmp_path)
    where = [tmp_path / "game.project", tmp_path / "datasets", tmp_path / "results"]
    arguments = ["generate_classification_project", groundtruth, filelist, *where, "-q", "-j", "1"]
    assert main([str(argument) for argument in arguments]) == 0
    assert "several extractor versions" not in capsys.readouterr().err
    assert "templateVersion: 2.1-beta5" in where[0].read_text()


@pytest.mark.slow
def test_what_is_passed_over_in_class_folders_is_named_and_kept(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders, output = tmp_path / "in", tmp_path / "out"
    shutil.copytree(inputs, folders)
    (folders / "0ad" / "cd1").mkdir()
    (folders / "0ad" / "gone.json").symlink_to("nowhere.json")
    notes = scan_class_folders(folders).notes
    assert [note.split(": left out, ")[0] for note in notes] == [
        str(folders / "0ad" / "cd1"),
        str(folders / "0ad" / "gone.json"),
    ]
    arguments = ["train_model_from_sigs", str(folders), str(output), "game", "-q", "-j", "1"]
    assert main([*arguments, "--strict"]) == 2
    assert f"{folders / '0ad' / 'gone.json'}: left out, not a file; correct or remove it" in capsys.readouterr().err
    assert not output.exists()
    assert main(arguments) == 0
    assert json.loads((output / "results" / "dataset.json").read_text())["notes"][:2] == list(notes)


def test_predict_takes_one_path_and_keeps_ids_apart(
    inputs: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = inputs / "0ad" / "0ad_000.json"
    prediction, left_out = fastgrid.predict(trained / "game.model", str(first))
    assert prediction.ids == (str(first),)
    assert left_out == ()
    second = tmp_path / "0ad_000.json"
    shutil.copyfile(inputs / "0ad" / "0ad_001.json", second)
    assert main(["predict", str(trained / "game.model"), str(first), str(second)]) == 0
    ids = [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]
    assert ids == [str(first), str(second)]


def test_force_removes_no_project_that_fastgrid_did_not_make(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = {"game.project": "className: game\n", "game.history.param": "theirs", "report.tsv": "theirs"}
    for name, text in foreign.items():
        (tmp_path / name).write_text(text)
    assert main(["train_model_from_sigs", str(inputs), str(tmp_path), "game", "--force", "-q"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "game.project: was not made by fastgrid" in line and "choose another output directory" in line
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == foreign


def test_a_project_from_an_own_template_is_known_as_ours(inputs: Path, tmp_path: Path) -> None:
    groundtruth, filelist = lists(inputs, tmp_path)
    (tmp_path / "own.yaml").write_text(TEMPLATE)
    arguments = [groundtruth, filelist, tmp_path / "out" / "game.project", tmp_path / "datasets", tmp_path / "results"]
    command = ["generate_classification_project", *arguments, "-t", tmp_path / "own.yaml", "-q"]
    assert main([str(argument) for argument in command]) == 0
    assert main(["train_model_from_sigs", str(inputs), str(tmp_path / "out"), "other", "-q", "-j", "1"]) == 2
    assert main(["train_model_from_sigs", str(inputs / "no"), str(tmp_path / "out"), "other", "--force"]) == 2
    assert (tmp_path / "out" / "game.project").exists()
    remove_project(tmp_path / "out", tmp_path / "out" / "results")
    assert not (tmp_path / "out").exists()
