"""What a training says of its best combination: the page, the console, the rules of selection, nested selection."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from whole_job import small_project

from fastgrid.cli import main
from fastgrid.common.console import Console
from fastgrid.common.errors import UserError
from fastgrid.evaluation import RULES, corrected_estimate
from fastgrid.model.model import Model
from fastgrid.project.combinations_spec import families_of
from fastgrid.project.errors import errors
from fastgrid.project.filelist import read_filelist, write_filelist
from fastgrid.project.finished import generate_params_report, select_best_model
from fastgrid.project.groundtruth import GroundTruth, read_groundtruth, write_groundtruth
from fastgrid.project.judging import choose, judge, judgement_lines, outcomes_of
from fastgrid.project.record import load_record, ranked
from fastgrid.project.report_content import report_content
from fastgrid.project.schema import load_project
from fastgrid.project.settings import RunSettings
from fastgrid.project.training import run_tests

QUIET = Console(quiet=True)


def results(directory: Path):
    record = load_record(load_project(directory / "game.project"))
    return record, ranked(record, directory)


def copy_of(trained: Path, directory: Path, **values: str) -> Path:
    shutil.copytree(trained, directory)
    project = directory / "game.project"
    text = project.read_text()
    for old, new in values.values():
        assert old in text
        text = text.replace(old, new)
    project.write_text(text)
    return project


def test_a_training_writes_the_page_and_says_what_it_says(inputs: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
    printed = capsys.readouterr().out
    record, standing = results(tmp_path / "out")
    judgement = judge(record, standing, choose(record, standing, "accuracy"))
    for line in judgement_lines(judgement):
        assert line in printed
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert judgement.estimate is not None
    assert f"{judgement.estimate.accuracy.estimate:.1f} %" in page
    assert "fastgrid train_model" in page and "className: game" in page
    assert f"report: {tmp_path / 'out' / 'report.html'}, report.tsv" in printed


def test_the_content_is_what_is_on_disk(trained: Path) -> None:
    record, standing = results(trained)
    judgement = judge(record, standing, choose(record, standing, "accuracy"))
    content = report_content(record, standing, judgement, beside=trained, command="fastgrid x", seconds=2.0)
    given = record.predictions[0]
    _, best = standing.positions[0]
    wrong = {
        item
        for row in content.matrix
        for cell in content.matrix[row]
        if cell != row
        for item in content.matrix[row][cell]
    }
    expected = np.array(given.ids)[given.predicted[best] != given.actual]
    assert wrong == set(expected.tolist())
    assert content.winner == 0 and content.project == "game.project" and content.title == "game"
    assert len(content.standings) == len(record.combinations) == len(standing.rows)
    assert sum(row.support for row in content.classes) == content.data.n_items == len(given.ids)
    assert all(Path(content.paths[item]).is_file() for item in given.ids)
    assert content.run.counters["combinations"] == len(record.combinations)
    assert content.run.project_text == (trained / "game.project").read_text()
    assert content.estimates.majority_accuracy == pytest.approx(100 / 3)
    for place, row in enumerate(content.standings):
        of_row = given.predicted[standing.positions[place][1]]
        if row.same_problem_as is not None:
            other = given.predicted[standing.positions[row.same_problem_as][1]]
            np.testing.assert_array_equal(of_row, other)
        if row.same_predictions_as is not None:
            assert row.same_predictions_as < place
            np.testing.assert_array_equal(of_row, given.predicted[standing.positions[row.same_predictions_as][1]])
    # Of the polynomial kernel 2^1 at gamma 2^-3 is 2^13 at 2^-7, which is not in the grid: no two are the same problem.
    assert not any(row.same_problem_as is not None for row in content.standings)
    assert any(row.same_predictions_as is not None for row in content.standings)


def test_weightings_that_change_nothing_are_the_same_problem(trained: Path, tmp_path: Path) -> None:
    both = "balanceClasses: [false]", "balanceClasses: [true, false]"
    run_tests(copy_of(trained, tmp_path / "out", grid=both), settings=RunSettings(jobs=1), console=QUIET)
    record, standing = results(tmp_path / "out")
    judgement = judge(record, standing, choose(record, standing, "accuracy"))
    rows = report_content(record, standing, judgement, beside=tmp_path).standings
    # Classes are of equal size, also within the folds: 8 files of each in 4 folds.
    assert sum(row.same_problem_as is not None for row in rows) == len(rows) // 2 == 16


def test_the_corrected_estimate_goes_by_the_rule(trained: Path) -> None:
    record, standing = results(trained)
    exponents = np.array([(one.c_exponent, one.gamma_exponent) for one in record.combinations])
    _, simplicity = np.unique(exponents, axis=0, return_inverse=True)
    for rule in RULES:
        judgement = judge(record, standing, choose(record, standing, rule))
        expected = corrected_estimate(
            outcomes_of(record, 0), simplicity.reshape(-1), rule, family=families_of(record.combinations)
        )
        assert judgement.estimate == expected


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_selects_the_model_and_the_page(trained: Path, tmp_path: Path, capsys, rule: str) -> None:
    project = copy_of(trained, tmp_path / "out")
    record, standing = results(tmp_path / "out")
    choice = choose(record, standing, rule)
    row = standing.rows[choice.place]
    if rule == "normalized_accuracy":
        assert row.normalized_accuracy_rank == 1
    elif rule == "accuracy":
        assert row.accuracy_rank == 1
    else:
        best = standing.rows[0].scores
        least = best.accuracy - best.accuracy_std / np.sqrt(4 - 1)
        family = [vars(replace(one, c_exponent=0, gamma_exponent=0)) for one in standing.combinations]
        simplest = min(
            (one.candidate.c_exponent, one.candidate.gamma_exponent, one.accuracy_rank)
            for place, one in enumerate(standing.rows)
            if one.scores.accuracy >= least - 1e-9 and family[place] == family[0]
        )
        assert row.accuracy_rank == simplest[2]
    model_file = str(tmp_path / "out" / "chosen.model")
    assert main(["select_best_model", str(project), model_file, "--select", rule, "-q"]) == 0
    assert Model.load(model_file).classifier.kernel.gamma == 2.0**row.candidate.gamma_exponent
    assert row.candidate.results_file in capsys.readouterr().out


def test_nested_selection_is_a_training_in_each_fold(trained: Path, tmp_path: Path) -> None:
    # Numbers of texts depend on which files there are: only descriptors that are numbers.
    numbers = "preprocessing: [basic, mfcc]", "preprocessing: [mfcc]"
    project = copy_of(trained, tmp_path / "out", grid=numbers)
    outcome = run_tests(project, settings=RunSettings(jobs=1, nested=True), console=QUIET)
    (facts,) = json.loads((tmp_path / "out" / "results" / "sweep.json").read_text())["nested"]
    given, fold = outcome.record.predictions[0], outcome.record.predictions[0].fold
    truth = dict(zip(given.ids, given.actual.tolist(), strict=True))
    right = 0
    for number in range(4):
        inside = [item for item, of in zip(given.ids, fold.tolist(), strict=True) if of != number]
        # The same selection by a project of its own, with the training part as its data.
        alone = copy_of(trained, tmp_path / f"fold{number}", grid=numbers)
        _keep_only(alone.parent, set(inside))
        inner = run_tests(alone, settings=RunSettings(jobs=1), console=QUIET)
        chosen = inner.ranked.positions[0][1]
        assert facts["accuracy"]["chosen"][number] == chosen
        right += sum(
            given.predicted[chosen, row] == truth[item] for row, item in enumerate(given.ids) if fold[row] == number
        )
    assert facts["accuracy"]["accuracy"] == pytest.approx(100 * right / len(given.ids))
    record, standing = results(tmp_path / "out")
    judgement = judge(record, standing, choose(record, standing, "accuracy"))
    assert any(line.startswith("nested cross-validation") for line in judgement_lines(judgement))


def _keep_only(directory: Path, items: set[str]) -> None:
    truth = read_groundtruth(directory / "gt.yaml")
    labels = {item: label for item, label in truth.labels.items() if item in items}
    write_groundtruth(directory / "gt.yaml", GroundTruth(truth.class_name, labels))
    files = {item: path for item, path in read_filelist(directory / "fl.yaml").items() if item in items}
    write_filelist(directory / "fl.yaml", files)


def test_reports_are_written_again_from_results(trained: Path, tmp_path: Path) -> None:
    project = copy_of(trained, tmp_path / "out")
    for name in ("report.tsv", "report.html"):
        (tmp_path / "out" / name).unlink()
    assert generate_params_report(project) == tmp_path / "out" / "report.tsv"
    first = (tmp_path / "out" / "report.html").read_bytes()
    assert generate_params_report(project, tmp_path / "elsewhere.html") == tmp_path / "elsewhere.html"
    generate_params_report(project)
    assert (tmp_path / "out" / "report.html").read_bytes() == first
    assert (tmp_path / "out" / "report.tsv").read_bytes() == (trained / "report.tsv").read_bytes()


def test_later_commands_go_by_the_rule_of_the_training(trained: Path, tmp_path: Path) -> None:
    project = copy_of(trained, tmp_path / "out")
    run_tests(project, settings=RunSettings(jobs=1, select="one-standard-error"), console=QUIET)
    record, standing = results(tmp_path / "out")
    expected = choose(record, standing, "one-standard-error")
    assert choose(record, standing, None) == expected
    assert choose(record, standing, "accuracy").place == 0
    assert errors(tmp_path / "out").best == standing.rows[expected.place]
    assert main(["generate_params_report", str(project), "--select", "normalized-accuracy"]) == 0
    assert "normalized accuracy" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_rule_that_does_not_exist_is_named(trained: Path, capsys) -> None:
    with pytest.raises(UserError, match="select 'best' is not one of accuracy"):
        RunSettings(select="best")
    with pytest.raises(SystemExit) as end:
        main(["generate_params_report", str(trained / "game.project"), "--select", "best"])
    assert end.value.code == 2 and "--select" in capsys.readouterr().err


def test_where_all_failed_the_page_says_why(trained: Path, tmp_path: Path, monkeypatch) -> None:
    project = copy_of(trained, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "results" / "journal")

    def fail(*_arguments, **_named):
        raise ArithmeticError("no numbers today")

    monkeypatch.setattr("fastgrid.sweep.solving.predict", fail)
    outcome = run_tests(project, settings=RunSettings(jobs=1, backend="threads"), console=QUIET)
    assert outcome.failures
    generate_params_report(project)
    assert "no numbers today" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    with pytest.raises(UserError, match="every combination failed"):
        select_best_model(project, tmp_path / "x.model", console=QUIET)
