"""Real descriptors scaled to the interval from 0 to 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fastgrid.descriptors.table import DescriptorTable, Float32Matrix, Kind
from fastgrid.descriptors.validity import INVALID, extremes, first_dimensions
from fastgrid.transforms.base import Patterns, TableStep
from fastgrid.transforms.columns import IndexVector, LearnedColumns
from fastgrid.transforms.state import Arrays, SavedState

Float32Vector = npt.NDArray[np.float32]
BoolVector = npt.NDArray[np.bool_]
SINGLE_VALUE = "has a single value, which cannot be normalized"


class Normalize(TableStep):
    """Scale real descriptors so that the fitted values lie between 0 and 1 (Gaia 2.4.6 behaviour).

    ``y = x * a + b`` in float32, each operation rounded, nothing clipped. By default M and m are the extremes of all
    dimensions of a descriptor together, ``a = 1 / (M - m)`` and ``b = -m / (M - m)``. With `independent` they are those
    of each dimension, ``a = 1 / (max - min)`` and ``b = -min * a``.

    A descriptor that holds NaN, infinity or only a single value is left out with its reason, where Gaia gives up. With
    `independent`, a dimension with a single value becomes 0 (``a = b = 0``) as long as another dimension of its
    descriptor varies.

    Parameters
    ----------
    descriptor_names : str or sequence of str, optional
        Patterns, see `fastgrid.descriptors.patterns.match`; text and enumerated descriptors are never scaled.
    except_ : str or sequence of str, optional
        Patterns of descriptors that are not scaled although they match.
    independent : bool, optional
        Whether each dimension is scaled by itself.

    Attributes
    ----------
    scale_, offset_ : ndarray of float32, shape (n_dimensions,)
        a and b of each dimension of the scaled descriptors, in name order.
    """

    transfo = "normalize"

    def __init__(self, descriptor_names: Patterns = "*", except_: Patterns = (), independent: bool = False) -> None:
        self.descriptor_names = descriptor_names
        self.except_ = except_
        self.independent = independent

    @property
    def columns(self) -> LearnedColumns:
        """The descriptors that were fitted."""
        return self._columns

    def _fit(self, table: DescriptorTable) -> None:
        names = self._expand(table, self.descriptor_names, self.except_)
        columns = LearnedColumns.of(table, names, Kind.REAL)
        values = table.values[:, columns.positions(table)[0]]
        owners = columns.owners()
        scaled = _scale_dimensions if self.independent else _scale_descriptors
        scale, offset, invalid, single = scaled(values, owners)
        for name, is_invalid, is_single in zip(columns.lengths, invalid, single, strict=True):
            if is_invalid or is_single:
                self.left_out_[name] = INVALID if is_invalid else SINGLE_VALUE
        kept = ~(invalid | single)[owners]
        self._columns = columns.without(self.left_out_)
        self.scale_, self.offset_ = scale[kept], offset[kept]

    def _transform(self, table: DescriptorTable) -> DescriptorTable:
        table = self._without_left_out(table)
        columns, dimensions = self._columns.positions(table)
        if not columns.size:
            return table
        values = np.array(table.values)
        # Values far outside the fitted range may leave float32: infinity is the answer, not a warning.
        with np.errstate(over="ignore", invalid="ignore"):
            values[:, columns] = values[:, columns] * self.scale_[dimensions] + self.offset_[dimensions]
        return replace(table, values=values)

    def _learned(self) -> tuple[Mapping[str, object], Arrays]:
        return {"lengths": dict(self._columns.lengths)}, {"scale": self.scale_, "offset": self.offset_}

    def _restore(self, saved: SavedState) -> None:
        self._columns = LearnedColumns(Kind.REAL, saved.lengths("lengths"))
        self.scale_ = saved.array("scale", (self._columns.total,))
        self.offset_ = saved.array("offset", (self._columns.total,))


_Fitted = tuple[Float32Vector, Float32Vector, BoolVector, BoolVector]


def _scale_descriptors(values: Float32Matrix, owners: IndexVector) -> _Fitted:
    """Return a and b per dimension, and which descriptors are invalid or have a single value."""
    starts = first_dimensions(values, owners)
    if not starts.size:
        return _nothing()
    lowest, highest = extremes(values)
    lowest, highest = np.minimum.reduceat(lowest, starts), np.maximum.reduceat(highest, starts)
    with np.errstate(all="ignore"):
        extent = highest - lowest
        # Which zero is the minimum of -0.0 and 0.0 depends on the processor; adding 0 leaves only 0.0.
        scale, offset = np.float32(1) / extent, -lowest / extent + np.float32(0)
    invalid = ~(np.isfinite(lowest) & np.isfinite(highest))
    single = ~(np.isfinite(scale) & np.isfinite(offset)) & ~invalid
    return scale[owners], offset[owners], invalid, single


def _scale_dimensions(values: Float32Matrix, owners: IndexVector) -> _Fitted:
    """Return a and b per dimension, and which descriptors are invalid or vary in no dimension."""
    starts = first_dimensions(values, owners)
    if not starts.size:
        return _nothing()
    lowest, highest = extremes(values)
    with np.errstate(all="ignore"):
        scale = np.float32(1) / (highest - lowest)
        offset = -lowest * scale + np.float32(0)
    varies = np.isfinite(scale) & np.isfinite(offset)
    finite = np.isfinite(lowest) & np.isfinite(highest)
    invalid = ~np.logical_and.reduceat(finite, starts)
    single = ~np.logical_or.reduceat(varies, starts) & ~invalid
    zero = np.float32(0)
    return np.where(varies, scale, zero), np.where(varies, offset, zero), invalid, single


def _nothing() -> _Fitted:
    no_floats, no_flags = np.empty(0, dtype=np.float32), np.empty(0, dtype=np.bool_)
    return no_floats, no_floats, no_flags, no_flags
