"""Reading a large collection of descriptor files, from folders and out of archives: rate and memory.

    python bench/bench_collection.py [--files N ...] [--kinds KIND ...] [--jobs N] [--place DIRECTORY]

Collections of N files each (default: 5,000 and 20,000; bench/make_collection.py makes them) are made in DIRECTORY, or
in a temporary one, where they take up to 5 GB. KINDS: folders, .tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst. Printed are

    json.load    files per second of json.load alone, on one core, on some of the files in folders
    read         files per second of read_collection with its cache, by JOBS worker processes that are running already,
                 as a multiple of json.load on one core too, and the part of json.load x JOBS that it is
    memory       the most that all processes of the run held together, what they share counted once (Linux)
    unchanged    seconds until the same call has its table from the cache

Each run is a process of its own. The exit code is 1 where a kind but .tar.bz2 and .tar.xz, which unpack slowly, is read
at less than half of json.load x JOBS, or a run took more than --memory, 1 GB.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_whole_job import most_memory

BENCH = Path(__file__).resolve().parent
KINDS = ("folders", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
SLOW = (".tar.bz2", ".tar.xz")
DEFAULT_KINDS = ("folders", ".tar", ".tar.gz", ".tar.zst")
EXCLUDED = ("metadata.tags*",)


def load(files: list[Path]) -> float:
    """Return the files per second of json.load alone; files are read once before, so that the disk does not count."""
    for path in files:
        path.read_bytes()
    start = time.perf_counter()
    for path in files:
        with path.open(encoding="utf-8") as handle:
            json.load(handle)
    return len(files) / (time.perf_counter() - start)


def nothing() -> None:
    """Do nothing: for workers to start by."""


def read(place: Path, cache: Path, jobs: int, memory_limit: int | None) -> dict[str, Any]:
    """Read a collection in this process and its workers."""
    from fastgrid.common.fanout import Pool
    from fastgrid.descriptors import read_collection
    from fastgrid.project.class_folders import scan_class_folders

    files = scan_class_folders(place).files
    with Pool(jobs) as pool:
        pool.start(nothing)
        list(pool.map_unordered(os.path.exists, ["."] * jobs))
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            found = read_collection(
                files,
                cache=cache,
                excluded=EXCLUDED,
                map_batches=pool.map_unordered,
                jobs=jobs,
                memory_limit=memory_limit,
            )
            seconds.append(time.perf_counter() - start)
    assert found.from_cache
    return {"files": len(files), "shape": found.table.values.shape, "seconds": seconds[0], "again": seconds[1]}


def timed(arguments: list[str]) -> dict[str, Any]:
    """Return what a run says."""
    command = [sys.executable, __file__, "--child", *arguments]
    found: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return found


def make(place: Path, files: int, kinds: list[str]) -> dict[str, Path]:
    """Make what is missing of a collection; return where each kind of it is. Folders are wanted for json.load."""
    found = {kind: place / (f"{files}" if kind == "folders" else f"{files}{kind}") for kind in ("folders", *kinds)}
    missing = {kind: path for kind, path in found.items() if not path.exists()}
    arguments = [str(missing.pop("folders"))] if "folders" in missing else []
    arguments += [part for path in missing.values() for part in ("--archive", str(path))]
    if arguments:
        subprocess.run([sys.executable, BENCH / "make_collection.py", "--files", str(files), *arguments], check=True)
    return found


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="+", default=[5_000, 20_000], metavar="N")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(DEFAULT_KINDS), metavar="KIND")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--memory", type=float, default=1000, metavar="MB")
    parser.add_argument("--memory-limit", type=int, default=0, metavar="BYTES", help="what read_collection is given")
    parser.add_argument("--loaded", type=int, default=2000, metavar="N", help="files for json.load")
    parser.add_argument("--place", type=Path, help="where collections are made, and stay")
    return parser.parse_args(arguments)


def bench(options: argparse.Namespace, place: Path) -> int:
    good = True
    for number in options.files:
        where = make(place, number, options.kinds)
        alone = load(sorted(where["folders"].glob("*/*.json"))[: options.loaded])
        print(f"{number} files: json.load alone {alone:.0f} files/s")
        for kind in options.kinds:
            with tempfile.TemporaryDirectory(dir=place) as cache:
                arguments = [str(where[kind]), f"{cache}/bench", str(options.jobs), str(options.memory_limit)]
                found = timed(arguments)
            with tempfile.TemporaryDirectory(dir=place) as cache:
                # A run of its own: to look at memory takes as much time as some of the reading.
                arguments[1] = f"{cache}/bench"
                memory = most_memory([sys.executable, __file__, "--child", *arguments])
            rate = found["files"] / found["seconds"]
            part = rate / alone / options.jobs
            good = good and memory <= options.memory and (part >= 0.5 or kind in SLOW)
            print(
                f"  {kind:9} {rate:6.0f} files/s, {rate / alone:.2f} x json.load, {part:.2f} of it on {options.jobs} "
                f"cores; {memory:.0f} MB; unchanged {found['again']:.2f} s; table {found['shape']}",
                flush=True,
            )
    return 0 if good else 1


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    if options.place is not None:
        options.place.mkdir(parents=True, exist_ok=True)
        return bench(options, options.place)
    with tempfile.TemporaryDirectory() as place:
        return bench(options, Path(place))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        place, cache, jobs, limit = sys.argv[2:]
        print(json.dumps(read(Path(place), Path(cache), int(jobs), int(limit) or None)))
    else:
        sys.exit(main())
