"""How soon the first result is there: from process start to the end of a tiny sweep, and what is imported on the way.

    python bench/bench_start.py [--rounds N]

Each round starts Python anew, which imports the sweep and solves one grid of four combinations, two folds, on 100 rows
of 20 dimensions over a pool of two threads; once before to fill numba's cache. Printed are the median and the best
seconds of that, of `fastgrid --help` and of the imports of a training, and the ten modules of a training and of the
tiny sweep that take longest by themselves (python -X importtime).
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version

FIRST_RESULT = """
import numpy as np
from fastgrid.common.fanout import Pool
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits

rng = np.random.default_rng(0)
rows = rng.normal(size=(100, 20)).astype(np.float32)
codes = (rows[:, 0] + rng.normal(size=100) > 0).astype(np.int16)
features = FeatureSet("rows", rows, np.arange(20), np.zeros(20, dtype=np.bool_))
grid = [Combination("rows", "rbf", C, gamma) for C in (1.0, 8.0) for gamma in (0.5, 0.125)]
given = SweepInput({"rows": features}, grid, codes, Splits.of_folds((np.arange(100) % 2).astype(np.int16), 2))
result = run_sweep(given, Pool(2, "threads"), SweepOptions())
assert (result.predicted >= 0).all()
"""
PROGRAMS = {
    "first result, 100 x 20": ["-c", FIRST_RESULT],
    "fastgrid --help": ["-m", "fastgrid", "--help"],
    "imports of a training": ["-c", "import fastgrid.project.training"],
}


def run(arguments: list[str]) -> float:
    """Return the seconds from process start to exit."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def slowest_imports(arguments: list[str], count: int = 10) -> list[tuple[int, str]]:
    """Return microseconds and names of the modules whose own code took longest to run."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], check=True, capture_output=True, text=True
    ).stderr
    rows = [line.removeprefix("import time:").split("|") for line in done.splitlines() if "|" in line]
    return sorted(((int(row[0]), row[2].strip()) for row in rows if row[0].strip().isdigit()), reverse=True)[:count]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end="")
    print("".join(f", {name} {version(name)}" for name in ("numpy", "numba", "scikit-learn")))
    for arguments in PROGRAMS.values():
        run(arguments)
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(options.rounds):
        for name, arguments in PROGRAMS.items():
            seconds[name].append(run(arguments))
    for name, taken in seconds.items():
        print(f"{name:>22}: median {statistics.median(taken):.2f} s, best {min(taken):.2f} s")
    for name in ("first result, 100 x 20", "imports of a training"):
        print(f"\nslowest imports, {name}:")
        for microseconds, module in slowest_imports(PROGRAMS[name]):
            print(f"{microseconds / 1000:8.1f} ms  {module}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
