"""``errors``: what the best combinations miss, from results that are made up or come from a training."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fastgrid.common.errors import UserError
from fastgrid.project.errors import errors
from fastgrid.project.groundtruth import read_groundtruth
from fastgrid.project.record import load_record, predictions_name, record_directory, write_record
from fastgrid.project.result_files import read_result
from fastgrid.project.schema import load_project
from fastgrid.project.stored_results import get_classification_results
from fastgrid.report.predictions import write_predictions

FAILED = -1


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "out"))


def claim(directory: Path, *changes: dict[int, dict[str, str]]) -> None:
    """Replace the results: every combination is right, but for combination -> {id: class that it says}, per evaluation.

    A class of "" is a prediction that failed.
    """
    project = load_project(directory / "game.project")
    record = load_record(project)
    predictions = []
    for which, wrong in enumerate(changes):
        given = record.predictions[0]
        predicted = np.tile(given.actual, (len(record.combinations), 1))
        for combination, answers in wrong.items():
            for item, name in answers.items():
                predicted[combination, given.ids.index(item)] = given.classes.index(name) if name else FAILED
        predictions.append(replace(given, predicted=predicted))
        write_predictions(record_directory(project) / predictions_name(which), predictions[-1])
    nfolds = ", ".join(str(4 + which) for which in range(len(changes)))
    text = project.path.read_text()
    assert "nfold: [4]" in text
    project.path.write_text(text.replace("nfold: [4]", f"nfold: [{nfolds}]"))
    changed = load_project(project.path)
    facts = {key: value for key, value in record.facts.items() if key != "fingerprint"}
    facts["evaluations"] = facts["evaluations"] * len(changes)
    changed_record = replace(record, project=changed, repeats=[(one,) for one in predictions], facts=facts)
    write_record(changed_record, read_groundtruth(project.groundtruth).labels, None)


def told(found):
    return [(item.id, item.predicted, item.missed, item.of, item.most_often) for item in found.items]


def naive(directory: Path, leading: int) -> list[tuple[str, int, int]]:
    """Count misses from the .result files, in the order in which get_classification_results ranks them."""
    results = directory / "results" / "results"
    vectors = []
    for row in get_classification_results(results):
        matrix = read_result(results / row.candidate.results_file).matrix
        vector = {
            item: (actual, predicted)
            for actual, cells in matrix.items()
            for predicted, ids in cells.items()
            for item in ids
        }
        if vector not in vectors:
            vectors.append(vector)
    vectors = vectors[:leading]
    missed = {item: sum(vector[item][0] != vector[item][1] for vector in vectors) for item in vectors[0]}
    wrong = [item for item, (actual, predicted) in vectors[0].items() if actual != predicted]
    return [(item, missed[item], len(vectors)) for item in sorted(wrong, key=lambda item: (-missed[item], item))]


@pytest.mark.parametrize("leading", [1, 3, 10, 1000])
def test_misses_of_a_training_equal_those_of_its_result_files(trained: Path, leading: int) -> None:
    found = errors(trained, leading=leading)
    assert [(item.id, item.missed, item.of) for item in found.items] == naive(trained, leading)
    assert found.items and found.n_items == 24 and found.leading == found.items[0].of <= leading
    labels = read_groundtruth(trained / "gt.yaml").labels
    for item in found.items:
        assert item.actual == labels[item.id] != item.predicted
        assert Path(item.path).name == f"{item.id}.json" and Path(item.path).is_file()


def test_directory_and_project_file_are_the_same(trained: Path) -> None:
    assert errors(trained).items == errors(trained / "game.project").items


def test_combinations_that_predict_alike_count_once(copied: Path) -> None:
    # The best misses one item, as combination 3 does; 4 misses two; all others miss these and a third.
    others = [number for number in range(16) if number not in (0, 3, 4)]
    one, two = {"0ad_001": "wesnoth"}, {"0ad_001": "hedgewars", "0ad_000": "hedgewars"}
    three = {"0ad_001": "hedgewars", "0ad_002": "wesnoth", "wesnoth_000": "0ad"}
    claim(copied, {0: one, 3: one, 4: two, **dict.fromkeys(others, three)})
    assert told(errors(copied)) == [("0ad_001", "wesnoth", 3, 3, "hedgewars")]
    assert told(errors(copied, everything=True)) == [
        ("0ad_001", "wesnoth", 3, 3, "hedgewars"),
        ("0ad_000", "0ad", 1, 3, "hedgewars"),
        ("0ad_002", "0ad", 1, 3, "wesnoth"),
        ("wesnoth_000", "wesnoth", 1, 3, "0ad"),
    ]
    assert told(errors(copied, leading=2, everything=True))[1:] == [("0ad_000", "0ad", 1, 2, "hedgewars")]


def test_the_rule_says_whose_mistakes_count(copied: Path) -> None:
    # Two mistakes in one fold make a standard error of more than one mistake.
    given = load_record(load_project(copied / "game.project")).predictions[0]
    first, second = (item for item, fold in zip(given.ids[:8], given.fold, strict=False) if fold == 0)
    best = {first: "wesnoth", second: "wesnoth"}
    claim(copied, {number: best | ({} if number == 3 else {"wesnoth_000": "0ad"}) for number in range(16)})
    assert [item.id for item in errors(copied).items] == [first, second]
    by_rule = errors(copied, select="one-standard-error")
    assert by_rule.best.accuracy_rank == 2
    assert [(item.id, item.missed) for item in by_rule.items] == [(first, 2), (second, 2), ("wesnoth_000", 1)]


def test_classes_choose_items(copied: Path) -> None:
    best = {"0ad_001": "wesnoth", "0ad_002": "hedgewars", "wesnoth_000": "hedgewars"}
    claim(copied, {number: best | ({"0ad_003": "wesnoth"} if number else {}) for number in range(16)})
    assert [item.id for item in errors(copied, actual="0ad").items] == ["0ad_001", "0ad_002"]
    assert [item.id for item in errors(copied, taken_for="hedgewars").items] == ["0ad_002", "wesnoth_000"]
    assert [item.id for item in errors(copied, actual="0ad", taken_for="wesnoth").items] == ["0ad_001"]
    everything = errors(copied, actual="0ad", taken_for="wesnoth", everything=True)
    assert told(everything) == [("0ad_001", "wesnoth", 2, 2, "wesnoth"), ("0ad_003", "0ad", 1, 2, "wesnoth")]
    assert errors(copied, actual="hedgewars").items == ()


def test_failed_combinations_are_left_out(copied: Path) -> None:
    wrong = {"0ad_001": "wesnoth"}
    claim(copied, {0: {"0ad_000": ""}, **dict.fromkeys(range(1, 16), wrong)})
    assert told(errors(copied)) == [("0ad_001", "wesnoth", 1, 1, "wesnoth")]
    claim(copied, {number: {"0ad_000": ""} for number in range(16)})
    with pytest.raises(UserError, match="every combination failed"):
        errors(copied)


def test_of_several_evaluations_that_of_the_best_counts(copied: Path) -> None:
    first = {number: {"0ad_000": "wesnoth", "0ad_001": "wesnoth"} for number in range(16)}
    second = {number: {"hedgewars_000": "0ad"} for number in range(16)}
    claim(copied, first, second)
    found = errors(copied)
    assert told(found) == [("hedgewars_000", "0ad", 1, 1, "0ad")]
    assert found.best.candidate.evaluation["nfold"] == 5


def test_nothing_is_missed(copied: Path) -> None:
    claim(copied, {})
    found = errors(copied)
    assert (found.items, found.leading, found.n_items) == ((), 1, 24)


def test_names_that_are_no_names(copied: Path) -> None:
    with pytest.raises(UserError) as caught:
        errors(copied, actual="0AD")
    assert str(caught.value) == f"{copied / 'game.project'}: has no class '0AD'; it has 0ad, hedgewars, wesnoth"
    with pytest.raises(UserError, match=r"has no class '\\x1b\[31m'"):
        errors(copied, taken_for="\x1b[31m")
    with pytest.raises(ValueError, match="leading is 0"):
        errors(copied, leading=0)


def test_directories_that_hold_no_results(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty: holds no \.project file; give the output directory"):
        errors(tmp_path / "empty")
    with pytest.raises(UserError, match="none"):
        errors(tmp_path / "none")
    shutil.copyfile(copied / "game.project", copied / "copy.project")
    with pytest.raises(UserError, match=r"holds 2 projects \(copy.project, game.project\); give the file of one"):
        errors(copied)
    assert errors(copied / "copy.project").items == errors(copied / "game.project").items
    (copied / "results" / "sweep.json").unlink()
    with pytest.raises(UserError, match="there are no results yet; run: fastgrid run_tests"):
        errors(copied / "game.project")
    with pytest.raises(UserError, match=r"report\.tsv"):
        errors(copied / "report.tsv")


def test_a_file_list_that_has_changed(copied: Path) -> None:
    listed = copied / "fl.yaml"
    lines = listed.read_text().splitlines(keepends=True)
    listed.write_text("".join(lines[2:]))
    with pytest.raises(UserError) as caught:
        errors(copied)
    assert str(caught.value) == (
        f"{listed}: has changed since these results: it lacks '0ad_000' and 1 more; put it back, or run: "
        f"fastgrid run_tests {copied / 'game.project'}"
    )
    listed.write_text("".join(line.replace("/0ad/", "/moved/") for line in lines))
    moved = [item.path for item in errors(copied, everything=True).items if item.actual == "0ad"]
    assert moved and all("/moved/" in path for path in moved)
