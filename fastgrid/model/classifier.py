"""The trained machine as arrays: support vectors, coefficients and sigmoids of all pairs of classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import gram_matrix
from fastgrid.model.coupling import couple
from fastgrid.model.sigmoid import logistic
from fastgrid.solvers import vote

Float32Matrix = npt.NDArray[np.float32]
Float64Matrix = npt.NDArray[np.float64]
Float64Vector = npt.NDArray[np.float64]

HIGHEST_DEGREE = 1000

#: Rows are predicted in blocks whose largest temporary array has about this many numbers (32 MiB of float64).
BLOCK_NUMBERS = 2**22


@dataclass(frozen=True)
class Kernel:
    """A kernel and its parameters.

    Attributes
    ----------
    name : {"rbf", "poly", "linear"}
    gamma : float
    degree : int
        From 1 to 1000.
    coef0 : float
        The last two are the polynomial kernel's.
    """

    name: str
    gamma: float
    degree: int = 3
    coef0: float = 0.0

    def gram(self, left: Float32Matrix, right: Float32Matrix | Float64Matrix) -> Float64Matrix:
        """Return the kernel values of all rows of `left` with all rows of `right`, float64 (m, n)."""
        return gram_matrix(self.name, left, right, self.gamma, self.degree, self.coef0)


@dataclass(frozen=True, eq=False)
class PairwiseClassifier:
    """One-vs-one support vector machines with calibrated probabilities, for class codes 0..k-1.

    Attributes
    ----------
    n_classes : int
        k; there are k (k - 1) / 2 pairs, in the order of `fastgrid.solvers.pairs`.
    kernel : Kernel
    support_vectors : ndarray of float32, shape (n_vectors, n_features)
        The training rows with a coefficient other than zero in some pair.
    coefficients : ndarray of float64, shape (n_pairs, n_vectors)
    bias : ndarray of float64, shape (n_pairs,)
    slopes, offsets : ndarray of float64, shape (n_pairs,)
        The sigmoids of the pairs.
    """

    n_classes: int
    kernel: Kernel
    support_vectors: Float32Matrix
    coefficients: Float64Matrix
    bias: Float64Vector
    slopes: Float64Vector
    offsets: Float64Vector

    def decisions(self, features: Float32Matrix) -> Float64Matrix:
        """Return the decision value of each pair, positive for its first class.

        Parameters
        ----------
        features : ndarray of float32, shape (m, n_features)

        Returns
        -------
        ndarray of float64, shape (n_pairs, m)
        """
        values = np.empty((len(self.bias), len(features)))
        if not len(self.bias):
            return values
        support_vectors = self.support_vectors.astype(np.float64)
        # Item by item: the rounding of a matrix product depends on its shape, and what is said of an item must not
        # depend on the items beside it.
        for item in range(len(features)):
            gram = self.kernel.gram(features[item : item + 1], support_vectors)
            values[:, item] = self.coefficients @ gram[0] + self.bias
        return values

    def votes(self, decisions: Float64Matrix) -> npt.NDArray[np.intp]:
        """Return the class code with the most votes; the first of several.

        Parameters
        ----------
        decisions : ndarray of float64, shape (n_pairs, m)
            As `decisions` returns them.

        Returns
        -------
        ndarray of intp, shape (m,)
        """
        if self.n_classes == 1:
            return np.zeros(decisions.shape[1], dtype=np.intp)
        return vote(decisions, self.n_classes).astype(np.intp)

    def probabilities(self, decisions: Float64Matrix) -> Float64Matrix:
        """Return the probability of each class.

        Parameters
        ----------
        decisions : ndarray of float64, shape (n_pairs, m)
            As `decisions` returns them.

        Returns
        -------
        ndarray of float64, shape (m, n_classes)
        """
        probabilities = np.empty((decisions.shape[1], self.n_classes))
        for block in self._blocks(decisions.shape[1]):
            exponents = decisions[:, block] * self.slopes[:, np.newaxis] + self.offsets[:, np.newaxis]
            probabilities[block] = couple(logistic(exponents), self.n_classes)
        return probabilities

    def _blocks(self, n_items: int) -> Iterator[slice]:
        widest = max(self.n_classes**2, *self.support_vectors.shape)
        rows = max(1, BLOCK_NUMBERS // widest)
        for start in range(0, n_items, rows):
            yield slice(start, min(start + rows, n_items))
