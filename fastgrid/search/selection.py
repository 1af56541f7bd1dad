"""Which point of a grid is the best, and whether it is fitted again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

from fastgrid.search.scorers import ONLY


def check_refit(refit: Any, names: Iterable[str]) -> None:
    """Raise a `ValueError` where several metrics have these names and `refit` does not say which counts."""
    names = list(names)
    if refit is not False and not callable(refit) and not (isinstance(refit, str) and refit in names):
        raise ValueError(
            f"For multi-metric scoring, refit must be set to a scorer key ({', '.join(map(repr, names))}) "
            f"or a callable to refit with the best parameters, or to False. {refit!r} was passed."
        )


def best_of(results: Mapping[str, Any], refit: Any, *, multimetric: bool) -> tuple[int, float | None]:
    """Return the index of the best point and its score, None where a callable has chosen it.

    Raises
    ------
    TypeError, IndexError
        For what a callable returns that is no index.
    """
    if callable(refit):
        index = refit(results)
        if not isinstance(index, Integral):
            raise TypeError("best_index_ returned is not an integer")
        if not 0 <= int(index) < len(results["params"]):
            raise IndexError("best_index_ index out of range")
        return int(index), None
    metric = refit if multimetric else ONLY
    index = results[f"rank_test_{metric}"].argmin()
    return index, results[f"mean_test_{metric}"][index]
