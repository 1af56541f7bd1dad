"""The generator of large collections, and the benchmark of reading them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastgrid.project.class_folders import scan_class_folders

BENCH = Path(__file__).resolve().parents[2] / "bench"
EXAMPLE = BENCH.parent / "examples" / "game_music"


def make(*arguments: object) -> None:
    command = [sys.executable, BENCH / "make_collection.py", "--source", EXAMPLE, *arguments]
    subprocess.run([str(part) for part in command], check=True)


@pytest.mark.slow
def test_same_seed_same_bytes_in_folders_and_archives(tmp_path: Path) -> None:
    archive = tmp_path / "c.tar.zst"
    make(tmp_path / "c", "--archive", archive, "--archive", tmp_path / "c.tar.gz", "--files", 90, "--jobs", 2)
    make(tmp_path / "d", "--archive", tmp_path / "d.tar.zst", "--files", 90, "--jobs", 1)
    make(tmp_path / "e", "--files", 90, "--jobs", 1, "--seed", 2)
    files = {path.relative_to(tmp_path / "c"): path.read_bytes() for path in tmp_path.glob("c/*/*.json")}
    assert len(files) == 90
    assert files == {path.relative_to(tmp_path / "d"): path.read_bytes() for path in tmp_path.glob("d/*/*.json")}
    assert not set(files.values()) & {path.read_bytes() for path in tmp_path.glob("e/*/*.json")}
    assert archive.read_bytes() == (tmp_path / "d.tar.zst").read_bytes()
    labels = scan_class_folders(tmp_path / "c").labels
    assert labels == scan_class_folders(archive).labels == scan_class_folders(tmp_path / "c.tar.gz").labels
    # Text and whole numbers are those of the original.
    name, content = sorted(files.items())[0]
    made = json.loads(content)
    original = json.loads((EXAMPLE / name.parent / f"{name.stem.rpartition('_')[0]}.json").read_text())
    assert made.keys() == original.keys() and made["metadata"]["tags"] == original["metadata"]["tags"]
    mean, before = made["lowlevel"]["mfcc"]["mean"], original["lowlevel"]["mfcc"]["mean"]
    assert mean != before and all(abs(a / b - 1) < 0.2 for a, b in zip(mean, before, strict=True))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is that of Linux")
def test_the_benchmark_says_rate_and_memory(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCH / "bench_collection.py"), "--files", "80", "--kinds", "folders", ".tar.zst"]
    environment = os.environ | {"FASTGRID_DATA": str(EXAMPLE.parent)}
    done = subprocess.run(
        [*command, "--place", str(tmp_path)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("80 files: json.load alone") and len(lines) == 3
    assert all("of it on 2 cores" in line and "table [80, " in line for line in lines[1:])
