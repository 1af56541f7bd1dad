"""The layout of the majority, how files differ from it, and taking chosen descriptors out of leaves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.descriptors.layout import compare, majority_layout
from fastgrid.descriptors.leaves import Leaves, Structure
from fastgrid.descriptors.picker import Picker, text_of_number


def structure(**kinds):
    return Structure(tuple(f".{name}" for name in kinds), tuple(kind == "text" for kind in kinds.values()))


AB = structure(a="real", b="text")
BA = structure(b="text", a="real")
A = structure(a="real")
BOTH_REAL = structure(a="real", b="real")


def test_majority_decides_and_the_order_in_the_file_does_not_matter():
    assert majority_layout({"1": A, "2": A, "3": BA, "4": AB, "5": BA}) == AB


def test_first_id_decides_between_equals():
    assert majority_layout({"b": A, "a": AB}) == AB
    assert majority_layout({"é": A, "10": BOTH_REAL, "9": AB}) == BOTH_REAL
    # U+FF5E is above U+1F600 in UTF-16 code units, below it in code points.
    assert majority_layout({"\uff5e": A, "\U0001f600": AB}) == AB


def test_a_layout_fits_itself_in_any_order():
    assert compare(BA, AB).reason == ""
    assert compare(BA, AB).to_text == frozenset()


def test_numbers_become_text_but_text_never_numbers():
    fitting = compare(BOTH_REAL, AB)
    assert (fitting.reason, fitting.to_text) == ("", {".b"})
    assert "has text, not numbers, in .b" in compare(AB, BOTH_REAL).reason


def test_reason_names_three_differences_and_counts_the_rest():
    assert "has no .b" in compare(A, AB).reason
    assert "has .b in addition" in compare(AB, A).reason
    wide = structure(a="real", c="real", d="real", e="real", f="real")
    reason = compare(wide, AB).reason
    assert "has no .b, has .c in addition, has .d in addition and 2 more differences" in reason
    assert ".e" not in reason


def leaves_of(found, values):
    numbers, texts, lengths = [], [], []
    for textual, items in zip(found.textual, values, strict=True):
        (texts if textual else numbers).extend(items)
        lengths.append(len(items))
    return Leaves(found, np.array(lengths, np.int32), np.array(numbers, np.float32), tuple(texts))


DESCRIPTORS = st.lists(
    st.one_of(
        st.lists(st.floats(width=32, allow_nan=False), max_size=3).map(lambda items: (False, items)),
        st.lists(st.text(max_size=3), min_size=1, max_size=3).map(lambda items: (True, items)),
    ),
    min_size=1,
    max_size=6,
)


@given(DESCRIPTORS, st.randoms(use_true_random=False))
def test_picker_takes_what_a_dictionary_would_give(descriptors, random):
    names = [f".{i}" for i in range(len(descriptors))]
    content = dict(zip(names, descriptors, strict=True))
    leaves = leaves_of(Structure(tuple(names), tuple(t for t, _ in descriptors)), [v for _, v in descriptors])
    wanted = random.sample(names, random.randint(0, len(names)))
    as_text = [content[name][0] or random.random() < 0.3 for name in wanted]
    numbers, texts, lengths = [], [], []
    for name, textual in zip(wanted, as_text, strict=True):
        is_text, items = content[name]
        if textual and not is_text:
            items = [f"{items[-1]:g}"] if items else []
        (texts if textual else numbers).extend(items)
        lengths.append(len(items))
    picker = Picker(leaves.structure, wanted, as_text)
    assert picker.lengths(leaves).tolist() == lengths
    assert picker.numbers(leaves).tolist() == numbers
    assert picker.texts(leaves) == texts


@pytest.mark.parametrize(
    ("number", "text"),
    [(3.14159265, "3.14159"), (1e-9, "1e-09"), (5, "5"), (1234567, "1.23457e+06"), (np.nan, "nan"), (-np.inf, "-inf")],
)
def test_number_as_text_has_six_digits(number, text):
    assert text_of_number(np.float32(number)) == text
