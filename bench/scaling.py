"""How time, memory and iterations of a sweep grow with items, dimensions, classes and combinations.

    python bench/scaling.py [--by WHAT ...] [--items N ...] [--dimensions N ...] [--classes N ...]
                            [--combinations N ...] [--solver NAME ...] [--jobs N] [--memory-limit SIZE] [--draw FILE]

Generated items of unequal classes (4 to 14 % where there are eleven), 10 % of them with a wrong label; RBF kernel; C
2^-5, 2^-3 .. and gamma 2^3, 2^1 ..; 5 stratified folds. One of the four grows at a time (--by, by default all), the
others stay at the base: 2000 items, 57 dimensions, 11 classes, 72 combinations. `--items` and so on say by which steps.

Each run is a process of its own that starts worker processes. Printed for each are seconds and phases, the peak of
all processes together, and what `bench_large.py` prints besides; at the end the exponents e of x^e, fitted to all
steps, and between the last two. --draw writes a picture of them (the extra `plot`), its kind by the ending.

The exit code is 1 where a run took more memory than its limit, or a task failed.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
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

N_FOLDS = 5
#: The best grid is in the middle: 9 x 8 of them are the usual 72.
HIGHEST_GAMMA, LOWEST_C = 3, -5
STEPS = {
    "items": [1000, 2000, 4000, 8000],
    "dimensions": [30, 57, 120, 240, 480],
    "classes": [2, 4, 8, 16],
    "combinations": [18, 36, 72, 144, 288],
}
#: What is drawn and fitted: its name, and where a run says it.
FIGURES = {
    "seconds": lambda run: run["seconds"],
    "peak memory": lambda run: run["peak_megabytes"],
    "iterations": lambda run: float(run["counters"]["iterations_made"]),
}


@dataclass(frozen=True)
class Size:
    """A size of work."""

    items: int = 2000
    dimensions: int = 57
    classes: int = 11
    combinations: int = 72

    def grid(self) -> list[Combination]:
        """Return the combinations: 9 of C for every 8 of gamma, as many of each as come to the number."""
        n_gammas = max(1, round(math.sqrt(self.combinations * 8 / 9)))
        n_costs = -(-self.combinations // n_gammas)
        # More of them lie closer, not farther out, where problems are of another kind.
        costs, gammas = np.linspace(LOWEST_C, 11, n_costs), np.linspace(HIGHEST_GAMMA, -11, n_gammas)
        every = [Combination("all", "rbf", float(2.0**c), float(2.0**gamma)) for c in costs for gamma in gammas]
        return every[: self.combinations]


def generate(size: Size, folder: Path) -> None:
    """Write matrix and labels into `folder`; fewer items are not the first of more, but alike."""
    from sklearn.datasets import make_classification

    shares = np.linspace(4.0, 14.0, size.classes)
    informative = min(20, size.dimensions // 2)
    rows, labels = make_classification(
        size.items, size.dimensions, n_informative=informative, n_redundant=min(30, size.dimensions - informative),
        n_classes=size.classes, weights=shares / shares.sum(), n_clusters_per_class=2, flip_y=0.1, class_sep=1.5,
        random_state=0,
    )  # fmt: skip
    np.save(folder / "rows.npy", rows.astype(np.float32))
    np.save(folder / "labels.npy", labels.astype(np.int16))


def load_input(folder: Path, size: Size) -> SweepInput:
    """Return the sweep's input, its matrix in a file that workers map, as in a training."""
    rows, labels = np.load(folder / "rows.npy", mmap_mode="r"), np.load(folder / "labels.npy")
    numbers, none = np.arange(size.dimensions, dtype=np.intp), np.zeros(size.dimensions, dtype=np.bool_)
    features = FeatureSet("all", rows, numbers, none, folder / "rows.npy")
    folds = gaia_folds([str(label) for label in labels], N_FOLDS, 1)
    return SweepInput({"all": features}, size.grid(), labels, Splits.of_folds(folds, N_FOLDS))


def run_child(folder: Path, size: Size, solver: str, jobs: int, limit: int) -> dict[str, Any]:
    """Do one run in a process of its own; nothing of an earlier run stands in its memory."""
    command = [sys.executable, __file__, "--child", str(folder), json.dumps(vars(size)), solver, str(jobs), str(limit)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return {"failures": [f"it ended with exit code {done.returncode}"]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def exponents(sizes: list[int], values: list[float]) -> tuple[float, float]:
    """Return e of x^e: of the line through all points in logarithms, and of that through the last two."""
    x, y = np.log(sizes), np.log(values)
    return float(np.polyfit(x, y, 1)[0]), float((y[-1] - y[-2]) / (x[-1] - x[-2]))


def measure_axis(axis: str, steps: list[int], solver: str, jobs: int, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """Return the runs along one axis, and whether all of them were good."""
    found: list[dict[str, Any]] = []
    for step in steps:
        size = replace(Size(), **{axis: step})
        with tempfile.TemporaryDirectory() as name:
            generate(size, Path(name))
            found.append(run_child(Path(name), size, solver, jobs, limit))
        print(f"{step:6d} {axis}, {solver}: {describe(found[-1], limit)}", flush=True)
    if len(found) > 1 and all("seconds" in run for run in found):
        for what, figure in FIGURES.items():
            whole, last = exponents(steps, [figure(run) for run in found])
            print(f"{solver}: {what} grow with {axis} as x^{whole:.2f}, between the last two steps as x^{last:.2f}")
    return found, all(is_good(run, limit) for run in found)


def draw(runs: dict[tuple[str, str], list[dict[str, Any]]], steps: dict[str, list[int]], path: Path) -> None:
    """Write a picture: a panel for each axis, in logarithms, seconds and iterations relative to the first step."""
    from matplotlib.figure import Figure

    axes_shown = list(dict.fromkeys(axis for axis, _ in runs))
    figure = Figure(figsize=(4.0 * len(axes_shown), 3.6), layout="constrained")
    panels = figure.subplots(1, len(axes_shown), squeeze=False, sharey=True)[0]
    for panel, axis in zip(panels, axes_shown, strict=True):
        for (of_axis, solver), found in runs.items():
            if of_axis != axis or not all("seconds" in run for run in found):
                continue
            for what, style in (("seconds", "o-"), ("iterations", "s:")):
                values = [FIGURES[what](run) for run in found]
                exponent = exponents(steps[axis], values)[0] if len(values) > 1 else math.nan
                relative = [value / values[0] for value in values]
                panel.plot(steps[axis], relative, style, label=f"{solver}: {what} ~ x^{exponent:.2f}")
        panel.set(xscale="log", yscale="log", xlabel=axis, xticks=steps[axis], xticklabels=map(str, steps[axis]))
        panel.minorticks_off()
        panel.legend(fontsize="small")
    panels[0].set_ylabel("times the first step")
    figure.savefig(path, dpi=150)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--by", nargs="+", choices=list(STEPS), default=list(STEPS), metavar="WHAT")
    for axis, steps in STEPS.items():
        parser.add_argument(f"--{axis}", type=int, nargs="+", default=steps, metavar="N")
    parser.add_argument("--solver", nargs="+", choices=SOLVERS, default=["smo", "smo-fast"])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--memory-limit", type=parse_size, default=parse_size("6G"), metavar="SIZE")
    parser.add_argument("--draw", type=Path, metavar="FILE")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    about = machine()
    print(f"{about['processor']}, {about['cores']} cores, Python {about['python']}", end="")
    print("".join(f", {name} {version}" for name, version in about["versions"].items()))
    good, limit, steps = True, options.memory_limit, {axis: getattr(options, axis) for axis in STEPS}
    runs: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for axis in options.by:
        for solver in options.solver:
            runs[axis, solver], fine = measure_axis(axis, steps[axis], solver, options.jobs, limit)
            good &= fine
    if options.draw is not None:
        draw(runs, steps, options.draw)
    print(f"limit {limit / MEGABYTE:.0f} MiB: {'kept' if good else 'NOT KEPT, or something failed'}")
    return 0 if good else 1


def child(folder: str, size: str, solver: str, jobs: str, limit: str) -> int:
    """Print what one run took."""
    given = load_input(Path(folder), Size(**json.loads(size)))
    print(json.dumps(measured(given, solver, int(jobs), int(limit))))
    return 0


if __name__ == "__main__":
    raise SystemExit(child(*sys.argv[2:]) if sys.argv[1:2] == ["--child"] else main())
