"""SIGKILL at random moments, a full disk, a directory that vanishes: in the end the same bytes as without."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from whole_job import contents, small_project

from fastgrid.cli import main
from fastgrid.sweep import run, solving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc, mounts a small file system"),
]

MOMENTS = 25


def begin(arguments: list[str]) -> subprocess.Popen:
    # Errors go to a file: workers whose parent is killed while they start keep a pipe open for a while.
    with (Path(arguments[0]).parent / "errors").open("w") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "fastgrid", "train_model", *arguments, "-q", "-j", "2"],
            stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
        )  # fmt: skip


def finished(process: subprocess.Popen) -> tuple[int, str]:
    """Wait for the end; return the exit code and the errors among what was said."""
    code = process.wait(timeout=120)
    shown = (Path(process.args[process.args.index("train_model") + 1]).parent / "errors").read_text().splitlines()
    return code, "\n".join(line for line in shown if "error" in line.lower() or "Traceback" in line)


def processes_of(session: int) -> list[int]:
    """Return the processes of a session that are workers."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            command = (path.parent / "cmdline").read_bytes()
        except OSError:
            continue
        is_worker = b"loky" in command and b"resource_tracker" not in command
        if int(fields[3]) == session and fields[0] != "Z" and is_worker:
            found.append(int(path.parent.name))
    return found


def kill(process: subprocess.Popen, victims: str) -> bool:
    """Kill the parent, a worker or both; tell whether there was one to kill."""
    workers = processes_of(process.pid)
    chosen = {"parent": [process.pid], "worker": workers[:1], "both": [process.pid, *workers[:1]]}[victims]
    alive = process.poll() is None
    for number in chosen:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            alive = False
    return alive and bool(chosen)


def forget_state(directory: Path) -> None:
    """Remove all that is not input: project, results, model."""
    for path in directory.iterdir():
        if path.name not in ("gt.yaml", "fl.yaml", "template.yaml", "game.project"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture(scope="module")
def undisturbed(inputs: Path, tmp_path_factory) -> tuple[list[str], Path, dict[str, bytes], float]:
    """Arguments of a training, its directory, what it leaves, and how long it takes."""
    directory = tmp_path_factory.mktemp("killed") / "out"
    arguments = small_project(inputs, directory)
    assert finished(begin(arguments)) == (0, "")
    whole = contents(directory, "errors")
    forget_state(directory)
    begun = time.monotonic()
    assert finished(begin(arguments)) == (0, "")
    seconds = time.monotonic() - begun
    assert contents(directory, "errors") == whole
    return arguments, directory, whole, seconds


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_kill_at_any_moment(undisturbed, moment: int) -> None:
    arguments, directory, whole, seconds = undisturbed
    draw = random.Random(moment)
    victims = ("parent", "worker", "both")[moment % 3]
    forget_state(directory)
    process = begin(arguments)
    time.sleep(draw.uniform(0.2, 0.95) * seconds)
    kill(process, victims)
    code, errors = finished(process)
    assert not errors
    if victims == "worker":
        # What a worker was at is done again by others.
        assert code == 0
    else:
        # It may have been done before.
        assert code in (0, -signal.SIGKILL)
        assert finished(begin(arguments)) == (0, "")
    left = contents(directory, ".part", "errors")
    assert left == whole


def test_killed_again_and_again(undisturbed) -> None:
    arguments, directory, whole, seconds = undisturbed
    forget_state(directory)
    draw = random.Random(99)
    kept = []
    for _ in range(4):
        process = begin(arguments)
        time.sleep(draw.uniform(0.6, 0.8) * seconds)
        kill(process, "both")
        finished(process)
        kept.append(len(list(directory.glob("results/journal/*.npz"))))
    assert kept == sorted(kept)
    assert finished(begin(arguments)) == (0, "")
    assert contents(directory, ".part", "errors") == whole


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of its own of 1 MiB; skipped where none may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk(inputs: Path, trained: Path, small_disk: Path, capsys) -> None:
    arguments = small_project(inputs, small_disk / "out")
    filler = small_disk / "filler"
    in_the_journal = 0
    # Full before it begins, when matrices are written, in the journal, in the results.
    for free in range(0, 2**20, 40_000):
        _fill(filler, small_disk, free)
        code = main(["train_model", *arguments, "-q", "-j", "1"])
        error = capsys.readouterr().err
        if code == 0:
            break
        assert code == 2
        assert "the disk is full; make room and run the same command again" in error.splitlines()[-1]
        assert not list(small_disk.rglob("*.part"))
        in_the_journal = len(list(small_disk.glob("out/results/journal/*.npz")))
        if in_the_journal > 5:
            break
    assert in_the_journal
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert main(["train_model", *arguments, "-j", "1"]) == 0
    assert "problems were solved before" in capsys.readouterr().err
    assert contents(small_disk / "out") == contents(trained)


def _fill(filler: Path, disk: Path, free: int) -> None:
    filler.unlink(missing_ok=True)
    with filler.open("wb") as file:
        status = os.statvfs(disk)
        size = max(0, status.f_bavail * status.f_frsize - free)
        with contextlib.suppress(OSError):
            file.write(b"\0" * size)


@pytest.mark.parametrize("what", ["vanishes", "becomes read-only"])
def test_a_directory_that_is_lost_midway(what, inputs: Path, small_disk: Path, trained: Path, monkeypatch, capsys):
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    out, solved = small_disk / "out", []
    arguments = small_project(inputs, out)

    def lose(batch):
        solved.append(batch)
        if len(solved) == 3 and what == "vanishes":
            shutil.rmtree(out)
        elif len(solved) == 3:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(out / "results/journal")], check=True)
        return solving.solve_batch(batch)

    monkeypatch.setattr(run, "solve_batch", lose)
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 2
    (*_, line) = capsys.readouterr().err.splitlines()
    assert line.startswith("fastgrid train_model: error: ") and str(out) in line
    monkeypatch.undo()
    if what == "becomes read-only":
        assert "not writable" in line
        subprocess.run(["umount", str(out / "results/journal")], check=True)
        assert list(out.glob("results/journal/*.npz"))
        assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
        assert contents(out) == contents(trained)
