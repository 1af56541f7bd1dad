"""The final model: what `train` returns, a model file holds and `predict` uses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.threads import single_threaded_blas
from fastgrid.descriptors.table import Descriptor, DescriptorTable
from fastgrid.model.classifier import PairwiseClassifier
from fastgrid.model.features import FeatureExtraction

LARGEST_SEED = 2**63
#: Stands in the place of a solver in what was read from a history.
OF_HISTORY = "history"


@dataclass(frozen=True)
class TrainingRecord:
    """How a model came about; nothing of it is needed to predict.

    Attributes
    ----------
    class_counts : mapping of str to int
        Number of training items of each class, sorted by class; zeros for a model out of a history, which does not say.
        Nor does it say the solver, whether that converged, its tolerance or the seed.
    C : float
    balance_classes : bool
    solver : str
        `OF_HISTORY` for a model out of a history.
    tol : float
    converged : bool
        False when the solver gave up at its cap of iterations.
    seed : int
        Of the folds of the probability calibration.
    descriptor_names, exclude : tuple of str
        Patterns that chose the descriptors after the preprocessing.
    fastgrid_version : str
    evaluation : mapping
        What the caller wanted kept, for instance the accuracy of the winning combination; JSON-able, may be empty.
    """

    class_counts: Mapping[str, int]
    C: float
    balance_classes: bool
    solver: str
    tol: float
    converged: bool
    seed: int
    descriptor_names: tuple[str, ...]
    exclude: tuple[str, ...]
    fastgrid_version: str
    evaluation: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of some items.

    Attributes
    ----------
    ids : tuple of str
    classes : tuple of str
        All classes of the model, sorted.
    labels : tuple of str
        The predicted class of each item.
    probabilities : ndarray of float64, shape (n_items, n_classes)
        In the order of `classes`; rows sum to 1.
    """

    ids: tuple[str, ...]
    classes: tuple[str, ...]
    labels: tuple[str, ...]
    probabilities: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A trained classifier with its whole preprocessing.

    Attributes
    ----------
    class_name : str
        What the classes are classes of, for instance ``mood``.
    class_order : tuple of str
        The class of each code of the classifier: in order of first appearance among the training items, as in LIBSVM.
    extraction : FeatureExtraction
    classifier : PairwiseClassifier
    record : TrainingRecord

    Notes
    -----
    A text that an enumerated descriptor did not hold in training gets the next free number when it is first met, and
    keeps it as long as this object lives (Gaia 2.4.6 behaviour). Saved models never hold such numbers. For the same
    reason, do not predict with one object in several threads at once.
    """

    class_name: str
    class_order: tuple[str, ...]
    extraction: FeatureExtraction
    classifier: PairwiseClassifier
    record: TrainingRecord

    def __repr__(self) -> str:
        kernel, vectors = self.classifier.kernel.name, self.classifier.support_vectors
        return (
            f"Model(class_name={self.class_name!r}, classes={self.classes}, kernel={kernel!r}, C={self.record.C:g}, "
            f"n_support_vectors={len(vectors)}, n_features={vectors.shape[1]})"
        )

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """All classes, sorted."""
        return tuple(sorted(self.class_order))

    @property
    def required_descriptors(self) -> tuple[Descriptor, ...]:
        """What a descriptor file must hold to be predicted, sorted by name, kinds as in the files."""
        return self.extraction.required

    def unusable_items(self, table: DescriptorTable) -> dict[str, str]:
        """Return the items of `table` that `predict` would refuse, with the reasons.

        Parameters
        ----------
        table : DescriptorTable

        Returns
        -------
        dict of str to str
            Item id to reason: a required value is NaN or infinite, or too far outside the training data.

        Raises
        ------
        UserError
            When a required descriptor is missing, or of another kind or length.
        """
        features = self.extraction.extract(table)
        return self.extraction.unusable_items(table, features)

    def predict(self, table: DescriptorTable, *, probability: bool = True) -> Prediction:
        """Classify every item of `table`.

        Parameters
        ----------
        table : DescriptorTable
            With the required descriptors; others do not matter.
        probability : bool, optional
            Whether the label is the most probable class (Gaia's and LIBSVM's choice where there are probabilities), or
            the class with the most pairwise votes, as in cross-validation. The two may differ for doubtful items; the
            probabilities are the same. Of equals, the class that comes first in `class_order`.

        Returns
        -------
        Prediction

        Raises
        ------
        UserError
            When a required descriptor is missing, or of another kind or length, or `unusable_items` names an item.
        """
        features = self.extraction.extract(table)
        unusable = self.extraction.unusable_items(table, features)
        if unusable:
            item, reason = next(iter(unusable.items()))
            more = f" (and {len(unusable) - 1} more items)" if len(unusable) > 1 else ""
            raise UserError(f"{one_line(item, 120)}: cannot be predicted: {reason}{more}; leave it out")
        # One thread and overflow as infinity: the same bytes on every machine, and no warning for what is checked next.
        with single_threaded_blas(), np.errstate(over="ignore", invalid="ignore"):
            decisions = self.classifier.decisions(features)
            probabilities = self.classifier.probabilities(decisions)
        if not np.isfinite(decisions).all():
            raise UserError(f"model of {one_line(self.class_name, 80)}: its decision values overflow; train it again")
        codes = probabilities.argmax(axis=1) if probability else self.classifier.votes(decisions)
        by_name = sorted(range(len(self.class_order)), key=self.class_order.__getitem__)
        return Prediction(
            ids=table.ids,
            classes=self.classes,
            labels=tuple(self.class_order[code] for code in codes),
            probabilities=np.ascontiguousarray(probabilities[:, by_name]),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as one file without pickle; the same model gives the same bytes.

        Parameters
        ----------
        path : path-like
            One that ends in ``.history`` (or ``.HISTORY``) becomes a model that Gaia and Essentia load.

        Raises
        ------
        UserError
            When the file cannot be written.
        """
        from fastgrid.model.persistence import save_model

        save_model(self, path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Model:
        """Read a model file, ours or a ``.history`` of Gaia; nothing in it is trusted and nothing in it is run.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        Model

        Raises
        ------
        UserError
            When there is no such file, or it is damaged, truncated, no fastgrid model, or a newer fastgrid's.
        """
        from fastgrid.model.persistence import load_model

        return load_model(path)
