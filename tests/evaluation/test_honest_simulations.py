"""Whether estimates and intervals are right is a question of many data sets: simulated ones, whose truth is known.

Each simulation draws what every combination gets right, with items that are hard for all of them, or trains real
classifiers. The bounds are what 200 data sets leave of chance (three standard errors) around what is claimed.
"""

from statistics import NormalDist

import numpy as np
import pytest
from sklearn.model_selection import PredefinedSplit
from sklearn.svm import SVC

from fastgrid import cross_val_predict_grid
from fastgrid.evaluation import Orders, Outcomes, corrected_estimate, rank, score

pytestmark = pytest.mark.slow

N_SETS = 200
#: Three standard errors of a share of 0.95 among 200.
SLACK = 3 * (0.95 * 0.05 / N_SETS) ** 0.5


def right_or_wrong(rng, accuracies, n_items, common, n_groups=None, within=0.6):
    """Which items each combination gets right: `common` is how much of it they share, `within` how much groups do."""
    group = None if n_groups is None else np.arange(n_items) * n_groups // n_items
    ease = rng.normal(size=n_items)
    if group is not None:
        ease = np.sqrt(within) * rng.normal(size=n_groups)[group] + np.sqrt(1 - within) * ease
    own = rng.normal(size=(len(accuracies), n_items))
    thresholds = np.array([NormalDist().inv_cdf(accuracy) for accuracy in accuracies])
    return np.sqrt(common) * ease + np.sqrt(1 - common) * own < thresholds[:, np.newaxis], group


def outcomes_of(rng, right, group=None):
    n = right.shape[1]
    actual = rng.integers(0, 2, n)
    predicted = np.where(right, actual, 1 - actual).astype(np.int16)
    return Outcomes.of(predicted, actual, np.arange(n) % 5, 2, group=group)


def orders_of(outcomes, c_exponent=None):
    same = np.zeros(len(outcomes.predicted)) if c_exponent is None else c_exponent
    scores = score(outcomes.predicted, outcomes.actual, outcomes.fold, 5, outcomes.n_classes)
    return Orders.of(scores, rank(scores, same, same), same, same)


def simulate(accuracies, n_items, common, *, n_groups=None, grouped=True, seed=0):
    """Mean error of the best combination's accuracy and of the corrected one, coverage, mean width; in percent."""
    rng = np.random.default_rng(seed)
    naive, corrected, covered, widths = [], [], [], []
    for number in range(N_SETS):
        truth = accuracies(rng)
        right, group = right_or_wrong(rng, truth, n_items, common, n_groups)
        outcomes = outcomes_of(rng, right, group if grouped else None)
        orders = orders_of(outcomes)
        best = orders.ranking[0]
        found = corrected_estimate(outcomes, orders.simplicity, n_resamples=200, seed=number).accuracy
        naive.append(100 * (right[best].mean() - truth[best]))
        corrected.append(found.estimate - 100 * truth[best])
        covered.append(found.low <= 100 * truth[best] <= found.high)
        widths.append(found.high - found.low)
    return np.mean(naive), np.mean(corrected), np.mean(covered), np.mean(widths)


@pytest.mark.parametrize("common", [0.0, 0.8])
def test_the_best_of_many_guesses_looks_good_and_is_not(common):
    naive, corrected, covered, _ = simulate(lambda rng: np.full(200, 0.5), 150, common)
    assert naive > 4.0
    assert abs(corrected) < 0.8
    # Guesses that share nothing leave the estimate less room than the interval allows for.
    assert covered >= 0.95 - SLACK


@pytest.mark.parametrize(
    ("low", "high", "n_items"), [(0.5, 0.8, 200), (0.75, 0.8, 400), (0.9, 0.98, 200)], ids=["wide", "close", "high"]
)
def test_the_interval_covers_the_selected_one_at_its_rate(low, high, n_items):
    naive, corrected, covered, _ = simulate(lambda rng: rng.uniform(low, high, 200), n_items, 0.8)
    assert naive > 1.0
    assert abs(corrected) < 0.7
    assert 0.95 - SLACK <= covered <= 0.95 + SLACK


def test_groups_make_the_interval_as_wide_as_it_has_to_be():
    given = {"accuracies": lambda rng: rng.uniform(0.5, 0.8, 200), "n_items": 240, "common": 0.8, "n_groups": 40}
    _, corrected, covered, width = simulate(**given)
    _, _, ignoring, narrow = simulate(**given, grouped=False)
    assert abs(corrected) < 1.0
    assert 0.95 - SLACK <= covered <= 0.95 + SLACK
    assert narrow < 0.8 * width and ignoring < 0.95 - SLACK


def labelled(rng, n, shift):
    labels = np.arange(n) % 2
    return rng.normal(size=(n, 6)) + shift * np.outer(labels, np.ones(6)), labels


@pytest.mark.parametrize("shift", [0.0, 0.45], ids=["labels are noise", "classes overlap"])
def test_real_classifiers(shift):
    rng = np.random.default_rng(11)
    grid = {"C": [0.25, 2.0, 16.0, 128.0], "gamma": [0.01, 0.1, 1.0], "kernel": ["rbf"]}
    fresh_rows, fresh_labels = labelled(rng, 3000, shift)
    fold = np.arange(100) // 2 % 5
    naive, corrected, covered = [], [], []
    for number in range(N_SETS):
        rows, labels = labelled(rng, 100, shift)
        predicted, points, _ = cross_val_predict_grid(rows, labels, grid, cv=PredefinedSplit(fold))
        outcomes = Outcomes.of(predicted.astype(np.int16), labels, fold, 2)
        orders = orders_of(outcomes, np.array([point["C"] for point in points]))
        best = orders.ranking[0]
        model = SVC(**points[best]).fit(rows, labels)
        truth = 100 * (model.predict(fresh_rows) == fresh_labels).mean()
        found = corrected_estimate(outcomes, orders.simplicity, n_resamples=200, seed=number).accuracy
        naive.append(100 * (predicted[best] == labels).mean() - truth)
        corrected.append(found.estimate - truth)
        covered.append(found.low <= truth <= found.high)
    assert np.mean(naive) > (3.0 if shift == 0.0 else 0.5)
    # Models of a fold are trained on four fifths of the items.
    assert -2.0 < np.mean(corrected) < 1.0
    assert np.mean(covered) >= 0.95 - SLACK
