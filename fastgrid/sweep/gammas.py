"""Values of gamma that depend on the features of a fold's training part."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import parameters_used
from fastgrid.sweep.combinations import Combination, SweepInput
from fastgrid.sweep.fold_base import values_of


def scale_gamma(trained: npt.NDArray[np.floating]) -> float:
    """Return what gamma "scale" is, as in scikit-learn's SVC: 1 / (d var X), or 1 where X does not vary.

    Parameters
    ----------
    trained : ndarray of float32 or float64, shape (n, d)
        Features of the rows trained on, in their order: the last bits of a variance depend on it.
    """
    variance = float(np.asarray(trained, dtype=np.float64).var())
    return 1.0 / (trained.shape[1] * variance) if variance != 0.0 else 1.0


class FoldGammas:
    """What gamma is in one fold; each variance is computed once."""

    def __init__(self, given: SweepInput, fold: int) -> None:
        self._given, self._training = given, given.splits.training[fold]
        self._scales: dict[str, float] = {}

    def of(self, combination: Combination) -> float:
        """Return gamma as a number; 1 for a kernel that has none, as the linear one.

        Raises
        ------
        ValueError
            For another text than "scale" and "auto".
        """
        if "gamma" not in parameters_used(combination.kernel):
            return 1.0
        if combination.gamma == "auto":
            return 1.0 / int(self._given.feature_sets[combination.features].values.shape[1])
        if combination.gamma == "scale":
            if combination.features not in self._scales:
                self._scales[combination.features] = self._scale(combination.features)
            return self._scales[combination.features]
        if isinstance(combination.gamma, str):
            raise ValueError(f"gamma {combination.gamma!r} is neither a number nor one of 'scale', 'auto'")
        return float(combination.gamma)

    def _scale(self, features: str) -> float:
        return scale_gamma(values_of(self._given.feature_sets[features])[self._training])
