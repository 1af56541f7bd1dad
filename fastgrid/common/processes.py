"""Processes that threads start and wait for, ended all at once when the work is given up."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from typing import NamedTuple

#: Seconds after which a process notices that its parent is gone.
SECONDS_BETWEEN_LOOKS = 0.5
_watching = False


class Ended(NamedTuple):
    """A process that has ended.

    Attributes
    ----------
    pid : int
        0 for one that was not started any more.
    code : int
        Its exit code, or minus the signal that ended it.
    complaint : str
        What it wrote to standard error.
    """

    pid: int
    code: int
    complaint: str


class RunningProcesses:
    """The processes under way."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._ended = False

    def run(self, command: list[str]) -> Ended:
        """Run `command` to its end; once `end` was called, it counts as killed without being started."""
        with self._lock:
            if self._ended:
                return Ended(0, -signal.SIGKILL, "")
            # A session of its own: Ctrl-C is for the process that started it, which ends it.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._processes.add(process)
        complaint = process.communicate()[1]
        with self._lock:
            self._processes.discard(process)
        return Ended(process.pid, process.returncode, complaint)

    def end(self) -> None:
        """Kill all of them, and start no more."""
        with self._lock:
            self._ended = True
            for process in self._processes:
                process.kill()


def end_with_parent() -> None:
    """Have this process end soon after the one that started it, however that ends."""
    global _watching
    if not _watching and hasattr(os, "getppid"):
        _watching = True
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)
