"""Taking chosen descriptors out of the leaves of files that have one layout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fastgrid.descriptors.leaves import Leaves, Structure

Int32Vector = npt.NDArray[np.int32]
IndexVector = npt.NDArray[np.intp]

_MOST_BOUNDS = 256


class Picker:
    """Finds descriptors in the leaves of one layout.

    Parameters
    ----------
    structure : Structure
        The layout of the leaves to come.
    names : sequence of str
        The descriptors to take, all of them in `structure`.
    textual : sequence of bool
        Which of them are wanted as text. Text is never wanted as numbers.
    """

    def __init__(self, structure: Structure, names: Sequence[str], textual: Sequence[bool]) -> None:
        self.structure = structure
        place = {name: i for i, name in enumerate(structure.names)}
        self._positions = np.array([place[name] for name in names], dtype=np.intp)
        is_text = structure.text_mask[self._positions]
        wanted_as_text = np.array(textual, dtype=np.bool_)
        self._to_text = wanted_as_text & ~is_text
        self._numeric = np.flatnonzero(~structure.text_mask)
        self._textual = np.flatnonzero(structure.text_mask)
        self._numbers = _runs(self._numeric, self._positions[~wanted_as_text])
        # Where numbers become text they stand between the texts: one by one then.
        self._plain_texts = None if self._to_text.any() else _runs(self._textual, self._positions[wanted_as_text])
        # By the lengths of all descriptors, which are often those of another file too.
        self._bounds: dict[bytes, list[list[int]]] = {}
        self._text_positions = tuple(
            (int(i), bool(is_text[k])) for k, i in enumerate(self._positions) if wanted_as_text[k]
        )

    @property
    def makes_text(self) -> bool:
        """Whether numbers become text."""
        return self._plain_texts is None

    def lengths(self, leaves: Leaves) -> Int32Vector:
        """Return the lengths of the descriptors, int32 of shape (n_descriptors,).

        Numbers that become text are one text, however many they are (Gaia 2.4.6 behaviour).
        """
        lengths = leaves.lengths[self._positions]
        return np.where(self._to_text, np.minimum(lengths, 1), lengths)

    def numbers(self, leaves: Leaves) -> npt.NDArray[np.float32]:
        """Return the values of the descriptors that are wanted as numbers, one after the other."""
        key = leaves.lengths.tobytes()
        bounds = self._bounds.get(key)
        if bounds is None:
            if len(self._bounds) >= _MOST_BOUNDS:
                self._bounds.clear()
            bounds = self._bounds[key] = _bounds(leaves.lengths[self._numeric], self._numbers)
        parts = [leaves.values[start:end] for start, end in bounds]
        return np.concatenate(parts) if parts else leaves.values[:0]

    def texts(self, leaves: Leaves) -> list[str]:
        """Return the values of the descriptors that are wanted as text, one after the other."""
        if self._plain_texts is not None:
            bounds = _bounds(leaves.lengths[self._textual], self._plain_texts)
            return [text for start, end in bounds for text in leaves.texts[start:end]]
        found: list[str] = []
        for position, is_text in self._text_positions:
            start, length = int(leaves.starts[position]), int(leaves.lengths[position])
            if is_text:
                found += leaves.texts[start : start + length]
            elif length:
                found.append(text_of_number(leaves.values[start + length - 1]))
        return found


def _runs(of_kind: IndexVector, positions: IndexVector) -> IndexVector:
    """Return which descriptors of a kind are wanted, as runs of neighbours.

    Parameters
    ----------
    of_kind : ndarray of intp
        Positions of all descriptors of the kind, ascending.
    positions : ndarray of intp
        Those that are wanted, in the order in which they are.

    Returns
    -------
    ndarray of intp, shape (n_runs, 2)
        The first of each run, and the one behind its last, as places in `of_kind`.
    """
    places = np.searchsorted(of_kind, positions)
    breaks = np.flatnonzero(np.diff(places) != 1) + 1
    firsts, ends = np.concatenate([[0], breaks]), np.concatenate([breaks, [len(places)]])
    if not len(places):
        return np.zeros((0, 2), dtype=np.intp)
    return np.stack([places[firsts], places[ends - 1] + 1], axis=1)


def _bounds(lengths: Int32Vector, runs: IndexVector) -> list[list[int]]:
    """Return where the values of each run begin and end, `lengths` being those of all descriptors of the kind."""
    edges = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=edges[1:])
    found: list[list[int]] = edges[runs].tolist()
    return found


def text_of_number(number: np.float32) -> str:
    """Return a number as Gaia 2.4.6 turns it into text: six significant digits, ``%g`` of C.

    Examples
    --------
    >>> text_of_number(np.float32(3.14159265)), text_of_number(np.float32(1e-9))
    ('3.14159', '1e-09')
    """
    return f"{float(number):g}"
