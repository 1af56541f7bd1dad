"""AcousticBrainz's job: a dataset evaluated by one call."""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from whole_job import lists

import fastgrid
from fastgrid.common.errors import UserError
from fastgrid.project.dataset_evaluation import balanced

GRID = {"C": [1, 5], "gamma": [-7], "preprocessing": ["basic", "mfcc"]}
ONE = fastgrid.RunSettings(jobs=1)


@pytest.fixture(scope="module")
def given(inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return lists(inputs, tmp_path_factory.mktemp("lists"))


def test_what_the_server_shows(given: tuple[Path, Path], tmp_path: Path) -> None:
    found = fastgrid.evaluate_dataset(*given, output_dir=tmp_path / "out", settings=ONE, **GRID)
    assert json.loads(json.dumps(found)) == found
    model = found["parameters"]["model"]
    assert model["preprocessing"] in GRID["preprocessing"] and model["C"] in GRID["C"] and model["gamma"] == -7
    matrix = found["confusion_matrix"]
    assert sum(sum(row.values()) for row in matrix.values()) == 24 == sum(found["items"].values())
    right = sum(row.get(actual, 0) for actual, row in matrix.items())
    assert found["accuracy"] == round(100 * right / 24, 2)
    assert found["corrected_accuracy"]["low"] <= found["corrected_accuracy"]["estimate"]
    for key in ("history_path", "model_path", "project_path", "report_path"):
        assert Path(found[key]).is_file() and Path(found[key]).is_relative_to(tmp_path / "out")
    project = yaml.safe_load(Path(found["project_path"]).read_text())
    # Two kernels and two weightings are the template's.
    assert {classifier["kernel"][0] for classifier in project["classifiers"]["svm"]} <= {"poly", "RBF"}
    assert all(classifier["C"] == [1, 5] for classifier in project["classifiers"]["svm"])
    paths = yaml.safe_load(given[1].read_text())
    prediction, _ = fastgrid.predict(found["history_path"], [paths["0ad_000"]])
    assert prediction.classes == ("0ad", "hedgewars", "wesnoth")
    # The same call again goes on with what is there, and says the same.
    assert fastgrid.evaluate_dataset(*given, output_dir=tmp_path / "out", settings=ONE, **GRID) == found


def test_mappings_artists_and_equal_classes(given: tuple[Path, Path], tmp_path: Path) -> None:
    truth = yaml.safe_load(given[0].read_text())["groundTruth"]
    files = yaml.safe_load(given[1].read_text())
    fewer = {item: label for item, label in truth.items() if item != "0ad_001"}
    artists = {item: f"artist {number // 2}" for number, item in enumerate(sorted(fewer))}
    found = fastgrid.evaluate_dataset(
        fewer, files, output_dir=tmp_path / "out", artist_filter=artists, normalize=True, force_consistency=True,
        class_name="game", settings=ONE, **GRID,
    )  # fmt: skip
    assert found["items"] == {"0ad": 7, "hedgewars": 7, "wesnoth": 7}
    assert Path(found["model_path"]).name == "game.model"
    lines = (tmp_path / "out/folds.tsv").read_text().splitlines()[1:]
    folds: dict[str, set[str]] = {}
    for line in lines:
        item, _, group, fold, *_ = line.split("\t")
        folds.setdefault(group, set()).add(fold)
        assert group == artists[item]
    assert all(len(of_artist) == 1 for of_artist in folds.values()) and len(lines) == 21


def test_drawing_is_by_seed() -> None:
    labels = {f"{label}{number}": label for label, count in (("a", 9), ("b", 4)) for number in range(count)}
    drawn = balanced(labels, 1.0)
    assert Counter(drawn.values()) == {"a": 4, "b": 4} and balanced(labels, 1.0) == drawn
    assert list(drawn) == [item for item in labels if item in drawn]
    assert any(balanced(labels, seed) != drawn for seed in (2.0, 3.0, 0.5))


def test_mistakes(given: tuple[Path, Path], tmp_path: Path) -> None:
    def said(**options: object) -> str:
        with pytest.raises(UserError) as caught:
            fastgrid.evaluate_dataset(*given, output_dir=tmp_path / "out", settings=ONE, **options)
        (line,) = str(caught.value).splitlines()
        return line

    assert "preprocessing: there is no 'bassic'; the template has " in said(preprocessing=["bassic"])
    assert "C is empty; give some values" in said(C=[])
    assert "class_name: " in said(class_name="a/b")
    truth = yaml.safe_load(given[0].read_text())["groundTruth"]
    with pytest.raises(UserError, match="filelist"):
        fastgrid.evaluate_dataset(truth, {}, output_dir=tmp_path / "none")
