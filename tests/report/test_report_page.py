"""The report page, read back with a strict parser."""

import dataclasses
import re

import pytest
from report_content import made_up_content, together
from strict_page import StrictPage

from fastgrid.common.errors import UserError
from fastgrid.report import report_page, write_report_page
from fastgrid.report.content import DataFacts, Estimate, Estimates, Interval, LeftOut, ReportContent, RunFacts
from fastgrid.report.training_report import PageLimits

NAMES = [
    "<script>alert(1)</script>",
    "\"'>&amp;",
    "{{ 7 * 7 }}",
    "日本の民謡",
    "موسيقى",
    "a\u202eb",
    "</title></style>",
]


def read(content):
    return StrictPage(report_page(content))


def text_of(page):
    return page.find("main")[0][1]


def small(**options):
    return made_up_content(preprocessings=("basic",), c_exponents=(-1, 1, 3), gamma_exponents=(-3, -5), **options)


def facts(page):
    """Return what the definition lists say."""
    names = [text for _, text in page.find("dt")]
    return dict(zip(names, [text for _, text in page.find("dd")], strict=True))


def cells(page):
    """Return the hover texts of the cells of all maps."""
    return [text for _, text in page.find("title") if ": accuracy" in text or ": failed" in text]


def ranking(page):
    rows = [text for found, text in page.find("tr") if "scope" not in found]
    start = next(i for i, text in enumerate(rows) if text.startswith("PlaceAccuracy"))
    return rows[start + 1 :]


def test_the_headline_names_the_winner_and_how_far_it_can_be_believed():
    content = dataclasses.replace(
        small(),
        estimates=Estimates(
            corrected_accuracy=Estimate(81.25, Interval(70.0, 90.5, 90.0)),
            corrected_normalized_accuracy=Estimate(80.0),
            nested_accuracy=Estimate(79.5),
            nested_normalized_accuracy=Estimate(78.25),
            majority_class="class 00",
            majority_accuracy=100 / 3,
        ),
    )
    page = read(content)
    winner = content.standings[0].row
    lead = page.find("p", **{"class": "lead"})[0][1]
    assert lead.startswith(f"Of {len(content.standings)} combinations, the best by accuracy is basic, ")
    assert f"C = 2^{winner.candidate.c_exponent}, gamma = 2^{winner.candidate.gamma_exponent}" in lead
    right = sum(len(row.get(actual, ())) for actual, row in content.matrix.items())
    assert f"{right} of 36 answers right" in lead
    assert "about 81.2 % of new items" in lead
    assert "(90 % interval 70.0 to 90.5 %)" in lead
    shown = facts(page)
    assert shown["Accuracy"] == f"{winner.scores.accuracy:.2f} % ± {winner.scores.accuracy_std:.2f}"
    assert shown["Accuracy, corrected"] == "81.2 % 70.0 to 90.5"
    assert shown["Normalized, corrected"] == "80.0 %"
    assert shown["Nested cross-validation"] == "79.5 % normalized 78.2 %"
    assert shown["Majority baseline"] == "33.33 % always class 00"
    assert shown["Items"] == "36 in 3 classes"
    labels = [found["aria-label"] for found, _ in page.find("svg", role="img")]
    assert "Nested cross-validation: 79.5 %" in labels
    assert "Corrected for the choice: 81.2 % (70.0 to 90.5)" in labels


def test_facts_of_the_run_are_listed():
    data = DataFacts(n_items=36, n_classes=3, evaluations=("5 folds",), repeats=10, n_groups=12, groups_from="a.csv")
    counters = {"iterations": 1234567, "problems_asked": 90, "problems_solved": 30, "odd_ones": 3}
    run = RunFacts(seconds=75.0, counters=counters, versions={"numpy": "2.4", "Python": "3"})
    shown = facts(read(dataclasses.replace(small(), data=data, run=run)))
    assert shown["Repeats"] == "10"
    assert shown["Groups"] == "12, from a.csv"
    assert shown["Time taken"] == "1 min 15 s"
    assert shown["SMO iterations"] == "1 234 567"
    assert shown["Odd ones"] == "3"
    assert shown["Problems solved"] == "30 of 90"
    assert shown["Versions"] == "numpy 2.4, Python 3"
    assert "Time taken" not in facts(read(small()))


def test_every_combination_is_a_cell_with_its_numbers():
    content = small()
    page = read(content)
    assert len(cells(page)) == len(content.standings)
    for standing in content.standings:
        candidate, scores = standing.row.candidate, standing.row.scores
        (cell,) = [
            text
            for text in cells(page)
            if f"{candidate.kernel}, C = 2^{candidate.c_exponent}, gamma = 2^{candidate.gamma_exponent}, " in text
            and f"{'balanced' if candidate.balance_classes else 'equal'} class weights" in text
        ]
        assert f"accuracy {scores.accuracy:.2f} %, normalized accuracy {scores.normalized_accuracy:.2f} %" in cell
        assert f"place {standing.row.accuracy_rank}" in cell
        assert ("not told apart from the winner" in cell) == standing.equals_winner
        assert ("same problem as place" in cell) == (standing.same_problem_as is not None)
    assert sum("the winner" in text and "apart" not in text for text in cells(page)) == 1


def test_the_same_values_stand_in_tables_for_readers_who_do_not_see_the_maps():
    content = small()
    page = read(content)
    tables = page.find("table", **{"class": "values"})
    assert len(tables) == 4
    for standing in content.standings:
        scores = standing.row.scores
        assert any(f"{scores.accuracy:.1f} {scores.normalized_accuracy:.1f}" in text for _, text in tables)
    assert [text for _, text in page.find("caption")][:2] == [
        "basic, RBF, equal weights",
        "basic, RBF, balanced weights",
    ]


def test_repeats_failures_the_winner_and_its_equals_differ_in_shape():
    content = small(failures=(1, 4))
    page = read(content)
    repeats = sum(standing.same_problem_as is not None for standing in content.standings)
    alike = sum(standing.same_predictions_as is not None for standing in content.standings)
    equals = sum(standing.equals_winner for standing in content.standings)
    assert min(repeats, equals) > 0
    # Once in the maps, and once in the legend.
    assert len(page.find("rect", width="13")) == repeats + 1
    assert len(page.find("rect", rx="10")) == alike + (alike > 0)
    assert len(page.find("path", **{"class": "cross"})) == 2 + 1
    assert len(page.find("circle", r="2.5")) == equals + 1
    assert len(page.find("use", href="#star")) == 1 + 1
    assert sum("failed (fold 2: out of memory)" in text for text in cells(page)) == 2


def test_colours_are_on_one_scale_for_all_maps():
    content = made_up_content(preprocessings=("basic", "mfcc"))
    page = read(content)
    levels = {}
    for found, text in page.find("g"):
        value = float(re.search(r"accuracy ([0-9.]+) %", text).group(1))
        levels.setdefault(value, set()).add(int(re.search(r"a(\d+)", found["class"]).group(1)))
    assert all(len(numbers) == 1 for numbers in levels.values())
    in_order = [numbers.pop() for _, numbers in sorted(levels.items())]
    assert in_order == sorted(in_order)
    assert len(set(in_order)) > 5


def test_the_ranking_lists_everything_best_first():
    content = small(failures=(3,))
    rows = ranking(read(content))
    assert len(rows) == len(content.standings)
    for row, standing in zip(rows[:-1], content.standings[:-1], strict=True):
        assert row.startswith(f"{standing.row.accuracy_rank}{' =' if standing.row.tied else ''}")
        assert f"{standing.row.scores.accuracy:.2f} ± {standing.row.scores.accuracy_std:.2f}" in row
        assert ("not told apart" in row) == standing.equals_winner
        same = standing.same_problem_as
        assert ("problem of" in row) == (same is not None)
        assert same is None or row.endswith(f"problem of {content.standings[same].row.accuracy_rank}")
    assert "the winner" in rows[0]
    assert rows[-1].endswith("fold 2: out of memory")


def test_columns_that_say_nothing_are_left_out():
    def headings(content):
        return [text for found, text in read(content).find("th", scope="col") if "data-kind" in found]

    content = small()
    assert "Interval" in headings(content)
    assert "p" in headings(content)
    assert "Folds" not in headings(content)
    bare = tuple(dataclasses.replace(one, interval=None, p_value=None) for one in content.standings)
    assert "Interval" not in headings(dataclasses.replace(content, standings=bare))
    assert "p" not in headings(dataclasses.replace(content, standings=bare))


def test_several_evaluations_have_maps_of_their_own():
    page = read(together(small(n_folds=5), small(n_folds=4)))
    headings = [text for _, text in page.find("h3")]
    assert {"basic, 5 folds", "basic, 4 folds"} <= set(headings)
    assert "Folds" in [text for _, text in page.find("th", scope="col")]
    assert facts(page)["Evaluation"] == "5 folds, 4 folds"


def test_every_cell_of_the_confusion_matrix_leads_to_its_items():
    content = small()
    page = read(content)
    lists = {found["id"]: found for found, _ in page.find("ul") if "id" in found}
    targets = {link.removeprefix("#") for link in page.links if link.startswith("#cell-")}
    assert targets == set(lists)
    listed = [text.split(" music/")[0] for _, text in page.find("li") if re.match(r"class \d\d/", text)]
    assert sorted(listed) == sorted(item for row in content.matrix.values() for ids in row.values() for item in ids)


def test_paths_stand_beside_mistakes():
    content = small()
    mistake = next(ids[0] for actual, row in content.matrix.items() for other, ids in row.items() if actual != other)
    assert f"{mistake} music/{mistake}.json" in [text for _, text in read(content).find("li")]


def test_an_item_that_was_tested_several_times_is_listed_once():
    content = dataclasses.replace(
        small(), matrix={"a": {"b": ["x", "y", "x"]}}, data=DataFacts(n_items=2, n_classes=1, repeats=2), paths={}
    )
    page = read(content)
    assert {"x \u00d72", "y"} <= {text for _, text in page.find("li")}
    assert "Each item was tested 2 times" in text_of(page)


def test_what_was_left_out_is_listed_by_kind_and_reason():
    left_out = (
        LeftOut(kind="Files", name="a.json", reason="not JSON"),
        LeftOut(kind="Descriptors", name="x", reason="has NaN"),
        LeftOut(kind="Files", name="b.json", reason="empty"),
        LeftOut(kind="Descriptors", name="y", reason="has NaN"),
    )
    page = read(dataclasses.replace(small(), left_out=left_out))
    assert [text for _, text in page.find("summary") if "left out" in text] == [
        "2 left out: Files",
        "2 left out: Descriptors",
    ]
    assert [text for _, text in page.find("p", **{"class": "names"})] == ["a.json", "b.json", "x, y"]
    assert "Nothing was left out." in text_of(read(dataclasses.replace(small(), left_out=())))


def test_the_command_and_the_project_file_are_there_to_copy():
    run = RunFacts(command="fastgrid train_model 'a b' <c>", project_text="# <b>\nclassName: x\n  - 1\n")
    page = StrictPage(report_page(dataclasses.replace(small(), run=run)))
    texts = [element[2] for element in page.elements if element[0] == "pre"]
    assert texts == ["\nfastgrid train_model 'a b' <c>", "\n# <b>\nclassName: x\n  - 1\n"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_shown_as_they_are(name):
    content = small(class_names=[name, "x"], title=name)
    content = dataclasses.replace(content, warnings=(name,), notes=(name,), run=RunFacts(versions={name: name}))
    page = read(content)
    assert len(page.find("script")) == 1
    shown = re.sub(r"\s+", " ", name)
    assert shown in [text for _, text in page.find("th", scope="row")]
    assert page.find("h1")[0][1].startswith(f"{shown}: training report")
    assert [text for found, text in page.find("li") if text == shown] == [shown, shown]
    assert facts(page)["Versions"] == f"{shown} {shown}"
    assert any(text.startswith(f"{shown}/") for _, text in page.find("li"))


def odd_grid():
    content = small()
    odd = dataclasses.replace(content.standings[5].row.candidate, c_exponent=0.5, gamma_exponent=7)
    row = dataclasses.replace(content.standings[5].row, candidate=odd)
    standings = (*content.standings[:5], dataclasses.replace(content.standings[5], row=row), *content.standings[6:9])
    standings = tuple(dataclasses.replace(one, same_problem_as=None, same_predictions_as=None) for one in standings)
    return dataclasses.replace(content, standings=standings)


@pytest.mark.parametrize(
    "content",
    [
        odd_grid(),
        made_up_content(preprocessings=("basic",), c_exponents=(1,), gamma_exponents=(-3,), weightings=(False,)),
        made_up_content(n_classes=1, n_items=6, preprocessings=("basic",), gamma_exponents=(-3,)),
        small(failures=range(24)),
        made_up_content(preprocessings=("basic",), c_exponents=range(-20, 21), gamma_exponents=range(-20, 0)),
        ReportContent(
            title="game", project="p", standings=(), winner=None, data=DataFacts(n_items=0, n_classes=0), classes=()
        ),
    ],
    ids=["not rectangular", "single", "one class", "all failed", "wide", "nothing"],
)
def test_odd_contents_are_pages_too(content):
    page = read(content)
    assert len(cells(page)) == len(content.standings)
    assert not re.search(r"\bnan\b|\bNone\b(?!\.)", text_of(page))


def test_all_failed_says_so():
    page = read(small(failures=range(24)))
    assert "Every combination failed; there is no winner." in text_of(page)
    assert facts(page)["Failed combinations"] == "24"


def test_combinations_that_are_missing_in_a_grid_are_said_to_be():
    assert "not tried" in text_of(read(odd_grid()))


def test_the_page_asks_for_nothing_from_the_network():
    page = report_page(small())
    assert all(link.startswith("#") for link in StrictPage(page).links)
    assert not re.search(r"https?:|url\(|@import|<link|<img|<iframe", page, re.IGNORECASE)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")
    assert "unsafe" not in policy.split("script-src")[1]


def test_same_content_gives_the_same_bytes(tmp_path):
    for name in ("1", "2"):
        write_report_page(tmp_path / name, small())
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_what_utf_8_cannot_hold_is_replaced(tmp_path):
    path = tmp_path / "page.html"
    write_report_page(path, dataclasses.replace(small(), warnings=("x\udcff\x00y",)))
    assert "x\ufffd\ufffdy" in path.read_text(encoding="utf-8")


def test_a_page_that_cannot_be_written_is_a_users_mistake(tmp_path):
    with pytest.raises(UserError, match="directory does not exist"):
        write_report_page(tmp_path / "missing" / "page.html", small())


def test_long_lists_end_with_a_count():
    content = dataclasses.replace(small(), matrix={"a": {"b": ["1", "2", "3"]}})
    page = StrictPage(report_page(content, PageLimits(rows=5, cells=12, items=2, left_out=3, characters=10)))
    assert len(ranking(page)) == 5
    text = text_of(page)
    assert "19 more combinations are in report.tsv." in text
    assert "2 more maps with smaller best values are not drawn." in text
    assert "and 1 more" in [text for _, text in page.find("li")]
    assert "and 10 more" in text
    assert re.search(r"\d+ more characters are in out/game.project", text)


@pytest.mark.slow
def test_a_large_page_stays_small():
    content = made_up_content(
        n_classes=30,
        n_items=10_000,
        preprocessings=("basic", "lowlevel", "nobands", "normalized", "gaussianized", "mfcc"),
        id_of="some album of some artist/some longer title of a track {name} {number:05d}".format,
    )
    assert len(content.standings) == 1728
    left_out = tuple(
        LeftOut(kind="Files", name=f"some/longer/path/to/a/file/{i}.json", reason=f"bad: {i}") for i in range(10_000)
    )
    page = report_page(dataclasses.replace(content, left_out=left_out))
    assert len(page.encode()) < 5_000_000
