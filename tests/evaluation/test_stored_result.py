"""The arrays behind a stored result."""

import numpy as np
import pytest

from fastgrid.common.errors import UserError
from fastgrid.evaluation import arrays_from_result, score

MATRIX = {"rock": {"rock": ["b", "a"], "jazz": ["c"]}, "jazz": {"pop": ["d"]}}
FOLD = {"d": 3, "c": 0, "b": 0, "a": 3}


def test_items_and_classes_are_sorted_and_coded():
    found = arrays_from_result(MATRIX, FOLD)
    assert found.ids == ("a", "b", "c", "d")
    assert found.classes == ("jazz", "pop", "rock")
    assert found.actual.tolist() == [2, 2, 2, 0]
    assert found.predicted.tolist() == [2, 2, 0, 1]
    assert found.fold.tolist() == [3, 0, 0, 3]
    assert found.n_folds == 4
    assert {a.dtype for a in (found.actual, found.predicted, found.fold)} == {np.dtype(np.int16)}


def test_scores_follow_from_the_result_alone():
    found = arrays_from_result(MATRIX, FOLD)
    scores = score(found.predicted[np.newaxis], found.actual, found.fold, found.n_folds, len(found.classes)).of(0)
    assert (scores.accuracy, scores.accuracy_std) == (50.0, 0.0)
    assert (scores.normalized_accuracy, scores.normalized_accuracy_std) == (50.0, 0.0)


@pytest.mark.parametrize(
    ("matrix", "fold", "reason"),
    [
        ([], FOLD, "matrix is not a mapping"),
        ({}, {}, "matrix holds no ids"),
        ({"rock": {"rock": []}}, {}, "matrix holds no ids"),
        ({"rock": ["a"]}, FOLD, "matrix: rock is not a mapping"),
        ({"rock": {"rock": "abc"}}, FOLD, "rock: rock is not a list of ids"),
        ({"rock": {"rock": [1]}}, FOLD, "rock: rock is not a list of ids"),
        ({"rock": {True: ["a"]}}, FOLD, "key True, which is not text"),
        ({"rock": {"rock": ["a"], "jazz": ["a"]}}, {"a": 0}, "'a' stands in two cells"),
        ({"rock": {"rock": ["a", "b"]}}, {"a": 0}, "1 ids stand in matrix but not in fold, such as 'b'"),
        ({"rock": {"rock": ["a"]}}, {"a": 0, "b": 1}, "1 ids stand in fold but not in matrix, such as 'b'"),
        ({"rock": {"rock": ["a"]}}, None, "fold is not a mapping"),
        ({"rock": {"rock": ["a"]}}, {"a": -1}, "fold of id 'a' is -1"),
        ({"rock": {"rock": ["a"]}}, {"a": 10**9}, "fold of id 'a' is 1000000000"),
        ({"rock": {"rock": ["a"]}}, {"a": True}, "fold of id 'a' is True"),
        ({"rock": {"rock": ["a"]}}, {"a": "0"}, "fold of id 'a' is '0'"),
    ],
)
def test_damaged_results_are_named_in_one_line(matrix, fold, reason):
    with pytest.raises(UserError) as caught:
        arrays_from_result(matrix, fold, source="out/x.result")
    message = str(caught.value)
    assert message.startswith("out/x.result: ")
    assert reason in message
    assert message.endswith("run the tests again to write it anew")
    assert "\n" not in message
