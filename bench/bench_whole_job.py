"""The whole training job as a user starts it, from process start to exit: time, memory, and what LIBSVM would take.

    python bench/bench_whole_job.py [DIRECTORY | --full | --gaia-run] [--rounds N] [--jobs N] [--solvers smo]

DIRECTORY (default: the bundled example) holds one folder of descriptor files per class; --full takes the 360 files of
game_music in FASTGRID_DATA or shared/data, --gaia-run the 70 of them that the ground truth of gaia_run names.
`train_model_from_sigs` runs with the default template, once to fill numba's cache and then in turn with each solver,
into a fresh directory each time. Printed are the machine, the versions, the median seconds, those of processor time of
all processes (which other users of the machine change less), the ratio of the two solvers round by round, where the
time of the last run of each solver went (--timings; what is missing there is the end of the process), and, on Linux,
the most memory that all processes of one more run held together.

Wait a minute between two calls: what a call deletes at its end makes ext4 slow to create files for a while.
"""

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SOLVERS = ("smo", "libsvm")


def command(directory: Path, output: Path, solver: str, jobs: int) -> list[str]:
    """The command that trains into the new directory `output`."""
    start = [sys.executable, "-m", "fastgrid", "train_model_from_sigs", str(directory), str(output), "bench"]
    return [*start, "--solver", solver, "-j", str(jobs), "--quiet", "--timings"]


def run(arguments: list[str]) -> tuple[float, float, str]:
    """Return the seconds from process start to exit, those of processor time, and what was said about them."""
    start, processor = time.perf_counter(), processor_seconds()
    done = subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return time.perf_counter() - start, processor_seconds() - processor, done.stderr


def processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(
    directory: Path, output: Path, solvers: list[str], rounds: int, jobs: int
) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, str]]:
    # Nothing is deleted between the runs: some file systems are slow to create files right after many were deleted.
    seconds: dict[str, list[float]] = {solver: [] for solver in solvers}
    processor: dict[str, list[float]] = {solver: [] for solver in solvers}
    tables: dict[str, str] = {}
    run(command(directory, output / "first", solvers[0], jobs))
    for number in range(rounds):
        for solver in solvers:
            taken, computed, tables[solver] = run(command(directory, output / f"{solver}{number}", solver, jobs))
            seconds[solver].append(taken)
            processor[solver].append(computed)
    return seconds, processor, tables


def most_memory(arguments: list[str]) -> float:
    """MB that the processes of a run held together at most, what they share counted once (Linux)."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    most = 0.0
    while process.poll() is None:
        most = max(most, sum(proportional_set(entry, process.pid) for entry in Path("/proc").glob("[0-9]*")))
        time.sleep(0.05)
    return most


def proportional_set(entry: Path, session: int) -> float:
    """MB of a process of the session, 0 of any other."""
    try:
        if os.getsid(int(entry.name)) != session:
            return 0.0
        lines = (entry / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def gaia_run(data: Path, place: Path) -> Path:
    """Copy the files that the ground truth of gaia_run names into class folders in `place`."""
    from fastgrid.project.groundtruth import read_groundtruth

    for item, label in read_groundtruth(data / "gaia_run" / "groundtruth.yaml").labels.items():
        (place / label).mkdir(parents=True, exist_ok=True)
        shutil.copy(data / "game_music" / label / f"{item}.json", place / label)
    return place


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("directory", nargs="?", type=Path)
    which.add_argument("--full", action="store_true", help="the 360 files of game_music")
    which.add_argument("--gaia-run", action="store_true", help="the 70 files of gaia_run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--solvers", nargs="+", choices=SOLVERS, default=list(SOLVERS))
    options = parser.parse_args()
    data = Path(os.environ.get("FASTGRID_DATA", REPOSITORY.parent / "shared" / "data"))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end="")
    print("".join(f", {name} {version(name)}" for name in ("numpy", "numba", "scikit-learn")))
    with tempfile.TemporaryDirectory() as place:
        directory = options.directory or (data / "game_music" if options.full else REPOSITORY / "examples/game_music")
        directory = gaia_run(data, Path(place, "gaia_run")) if options.gaia_run else directory
        print(f"{sum(1 for _ in directory.glob('*/*.json'))} files of {directory.name}, {options.jobs} workers")
        seconds, processor, tables = measure(directory, Path(place), options.solvers, options.rounds, options.jobs)
        for solver, taken in seconds.items():
            print(f"{solver:>7}: median {statistics.median(taken):.2f} s, best {min(taken):.2f} s", end="")
            print(f"; processor time: median {statistics.median(processor[solver]):.2f} s")
        if len(seconds) == len(SOLVERS):
            ratios = [slow / fast for fast, slow in zip(seconds["smo"], seconds["libsvm"], strict=True)]
            print(f"libsvm / smo: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
        for solver, table in tables.items():
            print(f"\n{solver}, the last of these runs:\n{table}", end="")
        if sys.platform == "linux":
            most = most_memory(command(directory, Path(place, "memory"), options.solvers[0], options.jobs))
            print(f"\nmemory of all processes together, at most: {most:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
