"""Decision values of pairs from products per class, and one-vs-one votes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.jit import jit

Float64Array = npt.NDArray[np.float64]


@jit
def _add_parts(parts: Float64Array, places: npt.NDArray[np.int64], bias: Float64Array, decisions: Float64Array) -> None:
    # f_(a, b) = sum over rows of a + sum over rows of b + bias. parts[places[c, p, r]] is what the rows of class c give
    # to their pair with class r (r + 1 from r = c on). O(p pairs m).
    n_classes, n_problems, _ = places.shape
    n_items = parts.shape[1]
    for problem in range(n_problems):
        pair = 0
        for first in range(n_classes):
            for second in range(first + 1, n_classes):
                left, right = places[first, problem, second - 1], places[second, problem, first]
                for item in range(n_items):
                    decisions[problem, pair, item] = (parts[left, item] + parts[right, item]) + bias[problem, pair]
                pair += 1


@jit
def _count_votes(decisions: Float64Array, n_classes: int, winners: npt.NDArray[np.int16]) -> None:
    # winner = argmax_c #{pairs (a, b) won by c}, the first of equals. O(p m k^2).
    n_items = decisions.shape[2]
    votes = np.empty((n_classes, n_items), dtype=np.int16)
    for problem in range(decisions.shape[0]):
        votes[:] = 0
        pair = 0
        for first in range(n_classes):
            for second in range(first + 1, n_classes):
                for item in range(n_items):
                    won = np.int16(decisions[problem, pair, item] > 0.0)
                    votes[first, item] += won
                    votes[second, item] += np.int16(1) - won
                pair += 1
        winners[problem] = 0
        for candidate in range(1, n_classes):
            for item in range(n_items):
                if votes[candidate, item] > votes[winners[problem, item], item]:
                    winners[problem, item] = candidate


@jit
def _vote_by_parts(
    parts: Float64Array,
    places: npt.NDArray[np.int64],
    bias: Float64Array,
    decisions: Float64Array,
    winners: npt.NDArray[np.int16],
) -> None:
    # The winners of one problem after the other; `decisions` (1, pairs, m) is workspace. O(p m k^2).
    for problem in range(len(winners)):
        _add_parts(parts, places[:, problem : problem + 1], bias[problem : problem + 1], decisions)
        _count_votes(decisions, len(places), winners[problem : problem + 1])
