"""The SMO solver: LIBSVM's own iterates, bit for bit, on easy and on nasty problems."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_svm import naive_objective, naive_smo
from solver_checks import ordered_problem

from fastgrid.kernels import Scratch, gram_matrix
from fastgrid.solvers import ClassOrderedGram, Stopping, get_solver


def assert_same_iterates(gram, labels, costs, tol=1e-3, weights=None):
    expected = get_solver("libsvm").solve(gram, labels, costs, tol, item_weights=weights)
    found = get_solver("smo").solve(gram, labels, costs, tol, item_weights=weights)
    assert len(found) == len(expected) == len(costs)
    for ours, libsvm in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours.iterations, libsvm.iterations)
        np.testing.assert_array_equal(ours.coefficients, libsvm.coefficients)
        np.testing.assert_array_equal(ours.bias, libsvm.bias)
        assert ours.converged == libsvm.converged


def random_problem(rng, n_classes, n, d, *, shift=0.5, rounded=False):
    labels = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, n - n_classes)])
    rows = rng.normal(size=(n, d)) + shift * labels[:, np.newaxis]
    return (np.round(rows) if rounded else rows), labels


@pytest.mark.compiled
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_classes=st.integers(2, 4),
    n=st.integers(5, 250),
    d=st.integers(1, 8),
    kernel=st.sampled_from(["rbf", "poly", "linear"]),
    log_gamma=st.integers(-9, 3),
    log_costs=st.lists(st.integers(-7, 9), min_size=1, max_size=4),
    shift=st.sampled_from([0.0, 0.3, 1.0, 4.0]),
    rounded=st.booleans(),
    weighted=st.booleans(),
    tol=st.sampled_from([1e-3, 1e-1, 1e-5]),
)
def test_iterates_are_those_of_libsvm(
    seed, n_classes, n, d, kernel, log_gamma, log_costs, shift, rounded, weighted, tol
):
    rng = np.random.default_rng(seed)
    rows, labels = random_problem(rng, n_classes, n, d, shift=shift, rounded=rounded)
    gram = gram_matrix(kernel, rows, rows, 2.0**log_gamma)
    scale = 1.0 if kernel == "rbf" else max(1.0, float(np.abs(gram).max()))
    weights = rng.uniform(0.3, 3.0, n_classes) if weighted else np.ones(n_classes)
    costs = np.outer(2.0 ** np.array(log_costs, dtype=float) / scale, weights)
    assert_same_iterates(gram, labels, costs, tol)


@pytest.mark.compiled
def test_more_than_a_thousand_rows_shrink_as_libsvm_does():
    rng = np.random.default_rng(1)
    rows, labels = random_problem(rng, 2, 1400, 6, shift=0.4)
    assert_same_iterates(gram_matrix("rbf", rows, rows, 2.0**-4), labels, np.array([[1.0, 1.0], [64.0, 64.0]]))


@pytest.mark.parametrize("block_edge", [127, 128, 129, 255, 256, 257])
def test_sizes_around_the_block_length(block_edge):
    rows, labels = random_problem(np.random.default_rng(block_edge), 2, block_edge, 3)
    assert_same_iterates(gram_matrix("rbf", rows, rows, 0.5), labels, np.array([[4.0, 2.0]]))


def nasty_problems():
    rng = np.random.default_rng(0)
    rows, labels = random_problem(rng, 2, 80, 4)
    yield "all rows equal", np.ones((20, 3)), np.arange(20) % 2, "rbf", 1.0
    yield "every row twice, with both labels", np.repeat(rows, 2, axis=0), np.arange(160) % 2, "rbf", 0.5
    yield "one row in a class", rows, np.where(np.arange(80) == 7, 1, 0), "rbf", 0.5
    yield "separable", np.where(labels[:, np.newaxis] == 1, rows + 100, rows), labels, "linear", 1.0
    yield "labels are noise", rows, rng.integers(0, 2, 80), "rbf", 0.5
    yield "identity", rows, labels, "rbf", 1e6
    yield "constant Gram", rows, labels, "rbf", 1e-30
    yield "polynomial values of 1e8", rows * 25, labels, "poly", 1.0


@pytest.mark.compiled
@pytest.mark.parametrize("name_and_problem", list(nasty_problems()), ids=lambda problem: problem[0])
@pytest.mark.parametrize("cost", [1e-9, 1e-3, 1.0, 1e3])
def test_nasty_problems(name_and_problem, cost):
    _, rows, labels, kernel, gamma = name_and_problem
    gram = gram_matrix(kernel, rows, rows, gamma)
    if kernel != "rbf":
        cost = cost / float(np.abs(gram).max())
    assert_same_iterates(gram, labels, np.array([[cost, cost], [cost, 5 * cost]]))


def test_rows_need_not_be_ordered_by_class():
    rng = np.random.default_rng(3)
    rows, labels = random_problem(rng, 3, 90, 4)
    gram = gram_matrix("rbf", rows, rows, 0.5)
    costs = np.full((1, 3), 2.0)
    ordered = np.argsort(labels, kind="stable")
    (sorted_rows,) = get_solver("smo").solve(gram[np.ix_(ordered, ordered)], labels[ordered], costs)
    (as_given,) = get_solver("smo").solve(gram, labels, costs)
    np.testing.assert_array_equal(as_given.coefficients[:, ordered], sorted_rows.coefficients)


def test_the_optimum_is_that_of_a_plain_smo():
    rng = np.random.default_rng(4)
    rows, labels = random_problem(rng, 2, 60, 3)
    gram = gram_matrix("rbf", rows, rows, 0.7)
    (solution,) = get_solver("smo").solve(gram, labels, np.array([[2.0, 3.0]]), tol=1e-8)
    signs = np.where(labels == 0, 1.0, -1.0)
    beta, bias = naive_smo(gram, signs, np.array([2.0, 3.0])[labels], tol=1e-8)
    found = solution.coefficients[0]
    assert naive_objective(gram, signs, found) == pytest.approx(naive_objective(gram, signs, beta), rel=1e-6)
    assert solution.bias[0] == pytest.approx(bias, abs=1e-4)
    assert found.sum() == pytest.approx(0.0, abs=1e-9)


def test_saturated_and_equal_problems_are_solved_once():
    rng = np.random.default_rng(5)
    rows, labels = random_problem(rng, 2, 50, 3, shift=5.0)
    gram = gram_matrix("rbf", rows, rows, 0.5)
    costs = np.array([[100.0, 100.0], [0.01, 0.01], [0.01, 0.01], [1000.0, 100.0], [1e6, 1e6]])
    assert_same_iterates(gram, labels, costs)
    ordered = np.argsort(labels, kind="stable")
    path = get_solver("smo").solve_path(
        ClassOrderedGram.from_gram(gram[np.ix_(ordered, ordered)], labels[ordered]), costs, Stopping()
    )
    # 0.01 clips; 100 does not, and stands for everything larger.
    assert path.solved[:, 0].tolist() == [True, True, False, False, False]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_classes=st.integers(2, 3), n=st.integers(6, 120))
def test_weights_of_items_are_those_of_libsvm(seed, n_classes, n):
    rng = np.random.default_rng(seed)
    rows, labels = random_problem(rng, n_classes, n, 3)
    weights = rng.choice([0.25, 1.0, 2.0, 3.7], n)
    assert_same_iterates(gram_matrix("rbf", rows, rows, 0.5), labels, np.ones((1, n_classes)), weights=weights)


@pytest.mark.compiled
def test_most_of_a_large_problem_is_shrunk():
    # Few items are active after the first shrinking, so that they are copied together.
    rng = np.random.default_rng(8)
    rows, labels = random_problem(rng, 2, 1500, 4, shift=1.5)
    for cost in (0.1, 10.0, 1000.0):
        assert_same_iterates(gram_matrix("rbf", rows, rows, 2.0**-3), labels, np.full((1, 2), cost))


@pytest.mark.compiled
def test_more_changes_at_bounds_than_are_noted_at_once():
    rng = np.random.default_rng(9)
    rows, labels = random_problem(rng, 2, 3000, 4, shift=0.1)
    assert_same_iterates(gram_matrix("rbf", rows, rows, 2.0**-2), labels, np.full((1, 2), 0.25))


def test_hitting_the_iteration_cap_is_reported():
    rows, labels = random_problem(np.random.default_rng(6), 2, 200, 3, shift=0.0)
    gram = gram_matrix("rbf", rows, rows, 0.5)
    (solution,) = get_solver("smo").solve(
        gram, labels, np.full((1, 2), 100.0), stopping=Stopping(maximum_iterations=30)
    )
    assert not solution.converged
    assert solution.iterations.tolist() == [30]


@pytest.mark.compiled
def test_the_tolerance_can_be_relaxed_at_the_cap():
    rows, labels = random_problem(np.random.default_rng(6), 2, 200, 3, shift=0.0)
    gram, costs = gram_matrix("rbf", rows, rows, 0.5), np.full((1, 2), 100.0)
    (exact,) = get_solver("smo").solve(gram, labels, costs, 1e-1)
    needed = int(exact.iterations[0])
    stopping = Stopping(1e-5, needed // 3 + 1, 4)
    (relaxed,) = get_solver("smo").solve(gram, labels, costs, stopping=stopping)
    assert relaxed.converged
    assert needed // 3 + 1 < relaxed.iterations[0] <= needed // 3 * 5 + 5
    (strict,) = get_solver("smo").solve(gram, labels, costs, stopping=Stopping(1e-5, needed // 3 + 1))
    assert not strict.converged


def test_one_class_has_no_pairs():
    (solution,) = get_solver("smo").solve(np.eye(3), np.zeros(3, dtype=np.int64), np.ones((1, 1)))
    assert solution.coefficients.shape == (0, 3)


@pytest.mark.compiled
@pytest.mark.parametrize("solver", ["smo", "smo-fast"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_what_is_left_in_memory_does_not_matter(solver, n_classes):
    # Long enough for shrunk items to be left out of rows; of no length that vectors divide.
    rng = np.random.default_rng(0)
    rows, labels = ordered_problem(rng, n_classes, 1301, 3, shift=0.5)
    gram = ClassOrderedGram.from_gram(gram_matrix("rbf", rows, rows, 0.5), labels)
    costs = np.array([[0.5], [4.0], [64.0]]) * np.ones(n_classes)
    scratch = Scratch()
    for name in ("block", "rows", "states", "runs", "items", "allowed", "coefficients", "system"):
        scratch.take(name, (2**23,), np.float32)[:] = np.nan
    expected = get_solver(solver).solve_path(gram, costs, Stopping())
    found = get_solver(solver).solve_path(gram, costs, Stopping(), scratch=scratch)
    for name in vars(expected):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
