"""Decision values of pairs from products per class, and one-vs-one votes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastgrid.kernels.jit import jit

Float64Array = npt.NDArray[np.float64]


@jit
def _add_parts(parts: Float64Array, bias: Float64Array, decisions: Float64Array) -> None:
    # f_(a, b) = sum over rows of a + sum over rows of b + bias. parts[c, p, r] is what the rows of class c give to
    # their pair with class r (r + 1 from r = c on). O(p pairs m).
    n_classes, n_problems, _, n_items = parts.shape
    for problem in range(n_problems):
        pair = 0
        for first in range(n_classes):
            for second in range(first + 1, n_classes):
                for item in range(n_items):
                    value = parts[first, problem, second - 1, item] + parts[second, problem, first, item]
                    decisions[problem, pair, item] = value + bias[problem, pair]
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
