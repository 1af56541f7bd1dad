"""The examples of README.md and docs/ run as they stand there; those that cannot are few, and say why."""

import re
from pathlib import Path

import pytest
from document_examples import FENCE, FILE, PAGES, REPOSITORY, RUN, SHOWN, SKIPPED, make_workspace, run_page

#: Examples that are left out: installations, benchmarks of minutes, clusters. Make it smaller where one can be run.
MOST_SKIPPED = 14
WITH_EXAMPLES = [
    page for page in PAGES if any(found["language"] in RUN for found in FENCE.finditer(page.read_text("utf-8")))
]


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_workspace(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    # Grids are small and pages run side by side: to start workers takes longer than what they do.
    monkeypatch.setenv("GAIA_NUM_TRAINING_PROCESSES", "1")
    outcome = run_page(page)
    text = page.read_text("utf-8")
    assert outcome.skipped == [found["reason"] for found in SKIPPED.finditer(text)]
    shown = sum(found["language"] in RUN for found in FENCE.finditer(text))
    assert outcome.examples >= shown - len(outcome.skipped)


def test_every_fence_is_run_or_known_to_show_something_only() -> None:
    for page in PAGES:
        text = page.read_text("utf-8")
        assert "```" not in FENCE.sub("", text), f"{name_of(page)}: a fence that is not closed, or is indented"
        for found in FENCE.finditer(text):
            language = found["language"].split(" ")[0]
            known = language in RUN + SHOWN or (language == "{code-block}" and FILE.match(found[0]))
            assert known, f"{name_of(page)}: ```{found['language']} is neither run nor known"


def test_examples_that_are_left_out_say_why_and_are_few() -> None:
    reasons = []
    for page in PAGES:
        text = page.read_text("utf-8")
        found = list(SKIPPED.finditer(text))
        assert len(found) == len(re.findall("^ *<!--.*skip: *(next|start)", text, re.MULTILINE)), (
            f"{name_of(page)}: a skip without a reason"
        )
        reasons += [f"{name_of(page)}: {each['reason']}" for each in found]
    print("\n".join(reasons))
    assert len(reasons) <= MOST_SKIPPED
    assert all(len(reason.split(": ", 1)[1].split()) >= 3 for reason in reasons)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```python\n1 / 0\n```\n", "ZeroDivisionError"),
        ("```python\n>>> 1 + 1\n3\n```\n", "Expected"),
        ("```bash\nfalse\n```\n", "exit code 1"),
        ("```bash\nfalse | cat\n```\n", "exit code 1"),
        ("```console\n$ echo one\ntwo\n```\n", "expected:\ntwo"),
        ("<!-- invisible-code-block: bash\nexit 4\n-->\n", "exit code 4"),
    ],
)
def test_an_example_that_fails_is_noticed(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises((AssertionError, ZeroDivisionError)) as caught:
        run_page(page)
    assert words in f"{caught.type.__name__} {caught.value}"


def test_what_a_page_may_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "```{code-block} csv\n:caption: rows/some.csv\n\na,b\n1,2\n```\n\n"
        '<!-- skip: next "there is no such program" -->\n```bash\nno_such_program\n```\n\n'
        "```console\n$ cat rows/some.csv\na,...\n1,2\n```\n\n"
        "```python\nfrom pathlib import Path\nfound = Path('rows/some.csv').read_text()\n```\n\n"
        "<!-- invisible-code-block: python\nassert found == 'a,b\\n1,2\\n'\n-->\n"
    )
    outcome = run_page(page)
    assert outcome.skipped == ["there is no such program"] and outcome.examples == 4
