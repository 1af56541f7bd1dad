"""Models as ONNX graphs, run by onnxruntime."""

import builtins
import json
from dataclasses import replace

import numpy as np
import pytest
from model_tables import PARAMETERS, STEPS, labelled_table
from transform_tables import gaia_table
from transform_templates import TEMPLATE

from fastgrid.cli import main
from fastgrid.common.errors import UserError
from fastgrid.model.model import Model
from fastgrid.model.onnx_export import onnx_content
from fastgrid.model.training import train
from fastgrid.project.model_conversion import convert_model

pytest.importorskip("onnx")


def run(content, model, table):
    """Labels, probabilities and metadata that onnxruntime gives."""
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    kept = table.keep(descriptor.name for descriptor in model.required_descriptors)
    given = {"numbers": kept.values, "texts": kept.text.astype(object)}
    wanted = [one.name for one in session.get_inputs()]
    labels, probabilities = session.run(["label", "probabilities"], {name: given[name] for name in wanted})
    return list(labels), probabilities, session.get_modelmeta().custom_metadata_map


@pytest.mark.parametrize("kernel", ["rbf", "poly", "linear"])
@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_onnxruntime_predicts_what_the_model_does(n_classes, kernel):
    table, labels = labelled_table(n_items=60, n_classes=n_classes)
    parameters = {**PARAMETERS, "kernel": kernel, "degree": 2, "coef0": 0.25}
    model = train(table, labels, class_name="mood", steps=STEPS, **parameters)
    content = onnx_content(model)
    assert onnx_content(model) == content
    found, probabilities, said = run(content, model, table)
    expected = model.predict(table)
    np.testing.assert_allclose(probabilities, expected.probabilities, rtol=0, atol=1e-4)
    sure = np.ptp(np.sort(expected.probabilities, axis=1)[:, -2:], axis=1) > 1e-4
    assert [a for a, is_sure in zip(found, sure, strict=True) if is_sure] == [
        a for a, is_sure in zip(expected.labels, sure, strict=True) if is_sure
    ]
    assert json.loads(said["classes"]) == list(model.classes) and json.loads(said["class_name"]) == "mood"
    assert json.loads(said["texts"]) == [".tonal.key[0]"]
    assert json.loads(said["numbers"])[:2] == [".lowlevel.centroid[0]", ".lowlevel.centroid[1]"]


@pytest.mark.parametrize("preprocessing", ["basic", "normalized", "gaussianized", "mfcc"])
def test_the_preprocessings_of_the_template(shared_data, preprocessing):
    with np.load(shared_data / "gaia_run/matrices.npz", allow_pickle=False) as archive:
        table = gaia_table(archive, "merged")
    labels = [item.rpartition("_")[0] for item in table.ids]
    model = train(table, labels, class_name="music", steps=TEMPLATE[preprocessing], kernel="rbf", C=128.0,
                  gamma=2.0**-9, balance_classes=True, seed=1)  # fmt: skip
    found, probabilities, _ = run(onnx_content(model), model, table)
    expected = model.predict(table)
    np.testing.assert_allclose(probabilities, expected.probabilities, rtol=0, atol=1e-4)
    assert found == list(expected.labels)


def test_gaias_history_as_onnx_and_back(shared_data, tmp_path, capsys):
    with np.load(shared_data / "gaia_run/matrices.npz", allow_pickle=False) as archive:
        table = gaia_table(archive, "merged")
    history = shared_data / "gaia_run/model.history"
    for name in ("a.onnx", "a.model", "new/b.history"):
        assert main(["convert", str(history), str(tmp_path / name)]) == 0
        assert capsys.readouterr().out == f"model: {tmp_path / name}\n"
    model = Model.load(history)
    expected = model.predict(table)
    found, probabilities, _ = run((tmp_path / "a.onnx").read_bytes(), model, table)
    assert found == list(expected.labels)
    np.testing.assert_allclose(probabilities, expected.probabilities, rtol=0, atol=1e-5)
    for name in ("a.model", "new/b.history"):
        np.testing.assert_allclose(
            Model.load(tmp_path / name).predict(table).probabilities, expected.probabilities, rtol=0, atol=1e-12
        )


def test_an_unseen_text_has_the_number_behind_the_last():
    table, labels = labelled_table()
    model = train(table, labels, class_name="mood", steps=STEPS, **PARAMETERS)
    other = replace(table, text=np.where(table.text == "C", "H", table.text))
    _, probabilities, _ = run(onnx_content(model), model, other)
    np.testing.assert_allclose(probabilities, model.predict(other).probabilities, rtol=0, atol=1e-4)


def test_models_that_no_training_makes(tmp_path):
    table, labels = labelled_table()
    model = train(table, labels, class_name="mood", steps=STEPS, **PARAMETERS)
    machine = model.classifier
    bare = replace(machine, support_vectors=machine.support_vectors[:0], coefficients=machine.coefficients[:, :0])
    counts = {"b": 1, "c": 1, "\ud800": 1}
    odd = replace(model, class_order=("c", "\ud800", "b"), record=replace(model.record, class_counts=counts))
    for spoilt, words in ((replace(model, classifier=bare), "without support vectors"), (odd, "is not valid Unicode")):
        spoilt.save(tmp_path / "x.model")
        with pytest.raises(UserError, match=words) as caught:
            convert_model(tmp_path / "x.model", tmp_path / "out/x.onnx")
        assert str(caught.value).startswith(f"{tmp_path / 'x.model'}: ") and not (tmp_path / "out").exists()
        # The other forms can hold both.
        again = Model.load(convert_model(tmp_path / "x.model", tmp_path / "x.history"))
        assert again.class_order == spoilt.class_order


def test_mistakes(tmp_path, monkeypatch, capsys):
    table, labels = labelled_table()
    single = train(table, ["only"] * len(labels), class_name="mood", steps=STEPS, **PARAMETERS)
    with pytest.raises(UserError, match="of a single class"):
        onnx_content(single)
    single.save(tmp_path / "a.model")
    for name, words in (
        ("a.pkl", "its ending tells no format"),
        ("a.model", "is the model itself"),
        ("b.onnx", "single"),
    ):
        assert main(["convert", str(tmp_path / "a.model"), str(tmp_path / name)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert words in line
    assert not (tmp_path / "b.onnx").exists()
    real = builtins.__import__

    def without_onnx(name, *arguments, **options):
        if name == "onnx":
            raise ImportError("No module named 'onnx'")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_onnx)
    with pytest.raises(UserError, match=r"pip install 'fastgrid\[onnx\]'"):
        onnx_content(single)
