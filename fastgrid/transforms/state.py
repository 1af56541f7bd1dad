"""What a fitted step saves, read back with suspicion: it comes from a file that anybody may have written."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import one_line

Arrays = dict[str, npt.NDArray[np.float32]]
LONGEST_DESCRIPTOR = 2**31


class SavedState:
    """One mapping of a saved description with its arrays; every reader checks the type of what it returns.

    Parameters
    ----------
    description : object
        What JSON gave; must be a mapping with text keys.
    arrays : mapping of str to ndarray, optional
        The arrays that belong to it.
    where : str, optional
        The place of the mapping in the file, for messages.

    Raises
    ------
    ValueError
        When `description` is not such a mapping.
    """

    def __init__(
        self,
        description: object,
        arrays: Mapping[str, npt.NDArray[np.generic]] | None = None,
        where: str = "state",
    ) -> None:
        if not isinstance(description, Mapping) or not all(isinstance(key, str) for key in description):
            raise ValueError(f"{where} is not a mapping")
        self._entries: dict[str, object] = dict(description)
        self._arrays = dict(arrays or {})
        self._where = where

    def entry(self, key: str) -> object:
        """Take the entry `key`, whatever it is."""
        if key not in self._entries:
            raise ValueError(f"{self._where} lacks {key!r}")
        return self._entries.pop(key)

    def inner(self, key: str, arrays: Mapping[str, npt.NDArray[np.generic]] | None = None) -> SavedState:
        """Take the mapping under `key`."""
        return SavedState(self.entry(key), arrays, f"{self._where}.{key}")

    def text(self, key: str) -> str:
        """Take the text under `key`."""
        value = self.entry(key)
        if not isinstance(value, str):
            raise self.wrong(key, "is not text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Take the list of distinct texts under `key`."""
        value = self.entry(key)
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self.wrong(key, "is not a list of texts")
        if len(set(value)) != len(value):
            raise self.wrong(key, "holds a text twice")
        return tuple(value)

    def reasons(self, key: str) -> dict[str, str]:
        """Take the mapping of text to text under `key`."""
        value = self.entry(key)
        if not isinstance(value, Mapping) or not all(isinstance(t, str) for pair in value.items() for t in pair):
            raise self.wrong(key, "is not a mapping of texts")
        return dict(value)

    def lengths(self, key: str) -> dict[str, int]:
        """Take the mapping of descriptor name to number of values under `key`."""
        value = self.entry(key)
        if not isinstance(value, Mapping) or not all(
            isinstance(name, str) and type(length) is int and 0 < length < LONGEST_DESCRIPTOR
            for name, length in value.items()
        ):
            raise self.wrong(key, "is not a mapping of names to lengths")
        return dict(value)

    def array(self, key: str, shape: tuple[int | None, ...]) -> npt.NDArray[np.float32]:
        """Take the float32 array `key`: finite, of the given shape, where None stands for any length."""
        value = self._arrays.pop(key, None)
        if not isinstance(value, np.ndarray):
            raise ValueError(f"{self._where} lacks the array {key!r}")
        if value.dtype != np.float32:
            raise self.wrong(key, f"is an array of {one_line(value.dtype, 40)}, not float32")
        fits = len(value.shape) == len(shape) and all(
            wanted is None or wanted == got for wanted, got in zip(shape, value.shape, strict=True)
        )
        if not fits:
            raise self.wrong(key, f"has the shape {value.shape}")
        if not np.isfinite(value).all():
            raise self.wrong(key, "holds NaN or infinity")
        return value.astype(np.float32)

    def finish(self) -> None:
        """Raise ValueError when something was not taken."""
        rest = [*self._entries, *self._arrays]
        if rest:
            raise ValueError(f"{self._where} has unknown parts: {one_line(', '.join(sorted(rest)), 120)}")

    def wrong(self, key: str, what: str) -> ValueError:
        """Return the error that says `what` of the entry or array `key`."""
        return ValueError(f"{self._where}.{key} {what}")
