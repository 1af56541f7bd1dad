"""The whole job on small real data: same bytes however it is run, going on after a stop, edited and moved projects."""

import csv
import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from whole_job import CLASSES, COMBINATIONS, TEMPLATE, contents, lists, small_project

from fastgrid.cli import main
from fastgrid.common.console import Console
from fastgrid.common.errors import UserError
from fastgrid.project.schema import load_project
from fastgrid.project.settings import RunSettings, number_of_jobs, workers_that_help
from fastgrid.project.training import run_tests, train_model
from fastgrid.sweep import run, solving

QUIET = Console(quiet=True)


def rows(report: Path) -> list[dict[str, str]]:
    with report.open(newline="") as file:
        return list(csv.DictReader(file, dialect="excel-tab"))


def edited(trained: Path, directory: Path, old: str, new: str) -> Path:
    """Copy a training and change its project; return the project."""
    shutil.copytree(trained, directory)
    project = directory / "game.project"
    text = project.read_text()
    assert old in text
    project.write_text(text.replace(old, new))
    return project


def test_the_tree_of_a_training(trained: Path) -> None:
    names = set(contents(trained, "/journal/", "/datasets/", "results/results/"))
    assert names == {"gt.yaml", "fl.yaml", "template.yaml", "game.project", "game.model", "game.history"} | {
        "report.html",
        "report.tsv",
        "game.history.param",
        "game.history.results.html",
        "results/dataset.json",
        "results/folds.tsv",
        "results/sweep.json",
        "results/predictions.npz",
    }
    results = list((trained / "results" / "results").iterdir())
    assert len([path for path in results if path.suffix == ".param"]) == COMBINATIONS
    assert len([path for path in results if path.suffix == ".result"]) == COMBINATIONS == len(results) // 2
    assert (trained / "results/results/game_basic_rbf_C+5_gamma-7_unbalanced.param").is_file()


@pytest.mark.parametrize(
    "options",
    [
        ["-j", "2"],
        ["-j", "2", "--backend", "threads"],
        pytest.param(["-j", "2", "--cluster-mode"], marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_workers_do_not_show_in_any_file(trained: Path, inputs: Path, tmp_path: Path, options: list[str]) -> None:
    assert main(["train_model", *small_project(inputs, tmp_path / "out"), "-q", *options]) == 0
    # The lists and the layout of the matrix hold the paths of the inputs, which are the same here.
    assert contents(tmp_path / "out") == contents(trained)


def test_a_second_run_solves_nothing_and_changes_nothing(trained: Path, tmp_path: Path, monkeypatch) -> None:
    shutil.copytree(trained, tmp_path / "out")

    def solve_batch(batch):
        raise AssertionError("solved again")

    monkeypatch.setattr(run, "solve_batch", solve_batch)
    project = str(tmp_path / "out" / "game.project")
    assert main(["train_model", "x", "x", project, "x", str(tmp_path / "out" / "game.history"), "-q", "-j", "1"]) == 0
    assert contents(tmp_path / "out") == contents(trained)


def test_what_was_finished_before_a_stop_is_not_solved_again(trained: Path, tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "out"
    shutil.copytree(trained, out)
    journal = sorted((out / "results" / "journal").iterdir())
    for path in journal[::2]:
        path.unlink()
    (out / "results" / "predictions.npz").unlink()
    solved = []

    def counting(batch):
        solved.extend(batch.tasks)
        return solving.solve_batch(batch)

    monkeypatch.setattr(run, "solve_batch", counting)
    arguments = ["x", "x", str(out / "game.project"), "x", str(out / "game.history")]
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
    assert len(solved) == len(journal[::2])
    assert contents(out) == contents(trained)


def test_results_best_writes_one_result_file(trained: Path, tmp_path: Path, capsys) -> None:
    shutil.copytree(trained, tmp_path / "out")
    project = tmp_path / "out" / "game.project"
    assert main(["run_tests", str(project), "--results", "best", "-q", "-j", "1"]) == 0
    (result,) = (tmp_path / "out" / "results" / "results").glob("*.result")
    assert main(["generate_params_report", str(project)]) == 0
    report = rows(tmp_path / "out" / "report.tsv")
    assert [row["results_file"] for row in report] == [f"results/results/{result.name}"] + [""] * (len(report) - 1)
    assert all((tmp_path / "out" / row["param_file"]).is_file() for row in report)


def test_a_moved_training_goes_on_where_it_lies(trained: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained, tmp_path / "moved")
    assert main(["generate_params_report", "moved/game.project", "report.tsv"]) == 0
    found = (tmp_path / "report.tsv").read_text()
    assert found.replace("moved/results/", "results/") == (trained / "report.tsv").read_text()
    assert main(["select-best-model", "moved/game.project", "moved/again.model", "-q"]) == 0
    assert (tmp_path / "moved/again.model").read_bytes() == (trained / "game.model").read_bytes()


@pytest.mark.parametrize(
    ("old", "new"),
    [("C: [1, 5]", "C: [1]"), ("nfold: [4]", "nfold: [3]"), ("seed: 1", "seed: 2"), ("*cov", "*var")],
)
def test_an_edited_project_refuses_its_old_results(trained: Path, tmp_path: Path, capsys, old: str, new: str) -> None:
    project = edited(trained, tmp_path / "out", old, new)
    for command in (["generate_params_report", str(project)], ["select_best_model", str(project), str(tmp_path / "m")]):
        assert main(command) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "has changed since these results; run: fastgrid run_tests" in line


def test_fewer_combinations_take_old_work_over_and_leave_no_old_files(trained: Path, tmp_path: Path) -> None:
    project = edited(trained, tmp_path / "out", "C: [1, 5]", "C: [1]")
    mine = tmp_path / "out/results/results/game_notes.param"
    mine.write_text("mine")
    run_tests(project, settings=RunSettings(jobs=1), console=QUIET)
    names = {path.name for path in mine.parent.iterdir()}
    assert mine.name in names and len(names) == COMBINATIONS + 1 and not any("_C+5_" in name for name in names)


def test_kernels_descriptors_and_evaluations_of_an_edited_project(trained: Path, tmp_path: Path) -> None:
    project = edited(
        trained,
        tmp_path / "out",
        "kernel: [poly, RBF]",
        "kernel: linear\n      descriptorNames: [['*'], ['lowlevel.mfcc*', 'nothing*']]",
    )
    project.write_text(project.read_text().replace("nfold: [4]", "nfold: [4, 3]"))
    said: list[str] = []
    console = Console(quiet=True)
    console.warn = said.append  # type: ignore[method-assign]
    outcome = run_tests(project, settings=RunSettings(jobs=1), console=console)
    # 2 preprocessings x 2 C x 2 gamma x 2 descriptorNames x 2 evaluations
    assert len(outcome.ranked.rows) == 32
    assert {evaluation.nfold for evaluation in outcome.ranked.evaluations} == {3, 4}
    assert {combination.kernel for combination in outcome.ranked.combinations} == {"linear"}
    assert any("the pattern nothing* matches no descriptor" in text for text in said)
    assert {path.name for path in project.parent.glob("results/predictions*")} == {
        "predictions.npz",
        "predictions_1.npz",
    }


def test_a_project_like_gaias_runs(inputs: Path, tmp_path: Path) -> None:
    truth, listed = lists(inputs, tmp_path)
    project = tmp_path / "gaia.project"
    project.write_text(f"""\
templateVersion: 2.1-beta5
className: game
datasetsDirectory: {tmp_path}/sets
resultsDirectory: {tmp_path}/out
filelist: {listed}
groundtruth: {truth}
seed: 1.0
numberProcesses: None
clusterMode: False
excludedDescriptors: metadata.tags*
failOnUnmatched: False
variables:
    - &UNUSED [ 'metadata.*', '*dmean*', '*dvar*', '*.min', '*.max' ]
preprocessing:
    none:
        - transfo: remove
          params: {{ descriptorNames: *UNUSED }}
        - transfo: select
          params: {{ descriptorNames: lowlevel.* }}
classifiers:
    svm:
        - type: [ 'C-SVC' ]
          kernel: [ 'poly', 'RBF' ]
          C: [ -1 ]
          gamma: [ -3 ]
          balanceClasses: [ True, False ]
evaluations:
    nfoldcrossvalidation: [ {{ nfold: [ 5 ] }} ]
""")
    outcome = run_tests(project, settings=RunSettings(jobs=1), console=QUIET)
    assert len(outcome.ranked.rows) == 4
    assert (tmp_path / "out" / "sweep.json").is_file()


def test_preprocessing_without_a_match_is_a_warning_and_an_empty_one_is_left_out(
    trained: Path, tmp_path: Path, capsys
) -> None:
    project = edited(
        trained,
        tmp_path / "out",
        "  mfcc:\n",
        "  nothing:\n    - transfo: select\n      params: {descriptorNames: nope*}\n  mfcc:\n",
    )
    project.write_text(project.read_text().replace("[basic, mfcc]", "[nothing, basic]"))
    assert main(["run_tests", str(project), "-q", "-j", "1"]) == 0
    captured = capsys.readouterr().err
    assert "preprocessing nothing: step select: nope* matches nothing" in captured
    assert "preprocessing nothing is left out: no usable descriptor is left" in captured
    listed = json.loads((project.parent / "results" / "dataset.json").read_text())["preprocessing"]
    assert [entry.get("skipped") for entry in listed] == ["no usable descriptor is left", None]
    project.write_text(project.read_text().replace("[nothing, basic]", "[nothing]"))
    with pytest.raises(UserError, match="no preprocessing leaves a usable descriptor"):
        run_tests(project, settings=RunSettings(jobs=1), console=QUIET)


def failing(monkeypatch, fails) -> None:
    solve = solving._solve_task

    def solve_or_fail(index, given, prepared, batch, scratch):
        if fails(given, batch):
            raise RuntimeError("the reason\nof the failure")
        return solve(index, given, prepared, batch, scratch)

    monkeypatch.setattr(solving, "_solve_task", solve_or_fail)


def test_a_failing_task_is_named_and_makes_exit_code_3(inputs: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    failing(monkeypatch, lambda given, batch: given.kernel == "rbf" and given.gamma == 2.0**-3 and batch.fold == 1)
    assert main(["train_model", *small_project(inputs, tmp_path / "out"), "-q", "-j", "1"]) == 3
    captured = capsys.readouterr()
    assert captured.err.count("failed twice: game-") == 2 and "Traceback" not in captured.err
    report = rows(tmp_path / "out" / "report.tsv")
    failed = [row for row in report if row["failure"]]
    assert (
        [row["failure"] for row in failed]
        == ["fold 1: the reason of the failure"] * 4
        == [row["failure"] for row in report[-4:]]
    )
    assert {(row["kernel"], row["gamma"], row["accuracy_rank"]) for row in failed} == {("RBF", "-3", "")}
    assert not any((tmp_path / "out/results/results").glob("*rbf*gamma-3*.result"))
    monkeypatch.undo()
    assert main(["run_tests", str(tmp_path / "out" / "game.project"), "-q", "-j", "1"]) == 0


def test_all_failing_leaves_no_model(inputs: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    failing(monkeypatch, lambda given, batch: True)
    assert main(["train_model", *small_project(inputs, tmp_path / "out"), "-q", "-j", "1"]) != 0
    captured = capsys.readouterr().err
    assert "every combination failed" in captured and "Traceback" not in captured
    assert not list((tmp_path / "out").glob("*.model"))


def test_sig_files_give_the_predictions_of_the_json_files(trained: Path, inputs: Path, tmp_path: Path) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    assert main(["json_to_sig", arguments[1], str(tmp_path / "sig.yaml"), "-o", str(tmp_path / "sigs"), "-q"]) == 0
    (tmp_path / "sig.yaml").replace(arguments[1])
    assert all(path.suffix == ".sig" for path in (tmp_path / "sigs").iterdir())
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
    for name in ("results/predictions.npz", "report.tsv", "game.model"):
        assert (tmp_path / "out" / name).read_bytes() == (trained / name).read_bytes(), name


def test_names_of_every_sort_and_files_packed_or_not(trained: Path, inputs: Path, tmp_path: Path) -> None:
    # The same order of ids, so that all numbers stay the same.
    folder, files = tmp_path / "in [1] é 日本", []
    for path in sorted(inputs.glob("*/*.json")):
        number = len(files)
        target = folder / f"{path.parent.name} [x] ü" / f"a {number:03d} '#é.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        if number % 2:
            target = target.with_name(target.name + ".gz")
            target.write_bytes(gzip.compress(path.read_bytes()))
        else:
            shutil.copyfile(path, target)
        files.append(target)
    truth, listed = tmp_path / "gt.yaml", tmp_path / "fl.json"
    labels = dict(zip(CLASSES, ("0", "true", "~x: [y]"), strict=True))
    ids = [str(number) if number > 9 else f"0{number}" for number in range(len(files))]
    names = {item: labels[file.parent.name.split()[0]] for item, file in zip(ids, files, strict=True)}
    truth.write_text(json.dumps({"className": "mü sic", "groundTruth": names}))
    listed.write_text(
        json.dumps({item: str(file.relative_to(tmp_path)) for item, file in zip(ids, files, strict=True)})
    )
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    out = tmp_path / "out: #1"
    paths = [str(truth), str(listed), str(out / "p.project")]
    template = ["-t", str(tmp_path / "template.yaml")]
    made = [*paths, str(out / "r/datasets"), str(out / "r/results"), *template, "-q"]
    assert main(["generate-classification-project", *made]) == 0
    assert main(["train-model", *paths, str(out / "r"), str(out / "p.model"), "-q", "-j", "1"]) == 0
    with np.load(out / "r/predictions.npz") as found, np.load(trained / "results/predictions.npz") as expected:
        assert found["ids"].tolist() == ids and found["classes"].tolist() == ["0", "true", "~x: [y]"]
        assert np.array_equal(found["predicted"], expected["predicted"])
        assert np.array_equal(found["actual"], expected["actual"])


def test_integer_and_boolean_labels_and_ids_are_text(inputs: Path, tmp_path: Path) -> None:
    files = sorted(inputs.glob("*/*.json"))
    (tmp_path / "fl.yaml").write_text("".join(f"{number}: {file}\n" for number, file in enumerate(files)))
    labels = dict(zip(CLASSES, ("0", "yes", "1.50"), strict=True))
    truth = "".join(f"  {number}: {labels[file.parent.name]}\n" for number, file in enumerate(files))
    (tmp_path / "gt.yaml").write_text(f"className: game\ngroundTruth:\n{truth}")
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    paths = [str(tmp_path / name) for name in ("gt.yaml", "fl.yaml", "p.project")]
    arguments = [*paths, str(tmp_path / "datasets"), str(tmp_path / "results"), "-t", str(tmp_path / "template.yaml")]
    assert main(["generate_classification_project", *arguments, "-q"]) == 0
    outcome = run_tests(paths[2], settings=RunSettings(jobs=1), console=QUIET)
    assert outcome.data.classes == ("0", "1.50", "yes") and outcome.data.table.ids[:3] == ("0", "1", "10")


def test_seed_zero_takes_the_clock_and_writes_it_down(inputs: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1234567.8)
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    arguments = [
        *map(str, lists(inputs, tmp_path)),
        str(tmp_path / "p.project"),
        str(tmp_path / "d"),
        str(tmp_path / "r"),
    ]
    options = ["-q", "-s", "0", "-t", str(tmp_path / "template.yaml")]
    assert main(["generate_classification_project", *map(str, arguments), *options]) == 0
    assert load_project(tmp_path / "p.project").seed == 1234567


def test_number_of_jobs(trained: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("fastgrid.project.settings.available_cores", lambda: 7)
    monkeypatch.delenv("GAIA_NUM_TRAINING_PROCESSES", raising=False)
    project = load_project(edited(trained, tmp_path / "out", "numberProcesses:", "numberProcesses: 3"))
    assert number_of_jobs(RunSettings()) == 7
    assert number_of_jobs(RunSettings(), project) == 3
    for text, expected in (("2", 2), ("all", 7), (" 4 ", 4), ("", 3)):
        monkeypatch.setenv("GAIA_NUM_TRAINING_PROCESSES", text)
        assert number_of_jobs(RunSettings(), project) == expected
    assert number_of_jobs(RunSettings(jobs=5), project) == 5
    for text in ("many", "0", "-1", "2.0"):
        monkeypatch.setenv("GAIA_NUM_TRAINING_PROCESSES", text)
        with pytest.raises(UserError, match=f"GAIA_NUM_TRAINING_PROCESSES: '{text}' is neither"):
            number_of_jobs(RunSettings())


def test_more_workers_than_cores_can_serve_are_not_started(monkeypatch) -> None:
    monkeypatch.setattr("fastgrid.project.settings.available_cores", lambda: 2)
    said: list[str] = []
    console = Console(quiet=True)
    console.warn = said.append  # type: ignore[method-assign]
    assert workers_that_help(16, console) == 16 and not said
    assert workers_that_help(100_000, console) == 16
    assert said == ["100000 workers are more than 2 cores can serve; 16 are started"]


def test_a_different_seed_for_a_finished_project_is_said(trained: Path, tmp_path: Path, capsys) -> None:
    shutil.copytree(trained, tmp_path / "out")
    out = tmp_path / "out"
    with capsys.disabled():
        said: list[str] = []
        console = Console(quiet=True)
        console.warn = said.append  # type: ignore[method-assign]
        train_model("x", "x", out / "game.project", "x", out / "m.model", seed=9, console=console)
    assert any("the seed given is not used" in text for text in said)


def test_parameters_beyond_all_measure_fail_by_name(trained: Path, tmp_path: Path, capsys) -> None:
    project = edited(trained, tmp_path / "out", "gamma: [-3, -7]", "gamma: [-3, 900]")
    project.write_text(
        project.read_text().replace("kernel: [poly, RBF]", "kernel: [poly]").replace("C: [1, 5]", "C: [1]")
    )
    assert main(["run_tests", str(project), "-q", "-j", "1"]) == 3
    captured = capsys.readouterr()
    assert "the values of the kernel overflow with gamma" in captured.err and "Traceback" not in captured.err
