"""Decision values beside the predictions: those of SVC, in each way of solving, and only where they are asked for."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.svm import SVC

from fastgrid.common.fanout import Pool
from fastgrid.solvers import one_vs_rest, pairs, vote
from fastgrid.sweep import solving
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.memory import TaskSize, task_size
from fastgrid.sweep.plan import make_plan
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.scheduling import workers_and_memory
from fastgrid.sweep.splits import Splits


def sweep(given, pool=None, **options):
    return run_sweep(given, pool or Pool(1), SweepOptions(**options))


def whole_numbers(n_classes, n=90, n_features=5):
    """Features that are not scaled, and of which inner products are exact: kernel values are the same in any order."""
    rng = np.random.default_rng(n_classes)
    labels = rng.permutation(np.arange(n) % n_classes).astype(np.int16)
    values = np.round(rng.normal(size=(n, n_features)) * 3 + 3 * labels[:, np.newaxis] * rng.normal(size=n_features))
    features = FeatureSet(
        "a", values.astype(np.float32), np.arange(n_features), np.zeros(n_features, np.bool_), kind="plain"
    )
    grid = [
        Combination("a", kernel, cost, 2.0**-6, balanced)
        for kernel in ("rbf", "linear")
        for cost in (0.25, 4.0)
        for balanced in (False, True)
    ]
    order = rng.permutation(n)
    splits = Splits.of_indices(n, [(order[part != 0], order[part == 0]) for part in (np.arange(n) % 3, order % 2)])
    return SweepInput({"a": features}, grid, labels, splits, class_order="sorted", decisions=True)


@pytest.fixture
def small_strips(monkeypatch):
    monkeypatch.setattr("fastgrid.sweep.memory.STRIP_BYTES", 4096)
    monkeypatch.setattr("fastgrid.sweep.ways.STRIP_BYTES", 4096)


def forced(way, patch):
    if way is not None:
        patch.setattr(TaskSize, "way", lambda *_: way)


@pytest.mark.parametrize("way", ["whole", "gram", "pairs", "rows"])
@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.usefixtures("small_strips")
def test_they_are_those_of_svc(n_classes, way, monkeypatch):
    forced(way, monkeypatch)
    given = whole_numbers(n_classes)
    found = sweep(given)
    values = given.feature_sets["a"].values.astype(np.float64)
    for number, asked in enumerate(given.combinations):
        for fold, (training, test) in enumerate(zip(given.splits.training, given.splits.test, strict=True)):
            model = SVC(
                kernel=asked.kernel, C=asked.C, gamma=asked.gamma, class_weight="balanced" if asked.balanced else None,
                decision_function_shape="ovo",
            ).fit(values[training], given.labels[training])  # fmt: skip
            expected = model.decision_function(values[test])
            decisions = found.decision_values(number, fold)
            assert decisions.shape == (len(pairs(n_classes)), len(test)) and decisions.dtype == np.float64
            np.testing.assert_array_equal(found.classes_by_fold[fold], model.classes_)
            signed = -decisions[0] if n_classes == 2 else decisions.T
            np.testing.assert_allclose(signed, expected, rtol=1e-9, atol=1e-9)
            model.decision_function_shape = "ovr"
            np.testing.assert_allclose(
                one_vs_rest(decisions, n_classes), model.decision_function(values[test]), rtol=1e-9, atol=1e-9
            )


@pytest.mark.parametrize("way", ["whole", "gram", "pairs", "rows"])
@pytest.mark.parametrize("solver", ["smo", "smo-fast", "libsvm"])
@pytest.mark.usefixtures("small_strips")
def test_predictions_do_not_depend_on_them(small, way, solver, monkeypatch):
    forced(way, monkeypatch)
    monkeypatch.setattr("fastgrid.solvers.one_vs_one.BLOCK_NUMBERS", 200)
    given = replace(small, combinations=small.combinations[::5])
    without, found = sweep(given, solver=solver), sweep(replace(given, decisions=True), solver=solver)
    assert [part.tobytes() for part in found.by_fold] == [part.tobytes() for part in without.by_fold]
    assert found.counters == without.counters
    for fold, classes in enumerate(found.classes_by_fold):
        for number in range(len(given.combinations)):
            won = vote(found.decision_values(number, fold), len(classes))
            np.testing.assert_array_equal(classes[won], found.by_fold[fold][number])
    with pytest.raises(ValueError, match=r"set SweepInput\.decisions"):
        without.decision_values(0, 0)


def test_classes_stand_in_the_order_of_the_training_part(small):
    found = sweep(replace(small, combinations=small.combinations[:1], decisions=True))
    for classes, training in zip(found.classes_by_fold, small.splits.training, strict=True):
        assert classes.tolist() == list(dict.fromkeys(small.labels[training].tolist()))
        assert classes.dtype == np.int16


def test_equal_answers_are_one_problem_and_share_their_values(small):
    given = replace(small, decisions=True)
    found = sweep(given)
    by_answer = {}
    for number in range(len(given.combinations)):
        for fold in range(4):
            by_answer.setdefault(found.answer(number, fold), []).append((number, fold))
    assert len(by_answer) == found.counters.problems_solved < len(given.combinations) * 4
    for answered in by_answer.values():
        first, *others = (found.decision_values(*each) for each in answered)
        assert not first.flags.writeable
        assert all(np.shares_memory(first, each) and each.tobytes() == first.tobytes() for each in others)


def test_where_a_task_failed_there_are_none(small, monkeypatch):
    real = solving._solve_task

    def failing(index, chosen, bases, batch, scratch):
        if batch.fold == 2:
            raise ArithmeticError("no")
        return real(index, chosen, bases, batch, scratch)

    monkeypatch.setattr(solving, "_solve_task", failing)
    splits = Splits(34, (*small.splits.training, np.arange(30)), (*small.splits.test, np.empty(0, dtype=np.intp)))
    found = sweep(replace(small, combinations=small.combinations[:2], decisions=True, splits=splits))
    assert found.answer(0, 1) != found.answer(0, 2) == found.answer(0, 4) == (-1, -1)
    for fold in (2, 4):
        with pytest.raises(ValueError, match=f"combination 1 has no decision values in fold {fold}: the task failed"):
            found.decision_values(1, fold)


def test_one_class_has_no_pairs(small):
    found = sweep(replace(small, labels=np.full(34, 4, np.int16), combinations=small.combinations[:2], decisions=True))
    assert found.decision_values(1, 0).shape == (0, len(small.splits.test[0]))
    assert found.classes_by_fold[0].tolist() == [4]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["threads", "processes", "isolated"])
def test_they_come_back_from_workers(small, how):
    given = replace(small, combinations=small.combinations[::7], decisions=True)
    alone = sweep(given)
    if how == "isolated":
        found = sweep(given, isolated=True)
    else:
        with Pool(2, how) as pool:
            found = sweep(given, pool)
    for number in range(len(given.combinations)):
        for fold in range(4):
            assert found.decision_values(number, fold).tobytes() == alone.decision_values(number, fold).tobytes()


def test_the_journal_has_them_under_names_of_their_own(small, tmp_path, monkeypatch):
    given = replace(small, combinations=[Combination("fewer", "rbf", 1.0, 0.5)])
    asked = replace(given, decisions=True)
    sweep(given, journal=tmp_path)
    names = set(tmp_path.iterdir())
    first = sweep(asked, journal=tmp_path)
    added = set(tmp_path.iterdir()) - names
    assert len(names) == len(added) == 4
    monkeypatch.setattr(solving, "_solve_task", lambda *_: 1 / 0)
    again = sweep(asked, journal=tmp_path)
    assert again.decision_values(0, 3).tobytes() == first.decision_values(0, 3).tobytes()
    assert not again.decision_values(0, 3).flags.writeable
    assert not sweep(given, journal=tmp_path).failures


@pytest.mark.parametrize("change", ["shape", "dtype", "none"])
def test_an_entry_with_other_decision_values_is_not_believed(small, tmp_path, change):
    given = replace(small, combinations=[Combination("fewer", "rbf", 1.0, 0.5)], decisions=True)
    first = sweep(given, journal=tmp_path)
    for path in tmp_path.iterdir():
        with np.load(path) as stored:
            arrays = dict(stored)
        decisions = arrays.pop("decisions")
        if change != "none":
            arrays["decisions"] = decisions[:, :-1] if change == "shape" else decisions.astype(np.float32)
        np.savez(path, **arrays)
    again = sweep(given, journal=tmp_path)
    for fold in range(4):
        assert again.decision_values(0, fold).tobytes() == first.decision_values(0, fold).tobytes()


def test_they_are_in_the_account_of_memory(small):
    labels, splits = small.labels, small.splits
    plain, asked = (task_size(labels, splits, 1, 7, 5, decisions=flag) for flag in (False, True))
    n_test = len(splits.test[1])
    for way in ("whole", "gram", "pairs", "rows"):
        assert asked.bytes_needed(way) - plain.bytes_needed(way) == 8 * 5 * 3 * n_test
    given = replace(small, decisions=True)
    plan = make_plan(given)
    in_all = (
        8
        * 3
        * sum(len(task.costs) * len(splits.test[key.fold]) for key, task in zip(plan.keys, plan.tasks, strict=True))
    )
    one, two = (workers_and_memory(given, plan.keys, plan.tasks, [0], jobs, 2**40) for jobs in (1, 2))
    assert one[1] == 2**40 - in_all - 6 * len(small.combinations) * len(labels)
    without = workers_and_memory(small, plan.keys, plan.tasks, [0], 2, 2**40)
    assert without[1] - two[1] == in_all
