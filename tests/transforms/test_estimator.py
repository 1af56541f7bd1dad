"""What scikit-learn makes of the steps, beside an estimator of its own with the same constructor."""

import pickle

import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted
from transform_tables import assert_same_table, make_table

from fastgrid.transforms.choosing import Remove, Select
from fastgrid.transforms.gaussianization import Gaussianize
from fastgrid.transforms.normalization import Normalize
from fastgrid.transforms.registry import STEPS

TABLE = make_table({".a": [1, 2, 3], ".b": [[1, 2], [3, 4], [5, 5]], ".k": ["x", "y", "x"]})
EXAMPLES = [Remove("x"), Select(["a*", "b"], except_="c"), Gaussianize("*"), Normalize(independent=True), Normalize()]


def twin(step):
    """Return scikit-learn's estimator with the constructor and the parameters of `step`."""
    bases = (TransformerMixin, BaseEstimator)
    kind = type(type(step).__name__, bases, {"__init__": type(step).__init__})
    return kind(**step.get_params())


@pytest.mark.parametrize("step", EXAMPLES, ids=repr)
def test_parameters_repr_and_tags_are_those_of_scikit_learns_estimators(step):
    other = twin(step)
    assert step.get_params() == other.get_params() == step.get_params(deep=False)
    assert list(step.get_params()) == list(other.get_params())
    assert repr(step) == repr(other)
    if hasattr(other, "__sklearn_tags__"):
        assert step.__sklearn_tags__() == other.__sklearn_tags__()


@pytest.mark.parametrize("name", STEPS)
def test_every_step_can_be_cloned_and_pickled(name):
    needs = {"remove", "select", "enumerate", "gaussianize"}
    step = STEPS[name](["a*"]) if name in needs else STEPS[name]()
    for copy in (clone(step), pickle.loads(pickle.dumps(step))):
        assert type(copy) is type(step) and copy is not step
        assert copy.get_params() == step.get_params()


def test_setting_parameters():
    step = Select("a")
    assert step.set_params() is step
    assert step.set_params(descriptor_names="b", except_=["c"]) is step
    assert step.get_params() == {"descriptor_names": "b", "except_": ["c"]}
    with pytest.raises(ValueError, match="'descriptors'"):
        step.set_params(except_="d", descriptors="e")
    assert step.except_ == ["c"]


def test_in_a_pipeline():
    pipeline = make_pipeline(Select(["a", "b", "k"]), Remove("nothing"), Normalize())
    pipeline.set_params(remove__descriptor_names=["k"])
    assert pipeline.get_params()["remove__descriptor_names"] == ["k"]
    copy = clone(pipeline)
    table = copy.fit_transform(TABLE)
    assert table.names == (".a", ".b")
    check_is_fitted(copy)
    assert_same_table(copy.transform(TABLE), table)
