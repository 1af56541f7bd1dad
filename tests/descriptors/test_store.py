"""Leaves outside of memory, and the table that is made of them row by row."""

import numpy as np
import pytest

import fastgrid.descriptors.store as store_module
from fastgrid.common.errors import UserError
from fastgrid.descriptors.assemble import assemble
from fastgrid.descriptors.leaves import Leaves, Structure
from fastgrid.descriptors.store import LeavesStore

STRUCTURE = Structure((".b", ".a", ".t", ".v", ".c"), (False, False, True, False, False))


def leaves(rng, structure=STRUCTURE):
    lengths = np.array([3, 2, 1, rng.integers(0, 4), 4], dtype=np.int32)
    values = rng.standard_normal(int(lengths[[0, 1, 3, 4]].sum()), dtype=np.float32)
    return Leaves(structure, lengths, values, (str(rng.integers(9)),))


@pytest.fixture(params=[10, 10**9])
def small_memory(request, monkeypatch):
    monkeypatch.setattr(store_module, "IN_MEMORY", request.param)


@pytest.mark.parametrize("n_items", [1, 255, 256, 257, 700])
def test_rows_are_those_of_the_naive_table(tmp_path, small_memory, n_items):
    rng = np.random.default_rng(n_items)
    given = {f"{i:04}": leaves(rng) for i in range(n_items)}
    for item in given.values():
        # .a never varies but where there is one item.
        item.values[3:5] = 1
    with LeavesStore(tmp_path / "new") as store:
        for item in rng.permutation(sorted(given)).tolist():
            store.add(item, given[item], store.shared(Structure(STRUCTURE.names, STRUCTURE.textual)))
        store.order([*given, "other"])
        assert list(store) == list(given) and len({id(store.structure(item)) for item in store}) == 1
        for item, expected in given.items():
            np.testing.assert_array_equal(store[item].values, expected.values)
            np.testing.assert_array_equal(store[item].lengths, expected.lengths)
            assert store[item].texts == expected.texts
        reference = Structure((".a", ".b", ".c", ".t", ".v"), (False, False, False, True, False))
        found = assemble(store, reference)
        values = found.values()
        again = np.concatenate(list(found.rows()))
    lengths = np.array([item.lengths[3] for item in given.values()])
    expected = np.stack([np.concatenate([item.values[:3], item.values[-4:]]) for item in given.values()])
    if n_items == 1:
        assert found.shape == (1, 0)
        return
    if (lengths == lengths[0]).all() and lengths[0]:
        pytest.skip("no length varies")
    assert [d.name for d in found.descriptors] == [".b", ".c", ".t"]
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(again, expected)
    assert found.text[:, 0].tolist() == [item.texts[0] for item in given.values()]
    assert found.left_out.keys() == {".a", ".v"}


def test_numbers_go_to_a_file_without_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "IN_MEMORY", 10)
    rng = np.random.default_rng(0)
    with LeavesStore(tmp_path / "new" / "place") as store:
        for i in range(20):
            store.add(str(i), leaves(rng), STRUCTURE)
        store.remove("3")
        assert "3" not in store and len(store) == 19
        assert list((tmp_path / "new" / "place").iterdir()) == []


def test_text_that_is_too_long_is_cut_and_still_too_long(tmp_path):
    structure = Structure((".t",), (True,))
    with LeavesStore() as store:
        for item in "ab":
            store.add(item, Leaves(structure, np.ones(1, np.int32), np.zeros(0, np.float32), ("x" * 5000,)), structure)
        assert len(store["a"].texts[0]) == 1001 and store["a"].texts[0] is store["b"].texts[0]
        assert "more than 1000 characters" in assemble(store, structure).left_out[".t"]


def test_a_directory_that_cannot_be_had_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "IN_MEMORY", 10)
    (tmp_path / "file").write_text("")
    with LeavesStore(tmp_path / "file") as store, pytest.raises(UserError, match="is a file where a directory"):
        store.add("a", leaves(np.random.default_rng(0)), STRUCTURE)
