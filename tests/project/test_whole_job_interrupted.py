"""Stopping a training from outside: quickly, without a word too many, nothing left running, and going on later."""

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest
from interrupted import start, wait_for_journal
from whole_job import contents, small_project

from fastgrid.cli import main

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


def nothing_runs_any_more(session: int) -> bool:
    """Whether all processes of a session end within two seconds (helpers notice the end of the first one)."""
    end = time.monotonic() + 2
    while running_processes(session):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def running_processes(session: int) -> list[str]:
    """Return the processes of a session that are not just waiting to be reaped."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(path.parent.name)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "whole_group", "options"),
    [
        (signal.SIGINT, True, ["-j", "2"]),
        (signal.SIGTERM, False, ["-j", "2"]),
        (signal.SIGINT, False, ["-j", "1"]),
        (signal.SIGTERM, False, ["-j", "2", "--backend", "threads"]),
    ],
    ids=["ctrl-c", "sigterm", "one worker", "threads"],
)
def test_a_stop_keeps_what_is_finished(
    trained: Path, inputs: Path, tmp_path: Path, number: int, whole_group: bool, options: list[str]
) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    process = start(tmp_path, [*arguments, "-q", *options], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    wait_for_journal(process, tmp_path / "out")
    (os.killpg if whole_group else os.kill)(process.pid, number)
    stopped = time.monotonic()
    errors = process.communicate(timeout=30)[1]
    assert time.monotonic() - stopped < 10
    assert process.returncode == 130
    (line,) = errors.splitlines()
    assert line.endswith("interrupted; what is finished is kept: the same command goes on")
    assert nothing_runs_any_more(process.pid)
    assert not list((tmp_path / "out").rglob("*.part"))
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out/results/journal").iterdir()}
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
    assert contents(tmp_path / "out") == contents(trained)
    journal = tmp_path / "out/results/journal"
    assert {name: (journal / name).stat().st_mtime_ns for name in kept} == kept


def test_a_kill_loses_only_what_was_not_finished(trained: Path, inputs: Path, tmp_path: Path) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    process = start(tmp_path, [*arguments, "-q", "-j", "1"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_for_journal(process, tmp_path / "out")
    process.kill()
    process.wait()
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
    assert contents(tmp_path / "out", ".part") == contents(trained)


@pytest.mark.slow
def test_ctrl_c_on_a_terminal_with_a_bar(inputs: Path, tmp_path: Path) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    controller, terminal = pty.openpty()
    process = start(tmp_path, [*arguments, "-j", "2"], stderr=terminal, stdout=subprocess.DEVNULL)
    os.close(terminal)
    wait_for_journal(process, tmp_path / "out")
    os.killpg(process.pid, signal.SIGINT)
    shown = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(controller)
    assert process.wait(timeout=30) == 130
    assert b"Traceback" not in shown and b"Warning" not in shown
    assert b"solving" in shown and b"interrupted; what is finished is kept" in shown
    assert shown.rstrip().splitlines()[-1].count(b"interrupted") == 1
    assert nothing_runs_any_more(process.pid)


@pytest.mark.slow
def test_ctrl_c_while_the_workers_start(inputs: Path, tmp_path: Path) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    for delay in (0.0, 0.02, 0.05, 0.1, 0.2):
        process = start(tmp_path, [*arguments, "-q", "-j", "2"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while process.poll() is None and not children.read_text():
            time.sleep(0.002)
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGINT)
        errors = process.communicate(timeout=30)[1]
        assert process.returncode in (130, -signal.SIGINT)
        assert len(errors.splitlines()) == 1, errors
        assert nothing_runs_any_more(process.pid)


@pytest.mark.slow
def test_a_stop_in_cluster_mode_ends_the_processes_of_the_tasks(inputs: Path, tmp_path: Path) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    process = start(tmp_path, [*arguments, "-q", "-j", "2", "-cm"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    wait_for_journal(process, tmp_path / "out")

    def tasks() -> list[str]:
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
        return [line for line in lines if b"fastgrid.sweep.isolated" in line]

    end = time.monotonic() + 20
    while not tasks():
        assert time.monotonic() < end
        time.sleep(0.01)
    process.terminate()
    errors = process.communicate(timeout=30)[1]
    assert process.returncode == 130 and len(errors.splitlines()) == 1
    # Killed before the command ended; on a busy machine the system takes a while to be done with them.
    end = time.monotonic() + 20
    while tasks():
        assert time.monotonic() < end
        time.sleep(0.02)
