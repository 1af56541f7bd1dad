"""A large binary problem within a memory limit: seconds, peak memory, and the ways its tasks were solved in.

    python bench/bench_large.py [FILE] [--memory-limit SIZE ...] [--solver NAME ...] [--jobs N ...] [--rows N]

a9a (FASTGRID_DATA/tables/a9a.gz, 32561 x 123, two classes of 24 and 76 %) or another FILE in LIBSVM's format, not
scaled, with rows ordered by class; RBF kernel, C 2^-1, 2^1, 2^3 x gamma 2^-7, 2^-5, 3 stratified folds: 6 tasks of 3
problems. Each run is a process of its own that starts worker processes where there is more than one job. Printed for
each are

    seconds      of the sweep, with workers started and kernels loaded, and the longest phases, summed over workers
    peak         highest resident memory of all processes together, looked at every hundredth of a second; what they
                 share, as the code of libraries, counts in each
    ways         how the tasks were solved (fastgrid.sweep.memory), in how many workers at a time
    iterations   made, and pair problems asked and solved
    accuracy     of the best cell

The exit code is 1 where a run took more memory than its limit, or a task failed.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from bench_on_demand import read_table
from bench_peers import machine
from peers.child import descendants
from peers.sets import REPOSITORY

from fastgrid.common.fanout import Pool
from fastgrid.common.memory import parse_size
from fastgrid.common.stopwatch import recording
from fastgrid.project.settings import load_engine
from fastgrid.solvers import SOLVERS
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.folds import gaia_folds
from fastgrid.sweep.plan import make_plan
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.scheduling import sizes_of, workers_and_memory
from fastgrid.sweep.splits import Splits

C_EXPONENTS = (-1, 1, 3)
GAMMA_EXPONENTS = (-7, -5)
N_FOLDS = 3
MEGABYTE = 2**20


def prepare(path: Path, n_rows: int, folder: Path) -> tuple[int, int]:
    """Write matrix and labels, ordered by class, into `folder`; return the matrix's shape."""
    rows, labels = read_table(path, n_rows)
    by_class = np.argsort(labels, kind="stable")
    np.save(folder / "rows.npy", rows[by_class])
    np.save(folder / "labels.npy", labels[by_class].astype(np.int16))
    return rows.shape[0], rows.shape[1]


def load_input(folder: Path) -> SweepInput:
    """Return the sweep's input, its matrix in a file that workers map, as in a training."""
    rows, labels = np.load(folder / "rows.npy", mmap_mode="r"), np.load(folder / "labels.npy")
    n_dimensions = rows.shape[1]
    # Dimensions that are "enumerated" are neither cleaned nor scaled.
    every = np.ones(n_dimensions, dtype=np.bool_)
    features = FeatureSet("all", rows, np.arange(n_dimensions, dtype=np.intp), every, folder / "rows.npy")
    combinations = [Combination("all", "rbf", 2.0**c, 2.0**g) for c in C_EXPONENTS for g in GAMMA_EXPONENTS]
    folds = gaia_folds([str(label) for label in labels], N_FOLDS, 1)
    return SweepInput({"all": features}, combinations, labels, Splits.of_folds(folds, N_FOLDS))


def ways(given: SweepInput, jobs: int, limit: int) -> tuple[dict[str, int], int]:
    """Return how many tasks are solved in each way, and by how many workers at a time."""
    plan = make_plan(given)
    workers, memory, _ = workers_and_memory(given, plan.keys, plan.tasks, range(len(plan.tasks)), jobs, limit)
    found = [
        sizes_of(given, key.features, key.fold, [len(task.costs)])[0].way(memory)
        for key, task in zip(plan.keys, plan.tasks, strict=True)
    ]
    return dict(Counter(found)), workers


class Watched:
    """Resident MiB of this process and its descendants: when the watch began, and the most seen since."""

    def __init__(self) -> None:
        self.before = self.peak = resident_megabytes()
        self.ended = threading.Event()

    def look(self) -> None:
        while not self.ended.wait(0.01):
            self.peak = max(self.peak, resident_megabytes())


@contextmanager
def watching() -> Iterator[Watched]:
    watched = Watched()
    thread = threading.Thread(target=watched.look)
    thread.start()
    try:
        yield watched
    finally:
        watched.ended.set()
        thread.join()


def resident_megabytes() -> float:
    pages = 0
    for process in descendants(os.getpid()):
        with suppress(OSError):
            pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def run_once(folder: Path, solver: str, jobs: int, limit: int) -> dict[str, Any]:
    """Do one run in this process and its workers."""
    return measured(load_input(folder), solver, jobs, limit)


def measured(given: SweepInput, solver: str, jobs: int, limit: int) -> dict[str, Any]:
    """Run a sweep in this process and its workers; return what it took."""
    with Pool(jobs) as pool:
        # Kernels are loaded before the clock starts; the first call waits for the workers.
        engine = partial(load_engine, solver)
        pool.start(engine)
        pool.call(engine)
        start = time.perf_counter()
        with recording() as timings, watching() as watched:
            result = run_sweep(given, pool, SweepOptions(solver, memory_limit=limit))
        seconds = time.perf_counter() - start
    chosen, workers = ways(given, jobs, limit)
    return {
        "seconds": seconds,
        "phases": timings.workers,
        "peak_megabytes": watched.peak,
        "before_megabytes": watched.before,
        "ways": chosen,
        "workers": workers,
        "accuracy": float((result.predicted == given.labels).mean(axis=1).max()),
        "failures": [failure.reason for failure in result.failures],
        "counters": asdict(result.counters),
    }


def run_child(folder: Path, solver: str, jobs: int, limit: int) -> dict[str, Any]:
    """Do one run in a process of its own; nothing of an earlier run stands in its memory."""
    command = [sys.executable, __file__, "--child", str(folder), solver, str(jobs), str(limit)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return {"failures": [f"it ended with exit code {done.returncode}"]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def describe(found: dict[str, Any], limit: int) -> str:
    if "seconds" not in found:
        return f"failed: {found['failures'][0]}"
    counters, ways_text = found["counters"], ", ".join(f"{count} {way}" for way, count in found["ways"].items())
    phases = ", ".join(f"{name} {seconds:.1f}" for name, seconds in found["phases"].items() if seconds >= 0.1)
    return (
        f"{found['seconds']:.1f} s ({phases}); peak {found['peak_megabytes']:.0f} of {limit / MEGABYTE:.0f} MiB "
        f"({found['before_megabytes']:.0f} before); "
        f"{ways_text}, {found['workers']} at a time; {counters['iterations_made']} iterations made, "
        f"{counters['pairs_solved']} of {counters['pairs_asked']} pair problems; accuracy {found['accuracy']:.4f}"
    )


def is_good(found: dict[str, Any], limit: int) -> bool:
    return not found["failures"] and found["peak_megabytes"] <= limit / MEGABYTE


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = Path(os.environ.get("FASTGRID_DATA", REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("file", nargs="?", type=Path, default=data / "tables" / "a9a.gz")
    parser.add_argument("--memory-limit", type=parse_size, nargs="+", default=[parse_size("4G")], metavar="SIZE")
    parser.add_argument("--solver", nargs="+", choices=SOLVERS, default=["smo", "smo-fast"])
    parser.add_argument("--jobs", nargs="+", type=int, default=[1, 2], metavar="N")
    parser.add_argument("--rows", type=int, default=10**9, help="the first N of the file")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    if not options.file.is_file():
        print(f"skipped: no {options.file}; FASTGRID_DATA names the directory that holds tables/")
        return 0
    about = machine()
    print(f"{about['processor']}, {about['cores']} cores, Python {about['python']}", end="")
    print("".join(f", {name} {version}" for name, version in about["versions"].items()))
    good = True
    with tempfile.TemporaryDirectory() as name:
        n_rows, n_dimensions = prepare(options.file, options.rows, Path(name))
        print(f"{options.file.name}: {n_rows} x {n_dimensions}")
        for limit, solver, jobs in itertools.product(options.memory_limit, options.solver, options.jobs):
            found = run_child(Path(name), solver, jobs, limit)
            good = good and is_good(found, limit)
            print(f"{solver}, {jobs} jobs: {describe(found, limit)}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(run_once(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))))
    else:
        sys.exit(main())
