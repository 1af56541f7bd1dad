"""One-vs-one solutions of LIBSVM against SVC itself and against a plain SMO."""

import numpy as np
import pytest
from naive_svm import naive_objective, naive_smo
from sklearn.svm import SVC

from fastgrid.kernels import gram_matrix
from fastgrid.solvers import ClassOrderedGram, Stopping, decision_values, get_solver, pairs, path_votes, vote


def problem(seed, n_classes, n=60, d=4):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, n - n_classes)])
    return rng.normal(size=(n, d)) + 0.7 * labels[:, np.newaxis], labels, rng.normal(size=(25, d))


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("kernel", ["rbf", "poly", "linear"])
def test_decisions_and_votes_are_those_of_svc(n_classes, kernel):
    rows, labels, new = problem(n_classes, n_classes)
    costs = np.array([[0.5] * n_classes, [2.0 + c for c in range(n_classes)]])
    solutions = get_solver("libsvm").solve(gram_matrix(kernel, rows, rows, 0.5), labels, costs)
    ordered = np.argsort(labels, kind="stable")
    whole = gram_matrix(kernel, rows, rows, 0.5)
    gram = ClassOrderedGram.from_gram(whole[np.ix_(ordered, ordered)], labels[ordered])
    path = get_solver("libsvm").solve_path(gram, costs, Stopping())
    test_gram = gram_matrix(kernel, new, rows[ordered], 0.5)
    values = decision_values(test_gram, gram.class_starts, path)
    np.testing.assert_array_equal(path_votes(test_gram, gram.class_starts, path), vote(values, n_classes))
    for row, solution in enumerate(solutions):
        weights = dict(enumerate(costs[row].tolist()))
        peer = SVC(C=1.0, kernel=kernel, gamma=0.5, class_weight=weights, decision_function_shape="ovo")
        peer.fit(rows, labels)
        expected = peer.decision_function(new).reshape(len(new), -1).T * (-1 if n_classes == 2 else 1)
        np.testing.assert_allclose(values[row], expected, rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(vote(values[row], n_classes), peer.predict(new))
        np.testing.assert_array_equal(solution.iterations, peer.n_iter_)


def test_each_pair_is_an_optimum_of_the_binary_problem():
    rows, labels, _ = problem(7, 3)
    costs = np.array([[1.0, 3.0, 0.25]])
    gram = gram_matrix("rbf", rows, rows, 0.5)
    (solution,) = get_solver("libsvm").solve(gram, labels, costs, tol=1e-8)
    for index, (first, second) in enumerate(pairs(3)):
        members = np.flatnonzero((labels == first) | (labels == second))
        signs = np.where(labels[members] == first, 1.0, -1.0)
        block = gram[np.ix_(members, members)]
        beta, bias = naive_smo(block, signs, costs[0, labels[members]], tol=1e-8)
        found = solution.coefficients[index]
        assert not found[np.setdiff1d(np.arange(len(labels)), members)].any()
        assert naive_objective(block, signs, found[members]) == pytest.approx(
            naive_objective(block, signs, beta), rel=1e-6
        )
        assert solution.bias[index] == pytest.approx(bias, abs=1e-4)


def test_one_class_has_no_pairs():
    (solution,) = get_solver("libsvm").solve(np.eye(3), np.zeros(3, dtype=np.int64), np.ones((1, 1)))
    assert solution.coefficients.shape == (0, 3)


def test_hitting_the_iteration_cap_is_reported():
    rows, labels, _ = problem(3, 2)
    (solution,) = get_solver("libsvm").solve(
        gram_matrix("rbf", rows, rows, 0.5), labels, np.full((1, 2), 100.0), stopping=Stopping(maximum_iterations=2)
    )
    assert not solution.converged


def test_unknown_solver_is_refused():
    with pytest.raises(ValueError, match="'magic' is not one of"):
        get_solver("magic")
