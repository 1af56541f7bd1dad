"""Kernels that are added in one file: built-in ones, defined once more, compute the same everywhere."""

from pathlib import Path

import numpy as np
import pytest
from model_tables import PARAMETERS, STEPS, labelled_table
from sklearn.datasets import load_iris
from sklearn.metrics.pairwise import laplacian_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

from fastgrid import GridSearchSVC, UserError, describe, gram
from fastgrid.kernels import (
    added,
    check_kernel,
    fill_gram_between,
    fill_symmetric_gram,
    gram_from_features,
    gram_matrix,
    inner_products,
    known,
    known_kernels,
)
from fastgrid.kernels.definition import KernelDefinition, KernelParameters
from fastgrid.model import machines
from fastgrid.model.history.writing import history_content
from fastgrid.model.model import Model
from fastgrid.model.onnx_export import onnx_content
from fastgrid.model.training import train
from fastgrid.search.kernel_function import KernelFunction
from fastgrid.solvers.interface import Stopping
from fastgrid.solvers.on_demand import solve_on_demand
from fastgrid.sweep.ways import possible_way

RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(70, 6))
GIVEN = KernelParameters(0.25, 3, 0.5)


def gaussian(products, left_norms, right_norms, parameters):
    distances = left_norms[:, np.newaxis] + right_norms - 2.0 * products
    return np.exp(-parameters.gamma * np.maximum(distances, 0.0))


def polynomial(left, right, parameters):
    return (parameters.gamma * (left @ right.T) + parameters.coef0) ** parameters.degree


def laplacian(left, right, parameters):
    return np.exp(-parameters.gamma * np.abs(left[:, np.newaxis] - right).sum(axis=2))


DEFINITIONS = {
    "gaussian": KernelDefinition("gaussian", of_products=gaussian),
    "power": KernelDefinition("power", of_rows=polynomial, uses=("gamma", "degree", "coef0")),
    "laplacian": KernelDefinition("laplacian", of_rows=laplacian),
}
SAME_AS = {"gaussian": "rbf", "power": "poly"}


@pytest.fixture(autouse=True)
def defined(monkeypatch):
    for name, definition in DEFINITIONS.items():
        monkeypatch.setitem(known._ADDED, name, definition)


@pytest.mark.parametrize(("name", "built_in"), SAME_AS.items())
def test_gram_matrices_of_rows_are_those_of_the_built_in_kernel(name, built_in):
    np.testing.assert_allclose(
        gram_matrix(name, ROWS[:9], ROWS, *GIVEN), gram_matrix(built_in, ROWS[:9], ROWS, *GIVEN), rtol=1e-12
    )
    for strip_bytes in (1, 8 * 70 * 16, 2**20):
        found, expected = np.full((2, 70, 80), np.nan, dtype=np.float32)
        largest, norms = gram_from_features(name, ROWS, found, *GIVEN, strip_bytes=strip_bytes)
        wanted, wanted_norms = gram_from_features(built_in, ROWS, expected, *GIVEN, strip_bytes=strip_bytes)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert (found[:, :70] == found[:, :70].T).all() and not found[:, 70:].any()
        assert largest == pytest.approx(wanted) and norms == pytest.approx(wanted_norms)


def test_gram_matrices_of_products_are_those_of_the_built_in_kernel():
    products, rows, columns = inner_products(ROWS, ROWS), RNG.permutation(70)[:50], np.arange(60, 70)
    found, expected = np.empty((2, 50, 50), dtype=np.float32)
    largest = fill_symmetric_gram("gaussian", products, found, *GIVEN, rows=rows)
    assert largest == pytest.approx(fill_symmetric_gram("rbf", products, expected, *GIVEN, rows=rows))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert (found == found.T).all()
    found, expected = np.empty((2, 50, 10))
    largest = fill_gram_between("gaussian", products, rows, columns, found, *GIVEN)
    fill_gram_between("rbf", products, rows, columns, expected, *GIVEN)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert largest == found.max()


def test_values_that_leave_float32_and_nan_are_told():
    out = np.empty((3, 16), dtype=np.float32)
    huge = gram_from_features("power", ROWS[:3] * 1e15, out, *GIVEN, strip_bytes=1)[0]
    assert huge > float(np.finfo(np.float32).max)
    assert np.isnan(gram_from_features("laplacian", np.full((3, 6), np.nan), out, *GIVEN, strip_bytes=1)[0])


def test_the_diagonal_is_that_of_the_gram_matrix():
    rows = np.vstack([ROWS, ROWS])
    for definition in DEFINITIONS.values():
        np.testing.assert_allclose(
            definition.diagonal(rows, GIVEN), definition.values(rows, rows, GIVEN).diagonal(), rtol=1e-12
        )


@pytest.mark.compiled
@pytest.mark.parametrize("limit", [None, "200M"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_search_is_that_of_scikit_learn(limit, n_classes):
    X, y = load_iris(return_X_y=True)
    X, y = X[y < n_classes] * 4 + RNG.normal(size=(50 * n_classes, 4)), y[y < n_classes]
    grid = {"C": [0.1, 1, 10], "gamma": [0.05, 0.5]}
    kernels = {"laplacian": laplacian_kernel, "gaussian": None}
    search = GridSearchSVC({**grid, "kernel": list(kernels)}, cv=4, memory_limit=limit, n_jobs=1).fit(X, y)
    table = search.cv_results_
    for C, gamma, kernel, score in zip(
        table["param_C"], table["param_gamma"], table["param_kernel"], table["mean_test_score"], strict=True
    ):
        svc = SVC(C=C, gamma=gamma)
        if kernel == "laplacian":
            svc = SVC(C=C, kernel=lambda left, right, gamma=gamma: laplacian_kernel(left, right, gamma=gamma))
        assert score == pytest.approx(GridSearchCV(svc, {}, cv=4).fit(X, y).best_score_, abs=1e-12)
    assert search.score(X, y) == search.best_estimator_.score(X, y)


def test_gamma_by_the_training_part_is_that_of_svc():
    X, y = load_iris(return_X_y=True)
    for gamma in ("scale", "auto"):
        ours = SVC(kernel=KernelFunction("gaussian", gamma), C=10).fit(X[::2], y[::2])
        theirs = SVC(gamma=gamma, C=10).fit(X[::2], y[::2])
        np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-3)


def test_parameters_that_a_kernel_does_not_use_make_no_problem_of_their_own(monkeypatch):
    monkeypatch.setitem(
        known._ADDED, "plain", KernelDefinition("plain", of_rows=lambda left, right, given: left @ right.T, uses=())
    )
    X, y = load_iris(return_X_y=True)
    search = GridSearchSVC({"kernel": ["plain"], "gamma": [0.1, 1.0], "degree": [2, 3], "coef0": [0, 1]}, cv=3)
    assert search.fit(X, y).counters_.problems_solved == 3


def test_ways_that_there_are():
    assert [possible_way("rbf", way, 3) for way in ("whole", "rows")] == ["whole", "rows"]
    assert [possible_way("gaussian", way, 3) for way in ("whole", "gram", "rows")] == ["whole", "gram", "pairs"]
    assert [possible_way("laplacian", "whole", n) for n in (2, 3)] == ["pairs", "gram"]
    with pytest.raises(ValueError, match="laplacian"):
        solve_on_demand(
            ROWS.astype(np.float32), np.array([0, 30, 70]), "laplacian", 0.5, np.ones((1, 2)), Stopping(), cache_bytes=0
        )


@pytest.fixture(scope="module")
def table():
    return labelled_table()


@pytest.mark.parametrize("name", DEFINITIONS)
def test_models(name, table, tmp_path, monkeypatch):
    table, labels = table
    given = {**PARAMETERS, "kernel": name}
    model = train(table, labels, class_name="mood", steps=STEPS, **given)
    model.save(tmp_path / "mood.model")
    restored = Model.load(tmp_path / "mood.model")
    found = model.predict(table)
    assert restored.predict(table).probabilities.tolist() == found.probabilities.tolist()
    assert describe(restored)["kernel"]["name"] == name
    if name == "gaussian":
        same = train(table, labels, class_name="mood", steps=STEPS, **PARAMETERS)
        np.testing.assert_allclose(found.probabilities, same.predict(table).probabilities, atol=1e-5)
    for write in (history_content, onnx_content):
        with pytest.raises(UserError, match=f"no kernel {name}"):
            write(model)
    # Of more items a pair has no Gram matrix in float64.
    monkeypatch.setattr(machines, "LARGEST_GRAM", 5)
    large = train(table, labels, class_name="mood", steps=STEPS, **given)
    np.testing.assert_allclose(large.predict(table).probabilities, found.probabilities, atol=1e-3)


def test_a_model_of_a_kernel_that_is_not_there_is_refused(table, tmp_path, monkeypatch):
    table, labels = table
    given = {**PARAMETERS, "kernel": "laplacian"}
    train(table, labels, class_name="mood", steps=STEPS, **given).save(tmp_path / "mood.model")
    monkeypatch.delitem(known._ADDED, "laplacian")
    with pytest.raises(UserError, match=r"mood.model: needs the kernel laplacian, .* put its file into"):
        Model.load(tmp_path / "mood.model")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "Laplacian", "of_rows": laplacian}, "cannot be called"),
        ({"name": "x_y", "of_rows": laplacian}, "cannot be called"),
        ({"name": "x"}, "give one of"),
        ({"name": "x", "of_rows": laplacian, "of_products": gaussian}, "give one of"),
        ({"name": "x", "of_rows": laplacian, "uses": ("sigma",)}, "uses is a tuple of some of"),
        ({"name": "x", "of_rows": laplacian, "uses": "gamma"}, "uses is a tuple of some of"),
        ({"name": "x", "of_rows": 3}, r"is not a function of \(left, right, parameters\)"),
        ({"name": "x", "of_rows": lambda left, right: left}, r"is not a function of \(left, right, parameters\)"),
        ({"name": "x", "of_products": laplacian}, r"is not a function of \(products, left_norms"),
    ],
)
def test_definitions_that_are_refused(given, words):
    with pytest.raises(ValueError, match=words):
        KernelDefinition(**given)


@pytest.mark.parametrize("wrong", [lambda a, b, given: a, lambda a, b, given: (a @ b.T).astype(np.float32)])
def test_formulas_that_give_something_else_are_refused(wrong):
    with pytest.raises(ValueError, match="kernel x gave float"):
        KernelDefinition("x", of_rows=wrong).values(ROWS, ROWS, GIVEN)


def in_place(left, right, given):
    left -= left.mean()
    return left @ right.T


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (in_place, "kernel x: output array is read-only"),
        (
            lambda left, right, given: given.degree * (left @ right.T),
            "kernel x: it reads degree, which is not in its uses",
        ),
        (
            lambda left, right, given: given.sigma * (left @ right.T),
            "kernel x: it reads sigma; the parameters of a kernel",
        ),
        (lambda left, right, given: None, "kernel x gave NoneType where float64"),
        (lambda left, right, given: 1 / 0, "kernel x: division by zero"),
    ],
)
def test_what_a_formula_does_wrong_is_said_with_its_name(wrong, words, monkeypatch):
    definition = KernelDefinition("x", of_rows=wrong)
    with pytest.raises(ValueError, match=words):
        definition.values(ROWS, ROWS, GIVEN)
    monkeypatch.setitem(known._ADDED, "x", definition)
    before = ROWS.copy()
    with pytest.raises(ValueError, match=words):
        gram(ROWS, "x")
    assert (before == ROWS).all()


def test_nan_is_said_with_the_name_of_the_kernel(monkeypatch):
    monkeypatch.setitem(
        known._ADDED, "x", KernelDefinition("x", of_rows=lambda left, right, given: np.nan * (left @ right.T))
    )
    with pytest.raises(ValueError, match=r"kernel x gave NaN with gamma = 0.5"):
        gram(ROWS, "x", gamma=0.5)
    search = GridSearchSVC({"kernel": ["x"], "gamma": [0.5]}, cv=3)
    with pytest.raises(ValueError, match=r"kernel x gave NaN with gamma = 0.5"):
        search.fit(ROWS, np.arange(70) % 2)


CHECKED = {
    "gaussian": (DEFINITIONS["gaussian"], ""),
    "laplacian": (DEFINITIONS["laplacian"], ""),
    "asymmetric": (lambda left, right, given: left @ right.T + left.sum(axis=1, keepdims=True), "is not symmetric"),
    "indefinite": (lambda left, right, given: -(left @ right.T), "is not positive semi-definite: .* eigenvalue"),
    "of others": (
        lambda left, right, given: left.std() * right.std() * (left @ right.T),
        "depends on which other rows",
    ),
    "nan": (lambda left, right, given: np.full((len(left), len(right)), np.nan), "gave NaN or infinity"),
}


@pytest.mark.parametrize("which", CHECKED)
def test_a_kernel_can_be_checked(which):
    given, words = CHECKED[which]
    definition = given if isinstance(given, KernelDefinition) else KernelDefinition("x", of_rows=given)
    if not words:
        check_kernel(definition, ROWS, gamma=0.5)
        return
    with pytest.raises(ValueError, match=f"kernel x {words}"):
        check_kernel(definition, ROWS, gamma=0.5)


def test_kernels_are_checked_by_name_too():
    for name in ("rbf", "laplacian"):
        check_kernel(name, ROWS, gamma=0.5)
    with pytest.raises(ValueError, match="'cosine' is not one of"):
        check_kernel("cosine", ROWS)


SOURCE = """\
from fastgrid.kernels.definition import KernelDefinition

KERNEL = KernelDefinition("{name}", of_rows=lambda left, right, given: left @ right.T)
"""


def discovered(directory: Path, monkeypatch, **modules: str):
    for name, text in modules.items():
        (directory / f"{name}.py").write_text(text)
    monkeypatch.setattr(added, "__path__", [str(directory)])
    return known._discover()


def test_a_module_that_is_there_is_a_kernel(tmp_path, monkeypatch):
    found = discovered(tmp_path, monkeypatch, discovered_one=SOURCE.format(name="one"))
    assert list(found) == ["one"]
    before = found["one"].digest
    (tmp_path / "discovered_one.py").write_text(SOURCE.format(name="one") + "# another formula\n")
    assert found["one"].digest != before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no KERNEL"),
        ("KERNEL = 'x'", "has no KERNEL"),
        (SOURCE.format(name="rbf"), "rbf is taken"),
        ("KERNEL = 1 / 0", "ZeroDivisionError: division"),
    ],
)
def test_modules_that_define_no_kernel_are_named(text, words, tmp_path, monkeypatch):
    name = f"wrong_{abs(hash((text, words)))}"
    with pytest.raises(UserError, match=words):
        discovered(tmp_path, monkeypatch, **{name: text})


def test_an_unknown_kernel_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"'cosine' is not one of rbf, poly, linear, .*laplacian"):
        gram_matrix("cosine", ROWS, ROWS, 1.0)
    assert set(DEFINITIONS) < set(known_kernels())
