"""Two solutions of the same pair problems side by side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.solvers import ClassOrderedGram, OneVsOnePath, pairs

Flags = npt.NDArray[np.bool_]


def pair_duals(path: OneVsOnePath, starts: npt.NDArray[np.int64]) -> list[npt.NDArray[np.float64]]:
    """Return the signed duals (p, rows of the pair) of each pair, its first class before its second."""
    duals = []
    for first, second in pairs(len(starts) - 1):
        of_first = path.coefficients[:, second - 1, starts[first] : starts[first + 1]]
        of_second = path.coefficients[:, first, starts[second] : starts[second + 1]]
        duals.append(np.concatenate([of_first, of_second], axis=1))
    return duals


def differing(left: OneVsOnePath, right: OneVsOnePath, starts: npt.NDArray[np.int64]) -> dict[str, Flags]:
    """Return which pair problems (p, n_pairs) differ in iterations, in any dual, in the bias; NaN differs too."""
    both = zip(pair_duals(left, starts), pair_duals(right, starts), strict=True)
    return {
        "iterations": left.iterations != right.iterations,
        "duals": np.stack([(ours != theirs).any(axis=1) for ours, theirs in both], axis=1),
        "biases": left.bias != right.bias,
    }


def dual_objectives(gram: ClassOrderedGram, path: OneVsOnePath) -> npt.NDArray[np.float64]:
    """Return 1/2 beta' K beta - y' beta of each pair problem (p, n_pairs), beta the signed duals, in float64."""
    objectives = np.empty(path.bias.shape)
    duals = pair_duals(path, gram.class_starts)
    for index, (pair, beta) in enumerate(zip(pairs(gram.n_classes), duals, strict=True)):
        own = pair_gram(gram, *pair)
        values = own.values[:, : len(own.diagonal)].astype(np.float64)
        n_first = own.class_starts[1]
        linear = beta[:, :n_first].sum(axis=1) - beta[:, n_first:].sum(axis=1)
        objectives[:, index] = 0.5 * np.einsum("pi,pi->p", beta @ values, beta) - linear
    return objectives


def pair_gram(gram: ClassOrderedGram, first: int, second: int) -> ClassOrderedGram:
    """Return the Gram matrix of two classes."""
    starts = gram.class_starts
    rows = np.r_[starts[first] : starts[first + 1], starts[second] : starts[second + 1]]
    labels = np.repeat([0, 1], [starts[first + 1] - starts[first], starts[second + 1] - starts[second]])
    # The values are float32 already: nothing is rounded on the way.
    return ClassOrderedGram.from_gram(gram.values[np.ix_(rows, rows)].astype(np.float64), labels)


def pair_path(path: OneVsOnePath, row: int, pair: int, starts: npt.NDArray[np.int64]) -> OneVsOnePath:
    """Return the solution of one pair problem as a path of two classes and one cost vector."""
    chosen = np.s_[row : row + 1, pair : pair + 1]
    duals = pair_duals(path, starts)[pair][np.newaxis, row : row + 1]
    return OneVsOnePath(
        duals,
        path.bias[chosen],
        path.iterations[chosen],
        path.converged[chosen],
        np.zeros_like(path.sources[chosen]),
        path.warm[chosen],
    )
