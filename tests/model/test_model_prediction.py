from dataclasses import replace

import numpy as np
import pytest
from model_tables import PARAMETERS, labelled_table
from transform_tables import make_table

from fastgrid.common.errors import UserError
from fastgrid.model import classifier as classifier_module
from fastgrid.model.model import Model
from fastgrid.model.training import train


def keys_model():
    """A model on one enumerated descriptor: A = 0, B = 1 and so on."""
    table = make_table({".key": ["A", "B", "A", "B"], ".x": [0.0, 1.0, 0.2, 0.9]})
    steps = [{"transfo": "enumerate", "params": {"descriptorNames": "key"}}]
    return train(table, ["low", "high", "low", "high"], class_name="c", steps=steps, **PARAMETERS)


def with_value(table, row, name, value):
    values = table.values.copy()
    values[row, table.columns[name].start] = value
    return replace(table, values=values)


def test_labels_are_the_most_probable_classes(trained):
    table, _, model = trained
    prediction = model.predict(table)
    assert prediction.ids == table.ids
    assert list(prediction.labels) == [prediction.classes[i] for i in prediction.probabilities.argmax(axis=1)]
    np.testing.assert_allclose(prediction.probabilities.sum(axis=1), 1)


def test_votes_leave_the_probabilities_as_they_are(trained):
    table, labels, model = trained
    by_vote = model.predict(table, probability=False)
    assert np.array_equal(by_vote.probabilities, model.predict(table).probabilities)
    assert np.mean([a == b for a, b in zip(by_vote.labels, labels, strict=True)]) > 0.7


def test_learns_what_can_be_learned(trained):
    _, _, model = trained
    table, labels = labelled_table(90, seed=5)
    assert np.mean([a == b for a, b in zip(model.predict(table).labels, labels, strict=True)]) > 0.6


def test_required_descriptors_suffice_and_others_do_not_matter(trained):
    table, _, model = trained
    few = table.keep(d.name for d in model.required_descriptors)
    assert few.names != table.names
    assert np.array_equal(model.predict(few).probabilities, model.predict(table).probabilities)


def test_items_do_not_influence_each_other(trained):
    table, _, model = trained
    one_by_one = [model.predict(table.rows([row])).probabilities[0] for row in range(len(table.ids))]
    np.testing.assert_array_equal(one_by_one, model.predict(table).probabilities)


def test_blocks_of_rows_give_the_same(trained, monkeypatch):
    table, _, model = trained
    whole = model.predict(table).probabilities
    monkeypatch.setattr(classifier_module, "BLOCK_NUMBERS", 300)
    np.testing.assert_allclose(model.predict(table).probabilities, whole, rtol=0, atol=1e-9)


def test_no_items(trained):
    table, _, model = trained
    assert model.predict(table.rows([])).probabilities.shape == (0, 3)


def test_unknown_text_gets_the_next_free_number_and_keeps_it():
    model = keys_model()

    def numbers(*keys):
        return model.extraction.extract(make_table({".key": list(keys), ".x": [0.0] * len(keys)}))[:, 0].tolist()

    assert numbers("B", "C") == [1, 2]
    assert numbers("D", "C", "A") == [3, 2, 0]


def test_saved_model_forgets_unknown_text(tmp_path):
    model = keys_model()
    model.save(tmp_path / "before.model")
    table = make_table({".key": ["X", "Y"], ".x": [0.0, 1.0]})
    first = model.predict(table).probabilities
    model.save(tmp_path / "after.model")
    assert (tmp_path / "before.model").read_bytes() == (tmp_path / "after.model").read_bytes()
    assert np.array_equal(Model.load(tmp_path / "after.model").predict(table).probabilities, first)


def test_missing_descriptor_is_named(trained):
    table, _, model = trained
    with pytest.raises(UserError, match=r"descriptor \.lowlevel\.spread is missing"):
        model.predict(table.keep(name for name in table.names if name != ".lowlevel.spread"))


@pytest.mark.parametrize(("values", "what"), [([[1.0, 2.0]], "2 real"), (["text"], "1 text")])
def test_descriptor_of_another_form_is_named(values, what):
    table = make_table({".key": ["A"], ".x": values})
    with pytest.raises(UserError, match=rf"descriptor \.x: holds {what} value\(s\).*trained on 1 real"):
        keys_model().predict(table)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", [".lowlevel.partly", ".lowlevel.spread"])
def test_invalid_values_are_refused_with_their_item(trained, value, name):
    table, _, model = trained
    spoilt = with_value(table, 4, name, value)
    assert list(model.unusable_items(spoilt)) == ["item00004"]
    with pytest.raises(UserError, match=rf"item00004: cannot be predicted: descriptor {name}\[0\] is NaN"):
        model.predict(spoilt)


def test_invalid_values_elsewhere_do_not_matter(trained):
    table, _, model = trained
    assert model.unusable_items(with_value(table, 4, ".lowlevel.constant", np.nan)) == {}


def test_values_beyond_float32_after_scaling_are_refused():
    table = make_table({".x": [0.0, 1e-6, 2e-6, 0.5e-6]})
    model = train(table, ["a", "b", "b", "a"], class_name="c", steps=[], **PARAMETERS)
    far = make_table({".x": [3e38, 1e-6]})
    assert model.unusable_items(far) == {"item00000": "its values lie too far outside those of the training data"}


def test_far_but_finite_values_are_predicted(trained):
    table, _, model = trained
    far = with_value(table, 0, ".lowlevel.centroid", 1e30)
    assert np.isfinite(model.predict(far).probabilities).all()
