"""What a kernel is that is added in one file: its name, its formula, its parameters.

The three kernels of LIBSVM that fastgrid has itself (`BUILT_IN`) are jitted. A kernel that is added is a formula on
arrays, of one of two kinds: a function of inner products and squared norms, or one of the rows themselves.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import one_line

Float64Matrix = npt.NDArray[np.float64]
Float64Vector = npt.NDArray[np.float64]

PARAMETERS = ("gamma", "degree", "coef0")
#: What a kernel may be called.
NAME = re.compile(r"[a-z][a-z0-9]{0,30}")
#: Rows whose kernel values with each other are computed for those with themselves.
_BLOCK = 32


class KernelParameters(NamedTuple):
    """The parameters of a kernel; those that it does not use may be anything."""

    gamma: float
    degree: int
    coef0: float


class _Declared:
    # The parameters that a kernel says it uses. Those it does not would be those of some other combination.

    def __init__(self, parameters: KernelParameters, uses: tuple[str, ...]) -> None:
        for name in uses:
            setattr(self, name, getattr(parameters, name))

    def __getattr__(self, name: str) -> Any:
        if name in PARAMETERS:
            raise AttributeError(f"it reads {name}, which is not in its uses")
        raise AttributeError(f"it reads {name}; the parameters of a kernel are {', '.join(PARAMETERS)}")


OfProducts = Callable[[Float64Matrix, Float64Vector, Float64Vector, KernelParameters], Float64Matrix]
OfRows = Callable[[Float64Matrix, Float64Matrix, KernelParameters], Float64Matrix]


@dataclass(frozen=True)
class KernelDefinition:
    """A kernel that is added; one of the two formulas is given.

    A formula has to be symmetric and positive definite, and must not depend on which other rows it is given
    (`fastgrid.kernels.check_kernel` looks). It is given arrays that it cannot change, and parameters of which it can
    read those in `uses` only.

    Attributes
    ----------
    name : str
        Lower-case letters and digits, beginning with a letter; in project files, grids and names of files.
    of_products : callable, optional
        ``of_products(products, left_norms, right_norms, parameters)`` returns the kernel values, float64 (m, n), of
        inner products (m, n) and squared norms (m,) and (n,), all float64.
    of_rows : callable, optional
        ``of_rows(left, right, parameters)`` returns the kernel values, float64 (m, n), of rows (m, d) and (n, d).
    uses : tuple of {"gamma", "degree", "coef0"}
        The parameters that it depends on: combinations that differ in others only are one problem.

    Raises
    ------
    ValueError
        For another name or parameter, for both formulas or none, and for one that does not take these arguments.
    """

    name: str
    of_products: OfProducts | None = None
    of_rows: OfRows | None = None
    uses: tuple[str, ...] = ("gamma",)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"a kernel cannot be called {self.name!r}: give lower-case letters and digits")
        if (self.of_products is None) == (self.of_rows is None):
            raise ValueError(f"kernel {self.name}: give one of of_products and of_rows")
        if not isinstance(self.uses, tuple) or not set(self.uses) <= set(PARAMETERS):
            raise ValueError(f"kernel {self.name}: uses is a tuple of some of {PARAMETERS}, not {self.uses!r}")
        arguments = 4 if self.of_rows is None else 3
        try:
            inspect.signature(self._formula).bind(*range(arguments))
        except (TypeError, ValueError):
            wanted = (
                "products, left_norms, right_norms, parameters" if self.of_rows is None else "left, right, parameters"
            )
            raise ValueError(f"kernel {self.name}: its formula is not a function of ({wanted})") from None

    def values(
        self, left: npt.NDArray[np.floating], right: npt.NDArray[np.floating], parameters: KernelParameters
    ) -> Float64Matrix:
        """Return the kernel values of all rows of `left` with all rows of `right`, float64 (m, n)."""
        wide_left, wide_right = left.astype(np.float64, copy=False), right.astype(np.float64, copy=False)
        if self.of_rows is not None:
            return self._computed((wide_left, wide_right), parameters, (len(left), len(right)))
        left_norms, right_norms = (np.einsum("ij,ij->i", rows, rows) for rows in (wide_left, wide_right))
        return self.of_inner_products(wide_left @ wide_right.T, left_norms, right_norms, parameters)

    def of_inner_products(
        self,
        products: Float64Matrix,
        left_norms: Float64Vector,
        right_norms: Float64Vector,
        parameters: KernelParameters,
    ) -> Float64Matrix:
        """Return the kernel values, float64 (m, n), where there is a formula for it."""
        return self._computed((products, left_norms, right_norms), parameters, products.shape)

    def diagonal(self, rows: npt.NDArray[np.floating], parameters: KernelParameters) -> Float64Vector:
        """Return the kernel values of rows with themselves, float64 (n,)."""
        blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
        return np.concatenate([np.empty(0), *(self.values(block, block, parameters).diagonal() for block in blocks)])

    @property
    def digest(self) -> str:
        """The sha256 of the file that holds the formula: what another formula computed is not found again."""
        return hashlib.sha256(Path(inspect.getfile(inspect.unwrap(self._formula))).read_bytes()).hexdigest()

    @property
    def _formula(self) -> Callable[..., Float64Matrix]:
        return cast("Callable[..., Float64Matrix]", self.of_products if self.of_rows is None else self.of_rows)

    def _computed(
        self, arrays: tuple[npt.NDArray[np.float64], ...], parameters: KernelParameters, shape: tuple[int, ...]
    ) -> Float64Matrix:
        # What the formula gives, from arrays that it cannot change: they may be the user's, or of the next kernel.
        views = [array.view() for array in arrays]
        for view in views:
            view.flags.writeable = False
        try:
            values = self._formula(*views, _Declared(parameters, self.uses))
        except MemoryError:
            raise
        except Exception as error:  # the formula is not ours
            raise ValueError(f"kernel {self.name}: {one_line(error)}") from error
        if not isinstance(values, np.ndarray) or values.shape != shape or values.dtype != np.float64:
            given = f"{values.dtype} {values.shape}" if isinstance(values, np.ndarray) else type(values).__name__
            raise ValueError(f"kernel {self.name} gave {given} where float64 {shape} is wanted")
        return values


def fill_symmetrically(
    block_of: Callable[[int, int], Float64Matrix], n: int, out: npt.NDArray[np.floating], rows_at_once: int
) -> float:
    """Write the Gram matrix of n rows with themselves into `out`, exactly symmetric.

    Parameters
    ----------
    block_of : callable
        ``block_of(start, stop)`` returns the values of rows `start` to `stop` with all rows from `start` on.
    n : int
    out : ndarray of float, shape (n, width), width >= n
        Columns from n on are left alone.
    rows_at_once : int

    Returns
    -------
    float
        The largest absolute value, NaN if any value is NaN, 0 if there are none.
    """
    largest = 0.0
    with np.errstate(over="ignore"):  # what leaves float32 is told by the largest value
        for start, stop in _strips(n, rows_at_once):
            block = block_of(start, stop)
            largest = float(np.maximum(largest, np.abs(block).max(initial=0.0)))
            square = np.triu(block[:, : stop - start])
            out[start:stop, start:stop] = square + np.triu(square, 1).T
            out[start:stop, stop:n] = block[:, stop - start :]
            out[stop:n, start:stop] = block[:, stop - start :].T
    return largest


def _strips(n: int, rows_at_once: int) -> Iterator[tuple[int, int]]:
    step = max(1, rows_at_once)
    return ((start, min(start + step, n)) for start in range(0, n, step))
