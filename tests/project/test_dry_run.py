"""What a run will take is said before it starts; --dry-run stops there."""

from pathlib import Path

import numpy as np
import pytest
from whole_job import COMBINATIONS, contents, small_project

import fastgrid
from fastgrid.cli import main
from fastgrid.common.errors import DryRunDone
from fastgrid.common.fanout import Pool
from fastgrid.sweep import memory
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.outlook import foresee
from fastgrid.sweep.pace import measured_pace
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits


def test_a_dry_run_says_what_would_be_done(inputs: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    capsys.readouterr()
    assert main(["run_tests", arguments[2], "--dry-run", "-j", "2"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "items: 24 in 3 classes"
    assert shown[1].startswith("matrices: game-basic (") and "game-mfcc (13 dimensions)" in shown[1]
    assert shown[2] == f"combinations: {COMBINATIONS}"
    # poly: one Gram matrix for both gammas; RBF: two.
    assert shown[3].startswith(
        f"4 folds: {4 * COMBINATIONS} problems asked, {4 * COMBINATIONS} different; 24 tasks left "
    )
    assert "2 of 2 workers at a time, about " in shown[3]
    assert shown[4].startswith("memory: up to ") and shown[5].startswith("time: about ")
    left = contents(tmp_path / "out")
    assert not [
        name for name in left if "journal" in name or "sweep.json" in name or name.startswith("results/results")
    ]


def test_a_dry_run_changes_no_results(inputs: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
    before = contents(tmp_path / "out")
    capsys.readouterr()
    for command in (["train_model", *arguments], ["run_tests", arguments[2], "--nested"]):
        assert main([*command, "-q", "-j", "1", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert f"{4 * COMBINATIONS} of them solved before; 0 tasks left" in shown
    assert "nested (4 folds): " in shown
    assert contents(tmp_path / "out") == before


def test_class_folders_and_force(inputs: Path, tmp_path: Path, capsys) -> None:
    folders = ["train_model_from_sigs", str(inputs), str(tmp_path / "out"), "game", "-q", "-j", "1", "--dry-run"]
    assert main(folders) == 0
    assert "combinations: 1728" in capsys.readouterr().out
    assert (tmp_path / "out/game.project").exists() and not (tmp_path / "out/game.model").exists()
    assert main([*folders, "--force"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--dry-run removes nothing; do without --force" in line


def test_in_python_it_is_an_exception_with_the_plan(inputs: Path, tmp_path: Path) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    with pytest.raises(DryRunDone) as done:
        fastgrid.run_tests(
            arguments[2], settings=fastgrid.RunSettings(jobs=1, dry_run=True), console=fastgrid.Console(quiet=True)
        )
    plan = done.value.plan
    assert (plan.items, plan.classes, plan.combinations) == (24, 3, COMBINATIONS)
    assert plan.predictions == 2 * 24 * COMBINATIONS
    assert plan.bytes_needed >= plan.model and plan.seconds > 0


def test_a_limit_that_is_too_small_is_said(inputs: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    assert main(["run_tests", arguments[2], "--dry-run", "-q", "-j", "1", "--memory-limit", "1M"]) == 0
    assert "the limit is below what this takes at the least; give --memory-limit " in capsys.readouterr().out


def test_the_plan_is_said_before_a_run(inputs: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    assert main(["run_tests", arguments[2], "-j", "1"]) == 0
    notes = capsys.readouterr().err
    assert f"24 items, 3 classes, {COMBINATIONS} combinations: {4 * COMBINATIONS} different problems" in notes
    assert "1 of 1 workers (24 whole matrices), up to " in notes


@pytest.fixture(scope="module")
def given() -> SweepInput:
    rng = np.random.default_rng(1)
    labels = (np.arange(90) % 3).astype(np.int16)
    values = (rng.normal(size=(90, 5)) + labels[:, np.newaxis]).astype(np.float32)
    features = FeatureSet("a", values, np.arange(5), np.zeros(5, dtype=np.bool_))
    grid = [Combination("a", "rbf", cost, gamma) for cost in (0.1, 1.0, 10.0) for gamma in (0.1, 0.5)]
    return SweepInput({"a": features}, grid, labels, Splits.of_folds((np.arange(90) // 3 % 5).astype(np.int16), 5))


def test_what_is_foreseen_is_what_is_done(given: SweepInput, tmp_path: Path) -> None:
    options = SweepOptions(journal=tmp_path / "journal")
    outlook = foresee(given, 1, 2**40, options)
    assert (outlook.problems_asked, outlook.problems, outlook.known, outlook.tasks) == (30, 30, 0, 10)
    assert outlook.ways == {"whole": 10} and outlook.workers == 1 and outlook.seconds > 0
    done = run_sweep(given, Pool(1), options)
    assert done.counters.problems_solved == outlook.problems
    after = foresee(given, 1, 2**40, options)
    assert (after.known, after.tasks, after.seconds) == (30, 0, 0.0)
    assert len(list((tmp_path / "journal").iterdir())) == 10


def test_less_memory_is_foreseen(given: SweepInput, monkeypatch) -> None:
    monkeypatch.setattr(memory, "STRIP_BYTES", 4096)
    monkeypatch.setattr("fastgrid.sweep.ways.STRIP_BYTES", 4096)
    least = foresee(given, 1, 1, SweepOptions())
    assert least.ways == {"rows": 10}
    enough = foresee(given, 1, least.bytes_needed, SweepOptions())
    assert enough.bytes_needed == least.bytes_needed
    assert foresee(given, 2, 2**40, SweepOptions()).bytes_needed > foresee(given, 1, 2**40, SweepOptions()).bytes_needed


@pytest.mark.parametrize("solver", ["smo", "smo-fast"])
def test_the_pace_is_a_positive_number(given: SweepInput, solver: str) -> None:
    assert 0 < measured_pace(given, SweepOptions(solver)) < 1e6
