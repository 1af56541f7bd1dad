"""Features as they are, kernel values in their place, weights and gammas of scikit-learn, against SVC itself."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.svm import SVC

from fastgrid.common.fanout import Pool
from fastgrid.sweep import memory
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.memory import TaskSize
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits

N = 70


def plain(values, kind="plain"):
    return FeatureSet("a", values, np.arange(values.shape[1]), np.ones(values.shape[1], dtype=np.bool_), kind=kind)


@pytest.fixture
def problem():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, N).astype(np.int16)
    values = 100.0 + 3.0 * rng.normal(size=(N, 5)) + labels[:, np.newaxis]
    splits = Splits.of_indices(N, [(order[:50], order[50:]) for order in (rng.permutation(N) for _ in range(3))])
    grid = [
        Combination("a", kernel, C, gamma, class_weight=weights)
        for kernel in ("rbf", "poly", "linear")
        for C in (0.1, 5.0)
        for gamma in ("scale", "auto", 0.02)
        for weights in ((), (1.0, 2.5, 0.3))
        if not (kernel == "poly" and gamma != "scale")
    ]
    return SweepInput({"a": plain(values)}, grid, labels, splits, "sorted", rng.choice([0.5, 1.0, 2.0], N))


def svc(asked, labels, weights):
    class_weight = dict(enumerate(asked.class_weight)) or None
    return SVC(C=asked.C, kernel=asked.kernel, gamma=asked.gamma, degree=asked.degree, class_weight=class_weight)


def assert_like_svc(given, found, values, precomputed=False):
    assert not found.failures
    weights = np.ones(N) if given.item_weights is None else given.item_weights
    for fold, (training, test) in enumerate(zip(given.splits.training, given.splits.test, strict=True)):
        for row, asked in enumerate(given.combinations):
            model = svc(asked, given.labels, weights)
            if precomputed:
                model.set_params(kernel="precomputed")
            columns = training if precomputed else slice(None)
            chosen = values[training][:, columns]
            model.fit(chosen, given.labels[training], sample_weight=weights[training])
            np.testing.assert_array_equal(found.by_fold[fold][row], model.predict(values[test][:, columns]))


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("solver", ["smo", "libsvm"])
def test_predictions_are_those_of_svc_on_the_same_features(problem, weighted, solver):
    given = problem if weighted else replace(problem, item_weights=None)
    found = run_sweep(given, Pool(1), SweepOptions(solver))
    assert_like_svc(given, found, given.feature_sets["a"].values)


@pytest.mark.parametrize("way", ["gram", "pairs", "rows"])
def test_weights_count_in_every_way(problem, way, monkeypatch):
    values = np.round(problem.feature_sets["a"].values - 100.0).astype(np.float32)
    given = replace(problem, feature_sets={"a": plain(values)})
    expected = run_sweep(given, Pool(1), SweepOptions())
    monkeypatch.setattr(TaskSize, "way", lambda *_: way)
    monkeypatch.setattr(memory, "STRIP_BYTES", 2**12)
    found = run_sweep(given, Pool(1), SweepOptions())
    np.testing.assert_array_equal(found.predicted, expected.predicted)
    unweighted = run_sweep(replace(given, item_weights=None), Pool(1), SweepOptions())
    assert (unweighted.predicted != expected.predicted).any()


@pytest.mark.parametrize("limit", [None, 1])
def test_kernel_values_in_the_place_of_features(problem, limit):
    values = problem.feature_sets["a"].values - 100.0
    gram = np.exp(-0.05 * ((values[:, np.newaxis] - values) ** 2).sum(axis=2))
    grid = [Combination("a", "linear", C, 1.0, class_weight=weights) for C in (0.1, 5.0) for weights in ((), (1, 2, 1))]
    given = replace(problem, feature_sets={"a": plain(gram, "gram")}, combinations=grid)
    found = run_sweep(given, Pool(1), SweepOptions(memory_limit=limit))
    assert_like_svc(given, found, gram, precomputed=True)


def test_constant_features_have_a_scale():
    features = plain(np.full((8, 2), 3.0))
    labels = (np.arange(8) % 2).astype(np.int16)
    given = SweepInput({"a": features}, [Combination("a", "rbf", 1.0, "scale")], labels, Splits.of_folds(labels, 2))
    assert not run_sweep(given, Pool(1), SweepOptions()).failures


def test_another_text_for_gamma_is_refused(problem):
    given = replace(problem, combinations=[Combination("a", "rbf", 1.0, "wide")])
    with pytest.raises(ValueError, match="'wide' is neither a number nor one of 'scale', 'auto'"):
        run_sweep(given, Pool(1), SweepOptions())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "gram"])
def test_processes_of_their_own_are_given_all_of_it(problem, kind):
    values = problem.feature_sets["a"].values - 100.0
    chosen = values if kind == "plain" else values @ values.T
    grid = [Combination("a", "linear", 0.02, 1.0, class_weight=(1.0, 2.5, 0.3))]
    given = replace(problem, feature_sets={"a": plain(chosen, kind)}, combinations=grid)
    here, there = (run_sweep(given, Pool(2, "threads"), SweepOptions(isolated=flag)) for flag in (False, True))
    np.testing.assert_array_equal(here.predicted, there.predicted)
