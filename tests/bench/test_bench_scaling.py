"""The benchmark of growing sweeps: runs at a small size, and fits what it says it fits."""

import numpy as np
import pytest


@pytest.fixture
def bench(monkeypatch):
    from pathlib import Path

    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "bench"))
    import bench_scaling

    return bench_scaling


def test_exponents_are_those_of_powers(bench):
    sizes = [2000, 4000, 8000, 22000]
    assert bench.exponents(sizes, [3.0 * n**2.5 for n in sizes]) == pytest.approx((2.5, 2.5))
    assert bench.exponents([1, 2, 4], [1.0, 2.0, 8.0])[1] == pytest.approx(2.0)


@pytest.mark.slow
def test_a_small_run(bench, capsys):
    assert bench.main(["--items", "300", "500", "--solver", "smo-fast", "--memory-limit", "3G"]) == 0
    shown = capsys.readouterr().out
    assert "   300 smo-fast: " in shown and "40 whole, 2 at a time" in shown and "seconds grow as n^" in shown
    assert "limit 3072 MiB: kept" in shown


def test_classes_are_of_unequal_sizes(bench, tmp_path):
    bench.generate(2000, tmp_path)
    counts = np.bincount(np.load(tmp_path / "labels.npy"))
    assert len(counts) == 11 and counts.max() > 2 * counts.min()
