"""LIBSVM's text: a class and the features that are not zero, as ``index:value``, in each line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import one_line
from fastgrid.descriptors.scalars import number_of
from fastgrid.descriptors.tables.blocks import (
    CELLS_AT_ONCE,
    MAXIMAL_COLUMNS,
    NUMBERS,
    TEXTS,
    BadCell,
    Block,
    Numbers,
    feature_names,
)
from fastgrid.descriptors.tables.cells import number_text
from fastgrid.descriptors.tables.lines import Lines
from fastgrid.descriptors.yaml_tree import PlainText

LABEL, QUERY = "label", "qid"
_REMEDY = "a line must be: class index:value index:value ..."


class LibsvmReader:
    """A file in LIBSVM's format (`fastgrid.descriptors.tables.blocks.TableReader`).

    Its columns are ``label``, ``qid`` where the first line has one, and ``feature_0001`` and so on. The file is read
    twice: only its end tells how many features it has.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UserError
        When it cannot be read or an index is too large.
    """

    label: str | None = LABEL
    sparse = True

    def __init__(self, path: Path) -> None:
        self._lines = Lines(path)
        self._passes = 0.0
        self.groups: str | None = None
        largest = 0
        first = True
        for parts in self._entries():
            if first and len(parts) > 1 and parts[1].startswith(f"{QUERY}:"):
                self.groups = QUERY
            first = False
            # Indices ascend, which the second reading checks.
            if len(parts) > 1 and not parts[-1].startswith(f"{QUERY}:"):
                largest = max(largest, self._index(parts[-1].partition(":")[0], parts[-1]))
        self.columns = (LABEL, *((QUERY,) if self.groups else ()), *feature_names(largest))
        self._aside = len(self.columns) - largest
        self._passes = 0.5

    def blocks(self, wanted: Sequence[int]) -> Iterator[Block]:
        """Yield the rows; see `TableReader`."""
        most = max(1, CELLS_AT_ONCE // len(self.columns))
        block = self._empty(most)
        for parts in self._entries():
            self._take(block, parts)
            if block.n_rows == most:
                yield block
                block = self._empty(most)
        if block.n_rows:
            yield block

    def share(self) -> float:
        """Return how much of the two readings is done."""
        return self._passes + self._lines.share() / 2

    def _empty(self, most: int) -> _Rows:
        return _Rows(np.zeros((most, len(self.columns) - self._aside)), self._aside)

    def _entries(self) -> Iterator[list[str]]:
        # The parts of each line that is not empty, comments left out.
        for line in self._lines:
            parts = line.partition("#")[0].split()
            if parts:
                yield parts

    def _take(self, block: _Rows, parts: Sequence[str]) -> None:
        values = block.features[block.n_rows]
        features = parts[1:]
        if self.groups is not None:
            if not features or not features[0].startswith(f"{QUERY}:"):
                raise self._lines.error(f"has no {QUERY}, but the first line has one; add it")
            block.queries.append(features[0].removeprefix(f"{QUERY}:"))
            features = features[1:]
        block.labels.append(self._label(parts[0]))
        block.places.append(self._lines.number)
        if not _fill_quickly(values, features):
            self._fill(values, features)

    def _fill(self, values: npt.NDArray[np.float64], features: Sequence[str]) -> None:
        # Part by part, to say what is wrong with one of them.
        before = 0
        for part in features:
            text, colon, value = part.partition(":")
            number = number_of(PlainText(value))
            if not colon or number is None:
                raise self._lines.error(f"'{one_line(part, 60)}' is no feature; {_REMEDY}")
            index = self._index(text, part)
            if index <= before:
                raise self._lines.error(f"index {index} comes after index {before}; indices must ascend")
            # Beyond the end is only what a smaller index comes after.
            if index <= len(values):
                values[index - 1] = number
            before = index

    def _label(self, text: str) -> str:
        if ":" in text or "," in text:
            raise self._lines.error(f"begins with '{one_line(text, 60)}', which is no class; {_REMEDY}")
        number = number_of(PlainText(text))
        # +1, 1 and 1.0 are the same class.
        return text if number is None or not math.isfinite(number) else number_text(number)

    def _index(self, text: str, part: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 19):
            raise self._lines.error(f"'{one_line(part, 60)}' is no feature; {_REMEDY}")
        index = int(text)
        if index == 0:
            raise self._lines.error("has the index 0; indices begin with 1 (scikit-learn: zero_based=False)")
        if index > MAXIMAL_COLUMNS:
            raise self._lines.error(
                f"index {index} is too large: at most {MAXIMAL_COLUMNS} features are read; choose some of them"
            )
        return index


def _fill_quickly(values: npt.NDArray[np.float64], features: Sequence[str]) -> bool:
    """Fill in the features of a line, or return False where anything is out of the ordinary."""
    joined = "".join(features)
    if not joined.isascii() or "_" in joined or "+" in joined.replace("e+", ""):
        return False
    try:
        pairs = [part.split(":") for part in features]
        indices = np.array([int(index) for index, _ in pairs], dtype=np.int64)
        numbers = [float(number) for _, number in pairs]
    except (ValueError, OverflowError):
        return False
    if len(indices) and (indices[0] < 1 or indices[-1] > len(values) or (np.diff(indices) < 1).any()):
        return False
    values[indices - 1] = numbers
    return True


class _Rows:
    # Some rows: classes, groups, and all features as doubles, of which the first `n_rows` are filled in.

    def __init__(self, features: npt.NDArray[np.float64], aside: int) -> None:
        self.features = features
        self.labels: list[str] = []
        self.queries: list[str] = []
        self.places: list[int] = []
        self._aside = aside

    @property
    def n_rows(self) -> int:
        return len(self.labels)

    def place(self, row: int) -> str:
        return f"line {self.places[row]}"

    def kind(self, column: int) -> str:
        return TEXTS if column < self._aside else NUMBERS

    def numbers(self, columns: Sequence[int]) -> tuple[Numbers, list[BadCell]]:
        wanted = np.array(columns, dtype=np.intp) - self._aside
        if (wanted < 0).any():
            raise ValueError("classes and groups are text")
        return self.features[: self.n_rows, wanted], []

    def texts(self, column: int) -> list[str]:
        if column >= self._aside:
            return [number_text(number) for number in self.features[: self.n_rows, column - self._aside].tolist()]
        return self.labels if column == 0 else self.queries
