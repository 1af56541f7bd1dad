"""What a heat map needs of ``cv_results_``: the parameters of each candidate and its mean score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import one_line

_MEAN = "mean_test_"
_PARAMETER = "param_"


@dataclass(frozen=True, eq=False)
class SearchTable:
    """The candidates of a search.

    Attributes
    ----------
    points : list of dict
        Parameters of each candidate; those that it does not have are absent.
    scores : ndarray of float64, shape (n_candidates,)
        Mean score over the folds; not finite where a candidate failed.
    metric : str
    """

    points: list[dict[str, Any]]
    scores: npt.NDArray[np.float64]
    metric: str

    @property
    def parameters(self) -> list[str]:
        """Names of all parameters, in the order in which they appear."""
        return list(dict.fromkeys(name for point in self.points for name in point))


def read_search_table(results: Any, metric: str | None = None) -> SearchTable:
    """Read ``cv_results_``, as it is or as a data frame.

    Parameters
    ----------
    results : mapping or data frame
        With the columns ``mean_test_METRIC``, and ``params`` or ``param_NAME``.
    metric : str, optional
        Where there are several.

    Raises
    ------
    TypeError, ValueError
        For what is no such table, or has no such metric.
    """
    if not isinstance(results, Mapping) and not hasattr(results, "columns"):
        kind = type(results).__name__
        raise TypeError(f"cv_results is a {kind}; give the cv_results_ of a fitted search, or a data frame of it")
    columns = [str(name) for name in results]
    found = _metric_of(columns, metric)
    scores = np.asarray(results[_MEAN + found], dtype=np.float64)
    points = _points(results, columns)
    if len(points) != len(scores):
        raise ValueError(f"cv_results holds {len(points)} candidates and {len(scores)} scores")
    if not points:
        raise ValueError("cv_results holds no candidates")
    return SearchTable(points, scores, found)


def _metric_of(columns: Iterable[str], metric: str | None) -> str:
    known = [name.removeprefix(_MEAN) for name in columns if name.startswith(_MEAN)]
    listed = ", ".join(one_line(name, 40) for name in known)
    if not known:
        raise ValueError("cv_results has no mean_test_score; give the cv_results_ of a fitted search")
    if metric is None and len(known) > 1:
        raise ValueError(f"there are several metrics; give metric, one of {listed}")
    if metric is not None and metric not in known:
        raise ValueError(f"there is no metric {metric!r}; there is {listed}")
    return known[0] if metric is None else metric


def _points(results: Any, columns: Iterable[str]) -> list[dict[str, Any]]:
    if "params" in columns:
        points = list(results["params"])
        if all(isinstance(point, Mapping) for point in points):
            return [dict(point) for point in points]
    names = [name for name in columns if name.startswith(_PARAMETER)]
    if not names:
        raise ValueError("cv_results has neither params nor param_NAME; give the cv_results_ of a fitted search")
    table = {name.removeprefix(_PARAMETER): _known(results[name]) for name in names}
    n_points = max(len(column) for column in table.values())
    points = [{} for _ in range(n_points)]
    for name, column in table.items():
        for point, (value, is_set) in zip(points, column, strict=True):
            if is_set:
                point[name] = value
    return points


def _known(column: Any) -> list[tuple[Any, bool]]:
    """Return each value of a parameter, and whether the candidate has that parameter.

    A data frame has NaN where ``cv_results_`` is masked.
    """
    if isinstance(column, np.ma.MaskedArray):
        masked = np.ma.getmaskarray(column)
        return [(value, not hidden) for value, hidden in zip(column.data.tolist(), masked, strict=True)]
    return [(value, not _is_missing(value)) for value in list(column)]


def _is_missing(value: Any) -> bool:
    # NaN, or what pandas' other dtypes have for it.
    return bool(value != value) if isinstance(value, Real) else type(value).__name__ in ("NAType", "NaTType")
