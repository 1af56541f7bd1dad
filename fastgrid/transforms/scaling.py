"""Scaling of one training part, on arrays only: Gaia's cleaner, then each dimension to the interval from 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.descriptors.table import Float32Matrix
from fastgrid.descriptors.validity import extremes, findings_of_extremes, first_dimensions

Float32Vector = npt.NDArray[np.float32]
IndexVector = npt.NDArray[np.intp]
BoolVector = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Scaling:
    """Which dimensions of a training part are used, and how they are scaled.

    Attributes
    ----------
    columns : ndarray of intp, shape (n_used,)
        The dimensions that are used, ascending.
    scale, offset : ndarray of float32, shape (n_used,)
        a and b of ``y = x * a + b``; 1 and 0 for enumerated dimensions.
    """

    columns: IndexVector
    scale: Float32Vector
    offset: Float32Vector

    def apply(self, values: Float32Matrix) -> Float32Matrix:
        """Return the used dimensions of `values`, scaled; not clipped.

        Parameters
        ----------
        values : ndarray of float32, shape (n_items, n_dimensions)
            Training or other items, with the dimensions that the scaling was fitted on.

        Returns
        -------
        ndarray of float32, shape (n_items, n_used)
            ``x * a``, rounded to float32, then ``+ b``, rounded again: Gaia's bits.
        """
        scaled = np.take(values, self.columns, axis=1)
        # Values far outside the training range may leave float32: infinity is the answer, not a warning.
        with np.errstate(over="ignore", invalid="ignore"):
            scaled *= self.scale
            scaled += self.offset
        return scaled


def fit_scaling(values: Float32Matrix, descriptor_of_dimension: IndexVector, enumerated: BoolVector) -> Scaling:
    """Fit the cleaner and the scaling that Gaia 2.4.6 puts before every training.

    The cleaner drops the real descriptors that `fastgrid.descriptors.validity.clean` finds wrong. Each remaining real
    dimension gets ``a = 1 / (max - min)`` and ``b = -min * a`` in float32. Unlike in Gaia, where the whole combination
    is lost, a dimension with a single value (or so small a range that a is infinite) is dropped. Enumerated dimensions
    are kept as they are. Cost: one pass over `values`.

    Parameters
    ----------
    values : ndarray of float32, shape (n_items, n_dimensions)
        The training part.
    descriptor_of_dimension : ndarray of intp, shape (n_dimensions,)
        The descriptor that each dimension belongs to: 0, 1, 2, ... in ascending order, none missing; see
        `fastgrid.descriptors.validity.numeric_columns`.
    enumerated : ndarray of bool, shape (n_dimensions,)
        The dimensions that hold the numbers of enumerated text.

    Returns
    -------
    Scaling

    Raises
    ------
    ValueError
        When the arguments do not have these shapes and numbers.
    """
    owners = np.asarray(descriptor_of_dimension, dtype=np.intp)
    starts = first_dimensions(values, owners)
    if enumerated.shape != owners.shape or values.dtype != np.float32:
        raise ValueError(f"values of {values.dtype}, {enumerated.shape} flags for {owners.shape} dimensions")
    if not starts.size:
        return Scaling(owners, np.empty(0, dtype=np.float32), np.empty(0, dtype=np.float32))
    lowest, highest = extremes(values)
    dropped = findings_of_extremes(lowest, highest, starts).dropped
    with np.errstate(all="ignore"):
        scale = np.float32(1) / (highest - lowest)
        # Which zero is the minimum of -0.0 and 0.0 depends on the processor; adding 0 leaves only 0.0.
        offset = -lowest * scale + np.float32(0)
    usable = np.isfinite(scale) & np.isfinite(offset) & ~dropped[owners]
    columns = np.flatnonzero(usable | enumerated)
    kept = enumerated[columns]
    one, zero = np.float32(1), np.float32(0)
    return Scaling(columns, np.where(kept, one, scale[columns]), np.where(kept, zero, offset[columns]))
