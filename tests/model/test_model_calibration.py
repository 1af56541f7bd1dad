import numpy as np
import pytest
from naive_probability import naive_held_out_decisions, naive_permutation, naive_rand, naive_sigmoid

from fastgrid.model.calibration import calibrate, held_out_decisions
from fastgrid.model.pair_problems import GramProblem
from fastgrid.solvers import Stopping, get_solver

SOLVER = get_solver("libsvm")


def problem(counts, seed=0):
    """Shuffled rows of overlapping classes: RBF Gram matrix and codes."""
    random = np.random.default_rng(seed)
    codes = random.permutation(np.repeat(np.arange(len(counts)), counts))
    rows = codes[:, None] + random.normal(0, 1.0, (len(codes), 2))
    return np.exp(-0.5 * ((rows[:, None] - rows[None]) ** 2).sum(axis=2)), codes.astype(np.int64)


@pytest.mark.parametrize("counts", [(12, 9), (20, 3), (2, 11), (1, 6), (1, 1), (1, 2), (3, 1)])
def test_held_out_decisions_equal_exact_ones(counts):
    gram, codes = problem(counts)
    positive, costs = codes == 0, np.array([2.0, 0.7])
    order = naive_permutation(iter(naive_rand(5, 50)), len(codes))
    found = held_out_decisions(GramProblem(gram, SOLVER, Stopping(1e-9)), positive, costs, np.array(order))
    np.testing.assert_allclose(found, naive_held_out_decisions(gram, positive, costs, order), atol=1e-4)


def test_all_pairs_share_one_stream_of_random_numbers():
    gram, codes = problem((9, 7, 8))
    costs, numbers = np.array([1.0, 2.0, 3.0]), iter(naive_rand(4, 200))
    sigmoids = calibrate(gram, codes, costs, solver=SOLVER, stopping=Stopping(1e-9), seed=4)
    expected = []
    for first, second in [(0, 1), (0, 2), (1, 2)]:
        rows = [*np.flatnonzero(codes == first), *np.flatnonzero(codes == second)]
        positive = [codes[row] == first for row in rows]
        order = naive_permutation(numbers, len(rows))
        decisions = naive_held_out_decisions(gram[np.ix_(rows, rows)], positive, costs[[first, second]], order)
        expected.append(naive_sigmoid(decisions, positive))
    np.testing.assert_allclose([(s.slope, s.offset) for s in sigmoids], expected, atol=1e-3)


def test_no_item_decides_about_itself():
    gram, codes = problem((10, 10))
    order = np.arange(20)
    before = held_out_decisions(GramProblem(gram, SOLVER, Stopping(1e-6)), codes == 0, np.ones(2), order)
    altered = codes.copy()
    altered[:4] = 1 - altered[:4]
    after = held_out_decisions(GramProblem(gram, SOLVER, Stopping(1e-6)), altered == 0, np.ones(2), order)
    np.testing.assert_allclose(after[:4], before[:4], atol=1e-4)
    assert not np.allclose(after[4:], before[4:], atol=1e-3)


def test_one_class_has_no_pairs():
    assert (
        calibrate(np.eye(3), np.zeros(3, dtype=np.int64), np.ones(1), solver=SOLVER, stopping=Stopping(1e-3), seed=1)
        == []
    )
