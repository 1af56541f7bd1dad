"""What a solver is given, looked at before compiled code that looks at nothing is let loose on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Float64Vector = npt.NDArray[np.float64]
Float64Matrix = npt.NDArray[np.float64]


def check_gram(gram: npt.ArrayLike) -> Float64Matrix:
    """Return a Gram matrix as float64.

    Raises
    ------
    ValueError
        When it is not square, or a value is not finite in float32, in which solvers keep it.
    """
    found = _floats("gram", gram)
    if found.ndim != 2 or found.shape[0] != found.shape[1] or len(found) == 0:
        raise ValueError(f"gram has shape {found.shape}; a Gram matrix is square, with a row for each training row")
    # NaN fails the comparison too.
    if not max(float(found.max()), -float(found.min())) <= float(np.finfo(np.float32).max):
        raise ValueError("gram holds values that are not finite, or beyond float32")
    return found


def check_labels(labels: npt.ArrayLike, n_rows: int) -> npt.NDArray[np.int64]:
    """Return class codes as int64.

    Raises
    ------
    ValueError
        When they are not one for each row, or not 0..k-1, each of which occurs.
    """
    given = np.asarray(labels)
    if given.shape != (n_rows,):
        raise ValueError(f"labels have shape {given.shape} for {n_rows} rows of gram")
    if given.dtype.kind not in "iub":
        raise ValueError(
            f"labels are {given.dtype}; class codes are whole numbers (numpy.unique(..., return_inverse=True))"
        )
    codes = given.astype(np.int64)
    present = np.unique(codes)
    if not np.array_equal(present, np.arange(len(present))):
        listed = ", ".join(str(code) for code in present[:5].tolist())
        raise ValueError(
            f"labels are {listed}{', ...' if len(present) > 5 else ''}; class codes are 0 to k - 1, each of which "
            "occurs (numpy.unique(..., return_inverse=True))"
        )
    return codes


def check_costs(class_costs: npt.ArrayLike, n_classes: int) -> Float64Matrix:
    """Return C-contiguous costs, shape (p, k).

    Raises
    ------
    ValueError
        When they have another shape, or one is not positive and finite.
    """
    costs = _floats("class_costs", class_costs)
    if costs.ndim != 2 or costs.shape[1] != n_classes:
        raise ValueError(
            f"class_costs have shape {costs.shape}; a cost vector is a row with a C for each of the {n_classes} classes"
        )
    _require_positive("class_costs", costs)
    return costs


def check_weights(item_weights: npt.ArrayLike | None, n_rows: int) -> Float64Vector:
    """Return the weights of rows; 1 where none are given.

    Raises
    ------
    ValueError
        When they are not one for each row, or one is not positive and finite.
    """
    if item_weights is None:
        return np.ones(n_rows)
    weights = _floats("item_weights", item_weights)
    if weights.shape != (n_rows,):
        raise ValueError(f"item_weights have shape {weights.shape} for {n_rows} rows")
    _require_positive("item_weights", weights)
    return weights


def _floats(name: str, given: npt.ArrayLike) -> npt.NDArray[np.float64]:
    try:
        return np.ascontiguousarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} are no numbers in the shape of an array") from None


def _require_positive(name: str, numbers: npt.NDArray[Any]) -> None:
    if not bool(((numbers > 0.0) & (numbers < np.inf)).all()):
        raise ValueError(f"{name} hold numbers that are not positive and finite")
