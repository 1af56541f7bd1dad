"""What reading and flattening descriptor files costs, as a multiple of json.load alone on the same files.

    python bench/bench_reading.py [DIRECTORY] [--rounds N] [--limit RATIO]

DIRECTORY (default: game_music in FASTGRID_DATA, or in shared/data beside the checkout) is searched for *.json. The
ways are run in turn, round after round, so that a machine that slows down slows all of them, and each round gives one
ratio. Printed are the median and the best of the ratios; the exit code is 1 when the median of "read + flatten" is
above the limit. Everything runs in one process; the files are in the page cache after the first, unmeasured round.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from fastgrid.descriptors import read_collection
from fastgrid.descriptors.batches import Batch, batches_like, read_batch
from fastgrid.project.group_hint import TAGS

REPOSITORY = Path(__file__).resolve().parent.parent
BASELINE = "json.load"
JUDGED = "read + flatten"
#: As in the projects of the bundled templates.
EXCLUDED = ("metadata.tags*",)


def ways(files: dict[str, Path], directory: Path) -> dict[str, Callable[[], object]]:
    def load() -> None:
        for path in files.values():
            with path.open(encoding="utf-8") as handle:
                json.load(handle)

    def flatten(digests: bool) -> None:
        for batch in batches_like(Batch((), EXCLUDED, digests, TAGS), tuple(files.items())):
            if any(reading.leaves is None for reading in read_batch(batch).readings):
                raise SystemExit(f"{directory}: not all files are readable")

    def collect(cache: Path | None) -> None:
        if cache is not None:
            cache.with_name(f"{cache.name}.layout.json").unlink(missing_ok=True)
        read_collection(files, cache=cache, excluded=EXCLUDED, texts=TAGS)

    return {
        BASELINE: load,
        JUDGED: lambda: flatten(digests=False),
        "read + flatten + digest": lambda: flatten(digests=True),
        "read_collection": lambda: collect(None),
        "read_collection, cache written": lambda: collect(directory / "bench"),
        "read_collection, from cache": lambda: read_collection(
            files, cache=directory / "bench", excluded=EXCLUDED, texts=TAGS
        ),
    }


def measure(files: dict[str, Path], rounds: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as directory:
        runs = ways(files, Path(directory))
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        for round_ in range(rounds + 1):
            for name, run in runs.items():
                start = time.perf_counter()
                run()
                if round_:
                    seconds[name].append(time.perf_counter() - start)
    return seconds


def main(arguments: Sequence[str] | None = None) -> int:
    data = Path(os.environ.get("FASTGRID_DATA", REPOSITORY.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", type=Path, default=data / "game_music")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--limit", type=float, default=2.0)
    options = parser.parse_args(arguments)
    files = {str(path): path for path in sorted(options.directory.rglob("*.json"))}
    if not files or options.rounds < 1:
        parser.error(f"{options.directory}: holds no *.json, or no rounds were asked for")
    seconds = measure(files, options.rounds)
    baseline = seconds[BASELINE]
    print(f"{len(files)} files, {options.rounds} rounds, {sum(p.stat().st_size for p in files.values()) / 1e6:.1f} MB")
    for name, times in seconds.items():
        ratios = [own / load for own, load in zip(times, baseline, strict=True)]
        print(
            f"{name:32} median {statistics.median(times) * 1000:8.1f} ms   "
            f"x json.load: median {statistics.median(ratios):5.2f}, best {min(ratios):5.2f}"
        )
    judged = statistics.median(o / b for o, b in zip(seconds[JUDGED], baseline, strict=True))
    return int(judged > options.limit)


if __name__ == "__main__":
    sys.exit(main())
