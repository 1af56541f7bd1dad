"""Files whose names hold line breaks, escape codes and the like: messages stay one line that a terminal shows."""

import json
import shutil
from pathlib import Path

import pytest
from hostile_input import YAML_READERS, check_message, outcome

from fastgrid.cli import main
from fastgrid.common.errors import UserError
from fastgrid.descriptors import read_collection, read_document
from fastgrid.descriptors.tables import TableSource, read_feature_table
from fastgrid.model.model import Model
from fastgrid.project.group_files import read_group_file

NAMES = ["a\nb", "a\r\nb", "\x1b[31mred", "a\u2028b", "\u202egnp", "a\x85b", "\udcff", "a\tb"]
READERS = {
    **YAML_READERS,
    "groups.csv": read_group_file,
    "model": Model.load,
    "history": Model.load,
    "document": read_document,
    "collection": lambda path: read_collection({"a": path}),
    "csv": lambda path: read_feature_table(TableSource(path, "a", format="csv")),
    "npz": lambda path: read_feature_table(TableSource(path, "a", format="npz")),
    "parquet": lambda path: read_feature_table(TableSource(path, "a", format="parquet")),
    "libsvm": lambda path: read_feature_table(TableSource(path, "a", format="libsvm")),
}
CONTENTS = [
    None,
    b"",
    b"x",
    b"\0\xff",
    b"a: 1",
    b"{",
    b"\x1f\x8b",
    b"j\xear=\0\0\0f",
    b"\x89fastgrid\r\n\x1a",
    b"PK\3\4",
    b"PAR1",
]


@pytest.mark.parametrize("kind", list(READERS))
def test_messages_about_oddly_named_files(kind: str, tmp_path: Path) -> None:
    for name in NAMES:
        path = tmp_path / f"{name}{Path(kind).suffix}"
        # Some are content of some kinds.
        found = []
        for content in CONTENTS:
            if content is not None:
                path.write_bytes(content)
            found.append(outcome(lambda: READERS[kind](path), tmp_path))  # noqa: B023
        assert sum(isinstance(one, UserError) for one in found) >= 5


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_commands_on_oddly_named_files(
    name: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / f"{name}.json"
    bad.write_text("{")
    good = tmp_path / "good.json"
    good.write_text(json.dumps({"x": 1}))
    shutil.copyfile(trained / "game.model", tmp_path / "game.model")
    lists = tmp_path / "l.yaml"
    lists.write_text(json.dumps({"a": str(bad), "b": str(good)}))
    for command in (
        ["predict", tmp_path / "game.model", bad],
        ["predict", bad, good],
        ["predict", tmp_path / "game.model", "--table", bad, "--table-format", "csv"],
        ["inspect", bad],
        ["convert", bad, tmp_path / "x.onnx"],
        ["run_tests", bad],
        ["status", bad],
        ["json_to_sig", lists, tmp_path / "r.yaml", "--output-dir", tmp_path / "sig"],
        ["no_such_command", f"--{name}"],
        ["inspect", good, f"--{name}"],
    ):
        try:
            code = main(list(map(str, command)))
        except SystemExit as error:
            code = error.code
        lines = capsys.readouterr().err.removesuffix("\n").split("\n")
        assert code == (0 if command[0] == "json_to_sig" else 2), command
        assert len(lines) == 1, (command, lines)
        check_message(lines[0])
