"""Files of groups: YAML, JSON and tables, and everything that may be wrong with them."""

import unicodedata
from io import StringIO
from pathlib import Path

import pytest

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError
from fastgrid.project import group_files
from fastgrid.project.group_files import groups_in_file, read_group_file


def written(directory: Path, name: str, content: str) -> Path:
    path = directory / name
    path.write_text(content, encoding="utf-8")
    return path


def refused(path: Path, ids: str = "") -> str:
    with pytest.raises(UserError) as caught:
        file = read_group_file(path)
        groups_in_file(file, ids.split())
    message = str(caught.value)
    assert str(path) in message and "\n" not in message
    return message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("g.yaml", "a: Ann\nb: [Bob, Ann, Bob]\nc: 久石 譲\n"),
        ("g.yml", "{a: Ann, b: [Bob, 'Ann '], c: '久石  譲'}"),
        ("g.json", '{"a": "Ann", "b": ["Bob", "Ann"], "c": "\\u4e45\\u77f3 \\u8b72"}'),
        ("groups", "a: Ann\nb:\n- Bob\n- Ann\nc: 久石 譲\n"),
    ],
)
def test_mappings(tmp_path: Path, name: str, content: str) -> None:
    found = read_group_file(written(tmp_path, name, content))
    assert found.values == {"a": ("Ann",), "b": ("Bob", "Ann"), "c": ("久石 譲",)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("g.csv", "id,group\na,Ann\nb,Bob\n"),
        ("g.csv", "\ufeffID;Artist\r\na;Ann\r\n\r\nb;Bob\r\n"),
        ("g.csv", "file\tanything\na\tAnn\nb\tBob"),
        ("g.tsv", "id\talbum, or what it is called\na\tAnn\nb\tBob\n"),
        ("g.CSV", "title,piece,id\nx,Ann,a\ny,Bob,b\n"),
        ("g.csv", "name,year,group,artist\na,1,Ann,x\nb,2,Bob,x\n"),
        ("g.csv", '"id","group"\n"a","Ann"\n"b"," Bob "\na,Ann\n'),
    ],
)
def test_tables(tmp_path: Path, name: str, content: str) -> None:
    assert read_group_file(written(tmp_path, name, content)).values == {"a": ("Ann",), "b": ("Bob",)}


def test_a_cell_may_hold_what_separates_cells(tmp_path: Path) -> None:
    path = written(tmp_path, "g.csv", 'id,group\n"a, 1","Ann; ""Lee"""\n"b\n2",Bob\n')
    assert read_group_file(path).values == {"a, 1": ('Ann; "Lee"',), "b\n2": ("Bob",)}


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("g.yaml", "a: Ann\nb:\n", "line 2: the group of 'b' is empty; write one"),
        ("g.yaml", "a: Ann\nb: ''\n", "line 2: the group of 'b' is empty"),
        ("g.yaml", "a: []\n", "line 1: the group of 'a' is empty"),
        ("g.yaml", "a: [Ann, ~]\n", "line 1: the group of 'a' is empty"),
        ("g.yaml", "a: Ann\nb: {artist: Bob}\n", "line 2: the group of 'b' must be one name or a list"),
        ("g.yaml", "a: Ann\nb: Bob\na: Cid\n", "line 3: key 'a' is given twice (first on line 1)"),
        ("g.yaml", "- a\n- b\n", "no groups; it must be a mapping"),
        ("g.yaml", "a: !!python/name:os.system x\n", "the tag"),
        ("g.json", '{"a": "Ann", "a": "Bob"}', "key 'a' is given twice"),
        ("g.json", '{"a": "Ann"', "not valid JSON"),
        ("g.yaml", "", "is empty"),
        ("g.csv", "", "holds no groups"),
        ("g.csv", "id,group\n", "holds no groups"),
        (
            "g.csv",
            "id,group\na,Ann\na,Ann\nb,Bob\n\na,Cid\n",
            "line 6: id 'a' has group 'Cid' here and 'Ann' on line 2",
        ),
        ("g.csv", "id,group\na,Ann\nb, \n", "line 3: the group of 'b' is empty"),
        ("g.csv", "id,group\n,Ann\n", "line 2: an id is empty"),
        ("g.csv", "id,group\na\n", "line 2: has 1 columns, not 2"),
        ("g.csv", 'id,group\na,"Ann\n', "not a valid table"),
        ("g.csv", "id,artist,album\na,Ann,x\n", "line 1: has the columns artist and album; call the one that counts"),
        ("g.csv", "id,x,y\na,Ann,x\n", "line 1: has 3 columns and none called group, artist, album, piece"),
        ("g.csv", "id\na\n", "line 1: has 1 columns and none called"),
        ("g.csv", "id,group\na," + "x" * 200_000 + "\n", "line 2: not a valid table (field larger than"),
    ],
)
def test_faults(tmp_path: Path, name: str, content: str, part: str) -> None:
    assert part in refused(written(tmp_path, name, content))


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch) -> None:
    assert "there is no such file" in refused(tmp_path / "none.csv")
    assert "there is no such file" in refused(tmp_path / "none.yaml")
    (tmp_path / "d.csv").mkdir()
    assert "is a directory" in refused(tmp_path / "d.csv")
    (tmp_path / "latin.csv").write_bytes("id,group\na,Björk\n".encode("latin-1"))
    assert "is not UTF-8 text (byte 13); save it as UTF-8" in refused(tmp_path / "latin.csv")
    monkeypatch.setattr(group_files, "DEFAULT_LIMITS", group_files.DEFAULT_LIMITS.__class__(size=10))
    assert "is larger than 10 bytes" in refused(written(tmp_path, "g.csv", "id,group\na,Ann\n"))


def test_ids_that_are_missing_are_listed(tmp_path: Path) -> None:
    path = written(tmp_path, "g.yaml", "a: Ann\n")
    many = " ".join(f"n{number:02}" for number in range(15))
    message = refused(path, f"a {many}")
    assert message.endswith(
        "lacks the groups of 15 of 16 items (n00, n01, n02, n03, n04, n05, n06, n07, n08, n09, …); add them"
    )
    path = written(tmp_path, "g.csv", "id,group\na.json,Ann\n")
    assert (
        "lacks the groups of 1 of 1 items (a); add them; an id is the file's name without its ending, or what --id "
        "names in a table, not as 'a.json'" in (refused(path, "a"))
    )
    path = written(tmp_path, "g.csv", "a,Ann\nb,Bob\n")
    assert "line 1: names of columns are needed in the first line" in refused(path, "a b")


def test_ids_that_are_no_items_are_a_warning(tmp_path: Path) -> None:
    stream = StringIO()
    file = read_group_file(written(tmp_path, "g.yaml", "b: Bob\na: Ann\ny: Z\nx: Z\n"))
    assert groups_in_file(file, ["a", "b"], Console(True, stream)) == {"a": ("Ann",), "b": ("Bob",)}
    assert stream.getvalue() == f"warning: {file.path}: 2 of its ids are no items and are ignored (x, y)\n"


def test_ids_are_the_same_in_both_forms_of_unicode(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "Björk 1") for form in ("NFC", "NFD"))
    for own, other in ((composed, apart), (apart, composed)):
        file = read_group_file(written(tmp_path, "g.json", f'{{"{own}": "x"}}'))
        assert groups_in_file(file, [other]) == {other: ("x",)}
