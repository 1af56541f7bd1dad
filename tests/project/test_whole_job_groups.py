"""Trainings with groups: from files, descriptors and folders, on the command line and in the project file."""

import csv
import json
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import yaml
from whole_job import CLASSES, contents, lists, small_project

from fastgrid import train_model_from_sigs
from fastgrid.cli import main
from fastgrid.common.console import Console
from fastgrid.project import training
from fastgrid.project.record import load_record
from fastgrid.project.schema import load_project
from fastgrid.project.settings import RunSettings
from fastgrid.report.predictions import read_predictions
from fastgrid.sweep import run, solving

FILE_NAME = "metadata.tags.file_name"


@pytest.fixture
def small_grid(monkeypatch) -> None:
    """Generated projects have four combinations."""
    generate = training.generate_project

    def generated(path, **values):
        generate(path, **values)
        text = path.read_text()
        start, end = text.index("    - preprocessing: ["), text.index("# repeats: N beside")
        entry = (
            "preprocessing: [mfcc], type: [C-SVC], kernel: [RBF], C: [1, 5], gamma: [-3, -7], balanceClasses: [false]"
        )
        path.write_text(f"{text[:start]}    - {{{entry}}}\n\n{text[end:]}")
        return load_project(path)

    monkeypatch.setattr(training, "generate_project", generated)


def tags_of(inputs: Path) -> dict[str, str]:
    documents = {path.stem: json.loads(path.read_text()) for path in inputs.rglob("*.json")}
    return {item: document["metadata"]["tags"]["file_name"] for item, document in documents.items()}


def folds_of(results: Path) -> dict[str, dict[str, str]]:
    with (results / "folds.tsv").open(newline="", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file, dialect="excel-tab")}


def together(results: Path, column: str = "fold") -> None:
    """No group may be in two folds, and the predictions must be of these folds and groups."""
    rows = folds_of(results)
    of_group = defaultdict(set)
    for row in rows.values():
        of_group[row["group"]].add(row[column])
    assert all(len(found) == 1 for found in of_group.values()) and len(of_group) < len(rows)
    stored = read_predictions(results / "predictions.npz")
    assert list(stored.groups) == [rows[item]["group"] for item in stored.ids]
    assert [str(fold) for fold in stored.fold] == [rows[item]["fold"] for item in stored.ids]


def sigs(inputs: Path, output: Path, *more: str) -> list[str]:
    return ["train_model_from_sigs", str(inputs), str(output), "game", "-q", "-j", "1", *more]


def line_of(capsys) -> str:
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    return line


def test_groups_by_a_tag(inputs: Path, tmp_path: Path, capsys, small_grid) -> None:
    out = tmp_path / "out"
    assert main(sigs(inputs, out, "--groups", FILE_NAME)) == 0
    assert capsys.readouterr().err == ""
    together(out / "results")
    rows = folds_of(out / "results")
    assert {item: row["group"] for item, row in rows.items()} == tags_of(inputs)
    # 24 items in five folds, eight of each class, pieces of up to three.
    for label in CLASSES:
        counts = np.bincount([int(row["fold"]) for row in rows.values() if row["class"] == label], minlength=5)
        assert counts.max() <= 3
    assert yaml.safe_load((out / "game.project").read_text())["groups"] == FILE_NAME
    record = load_record(load_project(out / "game.project"))
    assert record.groups == tuple(rows[item]["group"] for item in record.predictions[0].ids)
    assert record.facts["groups"] == {"from": FILE_NAME, "number": len(set(tags_of(inputs).values()))}
    assert f"5 folds, groups by {FILE_NAME}" in (out / "game.history.results.html").read_text()
    # The tag is no feature.
    descriptors = json.loads((out / "results/datasets/game.layout.json").read_text())["descriptors"]
    assert not any("tags" in name for name, _, _ in descriptors)


def test_a_run_without_groups_says_what_is_shared(inputs: Path, tmp_path: Path, capsys, small_grid) -> None:
    out = tmp_path / "out"
    for _ in range(2):  # the second time from the cache
        assert main(sigs(inputs, out)) == 0
        assert line_of(capsys).startswith(
            "warning: 12 of 24 files share metadata.tags.file_name with another file; in training and test at once "
            "they may make the accuracy too high; --groups metadata.tags.file_name for a new project, or 'groups: "
        )
    assert {row["group"] for row in folds_of(out / "results").values()} == {""}
    assert read_predictions(out / "results/predictions.npz").groups is None
    assert load_record(load_project(out / "game.project")).groups is None
    # The same command with groups is not answered with numbers of another question.
    before = contents(out)
    assert main(sigs(inputs, out, "--groups", FILE_NAME)) == 2
    line = line_of(capsys)
    assert f"game.project: has no groups; write 'groups: {FILE_NAME}' into it and try again" in line
    assert main(sigs(inputs, out, "--groups", "parent-folder")) == 2
    assert "game.project: has no groups; write 'groups: parent-folder' into it" in line_of(capsys)
    assert contents(out) == before
    project = out / "game.project"
    project.write_text(project.read_text().replace("\ngroups:\n", f"\ngroups: {FILE_NAME}\n"))
    assert main(["generate_params_report", str(project)]) == 2
    assert "has changed since these results" in line_of(capsys)
    assert main(sigs(inputs, out, "--groups", FILE_NAME)) == 0
    together(out / "results")


def test_force_removes_what_groups_and_repeats_have_left(inputs: Path, tmp_path: Path, small_grid) -> None:
    out = tmp_path / "out"
    assert main(sigs(inputs, out, "--groups", FILE_NAME, "--repeats", "2")) == 0
    assert (out / "results/predictions_repeat2.npz").exists()
    assert main(sigs(inputs, out, "--force")) == 0
    fresh = tmp_path / "fresh"
    assert main(sigs(inputs, fresh)) == 0
    assert contents(out) == contents(fresh)
    training.remove_project(out, out / "results")
    assert not out.exists()


def test_force_with_a_mistake_removes_nothing(inputs: Path, tmp_path: Path, capsys, small_grid) -> None:
    out = tmp_path / "out"
    assert main(sigs(inputs, out, "--groups", FILE_NAME)) == 0
    before = contents(out)
    table = tmp_path / "some.csv"
    table.write_text("id,group\n0ad_000,x\n")
    for groups, part in (
        (table, "lacks the groups of 23 of 24 items"),
        (tmp_path / "none.yaml", "there is no such file"),
    ):
        assert main(sigs(inputs, out, "--force", "--groups", str(groups))) == 2
        assert part in line_of(capsys)
    assert contents(out) == before


def test_groups_of_a_file_beside_the_project(inputs: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    table = tmp_path / "out" / "pieces.csv"
    table.write_text("id,piece\n" + "".join(f"{item},{piece}\n" for item, piece in tags_of(inputs).items()))
    monkeypatch.chdir(tmp_path)
    project, results = Path(arguments[2]), tmp_path / "out" / "results"
    directories = [str(results / "datasets"), str(results / "results")]
    asked = [*arguments[:3], *directories, "-t", "out/template.yaml", "-q"]
    assert main(["generate_classification_project", *asked, "--groups", "out/pieces.csv", "--repeats", "2"]) == 0
    text = project.read_text()
    assert "\ngroups: pieces.csv\n" in text and "repeats: 2\n      nfold: [4]" in text
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
    together(results)
    together(results, "fold_repeat2")
    before = contents(tmp_path / "out")
    shutil.move(tmp_path / "out", tmp_path / "moved")
    moved = tmp_path / "moved" / "game.project"
    assert main(["generate_params_report", str(moved)]) == 0
    assert main(["run_tests", str(moved), "-q", "-j", "1"]) == 0
    assert contents(tmp_path / "moved", "layout.json") == {k: v for k, v in before.items() if "layout.json" not in k}
    capsys.readouterr()
    groups = tmp_path / "moved/pieces.csv"
    groups.write_text(groups.read_text().replace(",", ",x", 2))
    assert main(["generate_params_report", str(moved)]) == 2
    assert "the project, its ground truth or its groups has changed since these results" in line_of(capsys)
    groups.unlink()
    assert main(["run_tests", str(moved), "-q"]) == 2
    assert f"{groups}: there is no such file" in line_of(capsys)


def test_only_what_other_groups_touch_is_solved_again(inputs: Path, tmp_path: Path, monkeypatch) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    project, groups = Path(arguments[2]), tmp_path / "out" / "groups.json"
    project.write_text(project.read_text() + "groups: groups.json\n")
    pieces = tags_of(inputs)
    solved: list = []

    def counting(batch):
        solved.extend(batch.tasks)
        return solving.solve_batch(batch)

    monkeypatch.setattr(run, "solve_batch", counting)

    def run_with(named: dict[str, str]) -> int:
        groups.write_text(json.dumps(named))
        solved.clear()
        assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
        return len(solved)

    all_tasks = run_with(pieces)
    # Two preprocessings, four folds, and the Gram matrices of two gammas, of which the polynomial kernel has one.
    assert all_tasks == 2 * 4 * 3 and run_with(pieces) == 0
    # Other names of the same groups are the same folds.
    assert run_with({item: f"piece {name}" for item, name in pieces.items()}) == 0
    assert run_with({item: item for item in pieces}) == all_tasks
    assert run_with(pieces) == 0


def test_parent_folders(inputs: Path, tmp_path: Path, capsys, small_grid) -> None:
    albums, out = tmp_path / "in", tmp_path / "out"
    for path in sorted(inputs.glob("*/*.json")):
        album = albums / path.parent.name / f"альбом {int(path.stem[-1]) // 3}"
        album.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, album / f"{path.stem[-3:]}.json")
    assert main(sigs(albums, out)) == 2
    assert "no descriptor files" in line_of(capsys)
    assert main(sigs(albums, out, "--groups", "parent-folder")) == 0
    names, few = capsys.readouterr().err.splitlines()
    assert "file names occur in several folders; the ids of these are class/folder/name" in names
    assert "classes with fewer groups than the 5 folds are missing from some folds: 0ad (3), hedgewars (3)" in few
    rows = folds_of(out / "results")
    assert len(rows) == 24 and rows["0ad/альбом 2/007"]["group"] == "0ad/альбом 2"
    together(out / "results")
    before = contents(out)
    # The project says how folders are listed.
    assert main(sigs(albums, out)) == 0
    assert contents(out) == before
    capsys.readouterr()
    assert main(sigs(inputs, tmp_path / "flat", "--groups", "parent-folder")) == 2
    line = line_of(capsys)
    assert "group '0ad' holds all 8 items of class 0ad (and so for 2 more classes)" in line
    assert not (tmp_path / "flat/game.project").exists()


@pytest.mark.parametrize(
    ("groups", "part"),
    [
        ("none.csv", "none.csv: there is no such file"),
        ("pieces", "'pieces' is no text descriptor of any file, and no file of that name exists"),
        (
            "metadata.tags.file_nam",
            f"is no text descriptor of any file, and no file of that name exists; similar are {FILE_NAME}",
        ),
        ("metadata.tags.*", "groups: 'metadata.tags.*' is a pattern"),
        ("metadata.audio_properties.codec", "group 'vorbis' holds all 8 items of class 0ad"),
        ("", "groups: is empty"),
    ],
)
def test_groups_that_cannot_be_had_leave_no_project(
    inputs: Path, tmp_path: Path, capsys, groups: str, part: str
) -> None:
    truth, files = lists(inputs, tmp_path)
    out = tmp_path / "out"
    arguments = [truth, files, out / "game.project", out / "results", out / "game.model"]
    assert main(["train_model", *map(str, arguments), "-q", "-j", "1", "--groups", groups]) == 2
    assert part in line_of(capsys)
    assert not (out / "game.project").exists()
    assert main(["generate_classification_project", *map(str, arguments), "-q", "-j", "1", "--groups", groups]) == 2
    assert part in line_of(capsys) and not (out / "game.project").exists()


def test_fewer_groups_than_folds(inputs: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    halves = {item: str(int(item[-1]) % 2) for item in tags_of(inputs)}
    groups = tmp_path / "out" / "groups.yaml"
    groups.write_text(yaml.safe_dump(halves))
    project = Path(arguments[2])
    project.write_text(project.read_text() + "groups: groups.yaml\n")
    assert main(["run_tests", str(project), "-q", "-j", "1"]) == 2
    line = line_of(capsys)
    assert (
        f"{project}: the items form 2 groups, fewer than the 4 folds; lower nfold in this file to that number" in line
    )
    assert not (tmp_path / "out/results/predictions.npz").exists()


def test_repeats_that_are_not_those_of_the_project_are_refused(trained: Path, tmp_path: Path, capsys) -> None:
    shutil.copytree(trained, tmp_path / "out")
    project = tmp_path / "out" / "game.project"
    arguments = ["train_model", "x", "x", str(project), "x", str(tmp_path / "m"), "-q", "-j", "1"]
    assert main([*arguments, "--repeats", "3"]) == 2
    assert "its evaluations have repeats 1, not 3; write 'repeats: 3' beside nfold and try again" in line_of(capsys)


def test_groups_and_repeats_from_python(inputs: Path, tmp_path: Path, small_grid) -> None:
    table = tmp_path / "table without ending"
    table.write_text(yaml.safe_dump(tags_of(inputs)))
    settings, quiet = RunSettings(jobs=1), Console(quiet=True)
    outcome = train_model_from_sigs(
        inputs, tmp_path / "out", "game", groups=table, repeats=2, settings=settings, console=quiet
    )
    assert outcome.project.groups is not None and outcome.project.groups.name == str(table)
    assert [evaluation.repeats for evaluation in outcome.project.evaluations] == [2]
    together(tmp_path / "out" / "results")
    again = train_model_from_sigs(
        inputs, tmp_path / "out", "game", groups=str(table), repeats=2, settings=settings, console=quiet
    )
    assert again.ranked.rows == outcome.ranked.rows
