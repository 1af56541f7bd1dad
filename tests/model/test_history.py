"""Gaia's model files: read and written byte by byte, and models made of them and written as such."""

import json
import random
import time
import tracemalloc
from dataclasses import replace

import history_decoder
import numpy as np
import pytest
from model_tables import PARAMETERS, STEPS, labelled_table
from transform_tables import gaia_table
from transform_templates import TEMPLATE

from fastgrid.common.errors import UserError
from fastgrid.descriptors.table import Kind
from fastgrid.model.classifier import Kernel
from fastgrid.model.history.file import history_bytes, parse_history, read_history
from fastgrid.model.history.full_layout import full_history_content
from fastgrid.model.history.layouts import layout_of, write_layout
from fastgrid.model.history.reading import model_of
from fastgrid.model.history.stream import NULL_TEXT, DamagedHistoryError, Writer
from fastgrid.model.history.variants import StringList, write_value
from fastgrid.model.history.writing import history_content
from fastgrid.model.model import Model
from fastgrid.model.training import train
from fastgrid.project.inspection import inspect


@pytest.fixture(scope="module")
def gaias(shared_data):
    return (shared_data / "gaia_run/model.history").read_bytes()


@pytest.fixture(scope="module")
def merged(shared_data):
    with np.load(shared_data / "gaia_run/matrices.npz", allow_pickle=False) as archive:
        return gaia_table(archive, "merged")


@pytest.fixture(scope="module")
def expected(shared_data):
    lines = (shared_data / "gaia_run/history_predictions.jsonl").read_text().splitlines()
    return {line["id"].removesuffix(".json"): line for line in map(json.loads, lines)}


def point_of(table, row):
    """The descriptors of one item as a Gaia point would hold them."""
    point = {}
    for descriptor in table.descriptors:
        source = table.text if descriptor.kind is Kind.TEXT else table.values
        point[descriptor.name] = source[row, table.columns[descriptor.name]].tolist()
    return point


def said_of(prediction, row):
    return dict(zip(prediction.classes, prediction.probabilities[row].tolist(), strict=True))


# The file of Gaia


def test_gaias_file_read_and_written_again_is_the_same(gaias):
    assert history_bytes(parse_history(gaias)) == gaias


def test_layouts_are_built_as_gaia_builds_them(gaias):
    for step in parse_history(gaias):
        built, own = Writer(), Writer()
        write_layout(built, layout_of(step.layout.leaves(), step.layout.texts, step.layout.numbers))
        write_layout(own, step.layout)
        assert built.data == own.data


def test_gaias_file_predicts_what_gaia_predicts(shared_data, merged, expected):
    model = Model.load(shared_data / "gaia_run/model.history")
    prediction = model.predict(merged)
    assert len(prediction.ids) == 70
    assert list(prediction.labels) == [expected[item]["class"] for item in prediction.ids]
    probabilities = [[expected[item]["probability"][name] for name in prediction.classes] for item in prediction.ids]
    np.testing.assert_allclose(prediction.probabilities, probabilities, rtol=0, atol=1e-6)


def test_the_decoder_of_the_tests_predicts_what_gaia_predicts(gaias, merged, expected):
    # So that it can be trusted with ours.
    steps = history_decoder.decode(gaias)
    first, _ = steps[0][5]
    for row in (0, 33, 69):
        point = point_of(merged, row)
        # What the merge of all files has removed is in no table; what it is does not matter.
        point |= {name: ["?"] if kind == 2 else [0.0] for name, (kind, _) in first.items() if name not in point}
        label, probabilities = history_decoder.predict(steps, {name: point[name] for name in first})
        line = expected[merged.ids[row]]
        assert label == line["class"]
        assert probabilities == pytest.approx(line["probability"], abs=1e-6)


def test_a_model_out_of_a_history_is_kept_in_both_forms(shared_data, merged, tmp_path):
    model = Model.load(shared_data / "gaia_run/model.history")
    before = model.predict(merged).probabilities
    for name in ("a.model", "a.history"):
        model.save(tmp_path / name)
        again = Model.load(tmp_path / name)
        assert again.class_order == model.class_order and again.required_descriptors == model.required_descriptors
        np.testing.assert_allclose(again.predict(merged).probabilities, before, rtol=0, atol=1e-12)


# Ours


@pytest.mark.parametrize("kernel", ["rbf", "poly"])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "preprocessing", [pytest.param(name, marks=pytest.mark.slow if name == "raw" else ()) for name in TEMPLATE]
)
def test_every_preprocessing_of_the_template(merged, expected, preprocessing, n_classes, kernel):
    labels = [expected[item]["id"].rpartition("_")[0] for item in merged.ids]
    rows = [row for row, label in enumerate(labels) if n_classes == 3 or label != "wesnoth"]
    table = merged.rows(rows)
    model = train(
        table,
        [labels[row] for row in rows],
        class_name="music",
        steps=TEMPLATE[preprocessing],
        kernel=kernel,
        C=128.0,
        gamma=2.0**-9,
        balance_classes=True,
        seed=1,
    )
    content = history_content(model)
    prediction, again = model.predict(table), model_of(parse_history(content)).predict(table)
    assert again.labels == prediction.labels and again.classes == prediction.classes
    np.testing.assert_allclose(again.probabilities, prediction.probabilities, rtol=0, atol=1e-6)
    assert history_bytes(parse_history(content)) == content
    steps = history_decoder.decode(content)
    for row in (0, len(rows) // 2, len(rows) - 1):
        point = {descriptor.name: point_of(table, row)[descriptor.name] for descriptor in model.required_descriptors}
        label, probabilities = history_decoder.predict(steps, point)
        assert label == prediction.labels[row]
        assert probabilities == pytest.approx(said_of(prediction, row), abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("preprocessing", list(TEMPLATE))
def test_the_full_layout_of_every_preprocessing(merged, expected, gaias, preprocessing):
    labels = [expected[item]["id"].rpartition("_")[0] for item in merged.ids]
    steps = TEMPLATE[preprocessing]
    model = train(merged, labels, class_name="music", steps=steps, kernel="rbf", C=128.0, gamma=2.0**-11,
                  balance_classes=True, seed=1)  # fmt: skip
    content = full_history_content(model, merged, steps)
    assert history_bytes(parse_history(content)) == content
    prediction, again = model.predict(merged), model_of(parse_history(content)).predict(merged)
    np.testing.assert_allclose(again.probabilities, prediction.probabilities, rtol=0, atol=1e-6)
    decoded = history_decoder.decode(content)
    for row in (0, 50):
        label, probabilities = history_decoder.predict(decoded, point_of(merged, row))
        assert label == prediction.labels[row]
        assert probabilities == pytest.approx(said_of(prediction, row), abs=1e-6)
    if preprocessing == "lowlevel":
        # Step by step what Gaia has written, but for the first one, and for what it asks for in other words.
        ours, theirs = parse_history(content), parse_history(gaias)[1:]
        assert [step.applier for step in ours] == [step.applier for step in theirs]
        for own, gaia in zip(ours, theirs, strict=True):
            # Gaia leaves it to the next step to say which number a text has.
            texts = {"texts": {}, "numbers": {}} if own.applier == "enumerateapplier" else {}
            assert replace(own.layout, **texts) == gaia.layout, own.applier
            for key in ("descriptorNames", "string", "className", "classMapping", "applyClipping"):
                assert sorted_lists(own.params.get(key)) == sorted_lists(gaia.params.get(key)), (own.applier, key)


def sorted_lists(value):
    return sorted(value) if isinstance(value, tuple) else value


@pytest.fixture(scope="module")
def small():
    table, labels = labelled_table()
    return table, train(table, labels, class_name="mood", steps=STEPS, **PARAMETERS)


def test_the_fields_of_our_file(small):
    table, model = small
    steps = history_decoder.decode(history_content(model))
    assert [step[:2] for step in steps] == [
        ("fixlength", "fixlengthapplier"),
        ("enumerate", "enumerateapplier"),
        ("normalize", "dotproduct"),
        ("gaussianize", "distribute"),
        ("normalize", "dotproduct"),
        ("addfield", "addfieldapplier"),
        ("svmtrain", "svmpredict"),
        ("select", "selectdesc"),
    ]
    used = {".lowlevel.centroid": (1, 3), ".lowlevel.partly": (1, 2), ".lowlevel.spread": (1, 1), ".tonal.key": (2, 1)}
    first, texts = steps[0][5]
    assert first == {name: (kind, None) for name, (kind, _) in used.items()} and texts == {}
    before_enumerate, texts = steps[1][5]
    known = model.extraction.chain.steps[1][1].texts_[".tonal.key"]
    assert before_enumerate == used and texts == {".tonal.key": {text: n for n, text in enumerate(known)}}
    enumerated = {**used, ".tonal.key": (3, 1)}
    for place in range(2, 6):
        assert steps[place][5] == (enumerated, texts)
    field = {".highlevel.mood": (2, None)}
    assert steps[6][5] == ({**enumerated, **field}, texts)
    assert steps[7][5] == ({**enumerated, **field, ".highlevel.moodProbability": (1, None)}, texts)
    assert steps[0][3] == {"descriptorNames": ("StringList", sorted(used))}
    assert steps[1][3] == {"descriptorNames": ("StringList", [".tonal.key"])}
    assert set(steps[3][3]["distribution"][1]) == {".lowlevel.spread[0]"}
    coefficients = steps[4][3]["coeffs"][1]
    assert list(coefficients) == [".lowlevel.spread", ".lowlevel.partly", ".lowlevel.centroid"]
    # A value that never varies is no feature of ours; here it is one that is always zero.
    assert coefficients[".lowlevel.partly"][1]["a"][1][0] == ("Double", 0.0)
    assert steps[5][3] == steps[5][2] == {"string": ("String", "highlevel.mood")}
    assert steps[6][2] == {
        "type": ("String", "C-SVC"),
        "probability": ("Int", 1),
        "kernel": ("String", "RBF"),
        "gamma": ("Double", 0.5),
        "className": ("String", "highlevel.mood"),
        "c": ("Int", 8),
        "balanceClasses": ("Int", 1),
    }
    machine = steps[6][3]
    assert machine["className"] == ("String", "highlevel.mood") and machine["probability"] == ("Bool", 1)
    assert machine["classMapping"] == ("StringList", list(model.class_order))
    assert machine["descriptorNames"] == ("StringList", sorted(used))
    head = machine["modelData"][1].partition(b"\nSV\n")[0].decode()
    assert head.startswith("svm_type c_svc\nkernel_type rbf\ngamma 0.5\nnr_class 3\ntotal_sv ")
    assert "\nlabel 0 1 2\n" in head
    assert steps[7][3] == {"descriptorNames": ("StringList", [".highlevel.mood", ".highlevel.moodProbability"])}
    assert all(step[4] == {} for step in steps)
    point = {name: point_of(table, 7)[name] for name in used}
    label, probabilities = history_decoder.predict(steps, point)
    prediction = model.predict(table)
    assert label == prediction.labels[7]
    assert probabilities == pytest.approx(said_of(prediction, 7), abs=1e-6)


@pytest.mark.parametrize("kernel", ["linear", "poly"])
def test_other_kernels_and_one_class(kernel):
    table, labels = labelled_table()
    parameters = {**PARAMETERS, "kernel": kernel, "degree": 2, "coef0": 0.25}
    model = train(table, labels, class_name="mood", steps=STEPS, **parameters)
    again = model_of(parse_history(history_content(model)))
    np.testing.assert_allclose(again.predict(table).probabilities, model.predict(table).probabilities, atol=1e-12)
    expected = Kernel("linear", 1.0) if kernel == "linear" else model.classifier.kernel
    assert again.classifier.kernel == expected
    single = train(table, ["only"] * len(labels), class_name="mood", steps=STEPS, **parameters)
    content = history_content(single)
    assert set(model_of(parse_history(content)).predict(table).labels) == {"only"}
    point = {d.name: point_of(table, 0)[d.name] for d in single.required_descriptors}
    assert history_decoder.predict(history_decoder.decode(content), point) == ("only", {"only": 1.0})


def test_an_unseen_text_gets_the_next_number(small):
    table, model = small
    other = replace(table, text=np.where(table.text == "C", "H", table.text))
    again = model_of(parse_history(history_content(model)))
    np.testing.assert_allclose(again.predict(other).probabilities, model.predict(other).probabilities, atol=1e-12)


def test_names_that_no_history_can_hold(small):
    _, model = small
    for name, words in ((".a..b", "has a name that no history can hold"), (".tonal.key.x", "is below a descriptor")):
        required = (*model.required_descriptors, replace(model.required_descriptors[0], name=name))
        with pytest.raises(UserError, match=words):
            history_content(replace(model, extraction=replace(model.extraction, required=required)))


# What is not believed


def test_values_keep_their_types():
    value = {"z": True, "y": (1, 2.5, "t", NULL_TEXT, ("x",)), "s": StringList(["a", "é𝄞"]), "b": b"\0\1", "a": {}}
    writer = Writer()
    write_value(writer, value)
    from fastgrid.model.history.stream import Reader
    from fastgrid.model.history.variants import read_value

    reader = Reader(memoryview(writer.data))
    found = read_value(reader)
    reader.finish("a value")
    again = Writer()
    write_value(again, found)
    assert found == value and list(found) == list(value) and again.data == writer.data
    assert type(found["z"]) is bool and type(found["s"]) is StringList and found["y"][3] is NULL_TEXT
    with pytest.raises(TypeError):
        write_value(writer, {1, 2})


def test_what_is_wrong_is_said_in_one_line(gaias, tmp_path):
    def said(data):
        path = tmp_path / "x.history"
        path.write_bytes(data)
        with pytest.raises(UserError) as caught:
            Model.load(path)
        (line,) = str(caught.value).splitlines()
        assert line.startswith(f"{path}: ")
        return line

    assert "ends within" in said(gaias[:-1])
    assert "goes on for 1 bytes behind the end of the last step" in said(gaias + b"\0")
    assert "is a history of version 101; only 102 is known" in said(gaias[:4] + (101).to_bytes(4, "big") + gaias[8:])
    assert "for which it is too short" in said(gaias[:8] + b"\xff\xff\xff\xff" + gaias[12:])
    assert "holds the step" in said(gaias.replace("dotproduct".encode("utf-16-be"), "dotprodukt".encode("utf-16-be")))
    assert "is no C-SVC" in said(gaias.replace(b"svm_type c_svc", b"svm_type n_svc"))
    assert "has the kernel" in said(gaias.replace(b"kernel_type rbf", b"kernel_type rbg"))
    assert "support vectors instead of" in said(
        gaias.replace(b"total_sv 60", b"total_sv 61").replace(b"nr_sv 21", b"nr_sv 22")
    )
    assert "lacks modelData" in said(gaias.replace("modelData".encode("utf-16-be"), "modelDate".encode("utf-16-be")))
    with pytest.raises(UserError, match="cannot be read"):
        read_history(tmp_path / "none.history")


def test_without_numbers_for_its_texts_a_model_is_refused(small):
    # Gaia would load it, and predict wrong numbers without a word.
    steps = parse_history(history_content(small[1]))
    bare = tuple(replace(step, layout=replace(step.layout, texts={}, numbers={})) for step in steps)
    with pytest.raises(DamagedHistoryError, match="without numbers for it"):
        model_of(bare)


def test_a_small_file_takes_little_memory(small, tmp_path):
    path = tmp_path / "x.history"
    path.write_bytes(history_content(small[1]))
    Model.load(path)
    tracemalloc.start()
    try:
        Model.load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", [5, 1.5, True, b"x", ("x", b"y"), {"x": 1}, StringList(["x"])])
def test_inspect_of_a_step_that_the_model_does_not_need(small, tmp_path, value):
    steps = parse_history(history_content(small[1]))
    path = tmp_path / "x.history"
    odd = replace(steps[0], applier="removedesc", params={"descriptorNames": value})
    path.write_bytes(history_bytes((odd, *steps)))
    first = inspect(path)["steps"][0]
    assert first["concerns"] == (["x"] if isinstance(value, dict | StringList) else [])


def test_steps_that_cannot_be_applied_one_after_the_other(small):
    # A model of them was loaded, could not predict, and was not loaded again from the .model that was made of it.
    steps = parse_history(history_content(small[1]))
    with pytest.raises(DamagedHistoryError, match="cannot be applied"):
        model_of((*steps[:2], *steps[1:]))


def mutated(data, rng):
    data = bytearray(data)
    counts = [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4), b"\0\0\0\1", b"\0\x10\0\0", b"\0\0\1\0"]
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        place = rng.randrange(len(data))
        match rng.randrange(7):
            case 0:
                data[place] ^= 1 << rng.randrange(8)
            case 1:
                data[place] = rng.randrange(256)
            case 2:
                del data[max(place, 1) :]
            case 3:
                data[place : place + 4] = rng.choice(counts)
            case 4:
                start = rng.randrange(len(data))
                data[place:place] = data[start : start + rng.randrange(200)]
            case 5:
                del data[max(place, 1) : place + rng.randrange(50)]
            case 6:
                start, size = rng.randrange(len(data)), rng.randrange(1, 100)
                data[place : place + size] = data[start : start + size]
    return bytes(data)


def survives(data):
    """Whether mutated bytes are still a model; what they are otherwise has to be said in bounded time and memory."""
    tracemalloc.reset_peak()
    before, begun = tracemalloc.get_traced_memory()[0], time.perf_counter()
    try:
        model_of(parse_history(data))
        good = True
    except DamagedHistoryError as error:
        good = False
        assert len(str(error)) < 600 and "\n" not in str(error)
    taken = tracemalloc.get_traced_memory()[1] - before
    # What Python takes for a message does not become less for a few bytes.
    assert taken <= 10 * max(len(data), 4096), (taken, len(data))
    assert time.perf_counter() - begun < 5.0  # a second, were it not for other processes
    return good


@pytest.mark.slow
def test_ten_thousand_mutations(small, gaias, merged, expected):
    labels = [expected[item]["id"].rpartition("_")[0] for item in merged.ids]
    mfcc = train(merged, labels, class_name="music", steps=TEMPLATE["mfcc"], kernel="poly", C=2.0, gamma=0.5,
                 balance_classes=False, seed=1)  # fmt: skip
    tracemalloc.start()
    try:
        good = 0
        for source, count in ((history_content(small[1]), 6000), (history_content(mfcc), 3900), (gaias, 100)):
            assert survives(source)
            good += sum(survives(mutated(source, random.Random(seed))) for seed in range(count))
    finally:
        tracemalloc.stop()
    # Most changes of a number in a support vector make another model, not a damaged one.
    assert 100 < good < 9000
