"""Text of strangers on one line: nothing in it steers a terminal, and what can be read stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.common.errors import escaped, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines \t and\xa0blanks ", "two lines and blanks"),
        ("日本 Ünïcode العربية", "日本 Ünïcode العربية"),
        ("می‌خواهم", "می‌خواهم"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\u202eabc", "\\u202eabc"),
        ("bytes\udcff", "bytes\\udcff"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_cannot_be_printed_is_escaped(text, shown):
    assert one_line(text) == shown


@given(st.text(st.characters()), st.integers(1, 30))
def test_a_line_is_one_line_of_limited_length_that_can_be_printed(text, limit):
    line = one_line(text, limit)
    assert len(line) <= limit and len(line.splitlines()) <= 1
    assert line.replace("\u200c", "").replace("\u200d", "").isprintable()


@given(st.text(st.characters(categories=["L", "N", "P"])))
def test_what_can_be_printed_stays(text):
    assert escaped(text) == text
