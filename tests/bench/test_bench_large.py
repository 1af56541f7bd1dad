"""The benchmark of a large problem, on a small one."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two overlapping classes in LIBSVM's format."""
    rng = np.random.default_rng(1)
    path = tmp_path_factory.mktemp("table") / "table"
    lines = []
    for number in range(90):
        label = 1 if number % 3 else -1
        values = rng.normal(size=4) + 0.7 * label
        lines.append(f"{label:+d} " + " ".join(f"{feature + 1}:{value:.3f}" for feature, value in enumerate(values)))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "way", "code"), [("2G", "whole", 0), ("16M", "rows", 1)])
def test_one_line_says_what_a_run_took(table: Path, limit: str, way: str, code: int) -> None:
    command = [sys.executable, str(BENCH / "bench_large.py"), str(table), "--solver", "smo", "--jobs", "1"]
    done = subprocess.run([*command, "--memory-limit", limit], capture_output=True, text=True, check=False)
    # A process that runs Python takes more than the smaller limit.
    assert done.returncode == code, done.stderr
    assert done.stdout.splitlines()[1] == "table: 90 x 4"
    line = done.stdout.splitlines()[2]
    assert line.startswith("smo, 1 jobs: ") and f"; 6 {way}, 1 at a time; " in line
    found = re.search(r"peak (\d+) of (\d+) MiB \((\d+) before\).* (\d+) of 18 pair problems; accuracy (0\.\d+)", line)
    assert found is not None
    peak, most, before, solved = map(int, found.groups()[:4])
    assert before <= peak and (peak <= most) == (code == 0)
    assert 6 <= solved <= 18 and float(found[5]) > 0.8
