"""What a project asks for: combinations of preprocessing, kernel and parameters, and evaluations."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

ALL_DESCRIPTORS = ("*",)


@dataclass(frozen=True)
class CombinationSpec:
    """One combination of the grid, as the project names it.

    Attributes
    ----------
    preprocessing : str
        Key of the project's preprocessings.
    kernel : {"poly", "RBF", "linear"}
        The spelling of Gaia's files.
    c_exponent, gamma_exponent : int or float
        C and gamma are two to the power of these; integers where they are written as integers.
    balance_classes : bool
    classifier : {"svm"}
    type : {"C-SVC"}
    descriptor_names, exclude : tuple of str
        Patterns of the descriptors to train on, applied after the preprocessing.
    """

    preprocessing: str
    kernel: str
    c_exponent: float
    gamma_exponent: float
    balance_classes: bool
    classifier: str = "svm"
    type: str = "C-SVC"
    descriptor_names: tuple[str, ...] = ALL_DESCRIPTORS
    exclude: tuple[str, ...] = ()

    @property
    def has_default_descriptors(self) -> bool:
        """Whether all descriptors that the preprocessing leaves are used."""
        return self.descriptor_names == ALL_DESCRIPTORS and not self.exclude


@dataclass(frozen=True)
class EvaluationSpec:
    """One way of evaluating all combinations.

    Attributes
    ----------
    nfold : int
        Number of folds, at least 2.
    type : {"nfoldcrossvalidation"}
    repeats : int
        How often the items are assigned to folds, by successive seeds, and everything is evaluated.
    """

    nfold: int
    type: str = "nfoldcrossvalidation"
    repeats: int = 1

    def as_written(self) -> dict[str, int | str]:
        """Return what stands in files: Gaia's keys, and ``repeats`` where there are several."""
        written: dict[str, int | str] = {"nfold": self.nfold, "type": self.type}
        return written if self.repeats == 1 else {**written, "repeats": self.repeats}


@dataclass(frozen=True)
class GridEntry:
    """One entry of a classifier: alternatives for each field of `CombinationSpec`.

    Attributes
    ----------
    axes : tuple of (field name, alternatives)
        In the order of the project file.
    """

    axes: tuple[tuple[str, tuple[object, ...]], ...]

    def combinations(self) -> list[CombinationSpec]:
        """Return all combinations, the last axis running fastest (Gaia 2.4.6 behaviour)."""
        names = [name for name, _ in self.axes]
        values = itertools.product(*(alternatives for _, alternatives in self.axes))
        return [CombinationSpec(**dict(zip(names, chosen, strict=True))) for chosen in values]  # type: ignore[arg-type]


def families_of(combinations: Sequence[CombinationSpec]) -> npt.NDArray[np.intp]:
    """Return a code for each combination that is the same for all that differ in C and gamma only."""
    codes: dict[CombinationSpec, int] = {}
    alike = [replace(one, c_exponent=0, gamma_exponent=0) for one in combinations]
    return np.array([codes.setdefault(one, len(codes)) for one in alike], dtype=np.intp)
