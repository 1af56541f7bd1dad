"""What one SMO iteration costs by the number of rows, beside LIBSVM on the same Gram matrix.

    python bench/bench_smo.py [--rounds N]

Two overlapping classes in 20 dimensions, RBF kernel, C = 32. Each solver runs in turn, round after round; printed are
the iterations (they must be equal), the best microseconds per iteration of each, and their ratio. LIBSVM is called
through SVC(kernel="precomputed"), so its figure holds the overhead of that call.
"""

import argparse
import platform
import sys
import time
from importlib.metadata import version

import numpy as np

from fastgrid.kernels import gram_matrix
from fastgrid.solvers import ClassOrderedGram, Stopping, get_solver

SIZES = (160, 320, 1000, 2000)
SOLVERS = ("smo", "libsvm")


def problem(n: int) -> ClassOrderedGram:
    rng = np.random.default_rng(n)
    rows = rng.normal(size=(n, 20))
    labels = (rows[:, 0] + rng.normal(size=n) > 0).astype(np.int64)
    order = np.argsort(labels, kind="stable")
    # One array, not two equal ones: distances of rows to themselves are 0 then, as in a sweep, and not a rounding.
    rows, labels = rows[order], labels[order]
    return ClassOrderedGram.from_gram(gram_matrix("rbf", rows, rows, 2.0**-5), labels)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}", end="")
    print("".join(f", {name} {version(name)}" for name in ("numpy", "numba", "scikit-learn")))
    costs = np.full((1, 2), 32.0)
    for n in SIZES:
        gram = problem(n)
        best, iterations = dict.fromkeys(SOLVERS, float("inf")), {}
        for _ in range(options.rounds):
            for name in SOLVERS:
                start = time.perf_counter()
                path = get_solver(name).solve_path(gram, costs, Stopping())
                best[name] = min(best[name], time.perf_counter() - start)
                iterations[name] = int(path.iterations[0, 0])
        if iterations["smo"] != iterations["libsvm"]:
            raise SystemExit(f"n = {n}: {iterations}")
        per_iteration = {name: best[name] / iterations[name] * 1e6 for name in SOLVERS}
        print(
            f"n = {n:5}  {iterations['smo']:6} iterations  smo {per_iteration['smo']:5.2f} us  "
            f"libsvm {per_iteration['libsvm']:5.2f} us  ratio {per_iteration['libsvm'] / per_iteration['smo']:4.1f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
