"""How much memory there is, and sizes as people write them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.common import memory
from fastgrid.common.memory import available_memory, parse_size

V2, V1 = "", "memory/"


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
def system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Write what the system says; the names of control groups' files are relative to their root."""
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(memory, "_OWN_GROUPS", tmp_path / "own")

    def write(meminfo: str, groups: dict[str, str], own: str = "") -> None:
        (tmp_path / "meminfo").write_text(meminfo)
        (tmp_path / "own").write_text(own)
        for name, text in groups.items():
            path = tmp_path / "groups" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


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
def test_a_container_may_leave_less(system, containers: dict[str, str], available: int) -> None:
    system(SYSTEM, containers)
    assert available_memory() == available


INSIDE_V2 = "0::/slurm/job_7/step_0\n"
INSIDE_V1 = "9:name=systemd:/\n4:cpu,memory:/slurm/job_7\n0::/\n"


@pytest.mark.parametrize(
    ("groups", "own", "available"),
    [
        ({"slurm/job_7/step_0/memory.max": "6000", "slurm/job_7/step_0/memory.current": "1000"}, INSIDE_V2, 5000),
        # The group above allows less.
        (
            {
                "slurm/job_7/step_0/memory.max": "6000",
                "slurm/job_7/step_0/memory.current": "1000",
                "slurm/job_7/memory.max": "4000",
                "slurm/job_7/memory.current": "1500",
            },
            INSIDE_V2,
            2500,
        ),
        # Files that were read are given up when the memory is wanted.
        (
            {
                "slurm/memory.max": "6000",
                "slurm/memory.current": "5000",
                "slurm/memory.stat": "anon 1000\nfile 4000\ninactive_file 3500\n",
            },
            INSIDE_V2,
            4500,
        ),
        # Another job's.
        ({"slurm/job_8/memory.max": "600", "slurm/job_8/memory.current": "100"}, INSIDE_V2, 8000 * 1024),
        (
            {"memory/slurm/job_7/memory.limit_in_bytes": "700", "memory/slurm/job_7/memory.usage_in_bytes": "100"},
            INSIDE_V1,
            600,
        ),
        (
            {
                "memory/slurm/memory.limit_in_bytes": "700",
                "memory/slurm/memory.usage_in_bytes": "400",
                "memory/slurm/memory.stat": "cache 1\ntotal_inactive_file 150\n",
            },
            INSIDE_V1,
            450,
        ),
        ({"slurm/memory.max": "600", "slurm/memory.current": "100"}, "nonsense\n\n:::\n0::../..\n", 8000 * 1024),
    ],
)
def test_the_limits_of_the_own_group_and_of_those_above(system, groups, own: str, available: int) -> None:
    system(SYSTEM, groups, own)
    assert available_memory() == available


@pytest.mark.parametrize("text", ["", "MemAvailable: much\n", "MemTotal: 5 kB\n"])
def test_a_system_that_says_nothing_useful(system, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    system(text, {})
    monkeypatch.setattr(memory.os, "sysconf", lambda name: {"SC_PHYS_PAGES": 10, "SC_PAGE_SIZE": 4096}[name])
    assert available_memory() == 10 * 4096 // 2

    def unknown(name: str) -> int:
        raise ValueError(name)

    monkeypatch.setattr(memory.os, "sysconf", unknown)
    assert available_memory() == 2**32
