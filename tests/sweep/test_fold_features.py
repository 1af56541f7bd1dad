"""Feature sets that differ from fold to fold: each fold as if it were a sweep of its own."""

from dataclasses import replace

import numpy as np
import pytest

from fastgrid.common.fanout import Pool
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.plan import make_plan
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits

N_ITEMS = 60


def plain(key, values):
    n = values.shape[1]
    return FeatureSet(key, values.astype(np.float32), np.arange(n), np.zeros(n, dtype=np.bool_), kind="plain")


@pytest.fixture
def folded():
    """Three folds, whose features have 4, 6 and 2 dimensions; a feature set of all folds beside them."""
    rng = np.random.default_rng(11)
    labels = (np.arange(N_ITEMS) % 3).astype(np.int16)
    values = rng.normal(size=(N_ITEMS, 6)) + labels[:, np.newaxis] * rng.normal(size=6)
    sets = {f"pca {fold}": plain(f"pca {fold}", values[:, :width] * (fold + 1)) for fold, width in enumerate((4, 6, 2))}
    sets["all"] = plain("all", values)
    grid = [
        Combination(key, kernel, cost, gamma)
        for key in ("pca", "all")
        for kernel, gamma in (("rbf", "scale"), ("rbf", "auto"), ("poly", "scale"), ("linear", 1.0), ("rbf", 0.25))
        for cost in (0.5, 8.0)
    ]
    splits = Splits.of_folds((np.arange(N_ITEMS) // 3 % 3).astype(np.int16), 3)
    return SweepInput(sets, grid, labels, splits, fold_features={"pca": ("pca 0", "pca 1", "pca 2")}, decisions=True)


def alone(given, fold):
    """The sweep of one fold, whose features have their own names."""
    grid = [replace(each, features=f"pca {fold}") if each.features == "pca" else each for each in given.combinations]
    splits = Splits(N_ITEMS, (given.splits.training[fold],), (given.splits.test[fold],))
    return replace(given, combinations=grid, splits=splits, fold_features={})


def test_each_fold_is_that_of_a_sweep_of_its_own(folded):
    found = run_sweep(folded, Pool(1), SweepOptions())
    assert not found.failures
    for fold in range(3):
        expected = run_sweep(alone(folded, fold), Pool(1), SweepOptions())
        np.testing.assert_array_equal(found.by_fold[fold], expected.by_fold[0])
        for number in range(len(folded.combinations)):
            assert found.decision_values(number, fold).tobytes() == expected.decision_values(number, 0).tobytes()


@pytest.mark.parametrize("gamma", ["scale", "auto"])
def test_gammas_are_those_of_the_fold(folded, gamma):
    plan = make_plan(replace(folded, combinations=[Combination("pca", "rbf", 1.0, gamma)]))
    found = {key.fold: (key.features, key.gamma) for key in plan.keys}
    for fold, training in enumerate(folded.splits.training):
        trained = folded.feature_sets[f"pca {fold}"].values[training].astype(np.float64)
        variance = trained.var() if gamma == "scale" else 1
        assert found[fold] == (f"pca {fold}", 1 / (trained.shape[1] * variance))


@pytest.mark.parametrize(("jobs", "backend"), [(2, "threads"), pytest.param(2, "processes", marks=pytest.mark.slow)])
def test_workers_journal_and_less_memory_change_nothing(folded, jobs, backend, tmp_path):
    expected = run_sweep(folded, Pool(1), SweepOptions())
    with Pool(jobs, backend) as pool:
        found = run_sweep(folded, pool, SweepOptions(journal=tmp_path))
    again = run_sweep(folded, Pool(1), SweepOptions(journal=tmp_path))
    for fold in range(3):
        assert found.by_fold[fold].tobytes() == again.by_fold[fold].tobytes() == expected.by_fold[fold].tobytes()
    assert found.counters == again.counters == expected.counters
    other = dict(folded.feature_sets, **{"pca 1": plain("pca 1", folded.feature_sets["pca 2"].values)})
    entries = len(list(tmp_path.iterdir()))
    run_sweep(replace(folded, feature_sets=other), Pool(1), SweepOptions(journal=tmp_path))
    tasks_of_fold_1 = sum(key.features == "pca 1" for key in make_plan(folded).keys)
    assert len(list(tmp_path.iterdir())) == entries + tasks_of_fold_1


def test_a_failure_names_the_feature_set_of_the_fold(folded):
    sets = dict(folded.feature_sets, **{"pca 1": plain("pca 1", np.full((N_ITEMS, 2), 1e30))})
    grid = [Combination("pca", "linear", 1.0, 1.0)]
    found = run_sweep(replace(folded, feature_sets=sets, combinations=grid), Pool(1), SweepOptions())
    assert [(failure.features, failure.fold) for failure in found.failures] == [("pca 1", 1)]


def test_feature_sets_of_other_folds_stand_for_none(small):
    # Equal preprocessing is looked for among what is used in the fold.
    sets = {key: small.feature_sets[key] for key in ("plain", "halved")}
    asked = [Combination("x", "rbf", 1.0, 0.5), Combination("halved", "rbf", 1.0, 0.5)]
    given = SweepInput(
        sets, asked, small.labels, small.splits, fold_features={"x": ("plain", "halved", "halved", "plain")}
    )
    plan = make_plan(given)
    assert [key.features for key in plan.keys] == ["plain", "halved", "halved", "plain"]
    assert plan.counters.skipped_equal_preprocessing == plan.counters.skipped_other == 2
    np.testing.assert_array_equal(*run_sweep(given, Pool(1), SweepOptions()).predicted)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("pca 0", "pca 1"), r"fold_features\['pca'\] has 2 keys; give one for each of the 3 folds"),
        (("pca 0", "gone", "pca 2"), r"fold_features\['pca'\] names 'gone' for fold 1; add it to feature_sets"),
    ],
)
def test_wrong_keys_are_named(folded, keys, message):
    with pytest.raises(ValueError, match=message):
        run_sweep(replace(folded, fold_features={"pca": keys}), Pool(1), SweepOptions())
