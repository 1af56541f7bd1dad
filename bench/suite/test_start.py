"""From process start: help, imports, the first result with and without machine code in numba's cache; and memory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from bench_large import measured
from bench_start import PROGRAMS, run


@pytest.mark.parametrize("program", PROGRAMS)
def test_start(benchmark, program):
    benchmark.group = "process start to exit"
    run(PROGRAMS[program])
    benchmark.pedantic(run, (PROGRAMS[program],), rounds=3)


def test_compilation(benchmark, tmp_path):
    """The same first result where nothing was compiled before: what is more than above is compilation."""
    benchmark.group = "process start to exit"

    def first(number=iter(range(100))) -> None:  # noqa: B008
        empty = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / str(next(number)))}
        command = [sys.executable, *PROGRAMS["first result, 100 x 20"]]
        subprocess.run(command, check=True, env=empty, stdout=subprocess.DEVNULL)

    benchmark.pedantic(first, rounds=1)


@pytest.mark.parametrize("solver", ["smo", "smo-fast"])
def test_memory(benchmark, tmp_path, solver):
    """The peak of a sweep of 2000 x 57 with two worker processes stands in extra_info."""
    from scaling import Size, generate, load_input

    size = Size(combinations=18)
    generate(size, tmp_path)
    benchmark.group = "a sweep of 2000 x 57, 11 classes, 18 combinations"
    found = benchmark.pedantic(measured, (load_input(tmp_path, size), solver, 2, 2**31), rounds=1)
    benchmark.extra_info["peak_megabytes"] = round(found["peak_megabytes"])
    benchmark.extra_info["gram_bytes"] = found["counters"]["gram_bytes"]
