"""LAPACK's solution in place against numpy's."""

import numpy as np
import pytest

from fastgrid.solvers.positive_definite import solve_in_place


@pytest.mark.parametrize("n", [1, 2, 33])
@pytest.mark.parametrize("n_right", [1, 3])
def test_solutions_are_numpys(n, n_right):
    rng = np.random.default_rng(n)
    root = rng.normal(size=(n, n))
    matrix, right = root @ root.T + np.eye(n), rng.normal(size=(n_right, n))
    # Only the upper triangle is read.
    given, solved = np.triu(matrix) + np.tril(np.full((n, n), np.nan), -1), right.copy()
    assert solve_in_place(given, solved)
    np.testing.assert_allclose(solved, np.linalg.solve(matrix, right.T).T, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("matrix", [[[0.0]], [[1.0, 2.0], [2.0, 1.0]]])
def test_other_matrices_are_refused(matrix):
    assert not solve_in_place(np.array(matrix), np.ones((1, len(matrix))))
