"""The confusion page, read back with a strict parser."""

import re

import pytest
from strict_page import StrictPage

from fastgrid.common.errors import UserError
from fastgrid.evaluation import CombinationScore
from fastgrid.report import confusion_page, write_confusion_page

MATRIX = {
    "rock": {"rock": [f"r{i}" for i in range(18)], "jazz": ["r18", "wrong/<b>&"]},
    "jazz": {"jazz": [f"j{i}" for i in range(10)], "rock": ["j10"]},
}
SCORES = CombinationScore(90.32258, 1.25, 90.454545, 2.0)


def page_of(matrix=MATRIX, **options):
    return StrictPage(confusion_page("mood", "out/mood.project", matrix, **options))


def test_cells_hold_percentages_classes_and_hover_texts():
    page = page_of()
    cells = [(text, found.get("class"), found.get("title")) for found, text in page.find("td")]
    assert cells == [
        ("90.91 10", "hi", "10 jazz (out of 11) classified as jazz"),
        ("9.09 1", None, "1 jazz (out of 11) classified as rock"),
        ("35.48 11", "total", None),
        ("10.00 2", "bad", "2 rock (out of 20) classified as jazz"),
        ("90.00 18", "hi", "18 rock (out of 20) classified as rock"),
        ("64.52 20", "total", None),
        ("38.71 12", None, None),
        ("61.29 19", None, None),
        ("100.00 31", "total", None),
    ]


def test_headings_and_scopes_name_the_classes():
    page = page_of()
    assert [text for _, text in page.find("th", scope="col")][1:] == ["jazz", "rock", "share of items"]
    assert [text for _, text in page.find("th", scope="row")][:2] == ["jazz", "rock"]
    assert page.find("h1")[0][1] == "mood (out/mood.project)"
    assert len(page.find("caption")) == len(page.find("title")) == len(page.find("html", lang="en")) == 1


def test_scores_and_parameters_are_shown():
    page = page_of(scores=SCORES, parameters={"kernel": "RBF", "C": 7, "balance classes": False})
    text = page.find("body")[0][1]
    assert "Accuracy90.32 % ± 1.25" in text
    assert "Normalized accuracy90.45 % ± 2.00" in text
    assert "28 of 31 items in 2 classes" in text
    assert "kernel RBF C 7 balance classes False" in text


def test_without_scores_and_parameters_nothing_is_said_about_them():
    text = page_of().find("body")[0][1]
    assert "Accuracy" not in text
    assert "Parameters" not in text


def test_every_wrong_cell_links_to_the_list_of_its_items():
    page = page_of()
    lists = {found["id"] for found, _ in page.find("ul")}
    assert {link.removeprefix("#") for link in page.links} == lists
    assert len(lists) == 2
    assert [text for _, text in page.find("li")] == ["r18", "wrong/<b>&", "j10"]
    assert [text for _, text in page.find("summary")] == [
        "2 rock classified as jazz",
        "1 jazz classified as rock",
    ]


def test_long_lists_end_with_a_count():
    page = page_of({"a": {"b": [f"{i:03d}" for i in range(7)]}}, items_shown=5)
    assert [text for _, text in page.find("li")] == ["000", "001", "002", "003", "004", "and 2 more"]


def test_a_class_that_is_never_predicted_or_never_actual_has_its_row_and_column():
    page = page_of({"a": {"b": ["1"]}})
    cells = [(text, found.get("class")) for found, text in page.find("td")]
    assert cells[:3] == [("0.00", "none"), ("100.00 1", "bad"), ("100.00 1", "total")]
    assert cells[3:6] == [("0.00", "none"), ("0.00", "none"), ("0.00 0", "total")]


def test_no_mistakes_and_no_items_are_pages_too():
    assert "None." in page_of({"a": {"a": ["1"]}}).find("body")[0][1]
    assert "0 of 0 items in 0 classes" in page_of({}).find("body")[0][1]


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "\"'>&amp;",
        "{{ 7 * 7 }}",
        "日本の民謡",
        "موسيقى",
        "a\u202eb",
        "</title></style>",
    ],
)
def test_names_are_shown_as_they_are(name):
    page = StrictPage(
        confusion_page(name, name, {name: {"x": [name], name: ["ok"]}}, scores=SCORES, parameters={"kernel": name})
    )
    assert page.find("script") == []
    shown = re.sub(r"\s+", " ", name)
    # In attributes and the title no element isolates the direction of text, so characters do.
    directed = name in ("موسيقى", "a\u202eb")
    isolated, shown_isolated = (f"\u2068{text}\u2069" if directed else text for text in (name, shown))
    assert page.find("title")[0][1] == f"{shown_isolated}: confusion matrix"
    assert (shown in [text for _, text in page.find("th")]) and (shown in [text for _, text in page.find("li")])
    assert f"1 {isolated} (out of 2) classified as x" in [found.get("title") for found, _ in page.find("td")]


def test_the_page_asks_for_nothing_from_the_network():
    page = confusion_page("mood", "p", MATRIX, scores=SCORES)
    assert all(link.startswith("#") for link in StrictPage(page).links)
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<script|<link|<img|<iframe", page, re.IGNORECASE)
    assert "default-src 'none'" in page


def test_what_utf_8_cannot_hold_is_replaced(tmp_path):
    path = tmp_path / "page.html"
    write_confusion_page(path, "mood", "p", {"a": {"b": ["x\udcff\x00y"]}})
    assert "x\ufffd\ufffdy" in path.read_text(encoding="utf-8")


def test_same_input_gives_the_same_bytes_whatever_the_order(tmp_path):
    shuffled = {actual: {p: row[p][::-1] for p in reversed(row)} for actual, row in reversed(MATRIX.items())}
    for name, matrix in (("1", MATRIX), ("2", shuffled)):
        write_confusion_page(tmp_path / name, "mood", "p", matrix, scores=SCORES)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_a_large_page_stays_small():
    names = [f"class {i:02d}" for i in range(30)]
    matrix = {
        a: {p: [f"some album/some longer track title {a} {p} {i:02d}" for i in range(11)] for p in names} for a in names
    }
    assert len(confusion_page("mood", "p", matrix)) < 5_000_000


def test_a_page_that_cannot_be_written_is_a_users_mistake(tmp_path):
    with pytest.raises(UserError, match="directory does not exist"):
        write_confusion_page(tmp_path / "missing" / "page.html", "mood", "p", MATRIX)
