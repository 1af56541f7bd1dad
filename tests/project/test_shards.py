"""Shares of a sweep by runs that know nothing of each other, brought together: the same bytes as in one run."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole_job import contents, small_project

from fastgrid.cli import main
from fastgrid.common.errors import UserError
from fastgrid.project.sharding import run_shard
from fastgrid.sweep.plan import make_plan
from fastgrid.sweep.shares import Shard, own_tasks
from fastgrid.sweep.splitting import split_large


def entries(directory: Path) -> list[str]:
    return sorted(path.name for path in (directory / "results/journal").iterdir())


def shards(project: str, total: int, *options: str) -> None:
    for number in range(1, total + 1):
        assert main(["run_tests", project, "--shard", f"{number}/{total}", "-q", "-j", "1", *options]) == 0


@pytest.mark.parametrize("total", [1, 3])
def test_shards_on_one_file_system(trained: Path, inputs: Path, tmp_path: Path, total: int, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    shards(arguments[2], total)
    assert f"shard {total}/{total}: done; when all are: fastgrid run_tests {arguments[2]}" in capsys.readouterr().out
    assert not (tmp_path / "out/results/sweep.json").exists()
    assert entries(tmp_path / "out") == entries(trained)
    assert main(["train_model", *arguments, "-j", "1"]) == 0
    found, asked = re.search(r"(\d+) of (\d+) problems were solved before", capsys.readouterr().err).groups()
    assert found == asked
    assert contents(tmp_path / "out") == contents(trained)


def test_shards_on_copies(trained: Path, inputs: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    project = arguments[2]
    for number in (1, 2):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(tmp_path / "out", copy)
        text = (copy / "game.project").read_text().replace(str(tmp_path / "out"), str(copy))
        (copy / "game.project").write_text(text)
        assert main(["run_tests", str(copy / "game.project"), "--shard", f"{number}/2", "-q", "-j", "1"]) == 0
    own = [entries(tmp_path / f"copy{number}") for number in (1, 2)]
    assert not set(own[0]) & set(own[1])
    assert sorted(own[0] + own[1]) == entries(trained)
    capsys.readouterr()
    copies = [str(tmp_path / "copy1"), str(tmp_path / "copy2" / "results" / "journal")]
    assert main(["merge", project, *copies]) == 0
    assert capsys.readouterr().out.startswith(f"{len(entries(trained))} finished tasks taken over, 0 known before\n")
    assert main(["merge", project, *copies, "-q"]) == 0
    assert capsys.readouterr().out == f"0 finished tasks taken over, {len(entries(trained))} known before\n"
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
    assert contents(tmp_path / "out") == contents(trained)


def test_what_is_said_between_the_shards(inputs: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    project = arguments[2]
    share = ["run_tests", project, "--shard", "1/2", "-q", "-j", "1"]
    assert main([*share, "--dry-run"]) == 0
    assert capsys.readouterr().out.endswith("all of this together; a share is one of 2 of it\n")
    assert not (tmp_path / "out/results/journal").exists()
    assert main(share) == 0
    capsys.readouterr()
    assert main(["status", str(tmp_path / "out")]) == 0
    first, journal = capsys.readouterr().out.splitlines()
    assert first == f"game: no results yet; what is finished is used by: fastgrid run_tests {project}"
    assert journal.startswith(f"game: {len(entries(tmp_path / 'out'))} finished tasks in ")
    assert main(["merge", str(tmp_path / "out"), str(tmp_path / "copy")]) == 2
    assert "is a directory; name the project file first" in capsys.readouterr().err


def test_a_shard_that_there_is_not(inputs: Path, tmp_path: Path) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    for number, total in ((4, 3), (0, 3), (1, 0)):
        with pytest.raises(UserError, match=f"there is no shard {number}/{total}"):
            run_shard(arguments[2], Shard(number, total))


def test_a_damaged_entry_is_not_merged(inputs: Path, trained: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    shutil.copytree(trained / "results/journal", tmp_path / "other/journal")
    first, second, *_ = sorted((tmp_path / "other/journal").iterdir())
    first.write_bytes(first.read_bytes()[:-9])
    second.write_bytes(sorted((tmp_path / "other/journal").iterdir())[2].read_bytes())
    assert main(["merge", arguments[2], str(tmp_path / "other")]) == 0
    shown = capsys.readouterr()
    assert f"{len(entries(trained)) - 2} finished tasks taken over, 0 known before, 2 damaged" in shown.out
    assert f"{first}: is damaged" in shown.err


def test_nested_and_repeats_in_shards(inputs: Path, tmp_path: Path) -> None:
    for name in ("whole", "shared"):
        arguments = small_project(inputs, tmp_path / name)
        project = Path(arguments[2])
        project.write_text(project.read_text().replace("nfold: [4]", "nfold: [3]"))
        if name == "shared":
            shards(str(project), 2, "--nested")
        assert main(["run_tests", str(project), "-q", "-j", "1", "--nested"]) == 0
    assert entries(tmp_path / "whole") == entries(tmp_path / "shared")
    ours, theirs = (
        {name: data for name, data in contents(tmp_path / name).items() if "results/results" in name or "json" in name}
        for name in ("whole", "shared")
    )
    assert {name: data.replace(b"whole", b"shared") for name, data in ours.items()} == theirs


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "a/b", "1/0", "-1/2", "1/2/3"])
def test_a_wrong_share_is_one_line(text: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run_tests", "p", f"--shard={text}"])
    assert ended.value.code == 2
    assert f"{text} is no share; write the second of eight as 2/8" in capsys.readouterr().err


def test_nothing_to_merge_is_one_line(inputs: Path, tmp_path: Path, capsys) -> None:
    arguments = small_project(inputs, tmp_path / "out")
    assert main(["merge", arguments[2], str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{tmp_path}: holds no finished tasks" in line


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(total=st.integers(1, 40))
def test_every_task_is_in_one_share(total: int, a_sweep) -> None:
    plan = split_large(a_sweep, make_plan(a_sweep))
    shares = [own_tasks(a_sweep, plan, Shard(number, total)) for number in range(1, total + 1)]
    assert sorted(index for share in shares for index in share) == list(range(len(plan.tasks)))


@pytest.fixture(scope="module")
def a_sweep():
    from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
    from fastgrid.sweep.splits import Splits

    rng = np.random.default_rng(2)
    values = rng.normal(size=(40, 3)).astype(np.float32)
    features = FeatureSet("all", values, np.arange(3, dtype=np.intp), np.zeros(3, dtype=np.bool_))
    grid = [Combination("all", "rbf", cost, gamma) for cost in (1.0, 4.0) for gamma in (0.1, 0.3, 1.0, 3.0)]
    labels = np.tile(np.arange(2, dtype=np.int16), 20)
    return SweepInput({"all": features}, grid, labels, Splits.of_folds(np.arange(40, dtype=np.int16) // 2 % 4, 4))
