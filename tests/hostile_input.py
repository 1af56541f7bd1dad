"""Input that nobody vouches for: how many cases are tried, what they are made of, and what must become of each."""

import contextlib
import gzip
import io
import json
import signal
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from fastgrid.cli import main
from fastgrid.common.errors import UserError
from fastgrid.project.filelist import read_filelist
from fastgrid.project.groundtruth import read_groundtruth
from fastgrid.project.group_files import read_group_file
from fastgrid.project.param_files import read_param
from fastgrid.project.result_files import read_result
from fastgrid.project.schema import load_project

#: What reads each kind of the files in YAML or JSON that describe a training.
YAML_READERS: dict[str, Callable[[Path], Any]] = {
    "project": load_project,
    "ground truth": read_groundtruth,
    "file list": read_filelist,
    "param": read_param,
    "result": read_result,
    "groups": read_group_file,
}


def cases(many: int) -> pytest.MarkDecorator:
    """Run a test twice: with the examples of the profile (conftest.py), and in the slow set with `many` times these.

    For each kind of file (descriptors, projects and what belongs to them, tables, models) the tests of the slow set try
    more than ten thousand together.
    """
    return pytest.mark.parametrize("times", [1, pytest.param(many, marks=pytest.mark.slow)], ids=["few", "many"])


CASES = cases(30)
#: Of a case that takes some milliseconds: only what does not end at all takes so long.
SECONDS = 60


def explore(
    strategy: st.SearchStrategy[Any], check: Callable[[Any], None], times: float, examples: Iterable[Any] = ()
) -> None:
    """Call `check` with `examples`, then with `times` as many cases of `strategy` as the profile says."""
    test = given(strategy)(check)
    for one in examples:
        test = example(one)(test)
    profile = settings.default
    assert profile is not None
    settings(
        profile,
        max_examples=max(1, round(profile.max_examples * times)),
        suppress_health_check=list(HealthCheck),
        phases=[phase for phase in profile.phases if phase is not Phase.explain],
    )(test)()


# What cases are made of

WORDS = (
    *[
        "a",
        "id",
        "group",
        "label",
        "svm",
        "poly",
        "RBF",
        "C-SVC",
        "*",
        "lowlevel.*",
        "basic",
        "true",
        "no",
        "~",
        "null",
        "0",
        "-1",
        "1",
        "2",
        "5",
        "1e5",
        "1e999",
        "-1e-400",
        ".inf",
        ".nan",
    ],
    *[
        "NaN",
        "-Infinity",
        "0x1f",
        "0b1",
        "0o7",
        "1_0",
        "1:30",
        "190:20:30.15",
        "1:0.",
        "2001-01-01",
        "=",
        "<<",
        "é",
        "日本",
        "%(className)s",
        "%(x)s",
        "../..",
    ],
    *[
        "/dev/null",
        "!!python/name:os.system",
        "!x",
        "*a",
        "&a",
        "{",
        "}",
        "[",
        "]",
        "#",
        "|",
        ">",
        "---",
        "...",
        "'",
        '"',
    ],
    *("", " ", "&a x", "- a", "a: b", "? a", "a\nb", "\x1b[31m", "\u202e", "\u2028", "\0", "x" * 300, "9" * 30),
    *("9" * 5000, "0x" + "f" * 5000, "1" + ":0" * 200 + ".", "1" + ":59" * 400),
)
WORD = st.sampled_from(WORDS)
TEXT = st.one_of(WORD, st.text(max_size=8))
NUMBER = st.one_of(
    st.integers(-3, 12),
    st.sampled_from([2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**30, 10**400, 1e-46, 1e39, -1e39, 5e-324]),
    st.floats(),
)
SCALAR = st.one_of(NUMBER, TEXT, st.none(), st.booleans())
#: Anything that JSON can hold, and what Python takes for JSON.
VALUE = st.recursive(
    SCALAR, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)), max_leaves=8
)


_SPOT = st.integers(0, 2**16)
_TREE_EDITS = ("value", "value", "value", "value", "remove", "rename", "wrap", "twice", "other")
_TREE_EDIT = st.tuples(_SPOT, st.sampled_from(_TREE_EDITS), st.one_of(SCALAR, SCALAR, VALUE), _SPOT, TEXT)


def changed_tree(trees: Sequence[Any]) -> st.SearchStrategy[Any]:
    """Return one of `trees` in which some values or keys are others, missing, or there once more."""
    return st.builds(_edited, st.sampled_from(trees), st.lists(_TREE_EDIT, min_size=1, max_size=3))


def _copied(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copied(value) for key, value in tree.items()}
    return [_copied(value) for value in tree] if isinstance(tree, list) else tree


def _places(tree: Any) -> list[tuple[Any, Any]]:
    # The container and the key of everything in a tree, outer ones first.
    places: list[tuple[Any, Any]] = []
    containers = [tree]
    for container in containers:
        for key, value in container.items() if isinstance(container, dict) else enumerate(container):
            places.append((container, key))
            if isinstance(value, dict | list):
                containers.append(value)
    return places


def _edited(tree: Any, edits: Sequence[tuple[int, str, Any, int, str]]) -> Any:
    tree = _copied(tree)
    for spot, edit, value, other, name in edits:
        places = _places(tree)
        if not places:
            break
        parent, key = places[spot % len(places)]
        if edit == "value":
            parent[key] = value
        elif edit == "remove":
            del parent[key]
        elif edit == "wrap":
            old = parent[key]
            parent[key] = [[old], {"a": old}, [[old], [1]], [old, old, old]][other % 4]
        elif edit == "other":
            container, place = places[other % len(places)]
            parent[key] = _copied(container[place])
        elif isinstance(parent, dict):
            parent[name] = parent.pop(key)
        else:
            parent.insert(key, _copied(parent[key]))
    return tree


def flow(tree: Any, *, quoted: bool = True) -> str:
    """Return YAML on one line; what text may be taken for is left open where it is not `quoted`."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{flow(k, quoted=quoted)}: {flow(v, quoted=quoted)}" for k, v in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(flow(value, quoted=quoted) for value in tree) + "]"
    return tree if isinstance(tree, str) and not quoted else json.dumps(tree)


_PIECES = (
    *(word.encode("utf-8", "surrogatepass") for word in WORDS),
    *(b"\xff", b"\x80", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"\r", b"\r\n", b"\n"),
    *(b"\t", b",", b";", b":", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4), bytes(8), b"\0\0\0\1", b"\1\0\0\0"),
    b"\xff" * 8,
)
_BYTES_EDIT = st.tuples(
    _SPOT, st.integers(0, 6), st.sampled_from([0, 1, 1, 2, 4, 8, 50]), st.sampled_from(_PIECES), _SPOT
)


def changed_bytes(sources: Sequence[bytes], most: int = 4) -> st.SearchStrategy[bytes]:
    """Return one of `sources` in which some bytes are others, missing, or there once more."""
    return st.builds(_spoilt, st.sampled_from(sources), st.lists(_BYTES_EDIT, min_size=1, max_size=most))


def _spoilt(source: bytes, edits: Sequence[tuple[int, int, int, bytes, int]]) -> bytes:
    data = bytearray(source)
    for spot, edit, size, piece, other in edits:
        # Small files as a whole, of large ones every part now and then.
        place, start = (number * 31 % (len(data) + 1) for number in (spot, other))
        if edit == 0 and place < len(data):
            data[place] ^= 1 << other % 8
        elif edit == 1:
            data[place : place + size] = piece
        elif edit == 2:
            data[place : place + 1] = bytes([other % 256])
        elif edit == 3:
            del data[place:]
        elif edit == 4:
            data[place:place] = data[start : start + 2 * size]
        elif edit == 5:
            del data[place : place + size]
        else:
            data[place : place + size] = data[start : start + size]
    return bytes(data)


# What must become of them


def unpacked_size(data: bytes) -> int:
    """Return how many bytes of input `data` are, of gzip data with what it holds."""
    size = len(data)
    if data.startswith(b"\x1f\x8b"):
        with contextlib.suppress(OSError, EOFError, zlib.error), gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            while part := stream.read(2**16):
                size += len(part)
    return size


@contextlib.contextmanager
def within_bounds(data: bytes, *, times: int = 50, least: int = 2**22) -> Iterator[None]:
    """Fail when the block does not end, or takes far more memory than `times` its input `data`."""
    size = unpacked_size(data)

    def too_long(_signal: int, _frame: object) -> None:
        raise AssertionError(f"is not done after {SECONDS} s")

    # Windows has no such signal: there a run that does not end is CI's to end.
    previous = signal.signal(signal.SIGALRM, too_long) if hasattr(signal, "SIGALRM") else None
    if previous is not None:
        signal.alarm(SECONDS)
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
        assert peak <= max(times * size, least), f"takes {peak} bytes for an input of {size}"
    finally:
        tracemalloc.stop()
        if previous is not None:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, previous)


def check_message(message: str, *paths: object) -> None:
    """Check that a message is one line that names one of `paths`, and that a terminal shows as it is."""
    assert message.splitlines() == [message] and message.isprintable(), repr(message)
    assert len(message) < 2000, message
    assert not paths or any(str(path) in message for path in paths), message


def outcome(read: Callable[[], Any], *paths: object) -> Any:
    """Return what `read` returns, or the `UserError` that it raises, after a look at its message."""
    try:
        return read()
    except UserError as error:
        check_message(str(error), *paths)
        return error


def refused(call: Callable[[], Any], path: Path) -> str:
    """Return the message of the `UserError` that `call` raises, which begins with the path of a file."""
    with pytest.raises(UserError) as caught:
        call()
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def left_behind(directory: Path) -> list[str]:
    """Return the files below `directory` that were meant to be temporary."""
    return [str(path) for path in directory.rglob("*") if path.name.endswith((".part", ".tmp"))]


def command_outcome(capsys: pytest.CaptureFixture[str], arguments: Iterable[object], *paths: object) -> tuple[int, str]:
    """Run a command in this process; return its exit code, 0 or 2, and its output, after a look at both."""
    capsys.readouterr()
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as error:
        code = error.code
    out, err = capsys.readouterr()
    assert code in (0, 2), (code, err)
    assert "Traceback" not in err, err
    if code == 2:
        lines = err.splitlines()
        assert lines, "nothing is said"
        check_message(lines[-1], *paths)
    return code, out
