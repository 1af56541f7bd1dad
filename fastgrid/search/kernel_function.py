"""A kernel that scikit-learn's SVC does not have, as a function that it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import gram_matrix
from fastgrid.sweep.gammas import scale_gamma


@dataclass(frozen=True)
class KernelFunction:
    """What ``SVC(kernel=...)`` is given for a kernel that was added.

    Attributes
    ----------
    name : str
    gamma : float, "scale" or "auto"
        As in SVC, by the rows that it was trained on.
    degree : int
    coef0 : float
    """

    name: str
    gamma: float | str = "scale"
    degree: int = 3
    coef0: float = 0.0

    def __call__(self, rows: npt.NDArray[np.floating], trained: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Return the kernel values of `rows` with those that the SVC was trained on, float64 (m, n)."""
        gamma = self.gamma
        if isinstance(gamma, str):
            gamma = scale_gamma(trained) if gamma == "scale" else 1.0 / trained.shape[1]
        return gram_matrix(self.name, rows, trained, float(gamma), int(self.degree), float(self.coef0))
