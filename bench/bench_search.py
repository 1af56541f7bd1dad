"""GridSearchSVC beside GridSearchCV(SVC()): the one line that changes, on the same data, grid and folds.

    python bench/bench_search.py [--rounds N] [--workers N] [--quick]

scikit-learn's digits, features scaled to 0..1 beforehand, and the grid of docs/benchmarks.md (288 points, 5 folds);
both refit the best point. Each search runs in turn in this process, after a small search of its own kind that loads and
compiles. Printed are the median seconds, the ratio, and in how many mean test scores the tables differ.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from importlib.metadata import version
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import minmax_scale
from sklearn.svm import SVC

from fastgrid import GridSearchSVC

FULL = {
    "kernel": ["rbf", "poly"],
    "C": (2.0 ** np.arange(-5, 12, 2)).tolist(),
    "gamma": (2.0 ** np.arange(-11, 4, 2)).tolist(),
    "class_weight": [None, "balanced"],
}
SMALL = {"kernel": ["rbf", "poly"], "C": [0.5, 2.0], "gamma": [2.0**-5]}


def searches(grid: dict[str, list[Any]], workers: int) -> dict[str, Any]:
    options = {"cv": 5, "n_jobs": workers}
    return {
        "GridSearchCV": GridSearchCV(SVC(), grid, **options),
        "GridSearchSVC": GridSearchSVC(grid, **options),
        "GridSearchSVC, smo-fast": GridSearchSVC(grid, solver="smo-fast", **options),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="4 points of the grid")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, {options.workers} workers, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "scikit-learn")))
    X, y = load_digits(return_X_y=True)
    X = minmax_scale(X)
    for search in searches(SMALL, options.workers).values():
        search.fit(X[:200], y[:200])
    seconds: dict[str, list[float]] = {}
    found = searches(SMALL if options.quick else FULL, options.workers)
    for _ in range(max(1, options.rounds)):
        for name, search in found.items():
            start = time.perf_counter()
            search.fit(X, y)
            seconds.setdefault(name, []).append(time.perf_counter() - start)
    reference = found["GridSearchCV"].cv_results_["mean_test_score"]
    usual = statistics.median(seconds["GridSearchCV"])
    for name, search in found.items():
        median = statistics.median(seconds[name])
        others = int(np.count_nonzero(search.cv_results_["mean_test_score"] != reference))
        print(f"{name:24} {median:7.2f} s  {usual / median:5.1f} times  {others} of {len(reference)} scores differ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
