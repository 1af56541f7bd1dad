"""Real descriptors mapped, dimension by dimension, to the quantiles of a normal distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError
from fastgrid.descriptors.table import DescriptorTable, Float32Matrix, Kind
from fastgrid.descriptors.validity import INVALID
from fastgrid.transforms.base import Patterns, TableStep
from fastgrid.transforms.columns import LearnedColumns
from fastgrid.transforms.state import Arrays, SavedState

LARGEST_SAMPLE = 10_000


class Gaussianize(TableStep):
    """Replace each value by the normal quantile of its rank among the fitted values (Gaia 2.4.6 behaviour).

    With n fitted values, r = how many of them are not greater than x, kept within 1 and n - 1, and
    q = float32(r) / float32(n), the result is float32(erfinv(2 q - 1)), the inverse error function taken in double.
    So equal values share the upper rank, the two largest values share the rank n - 1, and two items give only zeros.
    Of more than 10,000 items every k-th one in row order is taken, k = ceil(n_items / 10000).

    A descriptor with NaN or infinity is left out with that reason.

    Parameters
    ----------
    descriptor_names : str or sequence of str
        Patterns, see `fastgrid.descriptors.patterns.match`; text and enumerated descriptors are never changed.
    except_ : str or sequence of str, optional
        Patterns of descriptors that are not changed although they match.

    Attributes
    ----------
    sorted_ : ndarray of float32, shape (n_dimensions, n)
        The fitted values of each dimension in ascending order, the dimensions in name order.
    """

    transfo = "gaussianize"

    def __init__(self, descriptor_names: Patterns, except_: Patterns = ()) -> None:
        self.descriptor_names = descriptor_names
        self.except_ = except_

    @property
    def columns(self) -> LearnedColumns:
        """The descriptors that were fitted."""
        return self._columns

    def _fit(self, table: DescriptorTable) -> None:
        if len(table.ids) < 2:
            raise UserError(f"gaussianize needs at least 2 items, not {len(table.ids)}; give more files")
        names = self._expand(table, self.descriptor_names, self.except_)
        columns = LearnedColumns.of(table, names, Kind.REAL)
        values = table.values[:, columns.positions(table)[0]]
        invalid = set(columns.owners()[~np.isfinite(values).all(axis=0)].tolist())
        self.left_out_ = {name: INVALID for n, name in enumerate(columns.lengths) if n in invalid}
        self._columns = columns.without(self.left_out_)
        every = -(-len(table.ids) // LARGEST_SAMPLE)
        sample = table.values[::every, self._columns.positions(table)[0]]
        self.sorted_ = np.sort(np.ascontiguousarray(sample.T), axis=1)

    def _transform(self, table: DescriptorTable) -> DescriptorTable:
        table = self._without_left_out(table)
        columns, dimensions = self._columns.positions(table)
        if not columns.size:
            return table
        values = np.array(table.values)
        values[:, columns] = gaussianized(values[:, columns], self.sorted_[dimensions])
        return replace(table, values=values)

    def _learned(self) -> tuple[Mapping[str, object], Arrays]:
        return {"lengths": dict(self._columns.lengths)}, {"sorted": self.sorted_}

    def _restore(self, saved: SavedState) -> None:
        self._columns = LearnedColumns(Kind.REAL, saved.lengths("lengths"))
        self.sorted_ = saved.array("sorted", (self._columns.total, None))
        if not 2 <= self.sorted_.shape[1] <= LARGEST_SAMPLE:
            raise saved.wrong("sorted", f"holds {self.sorted_.shape[1]} values per dimension")
        if (np.diff(self.sorted_, axis=1) < 0).any():
            raise saved.wrong("sorted", "is not in ascending order")


def gaussianized(values: Float32Matrix, ascending: Float32Matrix) -> Float32Matrix:
    """Return the normal quantile of each value among the fitted ones; see `Gaussianize` for the formula.

    Parameters
    ----------
    values : ndarray of float32, shape (n_items, n_dimensions)
    ascending : ndarray of float32, shape (n_dimensions, n)
        The fitted values of each dimension, sorted; n >= 2.

    Returns
    -------
    ndarray of float32, shape (n_items, n_dimensions)
    """
    size = ascending.shape[1]
    quantiles = normal_quantiles(size)
    result = np.empty_like(values)
    for dimension, known in enumerate(ascending):
        # Gaia bisects between 1 and n - 1; on sorted values that is the upper insertion point, kept within these.
        rank = np.searchsorted(known, values[:, dimension], side="right")
        result[:, dimension] = quantiles[np.clip(rank, 1, size - 1)]
    return result


def normal_quantiles(size: int) -> npt.NDArray[np.float32]:
    """Return the result for each rank from 1 to size - 1, and -inf for rank 0."""
    # erfinv(2 q - 1) is the quantile of the normal distribution at q over the square root of 2. As float32 it equals
    # that of scipy's erfinv for every rank and every size up to LARGEST_SAMPLE, without the import of scipy.
    share = np.arange(1, size, dtype=np.float32) / np.float32(size)
    quantiles = np.array([-math.inf, *map(NormalDist().inv_cdf, share.astype(np.float64).tolist())])
    result: npt.NDArray[np.float32] = (quantiles / math.sqrt(2.0)).astype(np.float32)
    return result
