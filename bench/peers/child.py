"""One peer on one work, once, in a process of its own: python -m peers.child PEER FOLDER WORKERS.

Reads the work from FOLDER and leaves answer.json, and predicted.npy where there is one, in it. The clock runs from the
call to its result: the start of worker processes counts, that of this one and of numba does not. No peer gets more
cores than workers.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers.interface import MissingError, Peer, get_peer
from peers.work import Work, load_work


def cpu_seconds() -> float:
    """Return what this process and its ended children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def stop_workers() -> None:
    """End the worker processes that joblib keeps, so that their time is known."""
    module = sys.modules.get("joblib.externals.loky.reusable_executor")
    executor = None if module is None else module._executor
    if executor is not None:
        executor.shutdown(wait=True)


def descendants(process: int) -> list[int]:
    found = [process]
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended meanwhile
            for child in children.read_text().split():
                found += descendants(int(child))
    return found


def peak_megabytes() -> float | None:
    """Return the sum of the peaks of this process and its living descendants; shared pages count in each."""
    total = 0.0
    for process in descendants(os.getpid()):
        status = Path(f"/proc/{process}/status")
        if not status.is_file():
            return None
        peaks = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        total += sum(int(kilobytes) for kilobytes in peaks) / 1024
    return total


def measure(peer: Peer, work: Work, workers: int, folder: Path) -> dict[str, Any]:
    peer.prepare(work, workers)
    used = cpu_seconds()
    start = time.perf_counter()
    found = peer.run(work, workers)
    seconds = time.perf_counter() - start
    peak = peak_megabytes()
    stop_workers()
    used = cpu_seconds() - used
    answer = peer.answer(work, found)
    if answer.predicted is not None:
        np.save(folder / "predicted.npy", answer.predicted)
    return {
        "seconds": seconds,
        "cpu_seconds": used,
        "peak_megabytes": peak,
        "best_accuracy": answer.best_accuracy,
        "note": answer.note,
    }


def main(name: str, folder: Path, workers: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:workers])
    work, peer = load_work(folder), get_peer(name)
    reason = peer.unsuitable(work)
    try:
        answer = {"skipped": reason} if reason else measure(peer, work, workers, folder)
    except MissingError as error:
        answer = {"skipped": str(error)}
    (folder / "answer.json").write_text(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
