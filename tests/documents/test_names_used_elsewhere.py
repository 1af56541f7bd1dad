"""The names that vulture is told of (.ci/used_elsewhere.py) are used where the list says."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LIST = REPOSITORY / ".ci" / "used_elsewhere.py"
#: Where the names below each comment are to be found.
WHERE = {
    "Asked for by Python, numba, scikit-learn or Essentia.": ("fastgrid/**/*.py",),
    "In the templates of the report page.": ("fastgrid/report/templates/*",),
    "By the name that goes with a measure.": ("fastgrid/report/*.py", "fastgrid/report/templates/*"),
    "For those who import fastgrid.": ("tests/**/*.py", "docs/*.md"),
    "Counters, which are written as a whole (dataclasses.asdict).": ("fastgrid/sweep/*.py",),
}


def listed() -> list[tuple[str, str]]:
    comment, found = "", []
    for line in LIST.read_text(encoding="utf-8").split("\n\n", 1)[1].splitlines():
        if line.startswith("#"):
            comment = line.removeprefix("# ")
        elif line:
            node = ast.parse(line, mode="eval").body
            found.append((comment, node.attr if isinstance(node, ast.Attribute) else ast.unparse(node)))
    return found


@pytest.mark.parametrize("comment", WHERE)
def test_names_are_used_where_the_list_says(comment: str) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for where in WHERE[comment] for path in REPOSITORY.glob(where))
    names = [name for said, name in listed() if said == comment]
    assert names
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


def test_every_name_has_a_reason() -> None:
    assert {comment for comment, _ in listed()} == set(WHERE)
