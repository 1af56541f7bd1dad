"""How much memory there is, and sizes as people write them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.common import memory
from fastgrid.common.memory import available_memory, parse_size

V2, V1 = "/sys/fs/cgroup/", "/sys/fs/cgroup/memory/"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("800M", 800 * 2**20),
        ("4 GiB", 2**32),
        (" 4gb ", 2**32),
        ("1.5k", 1536),
        ("2.T", 2**41),
        ("17 b", 17),
        ("1.9", 1),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "0", "0.5", "-1G", "4 X", "G", "1e9", "1,5G", "4 G G", "0k", ".5G", "nan", "inf", "9" * 400 + "T"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size; write it as 800M or 4G"):
        parse_size(text)


@given(number=st.integers(1, 2**20), unit=st.sampled_from("kmgt"), tail=st.sampled_from(["", "b", "ib", "B", "iB"]))
def test_units_are_powers_of_1024(number: int, unit: str, tail: str) -> None:
    assert parse_size(f"{number} {unit.upper()}{tail}") == number * 1024 ** ("kmgt".index(unit) + 1)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Files of the system, to be filled; others are not there."""
    there: dict[str, str] = {}

    class FakePath:
        def __init__(self, path: str) -> None:
            self.path = path

        def read_text(self, encoding: str) -> str:
            if self.path not in there:
                raise FileNotFoundError(self.path)
            return there[self.path]

    monkeypatch.setattr(memory, "Path", FakePath)
    return there


SYSTEM = "MemTotal:  9000 kB\nMemFree:   10 kB\nMemAvailable:   8000 kB\n"


def test_there_is_memory() -> None:
    assert 0 < available_memory() < 2**62
    if Path("/proc/meminfo").exists():
        total = int(Path("/proc/meminfo").read_text(encoding="ascii").split()[1]) * 1024
        assert available_memory() <= total


@pytest.mark.parametrize(
    ("containers", "available"),
    [
        ({}, 8000 * 1024),
        ({V2 + "memory.max": "5000\n", V2 + "memory.current": "2000\n"}, 3000),
        ({V2 + "memory.max": "max\n", V2 + "memory.current": "2000\n"}, 8000 * 1024),
        ({V2 + "memory.max": "5000\n", V2 + "memory.current": "6000\n"}, 0),
        ({V2 + "memory.max": "99999999999\n", V2 + "memory.current": "1\n"}, 8000 * 1024),
        ({V2 + "memory.max": "5000\n"}, 8000 * 1024),
        ({V1 + "memory.limit_in_bytes": "700\n", V1 + "memory.usage_in_bytes": "100\n"}, 600),
        ({V1 + "memory.limit_in_bytes": "9223372036854771712\n", V1 + "memory.usage_in_bytes": "1\n"}, 8000 * 1024),
    ],
)
def test_a_container_may_leave_less(files: dict[str, str], containers: dict[str, str], available: int) -> None:
    files["/proc/meminfo"] = SYSTEM
    files.update(containers)
    assert available_memory() == available


@pytest.mark.parametrize("text", ["", "MemAvailable: much\n", "MemTotal: 5 kB\n"])
def test_a_system_that_says_nothing_useful(files: dict[str, str], text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files["/proc/meminfo"] = text
    monkeypatch.setattr(memory.os, "sysconf", lambda name: {"SC_PHYS_PAGES": 10, "SC_PAGE_SIZE": 4096}[name])
    assert available_memory() == 10 * 4096 // 2

    def unknown(name: str) -> int:
        raise ValueError(name)

    monkeypatch.setattr(memory.os, "sysconf", unknown)
    assert available_memory() == 2**32
