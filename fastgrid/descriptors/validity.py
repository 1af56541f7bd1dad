"""Which descriptors cannot be used: those with NaN or infinity and those that never vary (Gaia's cleaner)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.descriptors.table import DescriptorTable, Float32Matrix, Kind

SMALLEST_RANGE = np.float32(1e-7)
INVALID = "holds NaN or infinity"
CONSTANT = "does not vary: maximum - minimum < 1e-7 in every dimension"

BoolVector = npt.NDArray[np.bool_]
IndexVector = npt.NDArray[np.intp]
Float32Vector = npt.NDArray[np.float32]


#: Rows that are moved at a time.
_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Findings:
    """What the cleaner says of each descriptor.

    Attributes
    ----------
    invalid : ndarray of bool, shape (n_descriptors,)
        Some value is NaN or infinite.
    constant : ndarray of bool, shape (n_descriptors,)
        All values are finite and no dimension varies by 1e-7 or more.
    """

    invalid: BoolVector
    constant: BoolVector

    @property
    def dropped(self) -> BoolVector:
        """The descriptors that the cleaner removes."""
        return self.invalid | self.constant


def clean(values: Float32Matrix, descriptor_of_dimension: IndexVector) -> Findings:
    """Return what Gaia's cleaner (2.4.6 behaviour) finds wrong with each descriptor.

    A descriptor is removed when any value of any item is NaN or infinite, or when in every one of its
    dimensions maximum - minimum, subtracted in float32, is strictly less than 1e-7. Without items every
    descriptor is constant. Real descriptors only: do not show it the numbers of enumerated ones.

    Parameters
    ----------
    values : ndarray of float32, shape (n_items, n_dimensions)
    descriptor_of_dimension : ndarray of intp, shape (n_dimensions,)
        The descriptor that each dimension belongs to: 0, 1, 2, ... in ascending order, none missing.

    Returns
    -------
    Findings

    Raises
    ------
    ValueError
        When `descriptor_of_dimension` does not number the columns of `values` so.
    """
    starts = first_dimensions(values, descriptor_of_dimension)
    if not starts.size:
        return Findings(np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.bool_))
    lowest, highest = extremes(values)
    return findings_of_extremes(lowest, highest, starts)


def findings_of_extremes(lowest: Float32Vector, highest: Float32Vector, starts: IndexVector) -> Findings:
    """Return the findings of `clean` when the extremes of each dimension are known already.

    Parameters
    ----------
    lowest, highest : ndarray of float32, shape (n_dimensions,)
        As `extremes` gives them.
    starts : ndarray of intp, shape (n_descriptors,)
        As `first_dimensions` gives them; at least one.

    Returns
    -------
    Findings
    """
    # NaN and infinity of any item are visible in the extremes: no second pass over the values is needed.
    finite = np.isfinite(lowest) & np.isfinite(highest)
    with np.errstate(over="ignore", invalid="ignore"):
        still = (highest - lowest) < SMALLEST_RANGE
    invalid = ~np.logical_and.reduceat(finite, starts)
    return Findings(invalid, np.logical_and.reduceat(still, starts) & ~invalid)


def extremes(values: Float32Matrix) -> tuple[Float32Vector, Float32Vector]:
    """Return the minimum and the maximum of each dimension; NaN where it holds NaN, zeros without items.

    Parameters
    ----------
    values : ndarray of float32, shape (n_items, n_dimensions)

    Returns
    -------
    lowest, highest : ndarray of float32, shape (n_dimensions,)
    """
    if not values.shape[0]:
        nothing = np.zeros(values.shape[1], dtype=np.float32)
        return nothing, nothing
    with np.errstate(invalid="ignore"):
        return np.min(values, axis=0), np.max(values, axis=0)


def first_dimensions(values: Float32Matrix, descriptor_of_dimension: IndexVector) -> IndexVector:
    """Return the first dimension of each descriptor, checking the numbering of the dimensions.

    Parameters
    ----------
    values : ndarray of float32, shape (n_items, n_dimensions)
    descriptor_of_dimension : ndarray of intp, shape (n_dimensions,)

    Returns
    -------
    ndarray of intp, shape (n_descriptors,)

    Raises
    ------
    ValueError
        When the dimensions are not numbered 0, 1, 2, ... ascending, or are not as many as the columns.
    """
    owner = np.asarray(descriptor_of_dimension)
    if values.ndim != 2 or owner.shape != values.shape[1:]:
        raise ValueError(f"{owner.shape} dimensions are numbered, but the values have shape {values.shape}")
    steps = np.diff(owner, prepend=-1)
    if owner.size and (steps[0] != 1 or steps.min() < 0 or steps.max() > 1):
        raise ValueError("dimensions must be numbered by descriptor: 0, 1, 2, ... ascending, none missing")
    return np.flatnonzero(steps)


def numeric_columns(table: DescriptorTable) -> tuple[IndexVector, BoolVector]:
    """Return whose column each column of ``table.values`` is.

    Parameters
    ----------
    table : DescriptorTable

    Returns
    -------
    descriptor_of_dimension : ndarray of intp, shape (n_dimensions,)
        Position in ``table.numeric``.
    enumerated : ndarray of bool, shape (n_dimensions,)
        True for the numbers of enumerated text.
    """
    lengths = np.array([d.length for d in table.numeric], dtype=np.intp)
    enumerated = np.array([d.kind is Kind.ENUMERATED for d in table.numeric], dtype=np.bool_)
    return np.repeat(np.arange(len(lengths), dtype=np.intp), lengths), np.repeat(enumerated, lengths)


def compacted(values: Float32Matrix, kept: npt.NDArray[np.bool_]) -> Float32Matrix:
    """Return the columns of `values` where `kept` is true, in the memory of `values`, which is lost.

    Parameters
    ----------
    values : ndarray of float32, shape (n_items, n_dimensions)
        C-contiguous.
    kept : ndarray of bool, shape (n_dimensions,)

    Returns
    -------
    ndarray of float32, shape (n_items, n_kept), C-contiguous
    """
    n_items, width = values.shape[0], int(np.count_nonzero(kept))
    flat = values.reshape(-1)
    for first in range(0, n_items, _ROWS_AT_ONCE):
        rows = values[first : first + _ROWS_AT_ONCE][:, kept]
        # Rows only become shorter, so that nothing is overwritten before it was read.
        flat[first * width : first * width + rows.size] = rows.reshape(-1)
    return flat[: n_items * width].reshape(n_items, width)
