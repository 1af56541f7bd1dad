"""Where the dimensions of the descriptors that a step was fitted on stand in another table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.table import DescriptorTable, Kind

IndexVector = npt.NDArray[np.intp]


@dataclass(frozen=True)
class LearnedColumns:
    """The descriptors that a step was fitted on, their dimensions one after the other.

    Attributes
    ----------
    kind : Kind
        What they all hold.
    lengths : mapping of str to int
        Number of values by name, in the order in which the dimensions were learned.
    """

    kind: Kind
    lengths: Mapping[str, int]

    @classmethod
    def of(cls, table: DescriptorTable, names: Iterable[str], kind: Kind) -> LearnedColumns:
        """Return the descriptors of `table` that are among `names` and of the given kind, in table order."""
        wanted = set(names)
        chosen = (d for d in table.descriptors if d.name in wanted and d.kind is kind)
        return cls(kind, {d.name: d.length for d in chosen})

    @property
    def total(self) -> int:
        """Number of dimensions."""
        return sum(self.lengths.values())

    def owners(self) -> IndexVector:
        """Return, for each dimension, the position of its descriptor."""
        lengths = np.fromiter(self.lengths.values(), dtype=np.intp, count=len(self.lengths))
        return np.repeat(np.arange(len(lengths), dtype=np.intp), lengths)

    def without(self, names: Iterable[str]) -> LearnedColumns:
        """Return the descriptors that are not among `names`."""
        dropped = set(names)
        return LearnedColumns(self.kind, {n: length for n, length in self.lengths.items() if n not in dropped})

    def positions(self, table: DescriptorTable) -> tuple[IndexVector, IndexVector]:
        """Pair the columns of `table` with the learned dimensions, for the descriptors that `table` has.

        Parameters
        ----------
        table : DescriptorTable

        Returns
        -------
        columns : ndarray of intp, shape (n,)
            Columns of ``table.values``, or of ``table.text`` for text.
        dimensions : ndarray of intp, shape (n,)
            The learned dimension that belongs to each of these columns.

        Raises
        ------
        UserError
            When a descriptor of `table` has another kind or length than the learned one.
        """
        present = {d.name: d for d in table.descriptors if d.name in self.lengths}
        columns: list[int] = []
        dimensions: list[int] = []
        start = 0
        for name, length in self.lengths.items():
            if name in present:
                if present[name].kind is not self.kind or present[name].length != length:
                    raise _unlike(name, f"{length} {self.kind}", f"{present[name].length} {present[name].kind}")
                where = table.columns[name]
                columns.extend(range(where.start, where.stop))
                dimensions.extend(range(start, start + length))
            start += length
        return np.array(columns, dtype=np.intp), np.array(dimensions, dtype=np.intp)


def _unlike(name: str, learned: str, given: str) -> UserError:
    return UserError(
        f"descriptor {one_line(name, 120)}: holds {given} value(s), but the preprocessing was fitted on {learned} "
        "value(s); use files of the same extractor and profile"
    )
