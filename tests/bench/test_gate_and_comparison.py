"""The gate of CI sees more work and slower work, and the table of README.md is that of its script."""

import copy
import importlib
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module


@pytest.fixture
def gate(bench):
    return bench("bench.gate")


@pytest.fixture
def baseline(gate):
    return json.loads(gate.BASELINE.read_text())


def test_more_and_less_work_than_the_baseline_is_named(gate, baseline):
    found = copy.deepcopy(baseline["counts"])
    assert gate.broken_counts(found, baseline["counts"]) == []
    before = found["sweep, smo"]["iterations_made"]
    found["sweep, smo"]["iterations_made"] += 1
    found["sweep, smo-fast"]["iterations_made"] += 1  # nearly the same will do here
    found["sweep, smo-fast"]["problems_solved"] -= 1
    del found["search"]
    assert gate.broken_counts(found, baseline["counts"]) == [
        *(f"search: {key} is 0, the baseline says {count}" for key, count in baseline["counts"]["search"].items()),
        f"sweep, smo: iterations_made is {before + 1}, the baseline says {before}",
        "sweep, smo-fast: problems_solved is 137, the baseline says 138",
    ]
    found["sweep, smo-fast"]["iterations_made"] *= 1.02
    assert any("smo-fast: iterations_made" in line for line in gate.broken_counts(found, baseline["counts"]))


def test_slower_than_the_baseline_beside_others_is_named(gate):
    wanted = {"a": 10.0, "b": 2.0, "c": 3.0}
    assert gate.broken_ratios({"a": 5.0, "b": 4.0, "c": 1.5}, wanted) == []
    assert gate.broken_ratios({"a": 4.99, "b": float("nan")}, wanted) == [
        "a: 4.99 times, less than 0.5 of the baseline's 10.00",
        "b: nan times, less than 0.5 of the baseline's 2.00",
        "c: 0.00 times, less than 0.5 of the baseline's 3.00",
    ]


@pytest.mark.slow
def test_counts_are_those_of_the_baseline(gate, monkeypatch, capsys):
    assert gate.main(["--counts-only"]) == 0
    # A solver that stops later does more work.
    stopping = importlib.import_module("fastgrid.sweep.options").SweepOptions
    later = importlib.import_module("fastgrid.solvers").Stopping(1e-5)
    monkeypatch.setattr("fastgrid.sweep.run.SweepOptions", lambda solver: stopping(solver, later))
    assert gate.main(["--counts-only"]) == 1
    assert "sweep, smo: iterations_made is " in capsys.readouterr().err


def test_the_table_of_the_readme_is_that_of_the_script(bench, capsys):
    assert bench("bench.compare").main(["--check"]) == 0, capsys.readouterr().out


def test_the_table_says_machine_bias_and_what_was_not_run(bench, tmp_path, monkeypatch):
    compare = bench("bench.compare")
    ratios = [{"solver": "smo-fast", "over": "gridsearch", "ratio": 61.26}]
    one = {
        "name": "digits", "rows": 1797, "dimensions": 64, "classes": 10, "cells": 288, "ratios": ratios,
        "peers": {"gridsearch": {"seconds": [50.0, 49.0]}, "smo": {"seconds": [0.8144]}, "opencv": {"skipped": "no"}},
    }  # fmt: skip
    about = {"processor": "P", "cores": 2, "python": "3", "versions": {"numpy": "2"}}
    found = {"machine": about, "rounds": 2, "workers": 2, "quick": False, "sets": [one]}
    found["sets"].append({"name": "gtzan", "skipped": "no file"})
    written = compare.table(found)
    row = "| digits: 1797 x 64, 10 classes, 288 cells | 49.5 | 0.814 | GridSearchCV 61.3x |"
    assert row in written.splitlines()
    for part in ("P, 2 cores, Python 3, numpy 2", "We wrote this comparison", "Not run: gtzan (no file).", "2 rounds"):
        assert part in written
    page = tmp_path / "README.md"
    page.write_text(f"a\n{compare.BEGIN}\nold\n{compare.END}\nb\n")
    (tmp_path / "found.json").write_text(json.dumps(found))
    monkeypatch.setattr(compare, "README", page)
    for _ in range(2):
        assert compare.main(["--from", str(tmp_path / "found.json")]) == 0
        assert page.read_text() == f"a\n{compare.BEGIN}\n{written}\n{compare.END}\nb\n"
    page.write_text("no marks")
    with pytest.raises(SystemExit, match="lacks the lines"):
        compare.main(["--from", str(tmp_path / "found.json")])
