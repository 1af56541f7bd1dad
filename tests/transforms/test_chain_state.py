"""Saved chains: a round trip, and states that are damaged or made up."""

import copy
import io
import json

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from transform_tables import assert_same_table, make_table

from fastgrid.transforms.chain import Chain, build_chain

RANDOM = np.random.default_rng(3)
TABLE = make_table(
    {
        ".high.x": RANDOM.normal(size=(12, 2)).tolist(),
        ".key": ["c", "d", "c", "e"] * 3,
        ".low.flat": [1] * 12,
        ".low.mfcc": RANDOM.normal(size=(12, 3)).tolist(),
        ".metadata.length": RANDOM.normal(size=12).tolist(),
    }
)
SPECS = [
    {"transfo": "fixlength"},
    {"transfo": "removevl"},
    {"transfo": "cleaner"},
    {"transfo": "remove", "params": {"descriptorNames": ["metadata.*", "none"]}},
    {"transfo": "enumerate", "params": {"descriptorNames": "key"}},
    {"transfo": "normalize", "params": {"except": ["high.*"]}},
    {"transfo": "normalize", "params": {"descriptorNames": ["high.*"], "independent": True}},
    {"transfo": "gaussianize", "params": {"descriptorNames": ["low.*"]}},
    {"transfo": "select", "params": {"descriptorNames": "*"}},
]
ENUMERATE, NORMALIZE, GAUSSIANIZE = 4, 5, 7


@pytest.fixture(scope="module")
def state():
    return build_chain(SPECS).fit(TABLE).to_state()


@pytest.fixture
def damaged(state):
    """A copy to damage: the description, its list of steps, and the arrays."""
    description = copy.deepcopy(state[0])
    return description, description["steps"], dict(state[1])


def through_files(description, arrays):
    """What comes back from JSON and from an npz file without pickle."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    buffer.seek(0)
    with np.load(buffer, allow_pickle=False) as archive:
        return json.loads(json.dumps(description)), {key: archive[key] for key in archive.files}


def test_round_trip_has_the_same_bits(state):
    chain = build_chain(SPECS)
    expected = chain.fit_transform(TABLE)
    restored = Chain.from_state(*through_files(*state))
    assert_same_table(restored.transform(TABLE), expected)
    assert restored.unmatched_ == chain.unmatched_ == ["remove: none"]
    assert restored.left_out_ == chain.left_out_ and set(chain.left_out_) == {".low.flat"}
    assert [name for name, _ in restored.steps] == [name for name, _ in chain.steps]


def test_saving_twice_gives_the_same(state):
    description, arrays = Chain.from_state(*state).to_state()
    assert json.dumps(description) == json.dumps(state[0])
    assert arrays.keys() == state[1].keys()
    assert all(arrays[key].tobytes() == state[1][key].tobytes() for key in arrays)


def test_a_chain_without_steps():
    assert Chain.from_state(*Chain([]).to_state()).transform(TABLE) is TABLE


def test_a_chain_that_is_not_fitted_has_no_state():
    with pytest.raises(NotFittedError):
        build_chain(SPECS).to_state()


@pytest.mark.parametrize(
    "description",
    [
        *(None, [], "x", {}, {1: 2}),
        *({"steps": None}, {"steps": {}}, {"steps": [], "more": 1}),
        *({"steps": [7]}, {"steps": [{}]}, {"steps": [[]] * 1001}),
    ],
)
def test_foreign_descriptions(description):
    with pytest.raises(ValueError, match="chain"):
        Chain.from_state(description, {})


@pytest.mark.parametrize(
    ("position", "key", "value"),
    [
        (0, "name", 5),
        (0, "name", "removevl"),
        (0, "transfo", "svmtrain"),
        (0, "transfo", None),
        (0, "params", {"descriptorNames": "*"}),
        (0, "learned", None),
        (0, "more", 1),
        (3, "params", {}),
        (3, "params", {"descriptorNames": [["a"]]}),
    ],
)
def test_wrong_steps(damaged, position, key, value):
    description, steps, arrays = damaged
    steps[position][key] = value
    with pytest.raises(ValueError, match="chain"):
        Chain.from_state(description, arrays)


@pytest.mark.parametrize(
    ("position", "key", "value"),
    [
        (0, "unmatched", "text"),
        (0, "unmatched", [1]),
        (0, "left_out", []),
        (0, "left_out", {".a": 1}),
        (0, "kept", []),
        (3, "kept", None),
        (3, "kept", [".a", ".a"]),
        (3, "kept", [".a", 5]),
        (ENUMERATE, "lengths", {".key": 0}),
        (ENUMERATE, "lengths", {".key": True}),
        (ENUMERATE, "lengths", {".key": 1.0}),
        (ENUMERATE, "lengths", {}),
        (ENUMERATE, "lengths", {".key": 1, ".other": 1}),
        (ENUMERATE, "texts", {}),
        (ENUMERATE, "texts", {".key": ["c", "c"]}),
        (ENUMERATE, "texts", {".key": {"c": 0}}),
        (NORMALIZE, "lengths", {".low.mfcc": 2}),
        (NORMALIZE, "lengths", {".low.mfcc": 2**40}),
        (NORMALIZE, "lengths", [".low.mfcc"]),
        (GAUSSIANIZE, "lengths", {".low.mfcc": 4}),
    ],
)
def test_wrong_learned_parts(damaged, position, key, value):
    description, steps, arrays = damaged
    steps[position]["learned"][key] = value
    with pytest.raises(ValueError, match=rf"chain\.steps\[{position}\]"):
        Chain.from_state(description, arrays)


@pytest.mark.parametrize("position", range(len(SPECS)))
def test_missing_learned_parts(damaged, position):
    description, steps, arrays = damaged
    for key in steps[position]["learned"]:
        less = copy.deepcopy(description)
        del less["steps"][position]["learned"][key]
        with pytest.raises(ValueError, match=key):
            Chain.from_state(less, arrays)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (f"{NORMALIZE}.scale", lambda a: None),
        (f"{NORMALIZE}.scale", lambda a: a.tolist()),
        (f"{NORMALIZE}.scale", lambda a: a.astype(np.float64)),
        (f"{NORMALIZE}.scale", lambda a: a.astype(">f4")),
        (f"{NORMALIZE}.scale", lambda a: a.astype(str)),
        (f"{NORMALIZE}.scale", lambda a: a[:-1]),
        (f"{NORMALIZE}.scale", lambda a: a[None]),
        (f"{NORMALIZE}.offset", lambda a: a * np.float32(np.nan)),
        (f"{GAUSSIANIZE}.sorted", lambda a: a[:, ::-1]),
        (f"{GAUSSIANIZE}.sorted", lambda a: a[:, :1]),
        (f"{GAUSSIANIZE}.sorted", lambda a: a[:, :0]),
        (f"{GAUSSIANIZE}.sorted", lambda a: np.zeros((3, 10_001), np.float32)),
        (f"{GAUSSIANIZE}.sorted", lambda a: a + np.float32(np.inf)),
        (f"{GAUSSIANIZE}.sorted", lambda a: a[:2]),
    ],
)
def test_wrong_arrays(damaged, name, change):
    description, _, arrays = damaged
    arrays[name] = change(arrays[name])
    with pytest.raises(ValueError, match=name.partition(".")[2]):
        Chain.from_state(description, arrays)


@pytest.mark.parametrize("name", [f"{NORMALIZE}.more", "0.scale", "99.scale", "scale"])
def test_superfluous_arrays(damaged, name):
    description, _, arrays = damaged
    arrays[name] = np.zeros(1, np.float32)
    with pytest.raises(ValueError, match=r"unknown parts|no step"):
        Chain.from_state(description, arrays)


def test_a_restored_chain_does_not_share_the_arrays(state):
    arrays = {key: value.copy() for key, value in state[1].items()}
    restored = Chain.from_state(state[0], arrays)
    before = restored.transform(TABLE)
    for value in arrays.values():
        value[:] = 0
    assert_same_table(restored.transform(TABLE), before)
