import json

import numpy as np
import pytest
from model_tables import PARAMETERS, STEPS, labelled_table
from naive_svm import naive_gram, naive_smo, naive_vote
from transform_tables import make_table

from fastgrid.common.errors import UserError
from fastgrid.descriptors.table import Kind
from fastgrid.descriptors.validity import numeric_columns
from fastgrid.model.summary import describe
from fastgrid.model.training import train
from fastgrid.transforms.chain import build_chain
from fastgrid.transforms.scaling import fit_scaling


def retrained(table, labels, **changes):
    return train(table, labels, **{"class_name": "mood", "steps": STEPS, **PARAMETERS, **changes})


def naive_features(table, names):
    """Preprocess and scale all descriptors, then keep the dimensions of those in `names`."""
    prepared = build_chain(STEPS).fit_transform(table)
    prepared = prepared.keep(d.name for d in prepared.numeric if d.name in names)
    return fit_scaling(prepared.values, *numeric_columns(prepared)).apply(prepared.values)


@pytest.mark.parametrize("kernel", ["rbf", "poly", "linear"])
@pytest.mark.parametrize("balance_classes", [False, True])
def test_decisions_equal_exact_ones_of_every_pair(kernel, balance_classes):
    table, labels = labelled_table(24)
    model = retrained(table, labels, kernel=kernel, balance_classes=balance_classes, tol=1e-8)
    features = naive_features(table, [d.name for d in model.required_descriptors])
    gram = naive_gram(kernel, features, features, 0.5)
    expected = []
    for a, first in enumerate(model.class_order):
        for second in model.class_order[a + 1 :]:
            rows = [row for row, label in enumerate(labels) if label in (first, second)]
            costs = {c: 8.0 * 24 / (labels.count(c) * 3) if balance_classes else 8.0 for c in (first, second)}
            signs = np.array([1.0 if labels[row] == first else -1.0 for row in rows])
            bounds = np.array([costs[labels[row]] for row in rows])
            beta, bias = naive_smo(gram[np.ix_(rows, rows)], signs, bounds, tol=1e-8)
            expected.append(gram[:, rows] @ beta + bias)
    decisions = model.classifier.decisions(features)
    np.testing.assert_allclose(decisions, expected, atol=1e-5)
    by_vote = model.predict(table, probability=False).labels
    assert list(by_vote) == [model.class_order[naive_vote(column, 3)] for column in decisions.T]


def test_classes_are_coded_by_first_appearance_and_shown_sorted(trained):
    table, labels, model = trained
    assert model.class_order == tuple(dict.fromkeys(labels)) == ("class 2", "class 1", "class 0")
    assert model.predict(table).classes == model.classes == ("class 0", "class 1", "class 2")


def test_only_support_vectors_are_kept(trained):
    _, labels, model = trained
    coefficients = model.classifier.coefficients
    assert (coefficients != 0).any(axis=0).all()
    assert 0 < coefficients.shape[1] == len(model.classifier.support_vectors) < len(labels)


def test_required_descriptors_are_those_that_the_features_use(trained):
    _, _, model = trained
    required = {d.name: (d.kind, d.length) for d in model.required_descriptors}
    # Not: a constant one, one that a step removed, text that no step numbered.
    assert required == {
        ".lowlevel.centroid": (Kind.REAL, 3),
        ".lowlevel.partly": (Kind.REAL, 2),
        ".lowlevel.spread": (Kind.REAL, 1),
        ".tonal.key": (Kind.TEXT, 1),
    }
    # The constant dimension of a descriptor whose other dimension varies.
    assert model.classifier.support_vectors.shape[1] == 6


def test_descriptor_names_and_exclude_choose_after_the_preprocessing():
    table, labels = labelled_table()
    model = retrained(table, labels, descriptor_names=["lowlevel.*"], exclude=["*.spread", "nothing.here"])
    assert [d.name for d in model.required_descriptors] == [".lowlevel.centroid", ".lowlevel.partly"]
    assert model.record.exclude == ("*.spread", "nothing.here")


def test_same_seed_same_model_and_another_seed_other_sigmoids():
    table, labels = labelled_table()
    first, again, other = (retrained(table, labels, seed=seed).classifier for seed in (1, 1, 2))
    assert np.array_equal(first.slopes, again.slopes) and np.array_equal(first.coefficients, again.coefficients)
    assert not np.array_equal(first.slopes, other.slopes) and np.array_equal(first.coefficients, other.coefficients)


def test_one_class_is_certain(tmp_path):
    table, labels = labelled_table()
    model = retrained(table, ["only"] * len(labels))
    model.save(tmp_path / "one.model")
    for probability in (True, False):
        prediction = type(model).load(tmp_path / "one.model").predict(table, probability=probability)
        assert set(prediction.labels) == {"only"}
        assert np.array_equal(prediction.probabilities, np.ones((len(labels), 1)))


def test_two_classes_with_one_item_each():
    table = make_table({".a": [1.0, 2.0]})
    prediction = retrained(table, ["x", "y"], steps=[]).predict(table)
    assert np.isfinite(prediction.probabilities).all()


def test_nothing_left_to_train_on_is_said_plainly():
    table, labels = labelled_table()
    with pytest.raises(UserError, match=r"descriptorNames.*no usable descriptor is left"):
        retrained(table, labels, descriptor_names=["lowlevel.constant", "tonal.scale"])


def test_overflowing_kernel_is_said_plainly():
    table, labels = labelled_table()
    with pytest.raises(UserError, match=r"overflow with gamma = .*choose a smaller"):
        retrained(table, labels, kernel="poly", gamma=2.0**1000)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kernel": "precomputed"},
        {"C": 0.0},
        {"C": float("nan")},
        {"gamma": -1.0},
        {"tol": 2.0},
        {"solver": "none"},
        {"degree": 0},
        {"coef0": float("inf")},
        {"seed": 2**64},
    ],
)
def test_arguments_out_of_range(wrong):
    table, labels = labelled_table()
    with pytest.raises(ValueError):
        retrained(table, labels, **wrong)


def test_one_label_per_row():
    table, labels = labelled_table()
    with pytest.raises(ValueError, match="44 labels for 45 items"):
        retrained(table, labels[:-1])


@pytest.mark.parametrize("wrong", [{"accuracy": float("nan")}, {"accuracy": {1, 2}}])
def test_evaluation_must_be_json(wrong):
    table, labels = labelled_table()
    with pytest.raises((ValueError, TypeError)):
        retrained(table, labels, evaluation=wrong)


def test_description_for_people(trained):
    _, labels, model = trained
    description = json.loads(json.dumps(describe(model)))
    assert description["classes"] == {name: labels.count(name) for name in sorted(set(labels))}
    assert description["n_items"] == 45 and description["n_features"] == 6
    assert description["kernel"] == {"name": "rbf", "gamma": 0.5}
    assert [step["transfo"] for step in description["preprocessing"]] == [step["transfo"] for step in STEPS]
    assert description["evaluation"] == {"accuracy": 71.5, "folds": [1, 2, [3, 4]]}


def test_description_names_only_the_parameters_that_the_kernel_has():
    table, labels = labelled_table()
    kernels = {name: describe(retrained(table, labels, kernel=name))["kernel"] for name in ("linear", "poly")}
    assert kernels == {
        "linear": {"name": "linear"},
        "poly": {"name": "poly", "gamma": 0.5, "degree": 3, "coef0": 0.0},
    }
