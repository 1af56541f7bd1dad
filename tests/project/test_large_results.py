"""Results with more classes or folds than can be counted or shown are refused before memory is taken for them."""

import json
from pathlib import Path

import pytest
from hostile_input import refused

from fastgrid.project import stored_results
from fastgrid.project.combinations_spec import CombinationSpec, EvaluationSpec
from fastgrid.project.param_files import write_param
from fastgrid.project.stored_results import get_classification_results, visualize_confusion_matrix


def result_of(directory: Path, n_classes: int, highest_fold: int = 1) -> Path:
    ids = [f"i{number}" for number in range(n_classes)]
    matrix = {f"c{number}": {f"c{number}": [item]} for number, item in enumerate(ids)}
    fold = dict.fromkeys(ids, 0) | {ids[-1]: highest_fold}
    path = directory / "x.result"
    path.write_text(json.dumps({"fold": fold, "matrix": matrix}))
    write_param(path.with_suffix(".param"), CombinationSpec("basic", "RBF", 1, 1, True), EvaluationSpec(2))
    return path


@pytest.mark.slow
def test_more_classes_than_codes(tmp_path: Path) -> None:
    path = result_of(tmp_path, 32768)
    assert "names 32768 classes, more than 32767" in refused(lambda: get_classification_results(tmp_path), path)


def test_more_classes_than_a_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, page = result_of(tmp_path, 4), tmp_path / "x.html"
    monkeypatch.setattr(stored_results, "MOST_CLASSES_SHOWN", 3)
    assert "names 4 classes; a page shows 3 at most" in refused(lambda: visualize_confusion_matrix(path, page), path)
    assert not page.exists()
    monkeypatch.setattr(stored_results, "MOST_CLASSES_SHOWN", 4)
    assert visualize_confusion_matrix(path, page).exists()


def test_more_counts_than_memory_is_for(tmp_path: Path) -> None:
    path = result_of(tmp_path, 2000, highest_fold=32766)
    said = refused(lambda: get_classification_results(tmp_path), path)
    assert "names 2000 classes and 32767 folds, more than can be counted" in said
    assert len(get_classification_results(result_of(tmp_path, 20, highest_fold=32766).parent)) == 1
