"""Model files of any content: damaged ones, and forged ones that are whole as files."""

import hashlib
import json
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hostile_input import (
    TEXT,
    cases,
    changed_bytes,
    changed_tree,
    command_outcome,
    explore,
    left_behind,
    outcome,
    within_bounds,
)
from hypothesis import strategies as st
from model_tables import PARAMETERS, STEPS, labelled_table

from fastgrid.common.errors import UserError
from fastgrid.model.container import MAGIC
from fastgrid.model.history.file import history_bytes, parse_history
from fastgrid.model.history.layouts import Leaf, LeafType, layout_of
from fastgrid.model.history.variants import StringList
from fastgrid.model.history.writing import history_content
from fastgrid.model.model import Model
from fastgrid.model.training import train
from fastgrid.project.inspection import inspect, inspection_lines
from fastgrid.project.model_conversion import convert_model

CASES = cases(40)


@pytest.fixture(scope="module")
def table():
    return labelled_table()[0].rows([0, 1, 2])


@pytest.fixture(scope="module")
def models() -> list[Model]:
    found = []
    for kernel, n_classes in (("rbf", 3), ("poly", 2), ("linear", 1)):
        table, labels = labelled_table(n_classes=n_classes)
        parameters = {**PARAMETERS, "kernel": kernel}
        found.append(
            train(
                table,
                labels,
                class_name="mood",
                steps=STEPS,
                **parameters,
                evaluation={"accuracy": 0.5, "id_column": "a"},
            )
        )
    return found


@pytest.fixture(scope="module")
def containers(models, tmp_path_factory) -> list[tuple[dict[str, Any], bytes]]:
    """The header of each model as a tree, and the bytes of its arrays."""
    found = []
    for number, model in enumerate(models):
        path = tmp_path_factory.mktemp("models") / f"{number}.model"
        model.save(path)
        data = path.read_bytes()
        length = struct.unpack_from("<Q", data, 24)[0]
        found.append((json.loads(data[32 : 32 + length]), data[32 + length : -32]))
    return found


def sealed(header: object, arrays: bytes) -> bytes:
    """Return a container that is whole: all sizes and the checksum are right."""
    text = json.dumps(header).encode("ascii")
    body = struct.pack("<12sIQQ", MAGIC, 1, 32 + len(text) + len(arrays) + 32, len(text)) + text + arrays
    return body + hashlib.sha256(body).digest()


ARRAY_EDITS = st.lists(
    st.tuples(
        st.integers(0, 2**16),
        st.sampled_from(
            [
                bytes(4),
                bytes(8),
                b"\xff" * 8,
                b"\0\0\x80\x7f",
                b"\0\0\0\x80",
                b"\xff\xff\x7f\x7f",
                struct.pack("<d", 1e308),
                struct.pack("<q", 3),
                b"a",
            ]
        ),
    ),
    max_size=3,
)


def forged(containers) -> st.SearchStrategy[bytes]:
    """Return models that are whole as files, with other descriptions and arrays."""

    def make(which: int, header: Any, edits: list[tuple[int, bytes]], fit: bool) -> bytes:
        arrays = bytearray(containers[which][1])
        for place, piece in edits:
            start = place % len(arrays) // 4 * 4
            arrays[start : start + len(piece)] = piece
        if fit:
            # So many bytes as the shapes say, if they say anything.
            try:
                size = sum(int(dtype[2]) * int(np.prod(shape, dtype=object)) for _, dtype, shape in header["arrays"])
            except (TypeError, ValueError, KeyError, IndexError):
                size = len(arrays)
            if 0 <= size < 10**6:
                arrays = (arrays * (size // len(arrays) + 1))[:size]
        return sealed(header, bytes(arrays))

    def of_one(which: int) -> st.SearchStrategy[bytes]:
        header = containers[which][0]
        # Most changes of a description end at its checks; behind these only arrays are spoilt.
        headers = st.one_of(st.just(header), changed_tree([header]))
        return st.builds(make, st.just(which), headers, ARRAY_EDITS, st.booleans())

    return st.integers(0, len(containers) - 1).flatmap(of_one)


def use(model: Model, table: Any) -> None:
    """Predict with a model that was loaded; no prediction is anything but finite."""
    prediction = outcome(lambda: model.predict(table))
    if not isinstance(prediction, UserError):
        assert np.isfinite(prediction.probabilities).all()
        np.testing.assert_allclose(prediction.probabilities.sum(axis=1), 1.0, atol=1e-6)


@CASES
def test_any_model_is_loaded_or_refused(containers, table, times, tmp_path) -> None:
    path, loaded = tmp_path / "x.model", [0]
    whole = [sealed(*container) for container in containers]

    def check(data: bytes) -> None:
        path.write_bytes(data)
        with within_bounds(data, least=2**23):
            model = outcome(lambda: Model.load(path), path)
        if not isinstance(model, UserError):
            loaded[0] += 1
            use(model, table)

    explore(st.one_of(forged(containers), forged(containers), changed_bytes(whole)), check, times, examples=whole)
    assert loaded[0] > 3 * times


VARIANT = st.one_of(
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.floats(),
    TEXT,
    st.binary(max_size=9),
    st.just(()),
    st.just({}),
    st.lists(TEXT, max_size=3).map(StringList),
    st.lists(st.floats(), max_size=3).map(tuple),
    st.dictionaries(TEXT, st.integers(0, 3), max_size=2),
    st.lists(st.binary(max_size=4), max_size=2).map(tuple),
)
LEAVES = st.lists(
    st.tuples(
        st.sampled_from([".lowlevel.centroid", ".tonal.key", ".a", ".a.b", ".", "..", "a", ".highlevel.mood"]),
        st.sampled_from(list(LeafType)),
        st.sampled_from([None, 0, 1, 3, 2**22, 2**28]),
    ),
    max_size=4,
)


def forged_histories(models) -> st.SearchStrategy[bytes]:
    """Return histories that are whole as streams, with other steps, parameters and layouts."""
    histories = [parse_history(history_content(model)) for model in models]

    def make(which: int, edits: list[Any]) -> bytes:
        steps = list(histories[which % len(histories)])
        for place, edit, key, value, name, leaves in edits:
            if not steps:
                break
            place %= len(steps)
            step = steps[place]
            params = step.params
            keys = list(params) or ["a"]
            known = keys[key % len(keys)]
            if edit == "value":
                steps[place] = replace(step, params={**params, known: value})
            elif edit == "inside" and isinstance(params.get(known), dict) and params[known]:
                inner = dict(params[known])
                inner[list(inner)[key % len(inner)]] = value
                steps[place] = replace(step, params={**params, known: inner})
            elif edit == "remove":
                steps[place] = replace(step, params={k: v for k, v in params.items() if k != known})
            elif edit == "asked":
                steps[place] = replace(step, analyzer_params={**step.analyzer_params, name: value})
            elif edit == "applier":
                steps[place] = replace(step, applier=steps[key % len(steps)].applier)
            elif edit == "bytes" and isinstance(params.get("modelData"), bytes):
                text = params["modelData"]
                start = key % len(text)
                piece = str(name).encode("utf-8", "surrogatepass")
                steps[place] = replace(
                    step, params={**params, "modelData": text[:start] + piece + text[start + len(piece) :]}
                )
            elif edit == "layout":
                try:
                    layout = layout_of([Leaf(*leaf) for leaf in leaves], step.layout.texts, step.layout.numbers)
                except ValueError:
                    continue
                steps[place] = replace(step, layout=layout)
            elif edit == "texts":
                texts = {k: {n: str(name) for n in v} for k, v in step.layout.texts.items()}
                steps[place] = replace(step, layout=replace(step.layout, texts=texts))
            elif edit == "drop":
                del steps[place]
            else:
                steps.insert(place, replace(step, applier=["removedesc", "selectdesc", "dotproduct"][key % 3]))
        return history_bytes(tuple(steps))

    kinds = st.sampled_from(
        ["value", "value", "inside", "remove", "asked", "applier", "bytes", "bytes", "layout", "texts", "drop", "more"]
    )
    edits = st.tuples(st.integers(0, 99), kinds, st.integers(0, 2**16), VARIANT, TEXT, LEAVES)
    return st.builds(make, st.integers(0, len(models) - 1), st.lists(edits, min_size=1, max_size=3))


@CASES
def test_any_history_is_loaded_or_refused(models, table, times, tmp_path) -> None:
    path, loaded = tmp_path / "x.history", [0]
    whole = [history_content(model) for model in models]

    def check(data: bytes) -> None:
        path.write_bytes(data)
        with within_bounds(data, least=2**23):
            model = outcome(lambda: Model.load(path), path)
        if isinstance(model, UserError):
            return
        loaded[0] += 1
        use(model, table)

    explore(
        st.one_of(forged_histories(models), forged_histories(models), changed_bytes(whole)),
        check,
        times,
        examples=whole,
    )
    assert loaded[0] > 3 * times


@CASES
def test_inspect_and_convert_of_any_model(models, containers, table, times, tmp_path, capsys) -> None:
    done = [0]
    files = st.one_of(
        st.tuples(st.just(".model"), forged(containers)),
        st.tuples(st.just(".history"), forged_histories(models)),
        st.tuples(st.just(".model"), forged_histories(models)),
    )

    def check(case: tuple[str, bytes]) -> None:
        ending, data = case
        path = tmp_path / f"x{ending}"
        path.write_bytes(data)
        with within_bounds(data, least=2**23):
            found = outcome(lambda: inspect(path), path)
        if not isinstance(found, UserError):
            json.dumps(found)
            assert all(line.isprintable() for line in inspection_lines(found))
        for output in (tmp_path / "y.model", tmp_path / "y.history", tmp_path / "y.onnx"):
            output.unlink(missing_ok=True)
            converted = outcome(lambda: convert_model(path, output), path)  # noqa: B023
            assert not left_behind(tmp_path)
            assert output.exists() != isinstance(converted, UserError)
            if output.exists() and output.suffix != ".onnx":
                done[0] += 1
                again = Model.load(output)
                assert again.class_order == Model.load(path).class_order
                use(again, table)

    explore(files, check, times / 2)
    assert done[0] > times


@CASES
def test_the_commands_that_read_models(models, containers, times, tmp_path, capsys) -> None:
    files = st.one_of(
        st.tuples(st.just(".model"), forged(containers)), st.tuples(st.just(".history"), forged_histories(models))
    )
    item = tmp_path / "item.json"
    item.write_text(
        json.dumps({"lowlevel": {"centroid": [1, 2, 3], "spread": 1, "partly": [1, 2]}, "tonal": {"key": "A"}})
    )

    def check(case: tuple[str, bytes]) -> None:
        ending, data = case
        path, output = tmp_path / f"x{ending}", tmp_path / "out/y.onnx"
        path.write_bytes(data)
        code, out = command_outcome(capsys, ["inspect", path, "--json"], path)
        assert code == 2 or json.loads(out)
        assert command_outcome(capsys, ["inspect", path], path)[0] == code
        command_outcome(capsys, ["predict", path, item, "--format", "table"])
        for ending in (".model", ".history", ".onnx"):
            output = tmp_path / f"y{ending}"
            output.unlink(missing_ok=True)
            code, _ = command_outcome(capsys, ["convert", path, output])
            assert output.exists() == (code == 0) and not left_behind(tmp_path)

    explore(files, check, times / 4)
