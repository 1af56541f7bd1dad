"""What a kernel value costs, and when products of a fold are better corrected than computed anew.

    python bench/bench_gram.py [--rounds N]

First the Gram matrices: nanoseconds per entry of the n x n matrix (the symmetric ones compute half of them), the best
of the rounds, beside squared distances, numpy's exponential and a conversion to float32, one after the other. Then
inner products: nanoseconds per entry of a fresh product by its features and of a correction by its columns, with the
straight lines through them: the constants of fastgrid/kernels/changed_features.py.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version

import numpy as np

from fastgrid.common.threads import single_threaded_blas
from fastgrid.kernels import (
    KERNELS,
    correct_products,
    fill_gram_between,
    fill_symmetric_gram,
    inner_products,
    squared_distances,
)

SIZES = (320, 1440, 4000)


def best(function: Callable[[], object], n: int, rounds: int) -> float:
    """Nanoseconds per entry of an n x n matrix."""
    function()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds) / n**2 * 1e9


def in_numpy(kernel: str, products: np.ndarray) -> np.ndarray:
    if kernel == "rbf":
        return np.exp(-0.1 * squared_distances(products)).astype(np.float32)
    return ((0.1 * products + 1.0) ** 3 if kernel == "poly" else products).astype(np.float32)


def measure_grams(n: int, rounds: int) -> None:
    features = np.random.default_rng(n).random((n, 60))
    products, single, double = inner_products(features, features), np.empty((n, n), np.float32), np.empty((n, n))
    by_class = np.argsort(np.arange(n) % 10, kind="stable")
    for kernel in KERNELS:
        symmetric = partial(fill_symmetric_gram, kernel, products, single, 0.1, 3, 1.0)
        ways: dict[str, Callable[[], object]] = {
            "numpy": partial(in_numpy, kernel, products),
            "symmetric": symmetric,
            "by class": partial(symmetric, by_class),
            "between": partial(fill_gram_between, kernel, products, by_class, by_class, double, 0.1, 3, 1.0),
        }
        print(
            f"n = {n:5} {kernel:>7}", *(f"{name} {best(way, n, rounds):5.2f}" for name, way in ways.items()), sep="  "
        )


def measure_products(n: int, rounds: int) -> None:
    fresh, corrected = [], []
    products, out = np.zeros((n, n)), np.empty((n, n))
    for d in (25, 100, 250, 500):
        features = np.random.default_rng(d).random((n, d))
        fresh.append((d, best(partial(inner_products, features, features), n, rounds)))
        changed = features[:, : d // 5]
        corrected.append((2 * (d // 5), best(partial(correct_products, products, changed, changed, out), n, rounds)))
    for name, points in (("fresh", fresh), ("correction", corrected)):
        slope, intercept = np.polyfit(*np.array(points).T, 1)
        print(f"n = {n:5} {name:>10}  {intercept:.2f} + {slope:.4f} per column")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end="")
    print("".join(f", {name} {version(name)}" for name in ("numpy", "numba")))
    with single_threaded_blas():
        for n in SIZES:
            measure_grams(n, options.rounds)
        for n in SIZES:
            measure_products(n, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
