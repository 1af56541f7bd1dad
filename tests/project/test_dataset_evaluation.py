"""AcousticBrainz's job: a dataset evaluated by one call."""

import io
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
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
    project_path = Path(found["project_path"])
    project = yaml.safe_load(project_path.read_text())
    # Two kernels and two weightings are the template's.
    assert {classifier["kernel"][0] for classifier in project["classifiers"]["svm"]} <= {"poly", "RBF"}
    assert all(classifier["C"] == [1, 5] for classifier in project["classifiers"]["svm"])
    paths = yaml.safe_load(given[1].read_text())
    prediction, _ = fastgrid.predict(found["history_path"], [paths["0ad_000"]])
    assert prediction.classes == ("0ad", "hedgewars", "wesnoth")
    assert found["left_out"] == {}
    # The same call again goes on with what is there, and says the same; other parameters keep the old project.
    said = io.StringIO()
    again = {"output_dir": tmp_path / "out", "settings": ONE, "console": fastgrid.Console(quiet=True, stream=said)}
    assert fastgrid.evaluate_dataset(*given, **again, **GRID) == found
    assert "another project" not in said.getvalue()
    fastgrid.evaluate_dataset(*given, **again, C=np.float64(1), gamma=-7, preprocessing="basic")
    assert f"warning: {project_path} held another project, which is now game.project.old\n" in said.getvalue()
    assert not list((tmp_path / "out").glob(".*"))


def test_a_call_that_fails_leaves_an_earlier_job_as_it_was(given: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    artists = {
        item: f"artist {number // 2}" for number, item in enumerate(sorted(yaml.safe_load(given[1].read_text())))
    }
    fastgrid.evaluate_dataset(*given, output_dir=out, artist_filter=artists, settings=ONE, **GRID)
    before = {path: path.read_bytes() for path in out.iterdir() if path.is_file()}
    truth = yaml.safe_load(given[0].read_text())["groundTruth"]
    missing = dict.fromkeys(truth, tmp_path / "nowhere.json")
    others = dict.fromkeys(artists, "one")
    for lists_, options in (
        ((truth, missing), {}),
        (given, {"C": 2000}),
        (given, {"preprocessing": "no"}),
        (given, {"artist_filter": others, "C": 2000}),
    ):
        with pytest.raises(UserError):
            fastgrid.evaluate_dataset(*lists_, output_dir=out, settings=ONE, class_name="game", **options)
        assert {path: path.read_bytes() for path in out.iterdir() if path.is_file()} == before


def test_files_of_one_class_only_are_an_error(given: tuple[Path, Path], tmp_path: Path) -> None:
    files = dict(yaml.safe_load(given[1].read_text()))
    files |= {item: tmp_path / "nowhere.json" for item in files if not item.startswith("0ad")}
    with pytest.raises(UserError, match="only files of the class 0ad can be used; give items of at least two"):
        fastgrid.evaluate_dataset(given[0], files, output_dir=tmp_path / "out", settings=ONE, **GRID)


def test_what_is_left_out_is_named(given: tuple[Path, Path], tmp_path: Path) -> None:
    truth = yaml.safe_load(given[0].read_text())["groundTruth"]
    files = dict(yaml.safe_load(given[1].read_text()))
    (tmp_path / "bad.json").write_text("{")
    del files["0ad_000"]
    files |= {"0ad_001": tmp_path / "bad.json", "nobody": tmp_path / "bad.json"}
    found = fastgrid.evaluate_dataset(
        truth, files, output_dir=tmp_path / "out", force_consistency=True, settings=ONE,
        C=np.array([1, 5]), gamma=[-7], preprocessing="*",
    )  # fmt: skip
    assert found["items"] == {"0ad": 6, "hedgewars": 8, "wesnoth": 8}
    reasons = found["left_out"]
    assert reasons.pop("0ad_001") and reasons == {
        "0ad_000": "is not in the file list",
        "nobody": "is not in the ground truth",
    }


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
    for wrong in ("1", True, [None], ["x"], float("nan"), [[1, 2]], np.inf):
        assert "C: " in said(C=wrong) and "is no number; give exponents of two" in said(C=wrong)
    assert "gamma: {1: 2} is no" in said(gamma={1: 2})
    assert "preprocessing: there is no True" in said(preprocessing=[True])
    assert "normalize: 'no' is neither True nor False" in said(normalize="no")
    assert "artist_filter: 3 is no path" in said(artist_filter=3)
    assert "class_name: 7 is not a name" in said(class_name=7)
    assert "force_consistency: None is neither True nor False" in said(force_consistency=None)
    assert "seed: '2' is no number" in said(seed="2")
    assert "game.project, line" in said(C=2000) and ".draft" not in said(C=2000)
    assert not list((tmp_path / "out").glob("*.yaml")) and not list((tmp_path / "out").glob(".*"))
    assert "class_name: " in said(class_name="a/b")
    truth = yaml.safe_load(given[0].read_text())["groundTruth"]
    paths = yaml.safe_load(given[1].read_text())
    one = dict.fromkeys(truth, "same")
    for lists_, message in [
        ((truth, {}), "filelist"),
        (({**truth, "0ad_000": None}, paths), "groundtruth: 0ad_000: None is no name; give text"),
        ((None, given[1]), "groundtruth: None is no path; give the path of a file, or a mapping of item ids to cla"),
        (([1], given[1]), "groundtruth: "),
        ((truth, None), "filelist: None is no path"),
        ((truth, {**paths, "0ad_000": None}), "filelist: 0ad_000: None is no path"),
        ((one, paths), "groundtruth: all items are of the class same; give items of at least two classes"),
    ]:
        with pytest.raises(UserError, match=re.escape(message)):
            fastgrid.evaluate_dataset(*lists_, output_dir=tmp_path / "none")
    assert not (tmp_path / "none").exists()
