"""A Dask scheduler and workers as processes of their own on this machine, for tests."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fastgrid

LONGEST_WAIT = 60.0

#: What workers run before anything else. From its fourth batch on a worker waits until there is a file called "go";
#: what arrives, and what is solved, is counted.
PRELOAD = """
import time
from collections import Counter
from pathlib import Path
from fastgrid.common import parcel
from fastgrid.sweep import remote

HERE = Path.cwd()

def solve_batch(batch, solve=remote.solve_batch):
    parcel.COUNTS["batches"] += 1
    while parcel.COUNTS["batches"] > 3 and not (HERE / "go").exists():
        time.sleep(0.02)
    return solve(batch)

def arrived(frame, *buffers, arrived=parcel._arrived):
    found = arrived(frame, *buffers)
    parcel.COUNTS[f"{type(found.value).__name__} of {found.__sizeof__() >> 10} KiB"] += 1
    return found

if not hasattr(parcel, "COUNTS"):  # Dask may run this twice
    parcel.COUNTS = Counter()
    remote.solve_batch, parcel._arrived = solve_batch, arrived
"""


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait until `condition` holds; fail after a minute."""
    end = time.monotonic() + LONGEST_WAIT
    while not condition():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.02)


class DaskProcesses:
    """A scheduler and workers in `directory`; all ended when the block is left."""

    def __init__(self, directory: Path, **configuration: str) -> None:
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self.file = directory / "scheduler.json"
        self._configuration = configuration
        self._processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(self.file))
        self.workers: list[subprocess.Popen[bytes]] = []
        wait_until(self.file.exists, "there is a scheduler")

    @property
    def address(self) -> str:
        return str(json.loads(self.file.read_text())["address"])

    def __enter__(self) -> "DaskProcesses":
        return self

    def __exit__(self, *exception: object) -> None:
        for process in self._processes:
            with contextlib.suppress(OSError):
                process.kill()
        for process in self._processes:
            process.wait()

    def start_worker(self, more: str = "", threads: int = 1, preload_first: str = PRELOAD) -> None:
        """Start a worker that first runs `preload_first` and then `more`."""
        preload = self.directory / f"preload{len(self.workers)}.py"
        preload.write_text(preload_first + more)
        options = ["--nthreads", str(threads), "--no-nanny", "--death-timeout", "20", "--preload", str(preload)]
        options += ["--local-directory", str(self.directory), "--scheduler-file", str(self.file)]
        self.workers.append(self._start("worker", *options))

    def let_go(self) -> None:
        """Let more than three batches of a worker be solved."""
        (self.directory / "go").touch()

    def log(self) -> str:
        """Return what all processes wrote."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.directory.glob("*.log")))

    def _start(self, kind: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1", "--no-dashboard"]
        command += ["--dashboard-address", "127.0.0.1:0"]
        paths = os.pathsep.join([str(Path(fastgrid.__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": paths, **self._configuration}
        with (self.directory / f"{kind}{len(self._processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self.directory,
            )
        self._processes.append(process)
        return process
