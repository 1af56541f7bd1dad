"""Every command: its names, its help, what importing it costs, how it ends."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from whole_job import class_folders, small_project

import fastgrid
from fastgrid import __version__
from fastgrid.cli import dispatch, main, running
from fastgrid.descriptors.tables import FORMATS
from fastgrid.solvers import SOLVERS

REPOSITORY = Path(__file__).resolve().parents[2]
COMMANDS = sorted(dispatch.COMMANDS)


def ended(*arguments: str) -> int:
    """Run a command in this process and return its exit code, however it comes."""
    try:
        return main(list(arguments))
    except SystemExit as error:
        return int(error.code or 0)


@pytest.fixture(scope="module")
def trained(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("commands")
    inputs = class_folders(shared_data, directory / "in", 5)
    assert main(["train_model", *small_project(inputs, directory / "out"), "-q", "-j", "1"]) == 0
    return directory


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_under_both_spellings(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for name in (command, command.replace("_", "-")):
        assert ended(name, "--help") == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] and texts[0].startswith(f"usage: fastgrid {command} ")


@pytest.mark.parametrize("name", fastgrid.__all__)
def test_every_name_of_the_package_is_there(name: str) -> None:
    assert getattr(fastgrid, name)


def test_help_version_and_unknown_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--help") == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)
    assert ended("--version") == 0
    assert capsys.readouterr().out == f"fastgrid {__version__}\n"
    assert ended() == 2
    assert "commands" in capsys.readouterr().out
    for arguments in (["train"], ["--nonsense"]):
        assert ended(*arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("fastgrid: error: ") and "fastgrid --help" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run_tests"], "PROJECT_FILE"),
        (["run_tests", "p", "-j", "0"], "0 is not a positive number"),
        (["run_tests", "p", "-j", "x"], "x is not a positive number"),
        (["run_tests", "p", "--backend", "gpu"], "gpu"),
        (["run_tests", "p", "--solver", "fast"], "smo-fast"),
        (["run_tests", "p", "--memory-limit", "5 bananas"], "'5 bananas' is not a size; write it as 800M or 4G"),
        (["run_tests", "p", "--memory-limit", "5", "bananas"], "bananas"),
        (["run_tests", "p", "--memory-limit", "0"], "'0' is not a size"),
        (["run_tests", "p", "--memory-limit", "9" * 400], "is not a size"),
        (["run_tests", "p", "--memory-limit=-1G"], "'-1G' is not a size"),
        (["train_model_from_sigs", "a", "b", "c", "--memory-limit", "half"], "'half' is not a size"),
        (["train_model", "a", "b", "c", "d", "e", "-s", "nan"], "nan is not a number"),
        (["train_model", "a", "b", "c", "d", "e", "-s", "x"], "x is not a number"),
        (["predict", "m"], "give either FILE ... or --table TABLE"),
        (["predict", "m", "f", "--nonsense"], "--nonsense"),
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(*arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"fastgrid {arguments[0]}: error: ") and words in line and "--help" in line


def test_the_solvers_to_choose_from_are_those_there_are() -> None:
    assert running.SOLVERS == SOLVERS
    assert running.TABLE_FORMATS == FORMATS


def test_help_imports_neither_numba_nor_scikit_learn() -> None:
    calls = [["--help"], *([command, "--help"] for command in COMMANDS)]
    code = (
        "import sys\nfrom fastgrid.cli import main\n"
        f"for call in {calls!r}:\n"
        "    try: main(call)\n"
        "    except SystemExit: pass\n"
        "    heavy = {'numba', 'sklearn', 'scipy', 'numpy', 'joblib', 'yaml', 'rich'} & sys.modules.keys()\n"
        "    assert not heavy, (call, heavy)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_training_with_workers_leaves_the_heavy_packages_to_them(trained: Path, tmp_path: Path) -> None:
    arguments = ["train_model", *small_project(trained / "in", tmp_path / "out"), "-q", "-j", "2"]
    code = (
        f"import sys\nfrom fastgrid.cli import main\nassert main({arguments!r}) == 0\n"
        "assert not {'numba', 'sklearn', 'scipy', 'rich'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_timings_go_to_standard_error(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = str(trained / "out/game.project")
    assert main(["run_tests", project, "-q", "-j", "1"]) == 0
    plain = capsys.readouterr()
    record = (trained / "out/results/sweep.json").read_bytes()
    assert main(["run_tests", project, "-q", "-j", "1", "--timings"]) == 0
    timed = capsys.readouterr()
    assert (trained / "out/results/sweep.json").read_bytes() == record
    assert timed.out == plain.out and timed.err.startswith(plain.err)
    named = {line.split("%")[-1].strip() for line in timed.err.removeprefix(plain.err).splitlines()[1:]}
    assert named >= {"start", "reading", "transforms", "sweep", "writing", "other", "all"}


def test_module_and_scripts(tmp_path: Path) -> None:
    names = {path.stem: path for path in (REPOSITORY / "scripts").glob("*.py")}
    # A script called inspect would take the place of Python's module for all of them.
    assert set(names) == (set(COMMANDS) | set(dispatch.ALIASES)) - {"inspect"}
    commands = [[sys.executable, str(path)] for path in names.values()]
    for command in [[sys.executable, "-m", "fastgrid", "run-tests"], *commands]:
        done = subprocess.run([*command, "--help"], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0 and done.stdout.startswith("usage: fastgrid "), (command, done.stderr)
        assert done.stderr == ""


def test_ten_best_and_one_kind_of_them(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = str(trained / "out" / "results" / "results")
    assert main(["get_classification_results", results]) == 0
    every = capsys.readouterr().out.splitlines()
    assert main(["get-classification-results", results, "rbf", "-n", "3"]) == 0
    some = capsys.readouterr().out.splitlines()
    assert sum(" RBF " in line for line in some) == 3 and not any(" poly " in line for line in some)
    assert sum(" RBF " in line or " poly " in line for line in every) == 10
    assert main(["get_classification_results", results, "nu-SVC"]) == 2


def test_visualize_under_both_spellings(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = next(iter(sorted((trained / "out/results/results").glob("*.result"))))
    for command in ("visualize_confusion_matrix", "visualize-confusion-matrice"):
        assert main([command, str(result), str(tmp_path / f"{command}.html")]) == 0
    pages = [path.read_bytes() for path in tmp_path.iterdir()]
    assert len(pages) == 2 and pages[0] == pages[1] and b"<html" in pages[0]


def test_retrain_gives_the_model_of_the_best(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, param = trained / "out/game.project", trained / "out/game.history.param"
    assert main(["retrain_model", str(project), str(param), str(tmp_path / "new/again.history"), "-q"]) == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["again.history", "again.model"]
    files = [str(path) for path in sorted((trained / "in" / "0ad").iterdir())]
    shown = []
    for model in (trained / "out/game.model", tmp_path / "new/again.model"):
        capsys.readouterr()
        assert main(["predict", str(model), *files]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] and shown[0]
    for line in map(json.loads, shown[0].splitlines()):
        assert list(line) == ["id", "class", "probability"]
        assert sum(line["probability"].values()) == pytest.approx(1)
        assert line["class"] == max(line["probability"], key=line["probability"].get)


def test_a_history_predicts_what_the_model_does(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(path) for path in sorted((trained / "in").glob("*/*"))]
    said = []
    for name in ("game.model", "game.history"):
        capsys.readouterr()
        assert main(["predict", str(trained / "out" / name), *files]) == 0
        said.append([json.loads(line) for line in capsys.readouterr().out.splitlines()])
    assert len(said[0]) == len(files)
    for ours, gaias in zip(*said, strict=True):
        assert (ours["id"], ours["class"]) == (gaias["id"], gaias["class"])
        assert gaias["probability"] == pytest.approx(ours["probability"], abs=1e-6)


def test_inspect(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {}
    for name in ("game.model", "game.history"):
        capsys.readouterr()
        assert main(["inspect", str(trained / "out" / name)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[1].startswith("classes of game: 0ad")
        assert main(["inspect", str(trained / "out" / name), "--json"]) == 0
        found[name] = json.loads(capsys.readouterr().out)
    ours, gaias = found.values()
    assert (ours["format"], gaias["format"]) == ("fastgrid", "history")
    assert list(ours["classes"]) == list(gaias["classes"]) and ours["evaluation"]["accuracy"] > 0
    assert [step["analyzer"] for step in gaias["steps"]][-3:] == ["addfield", "svmtrain", "select"]
    for key in ("class_name", "required_descriptors", "n_support_vectors", "C", "balance_classes"):
        assert ours[key] == gaias[key], key
    assert main(["inspect", str(tmp_path / "no.history")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "no.history" in line
    (tmp_path / "cut.history").write_bytes((trained / "out/game.history").read_bytes()[:-5])
    assert main(["predict", str(tmp_path / "cut.history"), "x.json"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "cut.history: is truncated or damaged: it ends within" in line
    (tmp_path / "none.history").touch()
    assert main(["inspect", str(tmp_path / "none.history")]) == 2
    assert "none.history: is empty; " in capsys.readouterr().err
    os.mkfifo(tmp_path / "pipe.history")
    assert main(["inspect", str(tmp_path / "pipe.history")]) == 2
    assert "pipe.history: is not a plain file" in capsys.readouterr().err
    for content in (b"RIFF1234WAVE", b"{}"):
        (tmp_path / "none.history").write_bytes(content)
        assert main(["inspect", str(tmp_path / "none.history")]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "none.history: is no history of Gaia's, whatever its name says; get the file again" in line
    # A name says less than a content.
    (tmp_path / "none.history").write_bytes((trained / "out/game.model").read_bytes())
    assert main(["inspect", str(tmp_path / "none.history"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ours
    # What a history does not say is not made up after a conversion.
    assert main(["convert", str(trained / "out/game.history"), str(tmp_path / "again.model")]) == 0
    capsys.readouterr()
    assert main(["inspect", str(tmp_path / "again.model"), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again == {**gaias, "format": "fastgrid", "steps": [], "preprocessing": again["preprocessing"]}
    assert again["n_items"] is again["seed"] is again["converged"] is again["classes"]["0ad"] is None
    assert main(["inspect", str(tmp_path / "again.model")]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "classes of game: 0ad, hedgewars, wesnoth"


def test_names_of_histories(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, param = str(trained / "out/game.project"), str(trained / "out/game.history.param")
    assert main(["retrain_model", project, param, str(tmp_path / "GAME.HISTORY"), "-q"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"model: {tmp_path}/GAME.model",
        f"model for Gaia and Essentia: {tmp_path}/GAME.HISTORY",
    ]
    assert (tmp_path / "GAME.HISTORY").read_bytes() == (trained / "out/game.history").read_bytes()
    loaded = fastgrid.Model.load(tmp_path / "GAME.HISTORY")
    assert repr(loaded).startswith("Model(class_name='game', classes=('0ad', 'hedgewars', 'wesnoth'), kernel=")
    assert len(repr(loaded)) < 300
    for name, options, message in [
        (".history", [], "has no name before its ending"),
        ("x.model", ["--full-layout"], "x.model: --full-layout is for models whose name ends in .history"),
        ("x.onnx", [], "x.onnx: training writes no ONNX; name a .model, and give that to fastgrid convert"),
        (param, [], "is a file, but no model, and stays; give the model another name"),
        (project, [], "is a file, but no model, and stays; give the model another name"),
    ]:
        assert main(["retrain_model", project, param, str(tmp_path / name), "-q", *options]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    assert main(["retrain_model", project, param, str(tmp_path / "GAME.HISTORY"), "-q"]) == 0
    assert main(["convert", str(tmp_path / "GAME.model"), str(tmp_path / "AGAIN.HISTORY")]) == 0
    with pytest.raises(fastgrid.UserError, match="has no name before its ending"):
        loaded.save(tmp_path / ".history")


def test_predict_takes_directories(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, folder = str(trained / "out/game.model"), trained / "in/wesnoth"
    assert main(["predict", model, *sorted(map(str, folder.glob("*.json")))]) == 0
    of_files = capsys.readouterr().out
    assert main(["predict", model, str(folder)]) == 0
    assert capsys.readouterr().out == of_files and of_files.count("\n") == 5
    assert main(["predict", model, str(trained / "in")]) == 0
    assert capsys.readouterr().out.count("\n") == 15
    (tmp_path / ".hidden.json").write_text("{}")
    (tmp_path / "a.mp3").write_bytes(b"ID3")
    assert main(["predict", model, str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(
        ": holds no descriptor files (.json, .json.gz, .sig, .sig.gz); descriptors are made of audio by "
        "fastgrid extract"
    )
    assert main(["predict", model, str(tmp_path / "a.mp3")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: left out {tmp_path}/a.mp3: ") and line.endswith("by fastgrid extract")


def test_predict_as_a_table(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(trained / "in/wesnoth/wesnoth_000.json")
    assert main(["predict", "--format", "table", str(trained / "out/game.model"), file]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["class", "0ad", "%", "hedgewars", "%", "wesnoth", "%", "file"]
    assert row.endswith(file) and len(row.split()) == 5


def test_json_to_sig_beside_the_files(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = trained / "in/0ad/0ad_000.json"
    (tmp_path / "a.json").write_bytes(source.read_bytes())
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "list").write_text("a: a.json\nb: bad.json\n")
    assert main(["json_to_sig", str(tmp_path / "list"), str(tmp_path / "new"), "-q"]) == 0
    assert f"warning: left out {tmp_path / 'bad.json'}" in capsys.readouterr().err
    assert (tmp_path / "new").read_text() == f"a: {tmp_path / 'a.sig'}\n"
    assert main(["json_to_sig", str(tmp_path / "list"), str(tmp_path / "strict"), "-q", "--strict"]) == 2
    assert not (tmp_path / "strict").exists()


def test_json_to_sig_never_writes_two_files_to_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "list").write_text("a: a.json\nb: a.json.gz\n")
    assert main(["json_to_sig", str(tmp_path / "list"), str(tmp_path / "new"), "-q"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "would both become" in line and "--output-dir" in line
    assert [path.name for path in tmp_path.iterdir()] == ["list"]


def test_quiet_says_nothing_but_warnings_on_standard_error(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = str(trained / "out" / "game.project")
    assert main(["run_tests", project, "-q", "-j", "1"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: 8 of 15 files share ")
    assert main(["run_tests", project, "-j", "1"]) == 0
    assert "left out" in capsys.readouterr().err


def test_a_reader_that_stops_reading(trained: Path) -> None:
    results = trained / "out" / "results" / "results"
    command = [sys.executable, "-m", "fastgrid", "get_classification_results", str(results)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), errors) == (0, b"")


def test_names_that_the_terminal_cannot_show(monkeypatch: pytest.MonkeyPatch, trained: Path, tmp_path: Path) -> None:
    file = tmp_path / "é日.json"
    file.write_bytes((trained / "in/0ad/0ad_000.json").read_bytes())
    output = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding="ascii"))
    assert main(["predict", "--format", "table", str(trained / "out/game.model"), str(file)]) == 0
    assert b"\\xe9\\u65e5.json" in output.getvalue()
