"""The same sweep by local workers and by a Dask cluster on loopback: seconds, and bytes that the caller sends and gets.

    python bench/bench_cluster.py [--items 4000] [--workers 1 2]

Workers have one thread each. "file" is a matrix that workers map, "sent" one that travels.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fastgrid.common.cluster import Cluster, ClusterPool
from fastgrid.common.fanout import Pool
from fastgrid.project.settings import load_engine
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.folds import gaia_folds
from fastgrid.sweep.kept import forget_all_kept
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits
from fastgrid.sweep.versions import versions

MOVED = {"sent": 0, "got": 0}


def count_bytes() -> None:
    """Count what this process writes to sockets and reads from them through Dask."""
    from distributed.comm import tcp

    write, from_frames = tcp.TCP.write, tcp.from_frames

    async def writing(self: Any, *arguments: Any, **named: Any) -> Any:
        n_bytes = await write(self, *arguments, **named)
        MOVED["sent"] += n_bytes
        return n_bytes

    async def reading(frames: Any, *arguments: Any, **named: Any) -> Any:
        MOVED["got"] += sum(memoryview(frame).nbytes for frame in frames)
        return await from_frames(frames, *arguments, **named)

    tcp.TCP.write, tcp.from_frames = writing, reading


@contextlib.contextmanager
def cluster_of(workers: int, directory: Path) -> Iterator[str]:
    """Start a scheduler and workers in processes of their own; yield the address."""
    file = directory / f"scheduler{workers}.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    command += ["--scheduler-file", str(file), "--dashboard-address", "127.0.0.1:0"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [subprocess.Popen(command, **quiet)]
    command = [sys.executable, "-m", "distributed.cli.dask_worker", "--host", "127.0.0.1", "--nthreads", "1"]
    command += ["--no-nanny", "--scheduler-file", str(file), "--local-directory", str(directory), "--no-dashboard"]
    started += [subprocess.Popen(command, **quiet) for _ in range(workers)]
    try:
        import distributed

        while not file.exists():
            time.sleep(0.05)
        with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
            # As local workers do before the first task comes.
            client.run(functools.partial(load_engine, "smo"))
            yield client.scheduler.address
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def problem(n_items: int, path: Path) -> tuple[SweepInput, SweepInput]:
    """Return a sweep whose matrix is in the file `path`, and the same one without a file."""
    from sklearn.datasets import make_classification

    values, labels = make_classification(
        n_items, 57, n_informative=20, n_classes=11, n_clusters_per_class=1, random_state=1
    )
    np.save(path, values.astype(np.float32))
    mapped = np.load(path, mmap_mode="r")
    parts = np.arange(57), np.zeros(57, dtype=np.bool_)
    grid = [
        Combination("a", kernel, 2.0**cost, 2.0**gamma)
        for kernel in ("rbf", "poly")
        for cost in range(-5, 12, 2)
        for gamma in range(-9, 4, 2)
    ]
    splits = Splits.of_folds(gaia_folds([str(label) for label in labels], 5, 1), 5)
    made = [FeatureSet("a", mapped, *parts, path=path), FeatureSet("a", np.array(mapped), *parts)]
    in_file, sent = (SweepInput({"a": one}, grid, labels.astype(np.int16), splits) for one in made)
    return in_file, sent


def timed(given: SweepInput, pool: Pool, name: str) -> np.ndarray[Any, Any]:
    """Run a sweep and say how long it took and what moved."""
    MOVED.update(sent=0, got=0)
    began = time.perf_counter()
    found = run_sweep(given, pool, SweepOptions())
    seconds = time.perf_counter() - began
    print(f"{name:24}{seconds:9.2f} s{MOVED['sent']:14,} sent{MOVED['got']:14,} got", flush=True)
    return found.predicted


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=4000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    count_bytes()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        in_file, sent = problem(options.items, directory / "a.npy")
        run_sweep(problem(200, directory / "small.npy")[0], Pool(1), SweepOptions())
        answers = []
        for workers in options.workers:
            with Pool(workers) as pool:
                pool.start(functools.partial(load_engine, "smo"))
                list(pool.map_unordered(abs, [1] * workers))
                answers.append(timed(in_file, pool, f"local, {workers} workers"))
            with cluster_of(workers, directory) as address:
                for given, kind in ((in_file, "file"), (sent, "sent")):
                    cluster = Cluster(
                        address, None, identify=versions, release=forget_all_kept, say=print, note=lambda _: None
                    )
                    with ClusterPool(1, "processes", cluster) as pool:
                        answers.append(timed(given, pool, f"Dask, {workers} workers, {kind}"))
        assert all((each == answers[0]).all() for each in answers)


if __name__ == "__main__":
    main()
