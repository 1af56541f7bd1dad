"""The benchmark of growing sweeps: runs at small sizes, fits what it says it fits, and draws it."""

import numpy as np
import pytest


@pytest.fixture
def bench(monkeypatch):
    from pathlib import Path

    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "bench"))
    import scaling

    return scaling


def test_exponents_are_those_of_powers(bench):
    sizes = [2000, 4000, 8000, 22000]
    assert bench.exponents(sizes, [3.0 * n**2.5 for n in sizes]) == pytest.approx((2.5, 2.5))
    assert bench.exponents([1, 2, 4], [1.0, 2.0, 8.0])[1] == pytest.approx(2.0)


def test_grids_have_the_sizes_asked_for_and_all_combinations_differ(bench):
    for count in (1, 5, 18, 72, 288):
        grid = bench.Size(combinations=count).grid()
        assert len(set(grid)) == len(grid) == count
    usual = bench.Size().grid()
    assert {combination.C for combination in usual} == {2.0**c for c in range(-5, 12, 2)}
    assert {combination.gamma for combination in usual} == {2.0**g for g in range(-11, 4, 2)}


@pytest.mark.slow
def test_a_small_run(bench, capsys, tmp_path):
    steps = ["--items", "300", "500", "--classes", "2", "3", "--memory-limit", "3G"]
    picture = tmp_path / "growth.svg"
    chosen = ["--by", "items", "classes", "--solver", "smo-fast", "--draw", str(picture)]
    assert bench.main([*steps, *chosen]) == 0
    shown = capsys.readouterr().out
    assert "   300 items, smo-fast: " in shown and "40 whole, 2 at a time" in shown
    assert "seconds grow with items as x^" in shown and "iterations grow with classes as x^" in shown
    assert "limit 3072 MiB: kept" in shown
    assert picture.read_text().count("<svg") == 1


def test_classes_are_of_unequal_sizes(bench, tmp_path):
    bench.generate(bench.Size(), tmp_path)
    counts = np.bincount(np.load(tmp_path / "labels.npy"))
    assert len(counts) == 11 and counts.max() > 2 * counts.min()
    for size in (bench.Size(classes=2, dimensions=30), bench.Size(classes=16, items=1000)):
        bench.generate(size, tmp_path)
        assert np.load(tmp_path / "rows.npy").shape == (size.items, size.dimensions)
