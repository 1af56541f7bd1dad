"""The seeded random permutations of calibration: the additive feedback generator behind glibc's ``rand``.

LIBSVM shuffles with C's ``rand``. Drawing from the same sequence means that the same seed cuts the same calibration
folds as LIBSVM on Linux does after ``srand(seed)``; a process that never calls ``srand``, as Gaia's, has seed 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LONG_LAG = 31
_SHORT_LAG = 3
_DISCARDED = 310
_MULTIPLIER = 16807
_MODULUS = 2**31 - 1
_WORD = 2**32


class AdditiveFeedbackGenerator:
    """Random integers below 2**31: ``x[i] = x[i-3] + x[i-31] mod 2**32``, the lowest bit dropped.

    The register is filled by Park & Miller's generator (1988, "Random number generators: good ones are hard to
    find") and the first 310 numbers are thrown away, as glibc's ``srandom`` does (its TYPE_3 generator).

    Parameters
    ----------
    seed : int
        Taken modulo 2**32; 0 counts as 1, as in C.

    Examples
    --------
    >>> AdditiveFeedbackGenerator(1).draw()
    1804289383
    """

    def __init__(self, seed: int) -> None:
        word = seed % _WORD or 1
        word = word - _WORD if word >= _WORD // 2 else word
        register = [word % _WORD]
        for _ in range(_LONG_LAG - 1):
            word = _MULTIPLIER * word % _MODULUS
            register.append(word)
        # The register is a ring: `position` is where x[i-31] stands and where x[i] goes. Three numbers are copied
        # before the feedback begins, so that it starts with x[i-31] = register[3].
        self._register = register
        self._position = _SHORT_LAG
        for _ in range(_DISCARDED):
            self.draw()

    def draw(self) -> int:
        """Return the next integer, 0 <= integer < 2**31."""
        position = self._position
        word = (self._register[position] + self._register[position - _SHORT_LAG]) % _WORD
        self._register[position] = word
        self._position = (position + 1) % _LONG_LAG
        return word >> 1

    def permutation(self, length: int) -> npt.NDArray[np.intp]:
        """Return 0..length-1 in random order, shuffled as LIBSVM shuffles: place i changes with i + draw mod rest.

        Parameters
        ----------
        length : int

        Returns
        -------
        ndarray of intp, shape (length,)
        """
        order = list(range(length))
        for place in range(length):
            other = place + self.draw() % (length - place)
            order[place], order[other] = order[other], order[place]
        return np.array(order, dtype=np.intp)
