"""Lists of missed items, for people and for programs."""

import csv
import io
import json

import pytest

from fastgrid.report import MissedItem, format_missed, missed_as_json, missed_as_tsv, missed_table
from fastgrid.report.missed_items import COLUMNS

PLAIN = MissedItem("b", "/data/b.json", "sad", "happy", 9, 10, "happy")
ODD = MissedItem("a\tb\x1b[31m", '/tmp/"x"\n\x07 [red]日本\udcff.json', "été", "x" * 60, 10, 10, "\u202ereversed")


def on_terminal(items):
    from rich.console import Console

    output = io.StringIO()
    Console(file=output, width=200, force_terminal=True, color_system=None).print(missed_table(items))
    return output.getvalue()


def test_plain_table():
    assert format_missed([PLAIN]) == (
        "missed by  id  class  predicted  most often  file\n     9/10  b   sad    happy      happy       /data/b.json\n"
    )
    assert format_missed([]) == "no missed items\n"


@pytest.mark.parametrize("shown", [format_missed, on_terminal])
def test_names_are_safe_and_paths_complete_in_tables(shown):
    text = shown([PLAIN, ODD])
    assert all(character.isprintable() or character == "\n" for character in text.replace("\x1b[1m", ""))
    for part in ("a b\\x1b[31m", '/tmp/"x"\\n\\x07 [red]日本\\udcff.json', "été", "x" * 39 + "…", "\\u202ereversed"):
        assert part in text


def test_a_long_path_is_folded_on_a_narrow_terminal():
    from rich.console import Console

    path = "/" + "/".join(f"directory{number}" for number in range(30))
    output = io.StringIO()
    item = MissedItem("a", path, "x", "y", 1, 1, "y")
    Console(file=output, width=60, force_terminal=True, color_system=None).print(missed_table([item]))
    first, *others = output.getvalue()[output.getvalue().index("/directory0") :].split()
    assert len(others) > 5 and first + "".join(others) == path


def test_tsv_holds_everything_as_it_is():
    text = missed_as_tsv([PLAIN, ODD])
    assert text.startswith("\t".join(COLUMNS) + "\n9\t10\tb\tsad\thappy\thappy\t/data/b.json\n")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), dialect="excel-tab"))
    assert (rows[1]["id"], rows[1]["path"], rows[1]["predicted"]) == (ODD.id, ODD.path, ODD.predicted)
    assert missed_as_tsv([]) == "\t".join(COLUMNS) + "\n"


def test_json_is_ascii_and_one_object_a_line():
    text = missed_as_json([PLAIN, ODD])
    assert text.isascii() and len(text.splitlines()) == 4
    first, second = json.loads(text)
    assert first == {
        "missed": 9,
        "of": 10,
        "id": "b",
        "class": "sad",
        "predicted": "happy",
        "most_often": "happy",
        "path": "/data/b.json",
    }
    assert tuple(second) == COLUMNS and second["path"] == ODD.path
    assert json.loads(missed_as_json([])) == []
