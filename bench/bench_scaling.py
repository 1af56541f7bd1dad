"""How time and memory of a sweep grow with the number of items, within a memory limit.

    python bench/bench_scaling.py [--items N ...] [--solver NAME ...] [--jobs N] [--memory-limit SIZE]

Generated items of 57 features in 11 classes of 4 to 14 %, 10 % of them with a wrong label; RBF kernel, C 2^-5, 2^-3 ..
2^11 x gamma 2^3, 2^1 .. 2^-11, 5 stratified folds: 40 Gram matrices of 9 problems. Each run is a process of its own
that starts worker processes. Printed for each are seconds and phases, the peak of all processes together, and what
`bench_large.py` prints besides; at the end the exponents e of n^e, fitted to all sizes, and between the last two.

The exit code is 1 where a run took more memory than its limit, or a task failed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from bench_large import MEGABYTE, describe, is_good, measured
from bench_peers import machine

from fastgrid.common.memory import parse_size
from fastgrid.solvers import SOLVERS
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.folds import gaia_folds
from fastgrid.sweep.splits import Splits

N_FEATURES, N_CLASSES, N_FOLDS = 57, 11, 5
C_EXPONENTS, GAMMA_EXPONENTS = range(-5, 12, 2), range(3, -12, -2)


def generate(n_items: int, folder: Path) -> None:
    """Write matrix and labels into `folder`; fewer items are not the first of more, but alike."""
    from sklearn.datasets import make_classification

    shares = np.linspace(4.0, 14.0, N_CLASSES)
    rows, labels = make_classification(
        n_items, N_FEATURES, n_informative=20, n_redundant=30, n_classes=N_CLASSES, weights=shares / shares.sum(),
        n_clusters_per_class=2, flip_y=0.1, class_sep=1.5, random_state=0,
    )  # fmt: skip
    np.save(folder / "rows.npy", rows.astype(np.float32))
    np.save(folder / "labels.npy", labels.astype(np.int16))


def load_input(folder: Path) -> SweepInput:
    """Return the sweep's input, its matrix in a file that workers map, as in a training."""
    rows, labels = np.load(folder / "rows.npy", mmap_mode="r"), np.load(folder / "labels.npy")
    numbers, none = np.arange(N_FEATURES, dtype=np.intp), np.zeros(N_FEATURES, dtype=np.bool_)
    features = FeatureSet("all", rows, numbers, none, folder / "rows.npy")
    grid = [Combination("all", "rbf", 2.0**c, 2.0**gamma) for c in C_EXPONENTS for gamma in GAMMA_EXPONENTS]
    folds = gaia_folds([str(label) for label in labels], N_FOLDS, 1)
    return SweepInput({"all": features}, grid, labels, Splits.of_folds(folds, N_FOLDS))


def run_child(folder: Path, solver: str, jobs: int, limit: int) -> dict[str, Any]:
    """Do one run in a process of its own; nothing of an earlier run stands in its memory."""
    command = [sys.executable, __file__, "--child", str(folder), solver, str(jobs), str(limit)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        return {"failures": [f"it ended with exit code {done.returncode}"]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def exponents(sizes: list[int], values: list[float]) -> tuple[float, float]:
    """Return e of n^e: of the line through all points in logarithms, and of that through the last two."""
    x, y = np.log(sizes), np.log(values)
    return float(np.polyfit(x, y, 1)[0]), float((y[-1] - y[-2]) / (x[-1] - x[-2]))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", default=[2000, 4000, 8000, 22000], metavar="N")
    parser.add_argument("--solver", nargs="+", choices=SOLVERS, default=["smo", "smo-fast"])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--memory-limit", type=parse_size, default=parse_size("6G"), metavar="SIZE")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    about = machine()
    print(f"{about['processor']}, {about['cores']} cores, Python {about['python']}", end="")
    print("".join(f", {name} {version}" for name, version in about["versions"].items()))
    good, limit = True, options.memory_limit
    for solver in options.solver:
        found = []
        for n_items in options.items:
            with tempfile.TemporaryDirectory() as name:
                generate(n_items, Path(name))
                found.append(run_child(Path(name), solver, options.jobs, limit))
            print(f"{n_items:6d} {solver:8}: {describe(found[-1], limit)}", flush=True)
            good &= is_good(found[-1], limit)
        if len(found) > 1 and all("seconds" in run for run in found):
            for what, values in (
                ("seconds", [run["seconds"] for run in found]),
                ("peak memory", [run["peak_megabytes"] for run in found]),
                ("iterations", [float(run["counters"]["iterations_made"]) for run in found]),
            ):
                all_of_them, last = exponents(options.items, values)
                print(f"{solver:15}: {what} grow as n^{all_of_them:.2f}, between the last two sizes as n^{last:.2f}")
    print(f"limit {limit / MEGABYTE:.0f} MiB: {'kept' if good else 'NOT KEPT, or something failed'}")
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(measured(load_input(Path(sys.argv[2])), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))))
    else:
        raise SystemExit(main())
