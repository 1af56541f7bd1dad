"""What a run leaves for later commands, spoilt: the record, the predictions, the facts of the data, the progress."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hostile_input import CASES, changed_bytes, changed_tree, command_outcome, explore, left_behind, outcome
from hypothesis import strategies as st

from fastgrid.common.errors import UserError
from fastgrid.project.record import load_record
from fastgrid.project.schema import load_project

PROGRESS = {
    "name": "run",
    "command": "fastgrid run_tests p",
    "pid": 5,
    "host": "h",
    "started": 1e9,
    "updated": 1e9 + 5,
    "step": "solving",
    "steps": {"reading": [3, 3], "solving": [1, 9]},
    "ended": "",
}
#: What each of them once raised something else for than one line: other values of some keys.
FOUND = {
    "sweep.json": [
        {"failures": 5},
        {"failures": [5]},
        {"failures": [{}]},
        {"nested": [5]},
        {"nested": [{"accuracy": {}}]},
        {"evaluations": [[]]},
        {"evaluations": [{"counters": []}]},
        {"combinations": [{"c_exponent": "x"}]},
        {"hint": []},
        {"select": [1]},
        {
            "combinations": [
                {"preprocessing": "p", "kernel": "RBF", "c_exponent": "x", "gamma_exponent": [], "balance_classes": 0}
            ]
            * 4
        },
    ],
    "dataset.json": [
        {"left_out_files": 5},
        {"left_out_files": [5]},
        {"left_out_descriptors": [{}]},
        {"notes": 5},
        {"descriptors": "x"},
    ],
    "run.progress.json": [
        {"command": 5},
        {"started": "x"},
        {"updated": 1e300},
        {"steps": {"a": ["x", 1]}},
        {"steps": {"a": [1, 1e999]}},
    ],
}
VALUES = st.sampled_from([-1, 0, 1, 2, 3, 5, 300, 32767, -32768, 2**40])


def commands(out: Path, new: Path) -> list[list[object]]:
    project = out / "game.project"
    return [
        ["generate_params_report", project, new / "report.tsv"],
        ["generate_params_report", project, new / "report.html"],
        ["errors", out, "--all"],
        ["status", out],
        ["status", out, "--json"],
    ]


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "out")
    return tmp_path / "out"


def run_all(copied: Path, directory: Path, capsys: pytest.CaptureFixture[str]) -> bool:
    """Run what reads the files of a run; return whether all of it went well."""
    new = directory / "new"
    codes = []
    for command in commands(copied, new):
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        code, out = command_outcome(capsys, command, copied)
        outputs = list(new.iterdir())
        assert bool(outputs) == (code == 0 and command[0] == "generate_params_report"), (command, outputs)
        if command[-1] == "--json" and code == 0:
            json.loads(out)
        codes.append(code)
    assert not left_behind(directory)
    return not any(codes)


@CASES
@pytest.mark.parametrize("name", ["sweep.json", "dataset.json", "run.progress.json"])
def test_any_json_of_a_run_is_used_or_refused(name, times, copied, tmp_path, capsys) -> None:
    path = copied / "results" / name
    tree = PROGRESS if name == "run.progress.json" else json.loads(path.read_text())
    if name == "sweep.json":
        failure = {"evaluation": 0, "repeat": 1, "what": "x", "fold": 1, "reason": "y", "combinations": [0]}
        tree |= {"failures": [failure], "hint": "h", "select": "accuracy"}
    if name == "dataset.json":
        tree["left_out_files"] = [{"name": "a", "path": "/a", "reason": "r"}]
        tree["left_out_descriptors"] = [{"name": "a", "reason": "r"}]
    went_well = [0]

    def check(data: bytes) -> None:
        path.write_bytes(data)
        went_well[0] += run_all(copied, tmp_path, capsys)

    whole = json.dumps(tree).encode()
    trees = changed_tree([tree]).map(lambda changed: json.dumps(changed).encode())
    found = [json.dumps({**tree, **others}).encode() for others in FOUND[name]]
    explore(st.one_of(trees, trees, trees, changed_bytes([whole])), check, times / 4, examples=[whole, *found])
    assert went_well[0] >= 1


@CASES
def test_any_predictions_are_used_or_refused(times, copied, tmp_path, capsys) -> None:
    path = copied / "results/predictions.npz"
    whole = path.read_bytes()
    with np.load(path, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    project = load_project(copied / "game.project")
    keys = sorted(arrays)

    def make(edits: list[tuple[int, str, int, int]]) -> bytes:
        changed = dict(arrays)
        for which, edit, place, value in edits:
            key = keys[which % len(keys)]
            array = np.array(changed.get(key, arrays[key]))
            if edit == "value" and array.size:
                with np.errstate(all="ignore"):
                    array.flat[place % array.size] = np.array([value]).astype(array.dtype, casting="unsafe")[0]
            elif edit == "shape":
                array = [array[:-1], array[..., np.newaxis], array[:0], np.concatenate([array, array])][place % 4]
            elif edit == "dtype":
                array = (
                    array.astype(["U3", "S3", "f8", "i1", "?", "u8", "c8"][place % 7])
                    if array.dtype.kind != "U"
                    else array
                )
            elif edit == "remove":
                changed.pop(key, None)
                continue
            changed[key] = array
        buffer = io.BytesIO()
        np.savez(buffer, **changed)
        return buffer.getvalue()

    edits = st.tuples(
        st.integers(0, 99),
        st.sampled_from(["value", "value", "shape", "dtype", "remove"]),
        st.integers(0, 2**16),
        VALUES,
    )
    forged = st.builds(make, st.lists(edits, min_size=1, max_size=3))

    def check(data: bytes) -> None:
        path.write_bytes(data)
        record = outcome(lambda: load_record(project), copied)
        if not isinstance(record, UserError):
            run_all(copied, tmp_path, capsys)

    explore(st.one_of(forged, forged, changed_bytes([whole])), check, times / 2, examples=[whole])
