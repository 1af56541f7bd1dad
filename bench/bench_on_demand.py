"""Seconds of one binary problem with its whole Gram matrix and with rows on demand, by the size of the cache.

    python bench/bench_on_demand.py [FILE] [--rows N] [--gamma G] [--cost C] [--megabytes M ...]

FILE is in LIBSVM's format, also gzipped, with two classes; without it, two overlapping classes in 64 dimensions are
drawn. RBF kernel. "whole" includes the inner products and the Gram matrix. Printed are the best of three seconds,
iterations (they must be equal where inner products are exact), and rows computed.
"""

import argparse
import gzip
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from fastgrid.kernels import aligned_empty, fill_symmetric_gram, inner_products, padded_length
from fastgrid.solvers import ClassOrderedGram, OneVsOnePath, Stopping, get_solver
from fastgrid.solvers.on_demand import solve_on_demand


def read_table(path: Path, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `n` rows of a file in LIBSVM's format, and the sign of their labels."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        lines = [line.split() for _, line in zip(range(n), file, strict=False)]
    pairs = [[pair.split(":") for pair in line[1:]] for line in lines]
    rows = np.zeros((len(lines), max(int(pair[0]) for row in pairs for pair in row)), dtype=np.float32)
    for row, entries in enumerate(pairs):
        for feature, value in entries:
            rows[row, int(feature) - 1] = float(value)
    return rows, np.array([float(line[0]) > 0 for line in lines], dtype=np.int64)


def draw_table(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes that overlap."""
    rng = np.random.default_rng(n)
    rows = rng.normal(size=(n, 64)).astype(np.float32)
    return rows, (rows[:, 0] + rng.normal(size=n) > 0).astype(np.int64)


def solve_whole(rows: np.ndarray, starts: np.ndarray, gamma: float, costs: np.ndarray) -> OneVsOnePath:
    n = len(rows)
    values = aligned_empty((n, padded_length(n)), np.float32)
    values[:, n:] = 0.0
    fill_symmetric_gram("rbf", inner_products(rows, rows), values[:, :n], gamma)
    return get_solver("smo").solve_path(ClassOrderedGram(values, np.ones(n), starts), costs, Stopping())


def best_of_three(solve):
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        result = solve()
        best = min(best, time.perf_counter() - start)
    return best, result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--gamma", type=float, default=2.0**-5)
    parser.add_argument("--cost", type=float, default=1.0)
    parser.add_argument("--megabytes", type=float, nargs="*", default=[100.0, 10.0, 1.0])
    options = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}", end="")
    print("".join(f", {name} {version(name)}" for name in ("numpy", "numba")))
    rows, labels = read_table(options.file, options.rows) if options.file else draw_table(options.rows)
    rows = np.ascontiguousarray(rows[np.argsort(labels, kind="stable")])
    starts = np.array([0, int((labels == 0).sum()), len(labels)])
    costs = np.full((1, 2), options.cost)
    seconds, whole = best_of_three(lambda: solve_whole(rows, starts, options.gamma, costs))
    print(f"{len(rows)} x {rows.shape[1]}, gamma {options.gamma:g}, C {options.cost:g}")
    print(f"whole       {seconds:6.2f} s  {whole.iterations[0, 0]:7} iterations")
    for megabytes in options.megabytes:
        solve_once = lambda size=int(megabytes * 1e6): solve_on_demand(  # noqa: E731
            rows, starts, "rbf", options.gamma, costs, Stopping(), cache_bytes=size
        )
        seconds, path = best_of_three(solve_once)
        same = "same" if np.array_equal(path.coefficients, whole.coefficients) else "other"
        print(
            f"{megabytes:8g} MB {seconds:6.2f} s  {path.iterations[0, 0]:7} iterations  {path.misses[0]:7} rows"
            f"  {same} coefficients"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
