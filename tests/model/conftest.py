"""A model trained on a small table."""

import pytest
from model_tables import PARAMETERS, STEPS, labelled_table

from fastgrid.model.training import train


@pytest.fixture(scope="session")
def trained():
    table, labels = labelled_table()
    evaluation = {"accuracy": 71.5, "folds": [1, 2, (3, 4)]}
    model = train(table, labels, class_name="mood", steps=STEPS, evaluation=evaluation, **PARAMETERS)
    return table, labels, model


@pytest.fixture
def model_file(trained, tmp_path):
    path = tmp_path / "mood.model"
    trained[2].save(path)
    return path
