"""The pages in headless Chromium: wide and narrow, light and dark, on paper, with and without their script."""

import contextlib
import dataclasses

import browser
import pytest
from report_content import made_up_content, together

from fastgrid.evaluation import CombinationScore
from fastgrid.report import report_page, write_confusion_page

MISSING = browser.what_is_missing()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING) and not browser.is_required(), reason=MISSING)]

VARIANTS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
AWKWARD = (
    "<b>rock</b> & “roll”",
    "日本の民謡",
    "موسيقى شعبية",
    "a class with quite a long name that goes on",
    "x" * 60,
)


def usual():
    preprocessings = ("basic", "gaussianized")
    return made_up_content(
        preprocessings=preprocessings, c_exponents=(-5, 1, 7), gamma_exponents=(1, -5, -11), failures=(5, 50)
    )


def awkward():
    """Return names that are hard to show, two evaluations, and maps of different shapes."""
    options = {"class_names": AWKWARD, "n_items": 60, "title": AWKWARD[4], "kernels": ("RBF",), "weightings": (False,)}
    preprocessings = ("p" * 50, AWKWARD[2])
    wide = made_up_content(
        preprocessings=preprocessings, c_exponents=range(-15, 16), gamma_exponents=(1, -5.5), **options
    )
    single = made_up_content(preprocessings=("basic",), c_exponents=(1,), gamma_exponents=(0.5,), n_folds=4, **options)
    return dataclasses.replace(together(wide, single), warnings=AWKWARD, notes=AWKWARD)


def failed():
    return made_up_content(preprocessings=("basic",), c_exponents=(1, 3, 5), failures=range(96))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    directory = tmp_path_factory.mktemp("pages")
    for content in (usual, awkward, failed):
        (directory / f"{content.__name__}.html").write_text(report_page(content()), encoding="utf-8")
    given = usual()
    write_confusion_page(
        directory / "confusion.html", "mood", "p", given.matrix, scores=CombinationScore(90.0, 1.0, 89.0, 2.0)
    )
    return directory


@pytest.fixture(scope="module")
def chromium():
    assert not MISSING, MISSING
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=browser.chromium(), args=list(browser.FLAGS))
        yield launched
        launched.close()


@contextlib.contextmanager
def opened(chromium, file, *, width=1280, scheme="light", script=True):
    """Open a page; when it is left, it must have asked for nothing and complained of nothing."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        java_script_enabled=script,
        reduced_motion="reduce",
    )
    asked, complaints = [], []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert asked == [file.as_uri()]
    assert complaints == []


def overflow(page):
    """Return by how many pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def open_everything(page):
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")


@pytest.mark.parametrize("name", ["usual", "awkward", "failed", "confusion"])
@pytest.mark.parametrize(("width", "scheme"), VARIANTS)
def test_pages_are_accessible_and_fit_the_window(chromium, pages, name, width, scheme):
    with opened(chromium, pages / f"{name}.html", width=width, scheme=scheme) as page:
        assert overflow(page) == 0
        assert browser.violations(page) == []
        open_everything(page)
        if page.locator("#by-normalized").count():
            page.locator("#by-normalized").check()
            page.locator("#with-numbers").check()
        assert overflow(page) == 0
        assert browser.violations(page) == []


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_their_window_with_large_type_too(chromium, pages, width):
    with opened(chromium, pages / "awkward.html", width=width) as page:
        page.add_style_tag(content="html { font-size: 150% }")
        open_everything(page)
        assert overflow(page) == 0


def ranking_column(page, heading):
    index = page.locator("#ranking-table thead th").all_inner_texts()
    number = next(i for i, text in enumerate(index) if text.split(" ↕")[0].strip(" ↑↓") == heading)
    rows = page.locator("#ranking-table tbody tr:visible")
    return rows.evaluate_all("(rows, i) => rows.map(row => row.cells[i].textContent)", number)


def test_the_ranking_is_sorted_by_its_headings(chromium, pages):
    with opened(chromium, pages / "usual.html") as page:
        places = ranking_column(page, "Place")
        heading = page.get_by_role("columnheader", name="C", exact=True)
        assert page.locator("[aria-sort]").all_inner_texts() == ["Place"]
        heading.get_by_role("button").click()
        assert heading.get_attribute("aria-sort") == "ascending"
        exponents = [int(text.removeprefix("2^")) for text in ranking_column(page, "C")]
        assert exponents == sorted(exponents)
        heading.get_by_role("button").press("Enter")
        assert heading.get_attribute("aria-sort") == "descending"
        assert [int(text.removeprefix("2^")) for text in ranking_column(page, "C")] == sorted(exponents, reverse=True)
        page.get_by_role("columnheader", name="Normalized", exact=True).get_by_role("button").click()
        normalized = ranking_column(page, "Normalized")
        # The two that failed have no number and stay last.
        assert normalized[-2:] == ["", ""]
        numbers = [float(text.split(" ± ")[0]) for text in normalized[:-2]]
        assert numbers == sorted(numbers, reverse=True)
        page.get_by_role("columnheader", name="Preprocessing").get_by_role("button").click()
        assert ranking_column(page, "Preprocessing")[0] == "basic"
        page.get_by_role("columnheader", name="Place").get_by_role("button").click()
        assert ranking_column(page, "Place") == places


def test_the_ranking_is_filtered(chromium, pages):
    content = usual()
    with opened(chromium, pages / "usual.html") as page:
        count = page.locator("#filter-count")
        assert count.inner_text() == "72 of 72 shown"
        page.get_by_label("Filter", exact=True).fill("RBF  gauss")
        assert set(ranking_column(page, "Kernel")) == {"RBF"}
        assert set(ranking_column(page, "Preprocessing")) == {"gaussianized"}
        assert count.inner_text() == "18 of 72 shown"
        page.get_by_label("Filter", exact=True).fill("no such thing")
        assert count.inner_text() == "0 of 72 shown"
        page.get_by_label("Filter", exact=True).fill("")
        page.get_by_label("only the winner and its equals").check()
        equals = sum(standing.equals_winner for standing in content.standings)
        assert len(ranking_column(page, "Place")) == equals + 1
        page.get_by_label("without repeats").check()
        own = sum(
            (standing.equals_winner or i == 0)
            and standing.same_problem_as is None
            and standing.same_predictions_as is None
            for i, standing in enumerate(content.standings)
        )
        assert len(ranking_column(page, "Place")) == own


def fill_of(page, place):
    cell = page.locator(f".map g:has(title:text-matches('place {place}(,|$)'))").first
    return cell.locator("rect, circle").first.evaluate("shape => getComputedStyle(shape).fill")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_colours_follow_the_metric(chromium, pages, script):
    content = usual()
    # A combination whose two accuracies are as different as can be.
    standing = max(
        (one for one in content.standings if one.row.scores),
        key=lambda one: abs(one.row.scores.accuracy - one.row.scores.normalized_accuracy),
    )
    with opened(chromium, pages / "usual.html", script=script) as page:
        by_accuracy = fill_of(page, standing.row.accuracy_rank)
        page.locator("#by-normalized").check()
        assert fill_of(page, standing.row.accuracy_rank) != by_accuracy
        assert page.locator("figure.by-normalized").is_visible()
        assert not page.locator("figure.by-accuracy").is_visible()
        page.locator("#by-accuracy").check()
        assert fill_of(page, standing.row.accuracy_rank) == by_accuracy


def luminance(colour):
    red, green, blue = (int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
    return 0.21 * red + 0.72 * green + 0.07 * blue


def test_the_best_stands_out_from_the_page_in_both_schemes(chromium, pages):
    last = sum(standing.row.scores is not None for standing in usual().standings)
    found = {}
    for scheme in ("light", "dark"):
        with opened(chromium, pages / "usual.html", scheme=scheme) as page:
            body = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
            found[scheme] = [luminance(colour) for colour in (body, fill_of(page, last), fill_of(page, 1))]
    assert found["light"] == sorted(found["light"], reverse=True)
    assert found["dark"] == sorted(found["dark"])


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_cell_of_the_matrix_opens_the_list_of_its_items(chromium, pages, script):
    with opened(chromium, pages / "usual.html", script=script) as page:
        link = page.locator("table.confusion td:not(.hi) a").first
        items = page.locator(link.get_attribute("href"))
        assert not items.is_visible()
        link.click()
        items.wait_for(state="visible")
        assert items.locator("li").first.is_visible()


def test_without_its_script_the_page_shows_everything(chromium, pages):
    content = usual()
    with opened(chromium, pages / "usual.html", script=False) as page:
        assert not page.locator(".filter").is_visible()
        assert page.locator("#ranking-table button").count() == 0
        rows = page.locator("#ranking-table tbody tr:visible")
        assert rows.count() == len(content.standings)
        page.get_by_text("The values of all maps as tables").click()
        assert page.locator("table.values").first.is_visible()
        page.get_by_text("The project file", exact=True).click()
        assert page.get_by_label("Project file").inner_text().strip() == content.run.project_text.strip()


def test_a_touched_cell_says_its_numbers(chromium, pages):
    with opened(chromium, pages / "usual.html", width=390) as page:
        cell = page.locator(".map g").nth(3)
        cell.click()
        said = page.locator(".pointed").first.inner_text()
        assert said == cell.locator("title").evaluate("title => title.textContent")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_paper_gets_lists_that_were_closed(chromium, pages, script):
    with opened(chromium, pages / "usual.html", width=700, scheme="dark", script=script) as page:
        page.emulate_media(media="print")
        if script:
            page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert overflow(page) == 0
        assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.get_by_label("Project file").is_visible()
        assert not page.locator("nav").is_visible()
        assert page.locator("#ranking-table tbody tr:visible").count() == 50
        assert not page.get_by_text("The values of all maps as tables").is_visible()
        if script:
            page.evaluate("window.dispatchEvent(new Event('afterprint'))")
            assert page.locator("details[open]").count() == 0


def test_the_whole_page_is_reached_by_keyboard(chromium, pages):
    with opened(chromium, pages / "usual.html", width=390) as page:
        scrolled = page.evaluate(
            "Array.from(document.querySelectorAll('*')).filter(element => element.scrollWidth > element.clientWidth + 1"
            " && ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)).map(element => element.tabIndex)"
        )
        assert len(scrolled) > 2
        assert set(scrolled) == {0}
