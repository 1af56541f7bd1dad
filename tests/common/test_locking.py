"""One owner at a time; a dead one is noticed; the owner is named."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fastgrid.common import locking
from fastgrid.common.errors import UserError
from fastgrid.common.locking import locked, owner_of

HOLD = """
import sys, time
from pathlib import Path
from fastgrid.common.locking import locked
with locked(Path(sys.argv[1]), "wait"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "lock")], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_lock_is_there_inside_and_gone_afterwards(tmp_path):
    path = tmp_path / "deep" / "er" / "lock"
    with locked(path, "wait"), locked(path, "wait"):
        owner = owner_of(path)
        assert owner.alive and str(owner).startswith("process ")
    assert not (tmp_path / "deep").exists()
    with pytest.raises(ZeroDivisionError), locked(path, "wait"):
        (path.parent / "result").touch()
        1 / 0  # noqa: B018
    assert [found.name for found in path.parent.iterdir()] == ["result"]


def test_another_process_is_named(holder, tmp_path):
    with (
        pytest.raises(UserError, match=rf"process {holder.pid} on .* is at work in it; wait"),
        locked(tmp_path / "lock", "wait"),
    ):
        pass
    assert owner_of(tmp_path / "lock").pid == holder.pid


def test_the_lock_of_a_killed_process_is_taken(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert not owner_of(tmp_path / "lock").alive
    begun = time.monotonic()
    with locked(tmp_path / "lock", "wait"):
        assert time.monotonic() - begun < locking.LEASE / 2
        assert owner_of(tmp_path / "lock").pid != holder.pid


@pytest.mark.parametrize("content", ["", "nonsense", None])
def test_the_lock_of_a_machine_that_is_gone_is_taken(content, tmp_path, monkeypatch):
    monkeypatch.setattr(locking, "LEASE", 1.5)
    path = tmp_path / "lock"
    elsewhere = "filelock/2\npid=77\nhost=elsewhere\nmode=lease\ntoken=abc\nduration=1.5\n"
    path.write_text(elsewhere if content is None else content)
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))
    if content is None:
        assert (owner_of(path).host, owner_of(path).alive) == ("elsewhere", False)
    with locked(path, "wait"):
        assert owner_of(path).alive


def test_a_machine_that_shows_signs_of_life_keeps_its_lock(tmp_path):
    (tmp_path / "lock").write_text("filelock/2\npid=77\nhost=elsewhere\nmode=lease\ntoken=abc\nduration=30.0\n")
    with pytest.raises(UserError, match="process 77 on elsewhere"), locked(tmp_path / "lock", "wait"):
        pass


def test_no_lock_has_no_owner(tmp_path):
    assert owner_of(tmp_path / "lock") is None
    assert owner_of(Path("/nowhere/lock")) is None
