"""What the inner loops cost: an SMO iteration, a kernel value, a vote. Compiled before the clock starts."""

from __future__ import annotations

import numpy as np
import pytest
from bench_smo import problem

from fastgrid.kernels import KERNELS, fill_symmetric_gram, inner_products
from fastgrid.solvers import Stopping, get_solver, vote

COSTS = np.full((1, 2), 32.0)


@pytest.mark.parametrize("solver", ["smo", "smo-fast", "libsvm"])
@pytest.mark.parametrize("n", [80, 320, 1000, 2000])
def test_smo_iterations(benchmark, n, solver):
    benchmark.group = f"a problem of {n} rows"
    gram, solve = problem(n), get_solver(solver).solve_path
    path = solve(gram, COSTS, Stopping())
    benchmark(solve, gram, COSTS, Stopping())
    iterations = int(path.iterations[0, 0])
    benchmark.extra_info["iterations"] = iterations
    if benchmark.enabled:
        benchmark.extra_info["us_per_iteration"] = benchmark.stats.stats.min / iterations * 1e6


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("n", [320, 1440])
def test_gram_matrix(benchmark, n, kernel):
    benchmark.group = f"kernel values of {n} rows"
    features = np.random.default_rng(n).random((n, 60))
    products, out = inner_products(features, features), np.empty((n, n), np.float32)
    fill_symmetric_gram(kernel, products, out, 0.1, 3, 1.0)
    benchmark(fill_symmetric_gram, kernel, products, out, 0.1, 3, 1.0)
    if benchmark.enabled:
        benchmark.extra_info["ns_per_value"] = benchmark.stats.stats.min / n**2 * 1e9


def test_gram_matrix_in_numpy(benchmark):
    from bench_gram import in_numpy

    benchmark.group = "kernel values of 1440 rows"
    features = np.random.default_rng(1440).random((1440, 60))
    benchmark(in_numpy, "rbf", inner_products(features, features))


@pytest.mark.parametrize("n_classes", [2, 10])
def test_votes(benchmark, n_classes):
    n_pairs = n_classes * (n_classes - 1) // 2
    decisions = np.random.default_rng(n_classes).normal(size=(n_pairs, 20_000))
    vote(decisions, n_classes)
    benchmark(vote, decisions, n_classes)
