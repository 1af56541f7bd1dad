"""Memory limit, solver and relaxed tolerance of a training: what they change, and what stays the same."""

import functools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from whole_job import COMBINATIONS, contents, small_project

from fastgrid.cli import main
from fastgrid.common.errors import UserError
from fastgrid.model.model import Model
from fastgrid.project import settings
from fastgrid.project.settings import RunSettings
from fastgrid.solvers import SOLVERS, Stopping
from fastgrid.sweep import run, solving, ways
from fastgrid.sweep.memory import WAYS


def record_of(directory: Path) -> dict[str, Any]:
    return json.loads((directory / "results" / "sweep.json").read_text())


def train(inputs: Path, directory: Path, *options: str) -> dict[str, Any]:
    """Train in this process and return the record of the sweep."""
    assert main(["train_model", *small_project(inputs, directory), "-q", "-j", "1", *options]) == 0
    return record_of(directory)


def train_again(directory: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    """Run the sweep of a training anew and return how many tasks it solved, rather than found in the journal."""
    solved = []

    def counting(batch):
        solved.extend(batch.tasks)
        return solving.solve_batch(batch)

    monkeypatch.setattr(run, "solve_batch", counting)
    assert main(["run_tests", str(directory / "game.project"), "-q", "-j", "1", *options]) == 0
    return len(solved)


@pytest.mark.parametrize(
    "wrong",
    [{"memory_limit": 0}, {"memory_limit": "4G"}, {"memory_limit": 1.5}, {"jobs": "2"}, {"solver": "fast"}],
)
def test_settings_refuse_what_they_do_not_know(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=next(iter(wrong))):
        RunSettings(**wrong)


def test_relaxing_the_tolerance_is_gaias_way() -> None:
    assert RunSettings().stopping == Stopping(1e-3, 10_000_000, 0)
    assert RunSettings(relax_tolerance=True).stopping == Stopping(1e-3, 10_000_000, 4)


def test_a_limit_that_suffices_does_not_show_in_any_file(trained: Path, inputs: Path, tmp_path: Path) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    assert main(["train_model", *arguments, "-q", "-j", "2", "--memory-limit", "500M"]) == 0
    assert contents(tmp_path / "out") == contents(trained)


def test_next_to_no_memory_changes_how_the_work_is_done_only(
    trained: Path, inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict, used = ways.predict, []

    def noting(task, base, way, batch, scratch):
        used.append(way)
        return predict(task, base, way, batch, scratch)

    monkeypatch.setattr(solving, "predict", noting)
    found, expected = train(inputs, tmp_path / "out", "--memory-limit", "1"), record_of(trained)
    assert set(used) == {WAYS[-1]}
    # The record and the page name the bytes of kernel values.
    counted = "/journal/", "sweep.json", "report.html"
    assert contents(tmp_path / "out", *counted) == contents(trained, *counted)
    (counters,), (usual,) = ([entry.pop("counters") for entry in one["evaluations"]] for one in (found, expected))
    assert found == expected
    assert {name for name in counters if counters[name] != usual[name]} <= {"gram_bytes"}


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "said"), [("1", True), ("400M", True), ("20G", False)])
def test_a_limit_below_the_least_is_said(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: str, said: bool
) -> None:
    assert main(["train_model", *small_project(inputs, tmp_path / "out"), "-j", "2", "--memory-limit", limit]) == 0
    assert ("the memory limit may have been exceeded" in capsys.readouterr().err) == said


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_solver_chosen_trains_the_final_model_and_is_recorded(inputs: Path, tmp_path: Path, solver: str) -> None:
    record = train(inputs, tmp_path / "out", "--solver", solver)
    assert record["solver"] == solver
    assert record["stopping"] == {"tol": 1e-3, "maximum_iterations": 10_000_000, "relaxations": 0}
    assert Model.load(tmp_path / "out" / "game.model").record.solver == solver


@pytest.mark.parametrize("option", [["--solver", "smo-fast"], ["--relax-tolerance"]], ids=" ".join)
def test_what_may_change_predictions_is_no_reason_to_take_over_old_ones(
    trained: Path, tmp_path: Path, option: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained, tmp_path / "out")
    n_tasks = len(list((tmp_path / "out/results/journal").iterdir()))
    assert train_again(tmp_path / "out", monkeypatch, *option) == n_tasks
    assert record_of(tmp_path / "out") != record_of(trained)
    # What was found before is still there, and so is what was found now.
    assert train_again(tmp_path / "out", monkeypatch) == 0
    assert record_of(tmp_path / "out") == record_of(trained)
    assert train_again(tmp_path / "out", monkeypatch, *option) == 0


@pytest.mark.parametrize("solver", SOLVERS)
def test_runs_at_the_cap_are_named_and_relaxed_where_asked(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, solver: str
) -> None:
    monkeypatch.setattr(settings, "Stopping", functools.partial(Stopping, maximum_iterations=2))
    record = train(inputs, tmp_path / "capped", "--solver", solver)
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    named = [line for line in warnings if "hit the iteration cap" in line]
    assert "warning: basic, poly, C 2^1, gamma 2^-3, unbalanced: a solver run hit the iteration cap; " in named[0]
    assert len(named) == 10
    assert f"warning: so did runs of {COMBINATIONS - 10} more combinations" in warnings
    assert record["evaluations"][0]["counters"]["unconverged"] > 0
    # At ten thousand times the tolerance every problem is solved where it begins.
    record = train(inputs, tmp_path / "relaxed", "--solver", solver, "--relax-tolerance")
    assert "cap" not in capsys.readouterr().err
    assert record["evaluations"][0]["counters"]["unconverged"] == 0


def test_a_run_says_what_was_asked_and_what_was_solved(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run_tests", str(trained / "game.project"), "-j", "1"]) == 0
    counters = record_of(trained)["evaluations"][0]["counters"]
    assert counters["pairs_solved"] < counters["pairs_asked"]
    told = (
        f"{COMBINATIONS} combinations: {counters['problems_asked']} problems asked, {counters['problems_solved']} "
        f"distinct; of their {counters['pairs_asked']} pair problems {counters['pairs_solved']} solved"
    )
    assert told in capsys.readouterr().err.splitlines()
