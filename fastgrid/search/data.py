"""What a search is fitted on, looked at before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse
from sklearn.utils import check_consistent_length, column_or_1d, indexable
from sklearn.utils.multiclass import check_classification_targets

from fastgrid.search import compat
from fastgrid.search.parameters import Candidate

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Data:
    """Features, classes and weights of all items.

    Attributes
    ----------
    X : array-like or data frame of n_items rows
        As the user gave it: scorers and transformers get rows of it.
    y : array-like, shape (n_items,)
        Likewise.
    values : ndarray of float32 or float64, shape (n_items, n_features), or None
        `X` as numbers, finite; None where a transformer is to make numbers of it.
    classes : ndarray, shape (k,)
        Labels that occur, sorted.
    codes : ndarray of int16, shape (n_items,)
        Index of each item's label in `classes`.
    weights : ndarray of float64, shape (n_items,), or None
    """

    X: Any
    y: Any
    values: npt.NDArray[np.floating] | None
    classes: npt.NDArray[Any]
    codes: npt.NDArray[np.int16]
    weights: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def labels(self) -> npt.NDArray[Any]:
        """The labels of all items, shape (n_items,)."""
        return self.classes[self.codes]


def check_data(estimator: Any, X: Any, y: Any, sample_weight: Any, *, numeric: bool) -> Data:
    """Return what `estimator` is fitted on; its ``n_features_in_`` and ``feature_names_in_`` are set.

    Parameters
    ----------
    estimator : estimator of scikit-learn
    X, y, sample_weight
        Of ``fit``.
    numeric : bool
        Whether `X` is to be numbers by itself.

    Raises
    ------
    TypeError
        For a sparse `X`.
    ValueError
        When `y` is missing, is not of classes, or has one class; when a value is NaN or infinite, naming its column;
        when lengths differ.
    """
    refuse_sparse(estimator, X)
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None: give the class of each row"
        )
    if numeric:
        values, labels = compat.validated(estimator, X, y)
        check_finite(values, getattr(estimator, "feature_names_in_", None))
    else:
        compat.check_columns(estimator, X)
        values, labels = None, column_or_1d(y, warn=True)
    check_classification_targets(labels)
    X, y = indexable(X, y)
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y holds one class, {classes[:1].tolist()[0]!r}; the number of classes has to be greater than one"
        )
    if len(classes) > np.iinfo(np.int16).max:
        raise ValueError(f"y holds {len(classes)} classes; up to {np.iinfo(np.int16).max} are supported")
    weights = None if sample_weight is None else _check_weights(sample_weight, len(codes))
    if weights is not None and len(np.unique(codes[weights > 0])) < 2:
        raise ValueError(
            "sample_weight is zero or negative for all rows but those of one class; an SVC needs two classes"
        )
    return Data(X, y, values, classes, codes.astype(np.int16).reshape(-1), weights)


def refuse_sparse(estimator: Any, X: Any) -> None:
    """Raise a `TypeError` that says what to do where `X` is sparse."""
    if scipy.sparse.issparse(X):
        raise TypeError(
            f"X is sparse, and {type(estimator).__name__} works on dense data: pass X.toarray() where memory allows, "
            "or search with GridSearchCV(SVC(), ...)"
        )


def check_finite(values: npt.NDArray[np.floating], names: npt.NDArray[Any] | None = None) -> None:
    """Raise a `ValueError` that names the first column of `values` with NaN or infinity."""
    if np.isfinite(values.sum(dtype=np.float64)) or np.isfinite(values).all():
        return
    row, column = (int(place) for place in np.argwhere(~np.isfinite(values))[0])
    name = column if names is None else repr(str(names[column]))
    what = "NaN" if np.isnan(values[row, column]) else "infinity"
    raise ValueError(
        f"X holds {what} in column {name} (row {row}); drop or fill in such values before, "
        "or have scaling=make_pipeline(SimpleImputer(), MinMaxScaler()) do so"
    )


def check_precomputed(data: Data, candidates: Sequence[Candidate]) -> None:
    """Raise a `ValueError` where X is to be a Gram matrix and is none, or has rows of weight 0.

    With these SVC is not to be trusted: it drops such rows, and then takes support vectors for others, since
    ``support_`` counts the rows that are left. Of a matrix that is not symmetric nobody knows the optimum.
    """
    if not any(each.kernel == "precomputed" for each in candidates):
        return
    values, weights = data.values, data.weights
    if values is None or values.shape[0] != values.shape[1]:
        shape = np.shape(data.X)
        raise ValueError(f"X has shape {shape}; with kernel 'precomputed' it is a square Gram matrix (fastgrid.gram)")
    if not is_symmetric(values):
        raise ValueError("X is not symmetric; with kernel 'precomputed' it is a Gram matrix (fastgrid.gram makes one)")
    if weights is not None and (weights <= 0).any():
        raise ValueError(
            "sample_weight has zeros or negative numbers: SVC mixes up the rows of a precomputed Gram matrix then; "
            "leave these rows and columns out of X"
        )


def is_symmetric(values: npt.NDArray[np.floating]) -> bool:
    """Return whether a square matrix is symmetric but for roundings, NaN aside, without another matrix of its size."""
    tolerance = 1e-5 * max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))
    strips = [slice(start, start + 256) for start in range(0, len(values), 256)]
    return not any(bool((np.abs(values[rows] - values[:, rows].T) > tolerance).any()) for rows in strips)


def take_rows(given: Any, rows: Rows) -> Any:
    """Return rows of an array, a list or a data frame, as the same kind of thing."""
    if hasattr(given, "iloc"):
        return given.iloc[rows]
    if hasattr(given, "shape") or hasattr(given, "__dataframe__"):
        return given[rows]
    return [given[row] for row in rows]


def _check_weights(sample_weight: Any, n_items: int) -> npt.NDArray[np.float64]:
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.ndim != 1:
        raise ValueError(f"sample_weight has shape {weights.shape}; give one number for each row of X")
    check_consistent_length(np.empty(n_items), weights)
    if not np.isfinite(weights).all():
        raise ValueError("sample_weight holds NaN or infinity; weights are finite numbers")
    return weights
