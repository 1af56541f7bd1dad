"""The whole training job as a user starts it, from process start to exit: time, memory, and what LIBSVM would take.

    python bench/bench_whole_job.py [DIRECTORY] [--rounds N] [--jobs N]

DIRECTORY (default: the bundled example; game_music in FASTGRID_DATA or shared/data with --full) holds one folder of
descriptor files per class. `train_model_from_sigs` runs with the default template, once to fill numba's cache and then
in turn with each solver, into a fresh directory each time. Printed are the machine, the versions, the median seconds,
the largest peak memory of a single process, and the ratio of the two solvers round by round.
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SOLVERS = ("smo", "libsvm")


def run(directory: Path, output: Path, solver: str, jobs: int) -> float:
    """Train once into the new directory `output`; return the seconds from process start to exit."""
    command = [sys.executable, "-m", "fastgrid", "train_model_from_sigs", str(directory), str(output), "bench"]
    start = time.perf_counter()
    subprocess.run([*command, "--solver", solver, "-j", str(jobs), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(directory: Path, rounds: int, jobs: int) -> dict[str, list[float]]:
    # Nothing is deleted between the runs: some file systems are slow to create files right after many were deleted.
    seconds: dict[str, list[float]] = {solver: [] for solver in SOLVERS}
    with tempfile.TemporaryDirectory() as output:
        run(directory, Path(output, "first"), "smo", jobs)
        for number in range(rounds):
            for solver in SOLVERS:
                seconds[solver].append(run(directory, Path(output, f"{solver}{number}"), solver, jobs))
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("--full", action="store_true", help="the 360 files of game_music")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    data = Path(os.environ.get("FASTGRID_DATA", REPOSITORY.parent / "shared" / "data"))
    directory = options.directory or (data / "game_music" if options.full else REPOSITORY / "examples" / "game_music")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end="")
    print("".join(f", {name} {version(name)}" for name in ("numpy", "numba", "scikit-learn")))
    print(f"{sum(1 for _ in directory.glob('*/*.json'))} files of {directory.name}, {options.jobs} workers")
    seconds = measure(directory, options.rounds, options.jobs)
    for solver in SOLVERS:
        print(f"{solver:>7}: median {statistics.median(seconds[solver]):.2f} s, best {min(seconds[solver]):.2f} s")
    ratios = [slow / fast for fast, slow in zip(seconds["smo"], seconds["libsvm"], strict=True)]
    print(f"libsvm / smo: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    print(f"peak memory of a process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
