"""Repeats of the folds: each as a run with its own seed, all of them counted in the ranking."""

import csv
import shutil
from pathlib import Path

import naive_evaluation
import numpy as np
import pytest
from whole_job import COMBINATIONS, contents, small_project

from fastgrid.cli import main
from fastgrid.common.console import Console
from fastgrid.project.record import load_record
from fastgrid.project.result_files import read_result
from fastgrid.project.schema import load_project
from fastgrid.project.settings import RunSettings
from fastgrid.project.stored_results import get_classification_results, visualize_confusion_matrix
from fastgrid.project.training import run_tests
from fastgrid.report.predictions import Predictions, read_predictions
from fastgrid.sweep import run, solving

QUIET = Console(quiet=True)


def changed(trained: Path, directory: Path, **values: str) -> Path:
    """Copy a training and change its seed or evaluations; return the project."""
    shutil.copytree(trained, directory)
    project = directory / "game.project"
    text = project.read_text()
    for old, new in {"seed": "seed: 1\n", "nfold": "- nfold: [4]\n"}.items():
        if old in values:
            assert new in text
            text = text.replace(new, values[old])
    project.write_text(text)
    return project


def items_of_folds(predictions: Predictions) -> set[frozenset[str]]:
    """The items of each fold."""
    items: dict[int, set[str]] = {}
    for item, fold in zip(predictions.ids, predictions.fold.tolist(), strict=True):
        items.setdefault(fold, set()).add(item)
    return {frozenset(found) for found in items.values()}


@pytest.fixture(scope="module")
def repeated(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training with three repeats, that took over the first of them; not to be written to."""
    directory = tmp_path_factory.mktemp("repeated") / "out"
    project = changed(trained, directory, nfold="- nfold: [4]\n      repeats: 3\n")
    arguments = ["x", "x", str(project), "x", str(directory / "game.history")]
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
    return directory


def test_repeats_are_runs_with_the_seeds_that_follow(trained: Path, repeated: Path, tmp_path: Path) -> None:
    for repeat, name in enumerate(["predictions.npz", "predictions_repeat2.npz", "predictions_repeat3.npz"]):
        project = changed(trained, tmp_path / str(repeat), seed=f"seed: {1 + repeat}\n")
        run_tests(project, settings=RunSettings(jobs=1), console=QUIET)
        alone = tmp_path / str(repeat) / "results" / "predictions.npz"
        assert (repeated / "results" / name).read_bytes() == alone.read_bytes()
    assert not (repeated / "results" / "predictions_repeat4.npz").exists()
    folds = [
        read_predictions(repeated / "results" / f"predictions{end}.npz").fold for end in ("", "_repeat2", "_repeat3")
    ]
    assert len({fold.tobytes() for fold in folds}) == 3


def test_all_repeats_count(repeated: Path) -> None:
    record = load_record(load_project(repeated / "game.project"))
    (repeats,) = record.repeats
    assert len(repeats) == 3 and record.predictions == [repeats[0]]
    expected = {}
    for number, combination in enumerate(record.combinations):
        predicted = [code for repeat in repeats for code in repeat.predicted[number]]
        actual = [code for repeat in repeats for code in repeat.actual]
        fold = [own + 4 * place for place, repeat in enumerate(repeats) for own in repeat.fold.tolist()]
        key = (
            combination.preprocessing,
            combination.kernel,
            str(combination.c_exponent),
            str(combination.gamma_exponent),
        )
        expected[key] = naive_evaluation.score(predicted, actual, fold)
    with (repeated / "report.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, dialect="excel-tab"))
    assert len(rows) == COMBINATIONS
    for row in rows:
        numbers = [
            float(row[name]) for name in ("accuracy", "accuracy_std", "normalized_accuracy", "normalized_accuracy_std")
        ]
        assert numbers == pytest.approx(expected[row["preprocessing"], row["kernel"], row["C"], row["gamma"]])
        assert row["evaluation"] == "{'nfold': 4, 'repeats': 3, 'type': 'nfoldcrossvalidation'}"
    # What single repeats say differs, or nothing would be tested here.
    assert any(not np.array_equal(repeats[0].predicted, repeat.predicted) for repeat in repeats[1:])
    assert "4 folds, 3 times" in (repeated / "game.history.results.html").read_text()


def test_result_files_of_repeats(trained: Path, repeated: Path) -> None:
    before, after = (contents(directory / "results" / "results") for directory in (trained, repeated))
    results = {name: data for name, data in before.items() if name.endswith(".result")}
    assert {name: after[name] for name in results} == results
    further = [name for name in after if "_repeat" in name]
    assert len(further) == 2 * COMBINATIONS and len(after) == len(before) + len(further)
    record = load_record(load_project(repeated / "game.project"))
    stem = next(name for name in results if "rbf" in name).removesuffix(".result")
    found = read_result(repeated / "results" / "results" / f"{stem}_repeat3.result")
    stored = record.repeats[0][2]
    assert found.fold == dict(zip(stored.ids, stored.fold.tolist(), strict=True))


def test_result_files_are_ranked_as_the_record_is(repeated: Path, tmp_path: Path) -> None:
    rows = get_classification_results(repeated / "results" / "results")
    with (repeated / "report.tsv").open(newline="") as file:
        reported = list(csv.DictReader(file, dialect="excel-tab"))
    assert [row.scores.accuracy for row in rows] == [float(row["accuracy"]) for row in reported]
    assert [row.scores.accuracy_std for row in rows] == [float(row["accuracy_std"]) for row in reported]
    further = next((repeated / "results" / "results").glob("*_repeat2.result"))
    page = visualize_confusion_matrix(further, tmp_path / "page.html").read_text()
    assert "4 folds, 3 times" in page


def test_fewer_repeats_leave_no_old_files(trained: Path, repeated: Path, tmp_path: Path) -> None:
    shutil.copytree(repeated, tmp_path / "out")
    project = tmp_path / "out" / "game.project"
    project.write_text((trained / "game.project").read_text())
    arguments = ["x", "x", str(project), "x", str(tmp_path / "out" / "game.history")]
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
    assert contents(tmp_path / "out", "/journal/") == contents(trained, "/journal/")


def test_only_new_repeats_are_solved(repeated: Path, tmp_path: Path, monkeypatch) -> None:
    shutil.copytree(repeated, tmp_path / "out")
    project = tmp_path / "out" / "game.project"
    project.write_text(project.read_text().replace("repeats: 3", "repeats: 4"))
    solved: list = []

    def counting(batch):
        solved.extend(batch.tasks)
        return solving.solve_batch(batch)

    monkeypatch.setattr(run, "solve_batch", counting)
    run_tests(project, settings=RunSettings(jobs=1), console=QUIET)
    *before, new = (items_of_folds(repeat) for repeat in load_record(load_project(project)).repeats[0])
    # Folds of so few files recur: each is solved once, by six Gram matrices.
    assert len(solved) == 6 * len(new.difference(*before)) > 0


@pytest.mark.slow
def test_workers_do_not_show_in_any_file(inputs: Path, tmp_path: Path) -> None:
    for name, options in (("one", ["-j", "1"]), ("two", ["-j", "2"])):
        arguments = small_project(inputs, tmp_path / "out")
        project = Path(arguments[2])
        project.write_text(project.read_text().replace("- nfold: [4]\n", "- {nfold: [4, 3], repeats: 2}\n"))
        assert main(["train_model", *arguments, "-q", *options]) == 0
        shutil.move(tmp_path / "out", tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    names = {path.name for path in (tmp_path / "one/results").glob("predictions*")}
    assert names == {f"predictions{end}.npz" for end in ("", "_repeat2", "_1", "_1_repeat2")}


def test_a_failure_in_one_repeat_is_named(inputs: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    project = Path(arguments[2])
    project.write_text(project.read_text().replace("- nfold: [4]\n", "- {nfold: [4], repeats: 2}\n"))
    solve, seen = solving._solve_task, []

    def solve_or_fail(index, given, prepared, batch, scratch):
        seen.append(batch.splits)
        if batch.splits is not seen[0] and batch.fold == 1 and given.kernel == "rbf" and given.gamma == 2.0**-3:
            raise RuntimeError("the reason")
        return solve(index, given, prepared, batch, scratch)

    monkeypatch.setattr(solving, "_solve_task", solve_or_fail)
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 3
    errors = capsys.readouterr().err
    assert errors.count("failed twice: game-") == 2 == errors.count("gamma 0.125, repeat 2, fold 1: the reason\n")
    with (tmp_path / "out" / "report.tsv").open(newline="") as file:
        failed = [row for row in csv.DictReader(file, dialect="excel-tab") if row["failure"]]
    assert [row["failure"] for row in failed] == ["repeat 2, fold 1: the reason"] * 4
    assert {(row["kernel"], row["gamma"], row["accuracy"]) for row in failed} == {("RBF", "-3", "")}
    assert not any((tmp_path / "out/results/results").glob("*rbf*gamma-3*_repeat2.result"))
