"""A model as a fitted scikit-learn pipeline over `DescriptorTable`, and back."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fastgrid.descriptors.table import Descriptor, DescriptorTable
from fastgrid.model.classifier import PairwiseClassifier
from fastgrid.model.features import FeatureExtraction, required_of
from fastgrid.model.model import Model, TrainingRecord
from fastgrid.transforms.chain import Chain
from fastgrid.transforms.estimator import Transformer
from fastgrid.transforms.scaling import Scaling

REQUIRED, SCALING, MACHINE = "required", "scaling", "machine"


class RequiredDescriptors(Transformer):
    """Keeps what a model needs of a table, and refuses a table that lacks some of it.

    Parameters
    ----------
    required : tuple of Descriptor
    """

    def __init__(self, required: tuple[Descriptor, ...]) -> None:
        self.required = required

    def fit(self, table: DescriptorTable, y: object = None) -> Self:
        """Do nothing: what is required is known."""
        return self

    def transform(self, table: DescriptorTable) -> DescriptorTable:
        """Return the required descriptors of a table.

        Raises
        ------
        UserError
            When one is missing, or of another kind or length.
        """
        return required_of(table, self.required)

    def __sklearn_is_fitted__(self) -> bool:
        """Return that nothing has to be fitted."""
        return True


class ScaledFeatures(Transformer):
    """The features of a machine: used dimensions, scaled as in its training.

    Parameters
    ----------
    scaling : Scaling
    """

    def __init__(self, scaling: Scaling) -> None:
        self.scaling = scaling

    def fit(self, table: DescriptorTable, y: object = None) -> Self:
        """Do nothing: the scaling is that of a training."""
        return self

    def transform(self, table: DescriptorTable) -> npt.NDArray[np.float32]:  # type: ignore[override]
        """Return the features, shape (n_items, n_features)."""
        return self.scaling.apply(table.values)

    def __sklearn_is_fitted__(self) -> bool:
        """Return that nothing has to be fitted."""
        return True


class TrainedMachine(Transformer):
    """The trained machine of a model as a classifier of features.

    Parameters
    ----------
    machine : PairwiseClassifier
    class_order : tuple of str
        The class of each of its codes.
    class_name : str
        What the classes are classes of.
    record : TrainingRecord
        How it came about.

    Attributes
    ----------
    classes_ : ndarray of str, shape (n_classes,)
        Sorted.
    """

    _estimator_type = "classifier"

    def __init__(
        self, machine: PairwiseClassifier, class_order: tuple[str, ...], class_name: str, record: TrainingRecord
    ) -> None:
        self.machine = machine
        self.class_order = class_order
        self.class_name = class_name
        self.record = record

    @property
    def classes_(self) -> npt.NDArray[np.str_]:
        """All classes, sorted."""
        return np.array(sorted(self.class_order))

    def fit(self, table: Any, y: object = None) -> Self:
        """Refuse to be trained.

        Raises
        ------
        TypeError
            Always; `fastgrid.GridSearchSVC` trains on arrays, `fastgrid.train_model` on files.
        """
        raise TypeError("this machine is trained; fastgrid.GridSearchSVC trains on arrays, train_model on files")

    def predict(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.str_]:
        """Return the most probable class of each row, shape (n_items,)."""
        codes = self._probabilities(features).argmax(axis=1)
        return np.array(self.class_order)[codes]

    def predict_proba(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the probabilities of `classes_`, shape (n_items, n_classes)."""
        order = [self.class_order.index(name) for name in self.classes_.tolist()]
        return np.ascontiguousarray(self._probabilities(features)[:, order])

    def _probabilities(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        return self.machine.probabilities(self.machine.decisions(np.asarray(features, dtype=np.float32)))

    def __sklearn_is_fitted__(self) -> bool:
        """Return that it is trained."""
        return True

    def __sklearn_tags__(self) -> Any:
        """Return the tags of scikit-learn's own classifiers."""
        from sklearn.base import BaseEstimator, ClassifierMixin

        class _Plain(ClassifierMixin, BaseEstimator):
            pass

        return _Plain().__sklearn_tags__()


def to_pipeline(model: Model) -> Any:
    """Return a model as a fitted ``sklearn.pipeline.Pipeline``.

    Parameters
    ----------
    model : Model
        Of a training, or out of a ``.history`` of Gaia.

    Returns
    -------
    Pipeline
        Of `DescriptorTable` to classes: ``predict``, ``predict_proba``, ``classes_``. Its steps are those of the
        preprocessing, between what the model requires and the scaling of its training, and the machine. They share
        everything with `model`.
    """
    from sklearn.pipeline import Pipeline

    extraction = model.extraction
    return Pipeline(
        [
            (REQUIRED, RequiredDescriptors(extraction.required)),
            *extraction.chain.steps,
            (SCALING, ScaledFeatures(extraction.scaling)),
            (MACHINE, TrainedMachine(model.classifier, model.class_order, model.class_name, model.record)),
        ]
    )


def from_pipeline(pipeline: Any) -> Model:
    """Return the model of a pipeline that `to_pipeline` made: to be saved as ``.model`` or ``.history``, or as ONNX.

    Raises
    ------
    ValueError
        When it is another pipeline.
    """
    steps = list(getattr(pipeline, "steps", ()))
    ends = [step for _, step in (*steps[:1], *steps[-2:])] if len(steps) > 2 else [None] * 3
    first, scaling, machine = ends
    if not (
        isinstance(first, RequiredDescriptors)
        and isinstance(scaling, ScaledFeatures)
        and isinstance(machine, TrainedMachine)
    ):
        raise ValueError("this is no pipeline of fastgrid.to_pipeline")
    extraction = FeatureExtraction(first.required, Chain(steps[1:-2]), scaling.scaling)
    return Model(machine.class_name, machine.class_order, extraction, machine.machine, machine.record)
