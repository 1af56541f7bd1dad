"""From the probabilities of pairs of classes to one probability per class.

Wu, Lin & Weng (2004), "Probability estimates for multi-class classification by pairwise coupling", Journal of
Machine Learning Research 5: their second method, solved by their Algorithm 2, as in LIBSVM.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: LIBSVM keeps the pairwise probabilities this far from 0 and 1.
SMALLEST_PROBABILITY = 1e-7

Float64Matrix = npt.NDArray[np.float64]


def couple(pair_probabilities: Float64Matrix, n_classes: int) -> Float64Matrix:
    """Return the probability of each class for each item.

    Minimises sum over i, j != i of (r_ji p_i - r_ij p_j)^2 over the simplex, where r_ij is the probability of class i
    among {i, j}, until no equation is wrong by 0.005 / k. Two classes are coupled too, as by the LIBSVM in Gaia and in
    scikit-learn, though r itself would be the minimum (which newer versions of LIBSVM take).

    Parameters
    ----------
    pair_probabilities : ndarray of float64, shape (n_pairs, m)
        Probability of the first class of each pair (0, 1), (0, 2), ..., (1, 2), ...; clipped here to
        [1e-7, 1 - 1e-7].
    n_classes : int

    Returns
    -------
    ndarray of float64, shape (m, n_classes)
        Rows sum to 1.
    """
    n_items = pair_probabilities.shape[1]
    if n_classes == 1:
        return np.ones((n_items, 1))
    clipped = np.clip(pair_probabilities, SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
    quadratic = _quadratic_form(clipped, n_classes)
    probabilities = np.full((n_items, n_classes), 1.0 / n_classes)
    unfinished = np.arange(n_items)
    for _ in range(max(100, n_classes)):
        current, form = probabilities[unfinished], quadratic[unfinished]
        product = np.einsum("mij,mj->mi", form, current)
        value = np.sum(current * product, axis=1)
        error = np.max(np.abs(product - value[:, np.newaxis]), axis=1)
        open_ = error >= 0.005 / n_classes
        if not open_.any():
            break
        unfinished = unfinished[open_]
        probabilities[unfinished] = _sweep(form[open_], current[open_], product[open_], value[open_])
    return probabilities


def _quadratic_form(pair_probabilities: Float64Matrix, n_classes: int) -> Float64Matrix:
    # Q_ii = sum over j of r_ji^2, Q_ij = -r_ji r_ij.
    r = np.zeros((pair_probabilities.shape[1], n_classes, n_classes))
    first, second = np.triu_indices(n_classes, 1)
    r[:, first, second] = pair_probabilities.T
    r[:, second, first] = 1.0 - pair_probabilities.T
    opposite = r.transpose(0, 2, 1)
    quadratic: Float64Matrix = -r * opposite
    diagonal = np.arange(n_classes)
    quadratic[:, diagonal, diagonal] = np.sum(opposite**2, axis=2)
    return quadratic


def _sweep(
    quadratic: Float64Matrix, probabilities: Float64Matrix, product: Float64Matrix, value: npt.NDArray[np.float64]
) -> Float64Matrix:
    """Return the probabilities after one pass over the classes, given `product` = Qp and `value` = pQp."""
    for c in range(quadratic.shape[1]):
        curvature = quadratic[:, c, c]
        change = (value - product[:, c]) / curvature
        probabilities[:, c] += change
        shrink = 1.0 + change
        value = (value + change * (change * curvature + 2.0 * product[:, c])) / shrink / shrink
        product = (product + change[:, np.newaxis] * quadratic[:, c]) / shrink[:, np.newaxis]
        probabilities = probabilities / shrink[:, np.newaxis]
    return probabilities
