"""What CI holds a change to: counts of work that are the same on every machine, and ratios measured in one run.

    python -m bench.gate [--write] [--counts-only] [--rounds N]

Counts are of sweeps and searches over scikit-learn's digits, whose features are small whole numbers: every product of
two rows is exact, so that the problems asked and solved, the iterations and the bytes do not depend on the processor.
They must be those of bench/baseline.json: more is work that was not done before, fewer is a gain that --write keeps.
`smo-fast` may take one iteration in a hundred more or fewer.

Ratios are how many times longer scikit-learn takes for the same work (LIBSVM for a Gram matrix; json.load is what
reading is compared with). Both run in turn in this process, round after round, and the best of each counts: a machine
that is slow is slow for both. A ratio may fall to `SLACK` of what the baseline says, since machines differ in what they
are good at; seconds are printed, and never judged. The exit code is 1 where something does not hold.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

BENCH = Path(__file__).resolve().parent
# The other programs of this directory are scripts, which find each other beside them.
sys.path.insert(0, str(BENCH))

from bench_peers import machine  # noqa: E402
from peers.work import Grid  # noqa: E402

BASELINE = BENCH / "baseline.json"
#: Of a ratio of the baseline that has to be left.
SLACK = 0.5
#: By how much of the baseline the iterations of smo-fast may differ.
NEARLY = 0.01
N_FOLDS = 3
GRID = Grid(("rbf", "poly"), (-3, 1, 5, 9), (-13, -11, -9), (False, True))
SMALL_GRID = Grid(("rbf", "poly"), (-3, 1, 5), (-11, -9), (False,))

Counts = dict[str, int]


def digits(n_rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, codes and folds of the first rows, ordered by class."""
    from sklearn.datasets import load_digits

    features, labels = (part[:n_rows] for part in load_digits(return_X_y=True))
    order = np.argsort(labels, kind="stable")
    codes = labels[order].astype(np.int16)
    return features[order].astype(np.float32), codes, (np.arange(n_rows) % N_FOLDS).astype(np.int16)


def sweep_counts(solver: str) -> Counts:
    """Return what a sweep over 600 digits asks and does."""
    from fastgrid.common.fanout import Pool
    from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
    from fastgrid.sweep.run import SweepOptions, run_sweep
    from fastgrid.sweep.splits import Splits

    features, codes, folds = digits(600)
    n_dimensions = features.shape[1]
    every = np.ones(n_dimensions, dtype=np.bool_)  # neither cleaned nor scaled
    given = SweepInput(
        {"all": FeatureSet("all", features, np.arange(n_dimensions, dtype=np.intp), every)},
        [Combination("all", cell.kernel, cell.C, cell.gamma, cell.balanced, 3) for cell in GRID.cells()],
        codes,
        Splits.of_folds(folds, N_FOLDS),
    )
    result = run_sweep(given, Pool(1, "threads"), SweepOptions(solver))
    right = int(np.count_nonzero(result.predicted == codes))
    return {**asdict(result.counters), "predictions_right": right}


def search_counts() -> Counts:
    """Return what a search by the estimator solves."""
    from fastgrid import GridSearchSVC

    features, codes, folds = digits(600)
    splits = [(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in range(N_FOLDS)]
    search = GridSearchSVC(parameters(SMALL_GRID), cv=splits, n_jobs=1, refit=False).fit(features, codes)
    scores = search.cv_results_["mean_test_score"]
    return {"points": len(scores), "right": round(float(scores.sum()) * len(codes))}


def parameters(grid: Grid) -> dict[str, list[Any]]:
    """Return a grid as scikit-learn takes it."""
    return {"kernel": list(grid.kernels), "C": grid.costs, "gamma": grid.gammas}


def counts() -> dict[str, Counts]:
    """Return all counts, by name."""
    return {
        "sweep, smo": sweep_counts("smo"),
        "sweep, smo-fast": sweep_counts("smo-fast"),
        "search": search_counts(),
    }


def pairs_of_ways() -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Return what is compared, by name: our way, and the other one."""
    from bench_smo import problem
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import SVC

    from fastgrid import GridSearchSVC
    from fastgrid.solvers import Stopping, get_solver

    features, codes, _ = digits(900)
    asked = {"param_grid": parameters(SMALL_GRID), "cv": N_FOLDS, "n_jobs": 1}
    usual = GridSearchCV(SVC(), **asked)
    found: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        f"search, {solver}": (
            partial(GridSearchSVC(solver=solver, **asked).fit, features, codes),
            partial(usual.fit, features, codes),
        )
        for solver in ("smo", "smo-fast")
    }
    costs = np.full((1, 2), 32.0)
    for n in (320, 1000):
        gram = problem(n)
        own, other = (partial(get_solver(name).solve_path, gram, costs, Stopping()) for name in ("smo", "libsvm"))
        found[f"iteration, n = {n}"] = (own, other)
    return found | {"reading JSON": reading()}


def reading() -> tuple[Callable[[], object], Callable[[], object]]:
    """Return reading of the bundled descriptor files into a matrix, and json.load of them."""
    from fastgrid.descriptors import read_collection

    files = {str(path): path for path in sorted((BENCH.parent / "examples").rglob("*.json"))}

    def load() -> None:
        for path in files.values():
            with path.open(encoding="utf-8") as handle:
                json.load(handle)

    return (lambda: read_collection(files)), load


def measured_ratios(rounds: int) -> dict[str, float]:
    """Return how many times longer the other way takes; print the seconds."""
    ratios = {}
    for name, ways in pairs_of_ways().items():
        best = [math.inf, math.inf]
        for round_ in range(rounds + 1):
            for place, way in enumerate(ways):
                start = time.perf_counter()
                way()
                # The first round loads and compiles.
                if round_:
                    best[place] = min(best[place], time.perf_counter() - start)
        ratios[name] = best[1] / best[0]
        print(
            f"{name:18} {best[0] * 1e3:9.2f} ms beside {best[1] * 1e3:9.2f} ms: {ratios[name]:6.2f} times", flush=True
        )
    return ratios


def broken_counts(found: dict[str, Counts], wanted: dict[str, Counts]) -> list[str]:
    """Return what differs from the baseline, a line each."""
    lines = []
    for name in sorted(found.keys() | wanted.keys()):
        ours, theirs = found.get(name, {}), wanted.get(name, {})
        for key in sorted(ours.keys() | theirs.keys()):
            now, before = ours.get(key, 0), theirs.get(key, 0)
            slack = NEARLY * before if name.endswith("smo-fast") and _is_of_path(key) else 0.0
            if abs(now - before) > slack:
                lines.append(f"{name}: {key} is {now}, the baseline says {before}")
    return lines


def broken_ratios(found: dict[str, float], wanted: dict[str, float]) -> list[str]:
    """Return what is too slow beside the other way, a line each."""
    return [
        f"{name}: {found.get(name, 0.0):.2f} times, less than {SLACK:g} of the baseline's {before:.2f}"
        for name, before in wanted.items()
        if not found.get(name, 0.0) >= SLACK * before
    ]


def _is_of_path(key: str) -> bool:
    # What another order of summation changes a little.
    return "iterations" in key or key == "predictions_right"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.gate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="make what is found the baseline")
    parser.add_argument("--counts-only", action="store_true", help="no ratios")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    baseline = json.loads(BASELINE.read_text()) if BASELINE.is_file() else {"counts": {}, "ratios": {}}
    found = {"counts": counts(), "ratios": baseline["ratios"]}
    if not options.counts_only:
        found["ratios"] = {name: round(ratio, 2) for name, ratio in measured_ratios(options.rounds).items()}
    if options.write:
        BASELINE.write_text(json.dumps({"machine": machine(), **found}, indent=1) + "\n")
        print(f"written: {BASELINE.name}")
        return 0
    broken = broken_counts(found["counts"], baseline["counts"])
    if not options.counts_only:
        broken += broken_ratios(found["ratios"], baseline["ratios"])
    for line in broken:
        print(line, file=sys.stderr)
    held = sum(map(len, found["counts"].values())) + (0 if options.counts_only else len(found["ratios"]))
    print(f"{held} counts and ratios" + (f", {len(broken)} NOT as the baseline" if broken else ", all hold"))
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
