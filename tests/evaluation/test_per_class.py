"""Precision, recall and F1, beside scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from fastgrid.evaluation import baseline, class_scores


@pytest.mark.parametrize("seed", range(5))
def test_class_scores_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    actual, predicted = rng.integers(0, 4, 40), rng.integers(0, 5, 40)
    found = class_scores(confusion_matrix(actual, predicted, labels=range(6)))
    expected = precision_recall_fscore_support(actual, predicted, labels=range(6), zero_division=np.nan)
    np.testing.assert_allclose(found.precision, 100 * expected[0])
    np.testing.assert_allclose(found.recall, 100 * expected[1])
    np.testing.assert_allclose(found.f1, 100 * expected[2])
    np.testing.assert_array_equal(found.support, expected[3])


def test_the_baseline_is_the_largest_class():
    assert baseline(np.array([5, 9, 9, 0])).code == 1
    assert baseline(np.array([5, 9, 9, 0])).normalized_accuracy == pytest.approx(100 / 3)
    with pytest.raises(ValueError, match="no tests"):
        baseline(np.zeros(3, dtype=np.int64))
