"""Seeds of repeats, what is said of folds, folds.tsv, pooled scores, and repeats written into a template."""

import csv
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import naive_evaluation
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.common.console import Console
from fastgrid.common.safe_yaml import parse_yaml
from fastgrid.project.combinations_spec import EvaluationSpec
from fastgrid.project.folds import check_repeats, repeat_seed, write_folds
from fastgrid.project.pooling import pooled, pooled_scores
from fastgrid.project.schema_grid import parse_evaluations
from fastgrid.project.template_repeats import with_repeats
from fastgrid.report.predictions import Predictions
from fastgrid.sweep.folds import gaia_folds


@pytest.mark.parametrize("seed", [0, 1, -1, -3, 7.0, -2.0, 0.5, -0.5, 1e300, 2.0**53, "text", "1"])
def test_seeds_of_repeats_give_different_folds(seed: float | str) -> None:
    seeds = [repeat_seed(seed, repeat) for repeat in range(5)]
    assert seeds[0] == seed and type(seeds[0]) is type(seed)
    labels = ["a", "b"] * 40
    assert len({gaia_folds(labels, 4, each).tobytes() for each in seeds}) == 5


def test_the_repeats_of_a_seed_are_those_of_the_seeds_that_follow() -> None:
    assert [repeat_seed(3, repeat) for repeat in range(3)] == [3, 4, 5]
    assert repeat_seed(repeat_seed(3, 1), 1) == repeat_seed(3, 2)
    assert repeat_seed("a", 1) == "a+1"


def data_of(labels: dict[str, str], groups: dict[str, str] | None = None) -> SimpleNamespace:
    classes = tuple(sorted(set(labels.values())))
    codes = np.array([classes.index(label) for label in labels.values()], dtype=np.int16)
    table = SimpleNamespace(ids=tuple(labels))
    return SimpleNamespace(labels=labels, classes=classes, codes=codes, groups=groups, table=table)


def said_of(labels: str, *folds: list[int]) -> str:
    stream = StringIO()
    data = data_of({str(number): label for number, label in enumerate(labels)})
    check_repeats(data, [np.array(each, dtype=np.int16) for each in folds], Console(True, stream))
    return stream.getvalue()


def test_classes_that_cannot_be_learnt_and_repeats_that_are_none() -> None:
    assert said_of("aabb", [0, 1, 0, 1], [0, 1, 1, 0]) == ""
    assert "all items of a class are in one fold, for which it cannot be learnt: b;" in said_of("aabb", [0, 1, 1, 1])
    # The same folds with other numbers.
    assert said_of("aabb", [0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 1, 0]) == (
        "warning: 3 repeats have 2 different folds only; the data leave no more choice\n"
    )


def test_folds_file(tmp_path: Path) -> None:
    labels = {"a\tb": "é", 'c"d': "x", "久": "x"}
    folds = [[np.array([0, 1, 2], dtype=np.int16), np.array([2, 1, 0], dtype=np.int16)], [np.array([1, 1, 0])]]
    evaluations = [EvaluationSpec(3, repeats=2), EvaluationSpec(2)]
    for groups, expected in ((None, ["", "", ""]), (dict.fromkeys(labels, "A\nB"), ["A\nB"] * 3)):
        write_folds(tmp_path / "folds.tsv", data_of(labels, groups), evaluations, folds)
        with (tmp_path / "folds.tsv").open(newline="", encoding="utf-8") as file:
            heading, *rows = list(csv.reader(file, dialect="excel-tab"))
        assert heading == ["id", "class", "group", "fold", "fold_repeat2", "fold_2fold"]
        assert [row[0] for row in rows] == list(labels) and [row[1] for row in rows] == list(labels.values())
        assert [row[2] for row in rows] == expected
        assert [row[3:] for row in rows] == [["0", "2", "1"], ["1", "1", "1"], ["2", "0", "0"]]


def predictions(source: np.random.Generator, n_combinations: int, n_items: int, n_folds: int) -> Predictions:
    return Predictions(
        ids=[str(number) for number in range(n_items)],
        classes=["a", "b", "c"],
        actual=np.arange(n_items, dtype=np.int16) % 3,
        fold=source.integers(0, n_folds, n_items).astype(np.int16),
        preprocessing=["p"] * n_combinations,
        kernel=["RBF"] * n_combinations,
        c_exponent=np.zeros(n_combinations),
        gamma_exponent=np.zeros(n_combinations),
        balance_classes=np.zeros(n_combinations, dtype=bool),
        predicted=source.integers(0, 3, (n_combinations, n_items)).astype(np.int16),
    )


@given(st.integers(0, 1000), st.integers(1, 4), st.integers(2, 5), st.integers(1, 60))
def test_pooled_scores_are_those_of_all_items_of_all_repeats(seed, n_repeats, n_folds, at_once) -> None:
    source = np.random.default_rng(seed)
    repeats = [predictions(source, 5, 12, n_folds) for _ in range(n_repeats)]
    repeats[-1].predicted[2, 3] = -1
    together = pooled(repeats, n_folds)
    assert together.n_folds == n_folds * n_repeats
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fastgrid.project.pooling.MOST_AT_ONCE", at_once)
        found = pooled_scores(repeats, n_folds)
    # Item by item: every repeat's items are other items, in folds of their own.
    actual = [code for repeat in repeats for code in repeat.actual]
    fold = [(number, own) for number, repeat in enumerate(repeats) for own in repeat.fold]
    numbers = {name: number for number, name in enumerate(sorted(set(fold)))}
    for row in range(5):
        assert found.complete[row] == (row != 2)
        if row != 2:
            predicted = [code for repeat in repeats for code in repeat.predicted[row]]
            expected = naive_evaluation.score(predicted, actual, [numbers[name] for name in fold])
            one = found.of(row)
            got = (one.accuracy, one.accuracy_std, one.normalized_accuracy, one.normalized_accuracy_std)
            assert got == pytest.approx(expected)


BLOCK = (
    "a: 1 # one\nevaluations: # two\n  nfoldcrossvalidation:\n    - nfold: [5] # three\n    - nfold:\n      - 3\nb: 2\n"
)


@pytest.mark.parametrize(
    ("text", "expected", "kept"),
    [
        (BLOCK, {5: 4, 3: 4}, ["# one", "# two", "# three", "b: 2"]),
        ("evaluations: {nfoldcrossvalidation: [{nfold: [5]}, {nfold: 3, repeats: 2}]}\n", {5: 4, 3: 4}, []),
        ("evaluations:\n  nfoldcrossvalidation:\n    repeats: 7 # seven\n    nfold: 6\n", {6: 4}, ["# seven"]),
        ("evaluations:\nb: 2\n", {10: 4}, ["b: 2"]),
        ("b: 2\nevaluations:", {10: 4}, ["b: 2"]),
        ("b: 2", {10: 4}, ["b: 2"]),
        ("x: &e\n  nfold: 5\nevaluations:\n  nfoldcrossvalidation: [*e, *e]\n", {5: 4}, ["x: &e"]),
        ("evaluations: # 久\n  nfoldcrossvalidation:\n  - &e {nfold: 5}\n", {5: 4}, ["# 久"]),
    ],
)
def test_repeats_are_written_into_every_evaluation(text: str, expected: dict[int, int], kept: list[str]) -> None:
    found = with_repeats(text, 4, 10)
    file = parse_yaml(found, "found")
    evaluations = parse_evaluations(file, file.root.children["evaluations"])
    assert {evaluation.nfold: evaluation.repeats for evaluation in evaluations} == expected
    assert all(part in found for part in kept)
