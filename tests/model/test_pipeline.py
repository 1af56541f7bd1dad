"""Models as fitted scikit-learn pipelines."""

import numpy as np
import pytest
from model_tables import PARAMETERS, STEPS, labelled_table
from sklearn.base import is_classifier
from sklearn.metrics import get_scorer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted
from transform_tables import gaia_table

import fastgrid
from fastgrid.common.errors import UserError
from fastgrid.model.training import train


@pytest.fixture(scope="module")
def trained():
    table, labels = labelled_table()
    return table, labels, train(table, labels, class_name="mood", steps=STEPS, **PARAMETERS)


def test_a_pipeline_predicts_what_the_model_does(trained):
    table, labels, model = trained
    pipeline, expected = fastgrid.to_pipeline(model), model.predict(table)
    assert isinstance(pipeline, Pipeline) and is_classifier(pipeline)
    check_is_fitted(pipeline)
    assert list(pipeline.classes_) == list(expected.classes)
    assert pipeline.predict(table).tolist() == list(expected.labels)
    np.testing.assert_allclose(pipeline.predict_proba(table), expected.probabilities, rtol=0, atol=1e-15)
    accuracy = np.mean([a == b for a, b in zip(expected.labels, labels, strict=True)])
    assert get_scorer("accuracy")(pipeline, table, labels) == pytest.approx(accuracy)
    assert list(pipeline.named_steps)[1:5] == ["remove", "enumerate", "normalize", "gaussianize"]


def test_gaias_model_and_back(shared_data, tmp_path):
    with np.load(shared_data / "gaia_run/matrices.npz", allow_pickle=False) as archive:
        table = gaia_table(archive, "merged")
    model = fastgrid.Model.load(shared_data / "gaia_run/model.history")
    again = fastgrid.from_pipeline(fastgrid.to_pipeline(model))
    for name, one in (("a.history", model), ("b.history", again)):
        one.save(tmp_path / name)
    assert (tmp_path / "a.history").read_bytes() == (tmp_path / "b.history").read_bytes()
    assert again.predict(table).labels == model.predict(table).labels


def test_mistakes(trained):
    table, labels, model = trained
    pipeline = fastgrid.to_pipeline(model)
    with pytest.raises(UserError, match=r"\.tonal\.key is missing"):
        pipeline.predict(table.keep([".lowlevel.centroid", ".lowlevel.spread", ".lowlevel.partly"]))
    with pytest.raises(TypeError, match="this machine is trained"):
        pipeline.fit(table, labels)
    for other in (make_pipeline(StandardScaler()), None, make_pipeline(StandardScaler(), StandardScaler())):
        with pytest.raises(ValueError, match="no pipeline of fastgrid"):
            fastgrid.from_pipeline(other)
