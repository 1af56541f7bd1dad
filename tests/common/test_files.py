"""Files that are whole or not there."""

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fastgrid.common.errors import UserError
from fastgrid.common.files import make_directory, replacing, write_bytes, write_text, writing_error


def test_a_file_appears_whole_with_the_usual_permissions(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "é\r\n\n")
    assert (tmp_path / "a.txt").read_bytes() == "é\r\n\n".encode()
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o666 & ~umask
    write_bytes(tmp_path / "a.txt", b"")
    assert (tmp_path / "a.txt").read_bytes() == b""
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError("x"), KeyboardInterrupt(), OSError(errno.ENOSPC, "full")])
def test_an_error_inside_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises((RuntimeError, KeyboardInterrupt, UserError)), replacing(tmp_path / "a") as temporary:
        temporary.write_text("new")
        raise error
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_the_longest_names_can_be_written(tmp_path: Path) -> None:
    for name in ("x" * 255, "\N{PILE OF POO}" * 63):
        write_text(tmp_path / name, "whole")
        assert (tmp_path / name).read_text() == "whole"


def test_places_that_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none/a: its directory does not exist"):
        write_text(tmp_path / "none" / "a", "")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file/a: its directory does not exist"):
        write_text(tmp_path / "file" / "a", "")
    for other in (tmp_path, Path("/dev/null")):
        with pytest.raises(UserError, match="is not a plain file"):
            write_text(other, "")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(UserError, match="is a file where a directory is needed"):
        make_directory(tmp_path / "file")
    assert make_directory(tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "not writable"),
        (errno.EACCES, "not writable"),
        (errno.EIO, "cannot be written ("),
    ],
)
def test_errors_of_the_system_in_words(number: int, words: str) -> None:
    assert words in str(writing_error(Path("x"), OSError(number, os.strerror(number))))


STOPPED = """
import os, signal, sys
from fastgrid.common.files import write_text
for number in range(10**9):
    write_text(sys.argv[1] + f"/{number % 50}", "text" * 100)
    if number == 50:
        print("writing", flush=True)
"""


def test_an_interrupt_at_any_moment_leaves_no_part(tmp_path: Path) -> None:
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", STOPPED, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.wait()
        process.stdout.close()
        assert not list(tmp_path.glob(".*"))
        assert all(path.read_text() == "text" * 100 for path in tmp_path.iterdir())


def test_a_file_that_holds_the_same_is_left_as_it_is(tmp_path):
    path = tmp_path / "same.txt"
    write_text(path, "text")
    before = path.stat()
    write_text(path, "text")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    write_text(path, "tex2")
    assert path.read_text() == "tex2"
    assert path.stat().st_ino != before.st_ino
