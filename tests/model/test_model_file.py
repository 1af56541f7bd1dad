"""Saving and loading; forged files carry a right checksum, so that only the checks of the content can refuse them."""

import hashlib
import json
import random
import struct
import warnings

import numpy as np
import pytest

from fastgrid.common.errors import UserError
from fastgrid.model.container import MAGIC, read_container, write_container
from fastgrid.model.model import Model


def forged(content):
    """Give a changed file the sizes and the checksum that it needs."""
    _, version, _, header_size = struct.unpack_from("<12sIQQ", content)
    body = struct.pack("<12sIQQ", MAGIC, version, len(content), header_size) + content[32:-32]
    return body + hashlib.sha256(body).digest()


def edited(path, change):
    """Write the model again after `change(description, arrays)`."""
    description, arrays = read_container(path)
    arrays = {name: array.copy() for name, array in arrays.items()}
    change(description, arrays)
    write_container(path, description, arrays)


def works_or_is_refused(path, table):
    """Whether the file could be used; anything but a UserError is a failure."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            prediction = Model.load(path).predict(table)
    except UserError as error:
        assert "\n" not in str(error)
        return False
    assert np.isfinite(prediction.probabilities).all()
    assert (prediction.probabilities >= 0).all()
    return True


def test_loaded_model_is_the_same(trained, model_file):
    table, _, model = trained
    loaded = Model.load(model_file)
    assert np.array_equal(loaded.predict(table).probabilities, model.predict(table).probabilities)
    assert loaded.predict(table, probability=False).labels == model.predict(table, probability=False).labels
    assert loaded.required_descriptors == model.required_descriptors
    assert loaded.record == model.record and loaded.classes == model.classes


def test_saving_again_gives_the_same_bytes(model_file, tmp_path):
    Model.load(model_file).save(tmp_path / "again.model")
    assert (tmp_path / "again.model").read_bytes() == model_file.read_bytes()


def test_neither_pickle_nor_the_training_data_are_inside(model_file):
    content = model_file.read_bytes()
    assert b"artist" not in content and b"item0" not in content
    header = json.loads(content[32 : 32 + struct.unpack_from("<Q", content, 24)[0]])
    assert header["description"]["kernel"]["name"] == "rbf"


def test_cannot_write(trained, tmp_path):
    with pytest.raises(UserError, match="its directory does not exist"):
        trained[2].save(tmp_path / "none" / "x.model")


def test_damage_is_named_with_the_remedy(model_file):
    content = bytearray(model_file.read_bytes())
    content[-100] ^= 1
    model_file.write_bytes(content)
    with pytest.raises(
        UserError, match=r"mood\.model: is damaged \(its checksum.*\); train the model again or restore"
    ):
        Model.load(model_file)
    model_file.write_bytes(content[:-10])
    with pytest.raises(UserError, match=r"is damaged \(it is truncated or damaged: \d+ bytes are there"):
        Model.load(model_file)


WRONG_DESCRIPTIONS = {
    "class_name": 3,
    "class_order": ["class 0", "class 0", "class 1"],
    "class_order ": [],
    "class_order  ": ["class 0", "class 1"],
    "class_order   ": ["class 0", "class 1", "class 9"],
    "required": [],
    "required ": [[".lowlevel.spread", "real", 1], [".lowlevel.centroid", "real", 3]],
    "required  ": [[".lowlevel.centroid", "real", 2**31]],
    "required   ": [[".lowlevel.centroid", "complex", 3]],
    "chain": {"steps": []},
    "chain ": {"steps": [{"name": "x", "transfo": "os.system", "params": {}, "learned": {}}]},
    "kernel": {"name": "precomputed", "gamma": 1.0, "degree": 3, "coef0": 0.0},
    "kernel ": {"name": "rbf", "gamma": -1.0, "degree": 3, "coef0": 0.0},
    "kernel  ": {"name": "rbf", "gamma": 1, "degree": 3, "coef0": 0.0},
    "kernel   ": {"name": "poly", "gamma": 1.0, "degree": 10**9, "coef0": 0.0},
    "kernel    ": {"name": "poly", "gamma": 1.0, "degree": True, "coef0": 0.0},
    "record": {},
    "unknown": 1,
}


@pytest.mark.parametrize("key", WRONG_DESCRIPTIONS)
def test_wrong_descriptions_are_refused(model_file, key):
    edited(model_file, lambda description, arrays: description.update({key.strip(): WRONG_DESCRIPTIONS[key]}))
    with pytest.raises(UserError, match="is damaged"):
        Model.load(model_file)


@pytest.mark.parametrize("key", ["class_name", "class_order", "required", "chain", "kernel", "record"])
def test_lacking_descriptions_are_refused(model_file, key):
    edited(model_file, lambda description, arrays: description.pop(key))
    with pytest.raises(UserError, match=f"is damaged .*lacks '{key}'"):
        Model.load(model_file)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("class_counts", {"class 0": 1}),
        ("class_counts", {"class 0": 1, "class 1": 1, "class 2": -1}),
        ("C", 0.0),
        ("balance_classes", "yes"),
        ("solver", None),
        ("converged", 1),
        ("seed", 1.5),
        ("exclude", "x"),
        ("evaluation", []),
        ("more", 1),
    ],
)
def test_wrong_records_are_refused(model_file, key, value):
    edited(model_file, lambda description, arrays: description["record"].update({key: value}))
    with pytest.raises(UserError, match="is damaged"):
        Model.load(model_file)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("bias", lambda a: a[:-1]),
        ("bias", lambda a: a * np.nan),
        ("bias", lambda a: a.astype(np.float32)),
        ("slopes", lambda a: a + np.inf),
        ("offsets", lambda a: a[:, None]),
        ("coefficients", lambda a: a[:, :-1]),
        ("coefficients", lambda a: a[:-1]),
        ("support_vectors", lambda a: a[:, :-1]),
        ("support_vectors", lambda a: a[:0]),
        ("columns", lambda a: a[::-1]),
        ("columns", lambda a: a - 1),
        ("columns", lambda a: a + 1),
        ("columns", lambda a: a + 2**62),
        ("columns", lambda a: a[:-1]),
        ("scale", lambda a: a[:-1]),
        ("offset", lambda a: a * np.float32(np.nan)),
        ("chain/2.scale", lambda a: a[:-1]),
        ("chain/3.sorted", lambda a: a[:, ::-1]),
    ],
)
def test_wrong_arrays_are_refused(model_file, name, change):
    edited(model_file, lambda description, arrays: arrays.update({name: change(arrays[name])}))
    with pytest.raises(UserError, match="is damaged"):
        Model.load(model_file)


def test_required_dimensions_are_bounded(model_file):
    wide = [[f".{i:02}", "real", 2**21] for i in range(30)]
    edited(model_file, lambda description, arrays: description.update(required=wide))
    with pytest.raises(UserError, match=r"required descriptors are .* too many"):
        Model.load(model_file)


def test_no_support_vectors_leave_the_bias(trained, model_file):
    def strip(description, arrays):
        arrays.update(support_vectors=arrays["support_vectors"][:0], coefficients=arrays["coefficients"][:, :0])

    edited(model_file, strip)
    decisions = Model.load(model_file).classifier.decisions(np.zeros((2, 6), np.float32))
    np.testing.assert_array_equal(decisions, np.stack([trained[2].classifier.bias] * 2, axis=1))


def test_lacking_and_unknown_arrays_are_refused(model_file):
    content = model_file.read_bytes()
    for name in read_container(model_file)[1]:
        model_file.write_bytes(content)
        edited(model_file, lambda description, arrays, name=name: arrays.pop(name))
        with pytest.raises(UserError, match="is damaged"):
            Model.load(model_file)
    for name in ("more", "chain/9.more"):
        model_file.write_bytes(content)
        edited(model_file, lambda description, arrays, name=name: arrays.update({name: np.zeros(1)}))
        with pytest.raises(UserError, match="is damaged"):
            Model.load(model_file)


def test_overflowing_numbers_end_in_an_error_not_in_nonsense(trained, model_file):
    edited(model_file, lambda description, arrays: arrays["coefficients"].fill(1e308))
    with pytest.raises(UserError, match="its decision values overflow"):
        Model.load(model_file).predict(trained[0])


@pytest.mark.parametrize("header", [b"[" * 100_000, b'{"arrays":' * 50_000, b"1" * 5000, b"\xff", b"null", b"NaN"])
def test_forged_headers_are_refused(tmp_path, header):
    path = tmp_path / "x.model"
    path.write_bytes(forged(struct.pack("<12sIQQ", MAGIC, 1, 0, len(header)) + header + bytes(32)))
    with pytest.raises(UserError, match="is damaged"):
        Model.load(path)


@pytest.mark.parametrize(
    "entry",
    [
        ["a", "<f8", [2**31]],
        ["a", "<f8", [-1]],
        ["a", "<f8", [0, 2**70]],
        ["a", "<f8", [-1, 0]],
        ["a", "<f8", [1.0]],
        ["a", "<f8", [True]],
        ["a", "<f8", [0, 0, 0]],
        ["a", "|O", [0]],
        ["a", "<f8", 0],
        [["a"], "<f8", [0]],
        "abc",
    ],
)
def test_forged_array_listings_are_refused(tmp_path, entry):
    path = tmp_path / "x.model"
    header = json.dumps({"arrays": [entry, ["b", "<f8", [1]]], "description": {}}).encode()
    path.write_bytes(forged(struct.pack("<12sIQQ", MAGIC, 1, 0, len(header)) + header + bytes(8) + bytes(32)))
    with pytest.raises(UserError, match="is damaged"):
        Model.load(path)


def test_arrays_must_fill_the_file_before_they_are_allocated(tmp_path):
    header = json.dumps({"arrays": [["a", "<f8", [2**29, 2**20]]], "description": {}}).encode()
    (tmp_path / "x.model").write_bytes(forged(struct.pack("<12sIQQ", MAGIC, 1, 0, len(header)) + header + bytes(40)))
    with pytest.raises(UserError, match="arrays do not fill the file"):
        Model.load(tmp_path / "x.model")


def test_random_damage_never_gives_anything_but_an_error(trained, model_file):
    dice, content = random.Random(1), model_file.read_bytes()
    for _ in range(150):
        damaged = bytearray(content)
        for _ in range(dice.randint(1, 4)):
            damaged[dice.randrange(len(damaged))] ^= dice.randint(1, 255)
        model_file.write_bytes(damaged if dice.random() < 0.7 else damaged[: dice.randrange(len(damaged))])
        assert not works_or_is_refused(model_file, trained[0])


def test_random_forgeries_work_or_are_refused(trained, model_file):
    dice, content = random.Random(2), model_file.read_bytes()
    header_end = 32 + struct.unpack_from("<Q", content, 24)[0]
    outcomes = []
    for _ in range(400):
        damaged = bytearray(content)
        first, last = (32, header_end) if dice.random() < 0.5 else (header_end, len(content) - 32)
        position = dice.randrange(first, last)
        damaged[position] = dice.choice(b'0123456789[]{},:"-.eE' if first == 32 else range(256))
        model_file.write_bytes(forged(bytes(damaged)))
        outcomes.append(works_or_is_refused(model_file, trained[0]))
    assert True in outcomes and False in outcomes


def test_random_forged_values_work_or_are_refused(trained, model_file):
    """Replace whole values of the description instead of single characters."""
    dice, content = random.Random(3), model_file.read_bytes()
    outcomes = set()
    values = [None, True, -1, 0, 2**31, 10**30, 1e308, 5e-324, "", "*", [], {}, [[]], ["a"], {"a": 1}]
    for _ in range(300):
        model_file.write_bytes(content)

        def replace_something(description, arrays):
            node = description
            while True:
                keys = list(node) if isinstance(node, dict) else list(range(len(node)))
                key = dice.choice(keys)
                if not isinstance(node[key], dict | list) or not node[key] or dice.random() < 0.2:
                    node[key] = dice.choice(values)
                    return
                node = node[key]

        edited(model_file, replace_something)
        outcomes.add(works_or_is_refused(model_file, trained[0]))
    assert outcomes == {True, False}
