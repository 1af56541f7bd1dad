"""What a run keeps as JSON for a later one is believed only just as it was written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.common.sealed_json import sealed, unsealed

SCALARS = st.integers() | st.text() | st.none() | st.booleans()
VALUES = st.recursive(SCALARS, lambda inside: st.lists(inside, max_size=3))
DOCUMENTS = st.dictionaries(st.text().filter(lambda key: key != "sha256"), VALUES, min_size=1, max_size=4)


@given(DOCUMENTS)
def test_it_comes_back_and_is_json(document):
    text = sealed(document)
    found = unsealed(text.encode())
    assert len(found.pop("sha256")) == 64 and found == document
    assert {key: value for key, value in json.loads(text).items() if key != "sha256"} == document


@given(DOCUMENTS, st.data())
def test_another_one_is_refused(document, data):
    content = bytearray(sealed(document).encode())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    kept = bytes(content[: data.draw(st.sampled_from([len(content), place]))])
    # The first characters are no part of the document: they are just as written, or the text is no JSON.
    if 12 <= place < 76 or place >= 79 or len(kept) < len(content):
        with pytest.raises(ValueError):
            unsealed(kept)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"a": 1}', sealed({"a": 1}).encode() + b" "])
def test_what_was_never_sealed_is_refused(content):
    with pytest.raises(ValueError):
        unsealed(content)
