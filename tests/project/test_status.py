"""``fastgrid status``, and that two runs do not share a directory."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from interrupted import start, wait_for_journal
from whole_job import contents, small_project

from fastgrid.cli import main

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by signals")


@pytest.fixture
def running(inputs: Path, tmp_path: Path):
    """A training under way, its arguments, and its directory."""
    arguments = small_project(inputs, tmp_path / "out")
    process = start(tmp_path, [*arguments, "-q", "-j", "1"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    wait_for_journal(process, tmp_path / "out")
    yield process, arguments, tmp_path / "out"
    if process.poll() is None:
        process.kill()
    process.wait()


def told(output: Path, capsys) -> list[str]:
    capsys.readouterr()
    assert main(["status", str(output)]) == 0
    return capsys.readouterr().out.splitlines()


def test_a_running_run_and_a_killed_one(running, trained: Path, capsys) -> None:
    process, arguments, out = running
    # The first writing after the first task may be a second away.
    end = time.monotonic() + 30
    while "solving" not in (line := told(out, capsys)[0]) and time.monotonic() < end:
        time.sleep(0.05)
    assert line.startswith("game: running for ") and f"(process {process.pid} on " in line
    for place in (out / "game.project", out / "results"):
        assert told(place, capsys)[0].startswith("game: running for ")
    assert main(["run_tests", arguments[2], "-q"]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert f"process {process.pid} on " in error and "is at work in it; wait for it, or end it" in error
    assert main(["run_tests", arguments[2], "-q", "--shard", "1/2"]) == 2
    assert f"process {process.pid} on " in capsys.readouterr().err
    process.kill()
    process.communicate()
    dead, again, journal = told(out, capsys)
    assert dead.startswith(f"game: is dead (process {process.pid} on ") and "does not run any more" in dead
    assert "go on with: " in again and "train_model" in again
    assert journal.endswith(f"finished tasks in {out / 'results' / 'journal'}")
    assert main(["status", str(out), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["runs"][0]["state"] == "dead" and found["results"] is None and found["finished_tasks"] > 0
    assert main(["train_model", *arguments, "-j", "1"]) == 0
    assert "problems were solved before" in capsys.readouterr().err
    assert contents(out) == contents(trained)
    done, _ = told(out, capsys)
    assert done.startswith("game: results of 16 combinations since ")


def test_an_interrupted_run_says_so(running, capsys) -> None:
    process, _, out = running
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert told(out, capsys)[0].startswith("game: ended (interrupted) at ")
    assert not list(out.rglob("*.lock"))


def test_a_command_that_is_refused_leaves_what_was_known(running, capsys) -> None:
    process, arguments, out = running
    process.kill()
    process.communicate()
    before = told(out, capsys)
    assert main(["run_tests", arguments[2], "-q", "--scheduler", "nowhere"]) == 2
    assert told(out, capsys) == before


def test_before_any_run(inputs: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    first, second = told(tmp_path / "out", capsys)
    assert first == f"game: no results yet and no run; begin with: fastgrid run_tests {arguments[2]}"
    assert second.startswith("game: 0 finished tasks in ")


@pytest.mark.parametrize("what", ["nothing", "empty", "nowhere"])
def test_no_project_is_one_line(what: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing").write_text("className: x")
    assert main(["status", str(tmp_path / what)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path / what) in line


def test_damaged_progress_is_passed_over(inputs: Path, tmp_path: Path, capsys) -> None:
    small_project(inputs, tmp_path / "out")
    (tmp_path / "out/results").mkdir(exist_ok=True)
    for name, text in (("run", "{"), ("shard-1-of-2", '{"steps": 3}'), ("shard-2-of-2", "[]")):
        (tmp_path / f"out/results/{name}.progress.json").write_text(text)
    assert "no results yet and no run" in told(tmp_path / "out", capsys)[0]


def test_shards_keep_apart_only_from_the_same_and_from_the_whole(running, tmp_path: Path, capsys) -> None:
    from fastgrid.common.console import Console
    from fastgrid.project.run_state import only_run, shard_name

    process, arguments, out = running
    process.kill()
    process.communicate()
    with only_run(out / "results", Console(quiet=True), name=shard_name(1, 3)):
        status = told(out, capsys)
        assert status[0].startswith("game: is dead")
        assert any(line.startswith("game, shard 1 of 3: running for ") for line in status)
        pid = os.getpid()
        code = subprocess.run(
            [sys.executable, "-m", "fastgrid", "run_tests", arguments[2], "-q", "-j", "1"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert code.returncode == 2 and f"process {pid} on " in code.stderr and "(shard-1-of-3)" in code.stderr
        with only_run(out / "results", Console(quiet=True), name=shard_name(2, 3)):
            pass
    with only_run(out / "results", Console(quiet=True)):
        pass
    assert not list(out.rglob("*.lock")) and not list(out.rglob("*.progress.json"))
