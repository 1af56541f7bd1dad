"""``cv_results_``: the table of a search, as ``GridSearchCV`` lays it out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.float64]


def cv_results(
    points: Sequence[dict[str, Any]],
    seconds: Mapping[str, Table],
    test_scores: Mapping[str, Table],
    train_scores: Mapping[str, Table] | None,
) -> dict[str, Any]:
    """Return the table, one entry for each point in every column.

    Parameters
    ----------
    points : sequence of dict
        Parameters as the user spelled them.
    seconds : mapping from "fit_time" and "score_time" to ndarray of float64, shape (n_points, n_folds)
    test_scores, train_scores : mapping from a metric's name to ndarray of float64, shape (n_points, n_folds)
    """
    results: dict[str, Any] = {}
    for name, values in seconds.items():
        _add(results, name, values)
    results.update(_columns(points))
    results["params"] = list(points)
    for name, values in test_scores.items():
        _add(results, f"test_{name}", values, folds=True)
        results[f"rank_test_{name}"] = _ranks(results[f"mean_test_{name}"])
        if train_scores is not None:
            _add(results, f"train_{name}", train_scores[name], folds=True)
    return results


def _add(results: dict[str, Any], name: str, values: Table, *, folds: bool = False) -> None:
    if folds:
        results.update({f"split{fold}_{name}": column for fold, column in enumerate(values.T)})
    means = np.average(values, axis=1)
    results[f"mean_{name}"] = means
    if folds and not np.isfinite(means).all():
        part = name.split("_")[0]
        warnings.warn(f"One or more of the {part} scores are non-finite: {means}", UserWarning, stacklevel=2)
    # Infinite scores have no spread, which numpy says too.
    results[f"std_{name}"] = np.sqrt(np.average((values - means[:, np.newaxis]) ** 2, axis=1))


def _ranks(means: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    # 1 for the largest, ties share the smallest; NaN is tied with the worst.
    if np.isnan(means).all():
        return np.ones(len(means), dtype=np.int32)
    known = np.nan_to_num(means, nan=np.nanmin(means) - 1)
    return (np.searchsorted(np.sort(-known), -known) + 1).astype(np.int32)


def _columns(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    # One masked array for each parameter, masked where a point does not have it, of objects unless all are numbers.
    names: dict[str, dict[int, Any]] = {}
    for index, point in enumerate(points):
        for name, value in point.items():
            names.setdefault(f"param_{name}", {})[index] = value
    columns = {}
    for name, values in names.items():
        column = np.ma.MaskedArray(np.empty(len(points), dtype=_type_of(list(values.values()))), mask=True)
        for index, value in values.items():
            column[index] = value
        columns[name] = column
    return columns


def _type_of(values: Sequence[Any]) -> np.dtype[Any]:
    try:
        together = np.array(values)
    except ValueError:
        return np.dtype(object)
    return together.dtype if together.ndim == 1 and together.dtype.kind != "U" else np.dtype(object)
