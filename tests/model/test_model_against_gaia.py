"""The final model against the one that Gaia 2.4.6 wrote from the same 70 files."""

import json
import re

import numpy as np
import pytest
import yaml
from transform_tables import gaia_table
from transform_templates import TEMPLATE

from fastgrid.model.training import train


@pytest.fixture(scope="module")
def gaia(shared_data):
    directory = shared_data / "gaia_run"
    with np.load(directory / "matrices.npz", allow_pickle=False) as archive:
        table = gaia_table(archive, "merged")
    classes = yaml.safe_load((directory / "groundtruth.yaml").read_text())["groundTruth"]
    best = yaml.safe_load((directory / "best.param").read_text())["model"]
    model = train(
        table,
        [classes[item] for item in table.ids],
        class_name="music",
        steps=TEMPLATE[best["preprocessing"]],
        kernel=best["kernel"].lower(),
        C=2.0 ** best["C"],
        gamma=2.0 ** best["gamma"],
        balance_classes=best["balanceClasses"],
        seed=1,
    )
    return directory, table, model


def test_the_machine_is_gaias(gaia):
    directory, _, model = gaia
    text = (directory / "model.history").read_bytes()

    def numbers(keyword):
        return [float(number) for number in re.search(rb"\n%s ([^\n]+)" % keyword, text).group(1).split()]

    classifier = model.classifier
    assert [len(classifier.support_vectors)] == numbers(b"total_sv")
    np.testing.assert_allclose(-classifier.bias, numbers(b"rho"), rtol=1e-5)
    # probA and probB depend on the folds: that they agree shows that seed 1 cuts them as an unseeded LIBSVM does.
    np.testing.assert_allclose(classifier.slopes, numbers(b"probA"), rtol=1e-4)
    np.testing.assert_allclose(classifier.offsets, numbers(b"probB"), rtol=1e-3)


def test_every_prediction_is_gaias(gaia):
    directory, table, model = gaia
    lines = map(json.loads, (directory / "history_predictions.jsonl").read_text().splitlines())
    expected = {line["id"].removesuffix(".json"): line for line in lines}
    prediction = model.predict(table)
    assert prediction.classes == ("0ad", "hedgewars", "wesnoth")
    assert list(prediction.labels) == [expected[item]["class"] for item in prediction.ids]
    probabilities = [[expected[item]["probability"][name] for name in prediction.classes] for item in prediction.ids]
    np.testing.assert_allclose(prediction.probabilities, probabilities, rtol=0, atol=1e-5)


def test_a_file_needs_only_what_the_features_use(gaia):
    _, table, model = gaia
    names = [descriptor.name for descriptor in model.required_descriptors]
    assert names and all(name.startswith(".lowlevel.") for name in names) and len(names) < len(table.names)
    few = model.predict(table.keep(names))
    assert np.array_equal(few.probabilities, model.predict(table).probabilities)
