"""``fastgrid errors`` on the command line: what goes to standard output, what to standard error, and how it ends."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from fastgrid.cli import main
from fastgrid.cli.errors import LEADING
from fastgrid.project import errors as project_errors


@pytest.fixture(scope="module")
def items(trained: Path):
    return project_errors.errors(trained).items


def listed(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[str, str]:
    assert main(["errors", *map(str, arguments)]) == 0
    return capsys.readouterr()


def test_a_table_for_people(trained: Path, items, capsys: pytest.CaptureFixture[str]) -> None:
    output, said = listed(capsys, trained)
    heading, *lines = output.splitlines()
    assert heading.split() == ["missed", "by", "id", "class", "predicted", "most", "often", "file"]
    assert [line.split()[:4] for line in lines] == [
        [f"{item.missed}/{item.of}", item.id, item.actual, item.predicted] for item in items
    ]
    assert all(line.endswith(item.path) for line, item in zip(lines, items, strict=True))
    (note,) = said.splitlines()
    assert note.startswith(f"{len(items)} items, of 24 tested; predicted by the best combination, ")
    assert listed(capsys, trained, "-q") == (output, "")


def test_the_first_of_them(trained: Path, items, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(items) > 2
    output, said = listed(capsys, trained, "--limit", 2)
    assert len(output.splitlines()) == 3 and said.startswith(f"the first 2 of {len(items)} items, of 24 tested")
    assert said == listed(capsys, trained, "--limit", 2, "--format", "json")[1]


def test_tsv_and_json_hold_the_same(trained: Path, items, capsys: pytest.CaptureFixture[str]) -> None:
    documents = json.loads(listed(capsys, trained, "--format", "json")[0])
    assert [(entry["id"], entry["missed"], entry["path"]) for entry in documents] == [
        (item.id, item.missed, item.path) for item in items
    ]
    rows = list(csv.DictReader(io.StringIO(listed(capsys, trained, "--format", "tsv")[0]), dialect="excel-tab"))
    assert rows == [{key: str(value) for key, value in entry.items()} for entry in documents]


def test_options_reach_the_search(trained: Path, items, capsys: pytest.CaptureFixture[str]) -> None:
    def found(*options: object) -> list[str]:
        entries = json.loads(listed(capsys, trained / "game.project", "--format", "json", *options)[0])
        return [entry["id"] for entry in entries]

    first = items[0]
    wanted = [item.id for item in items if (item.actual, item.predicted) == (first.actual, first.predicted)]
    assert found("--class", first.actual, "--as", first.predicted) == wanted
    assert [item.id for item in items if item.predicted == first.predicted] == found("--as", first.predicted)
    every = project_errors.errors(trained, everything=True, leading=3).items
    assert found("--all", "--leading", 3) == [item.id for item in every]


def test_on_a_terminal_the_table_has_lines(
    trained: Path, items, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    output, _ = listed(capsys, trained)
    assert "─" in output and all(item.path in output for item in items)
    assert listed(capsys, trained, "--class", "0ad", "--as", "0ad")[0].strip() == "no missed items"
    assert "─" not in listed(capsys, trained, "--format", "tsv")[0]


def test_nothing_to_list(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = [trained, "--class", "0ad", "--as", "0ad"]
    assert listed(capsys, *nothing, "-q") == ("no missed items\n", "")
    assert json.loads(listed(capsys, *nothing, "--format", "json")[0]) == []
    assert len(listed(capsys, *nothing, "--format", "tsv")[0].splitlines()) == 1


def test_mistakes_are_one_line(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in [
        ([trained, "--class", "metal"], "has no class 'metal'; it has 0ad, hedgewars, wesnoth"),
        ([tmp_path], "holds no .project file"),
        ([tmp_path / "a\nb"], "a\\nb"),
    ]:
        assert main(["errors", *map(str, arguments)]) == 2
        captured = capsys.readouterr()
        (line,) = captured.err.splitlines()
        assert line.startswith("fastgrid errors: error: ") and words in line and captured.out == ""


def test_the_default_is_that_of_the_function() -> None:
    assert LEADING == project_errors.LEADING
