"""Trainings as processes of their own that take their time, so that something can happen to them midway."""

import subprocess
import sys
import time
from pathlib import Path

# Tasks of every other fold take long, so that the signal arrives while some are finished and some are not.
SLOW = """
import sys, time
from fastgrid.sweep import run, solving
from fastgrid.cli import main
solve = solving.solve_batch
def slowly(batch):
    if batch.fold % 2:
        time.sleep(20)
    return solve(batch)
run.solve_batch = slowly
if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
"""


def wait_for_journal(process: subprocess.Popen, directory: Path) -> None:
    end = time.monotonic() + 60
    while not list(directory.glob("results/journal/*.npz")):
        assert process.poll() is None, "it ended before it was stopped"
        assert time.monotonic() < end
        time.sleep(0.02)


def start(tmp_path: Path, arguments: list[str], **streams) -> subprocess.Popen:
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    return subprocess.Popen(
        [sys.executable, str(script), "train_model", *arguments], start_new_session=True, text=True, **streams
    )
