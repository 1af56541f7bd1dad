"""Groups of items: what a value of --groups is, what belongs together, and which groups are refused."""

import json
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError
from fastgrid.project.group_hint import TAGS, shared_tag_hint
from fastgrid.project.group_source import GroupSource, asked_source, group_source
from fastgrid.project.grouping import Grouping, connected_groups, load_grouping

ARTIST = "metadata.tags.artist"


@pytest.mark.parametrize(
    ("value", "kind", "name"),
    [
        ("parent-folder", "parent-folder", "parent-folder"),
        (ARTIST, "descriptor", ARTIST),
        (f".{ARTIST}", "descriptor", ARTIST),
        ("metadata.tags.musicbrainz album type", "descriptor", "metadata.tags.musicbrainz album type"),
        ("parent_folder", "descriptor", "parent_folder"),
        ("none.csv", "file", "{}/none.csv"),
        ("none.YAML", "file", "{}/none.YAML"),
        ("../artists", "file", "{}/../artists"),
        ("existing", "file", "{}/existing"),
        (Path("none"), "file", "{}/none"),
    ],
)
def test_what_a_value_is(tmp_path: Path, value: str, kind: str, name: str) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "existing").touch()
    expected = name.format(here).replace("/here/..", "")
    assert group_source(value, here) == GroupSource(kind, expected)


def test_what_is_written_is_read_as_the_same(tmp_path: Path) -> None:
    for value in ("parent-folder", ARTIST, "g.csv", "sub/g", "../g.json", Path("bare")):
        source = group_source(value, tmp_path / "project")
        assert group_source(source.as_written(tmp_path / "project"), tmp_path / "project") == source
    assert group_source(Path("bare"), tmp_path).as_written(tmp_path) == "./bare"
    assert group_source("sub/g.csv", tmp_path).as_written(tmp_path) == "sub/g.csv"


def test_values_that_are_nothing() -> None:
    assert asked_source(None) is None
    for value, part in (("", "is empty"), (" ", "is empty"), ("metadata.tags.*", "is a pattern")):
        with pytest.raises(UserError, match=f"groups: .*{part}"):
            asked_source(value)


values = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=2),
    st.lists(st.sampled_from("PQRSTUV"), unique=True, max_size=3).map(tuple),
)


@given(values)
def test_items_are_together_exactly_when_a_chain_of_shared_values_connects_them(values: dict) -> None:
    groups = connected_groups(values)
    # Naively: reach what shares a value until nothing is added.
    for item in values:
        reached = {item}
        while True:
            shared = {value for other in reached for value in values[other]}
            more = {other for other in values if shared & set(values[other])} | reached
            if more == reached:
                break
            reached = more
        assert {other for other in values if groups[other] == groups[item]} == reached
    assert list(groups) == list(values)


def test_names_of_groups() -> None:
    values = {"a": ("Bob", "Ann"), "b": ("Bob",), "c": ("Dan", "Cid"), "d": (), "e": ("(d)",)}
    assert connected_groups(values) == {"a": "Bob", "b": "Bob", "c": "Cid", "d": "((d))", "e": "(d)"}


LABELS = {"a": "x", "b": "x", "c": "y", "d": "y"}


def grouped(source: GroupSource, texts: dict, files: dict | None = None) -> tuple[dict[str, str], str]:
    stream = StringIO()
    found = Grouping(source, "here: groups").of_items(LABELS, files or {}, texts, Console(True, stream))
    return found, stream.getvalue()


def test_files_without_the_descriptor_are_groups_of_their_own() -> None:
    found, said = grouped(GroupSource("descriptor", ARTIST), {ARTIST: {"a": ("Ann",), "c": ("Ann", "Bob")}})
    assert found == {"a": "Ann", "b": "(b)", "c": "Ann", "d": "(d)"}
    assert said == f"warning: 2 of 4 files lack {ARTIST}: each of them is a group of its own\n"


def test_a_group_with_a_whole_class_is_refused() -> None:
    for texts, part in (
        (
            {"a": ("Ann",), "b": ("Ann",), "c": ("Bob",), "d": ("Cid",)},
            "group 'Ann' holds all 2 items of class x, which",
        ),
        ({"a": ("Ann",), "b": ("Ann",), "c": ("Bob",), "d": ("Bob",)}, "class x (and so for 1 more classes), which"),
        (
            {"a": ("Ann",), "b": ("Bob",), "c": ("Ann", "Bob"), "d": ("Bob",)},
            "group 'Bob' holds all 2 items of class x",
        ),
    ):
        with pytest.raises(UserError) as caught:
            grouped(GroupSource("descriptor", ARTIST), {ARTIST: texts})
        assert part in str(caught.value) and str(caught.value).startswith("here: groups: ")


def test_groups_of_one_item_each_are_said_to_be_of_no_use() -> None:
    texts = {ARTIST: {item: (item,) for item in LABELS}}
    found, said = grouped(GroupSource("descriptor", ARTIST), texts)
    assert len(set(found.values())) == 4 and "no two items share a group" in said


def test_a_descriptor_that_no_file_has(tmp_path: Path) -> None:
    files = {item: tmp_path / f"{item}.json" for item in LABELS}
    for file in files.values():
        file.write_text(json.dumps({"metadata": {"tags": {"artist": ["Ann"], "album": ["Best"]}}, "x": 1}))
    for name, part in (
        ("metadata.tags.artists", f"similar are {ARTIST}"),
        ("artist", f"similar are {ARTIST}"),
        ("metadata.tags", "similar are metadata.tags.artist, metadata.tags.album"),
        ("parent_folder", "similar are parent-folder"),
        ("zzz", "give a descriptor that holds text"),
    ):
        with pytest.raises(UserError) as caught:
            grouped(GroupSource("descriptor", name), {name: {}}, files)
        assert f"'{name}' is no text descriptor of any file" in str(caught.value) and part in str(caught.value)


def test_parent_folders_are_named_from_the_folder_above_all(tmp_path: Path) -> None:
    places = {"a": "x/1", "b": "x/2", "c": "y/1", "d": "y/2/deep"}
    files = {item: tmp_path / place / f"{item}.json" for item, place in places.items()}
    assert grouped(GroupSource("parent-folder", "parent-folder"), {}, files)[0] == places
    files["b"] = tmp_path / "x/1/b.json"
    with pytest.raises(UserError, match=r"group 'x/1' holds all 2 items of class x.*put the files of each group into"):
        grouped(GroupSource("parent-folder", "parent-folder"), {}, files)


def test_a_file_is_read_before_anything_else(tmp_path: Path) -> None:
    path = tmp_path / "g.yaml"
    path.write_text("a: P\nb: [Q, R]\nc: R\n")
    source = group_source(str(path), tmp_path)
    with pytest.raises(UserError, match=r"lacks the groups of 1 of 4 items \(d\)"):
        load_grouping(source, LABELS, "here")
    path.write_text("a: P\nb: [Q, R]\nc: R\nd: Q\n")
    with pytest.raises(UserError, match="group 'Q' holds all 2 items of class y"):
        load_grouping(source, LABELS, "here").of_items(LABELS, {}, {})
    path.write_text("a: P\nb: [Q, R]\nc: R\nd: S\n")
    groups = load_grouping(source, LABELS, "here").of_items(LABELS, {}, {})
    assert groups == {"a": "P", "b": "R", "c": "R", "d": "S"}


def hint(n_folds: int = 2, **tags: dict) -> str | None:
    texts = {path: tags.get(path.rpartition(".")[2], {}) for path in TAGS}
    return shared_tag_hint(LABELS, texts, n_folds, "game.project")


PAIRS = {"a": ("T",), "c": ("T",), "b": ("U",), "d": ("U",)}


def test_the_hint_names_the_tag_that_most_files_share() -> None:
    ann = {"a": ("Ann",), "c": ("Ann", "Bob"), "d": ("Cid",)}
    everything = dict.fromkeys(LABELS, ("Best of",))
    assert hint() is None and hint(artist={item: (item,) for item in LABELS}) is None
    assert hint(artist=ann, title=PAIRS) == (
        "4 of 4 files share metadata.tags.title with another file; in training and test at once they may make the "
        "accuracy too high; --groups metadata.tags.title for a new project, or 'groups: metadata.tags.title' in "
        "game.project, keeps them together"
    )
    assert "share metadata.tags.title" in (hint(album=everything, title=PAIRS) or "")
    assert "2 of 4 files share metadata.tags.artist" in (hint(3, artist=ann, title=PAIRS) or "")
    assert "share metadata.tags.artist" in (hint(artist=PAIRS, title=PAIRS) or "")


def test_the_hint_promises_no_folds_that_cannot_be_made() -> None:
    line = hint(album=dict.fromkeys(LABELS, ("Best of",))) or ""
    assert line.startswith("4 of 4 files share metadata.tags.album") and "--groups" not in line
    assert line.endswith("no folds can keep them together: there are too few different ones")


def test_tags_of_files_that_are_not_trained_on_do_not_count() -> None:
    assert hint(artist={"a": ("Ann",), "left out": ("Ann",)}) is None
