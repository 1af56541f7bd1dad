"""Grids of parameters of SVC: their points, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any

from sklearn.model_selection import ParameterGrid
from sklearn.svm import SVC

from fastgrid.kernels import added_kernels, known_kernels
from fastgrid.search.kernel_function import KernelFunction

Grid = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]]

#: The grid that Hsu, Chang and Lin recommend ("A practical guide to support vector classification"), as Gaia uses it.
DEFAULT_GRID: dict[str, list[Any]] = {
    "C": [2.0**exponent for exponent in range(-5, 12, 2)],
    "gamma": [2.0**exponent for exponent in range(-11, 4, 2)],
}
#: What a grid's key may begin with, so that a grid that was written for a pipeline can be pasted.
STEP = "svc__"

#: Parameters of SVC that are none of a grid, and what to do.
_ELSEWHERE = {
    "tol": "give it to the constructor of GridSearchSVC: it is one for the whole search",
    "random_state": "give it to the constructor of GridSearchSVC",
    "cache_size": "it does not change the answer, and memory is bounded by memory_limit",
    "shrinking": "it changes nothing but LIBSVM's speed",
    "verbose": "give it to the constructor of GridSearchSVC",
    "decision_function_shape": "set it on best_estimator_; scorers see the default, 'ovr'",
    "break_ties": "set it on best_estimator_; predictions are those of the default, False",
    "max_iter": "runs go on until they have converged",
    "probability": "calibrate best_estimator_ with CalibratedClassifierCV",
}


@dataclass(frozen=True)
class Candidate:
    """One point of a grid: the parameters of an SVC, with SVC's own defaults.

    Attributes
    ----------
    kernel : {"rbf", "poly", "linear", "precomputed"}
        Or one that was added.
    C : float
    gamma : float, "scale" or "auto"
    degree : int
    coef0 : float
    class_weight : mapping from class label to float, "balanced" or None
    """

    kernel: str = "rbf"
    C: float = 1.0
    gamma: float | str = "scale"
    degree: int = 3
    coef0: float = 0.0
    class_weight: Mapping[Any, float] | str | None = None

    def svc(self, tol: float, random_state: Any = None) -> SVC:
        """Return an SVC with these parameters, not fitted; one that was added is a function for it."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        if self.kernel in added_kernels():
            given["kernel"] = KernelFunction(self.kernel, self.gamma, self.degree, self.coef0)
        return SVC(tol=tol, random_state=random_state, **given)


def points_of(param_grid: Grid | None) -> list[dict[str, Any]]:
    """Return the points of a grid in the order of scikit-learn's `ParameterGrid`, as the user spelled them.

    Raises
    ------
    TypeError, ValueError
        For a grid that is none (`ParameterGrid`'s own words), or has no points.
    """
    if hasattr(param_grid, "get_params"):
        raise TypeError(
            f"param_grid is a {type(param_grid).__name__}: leave the estimator out, the search is one over SVC; what "
            "comes before the SVC in a pipeline goes into scaling"
        )
    points = list(ParameterGrid(DEFAULT_GRID if param_grid is None else param_grid))
    if not points:
        raise ValueError("param_grid is empty; give at least one point, or None for the default grid")
    return points


def candidates_of(points: Iterable[Mapping[str, Any]]) -> list[Candidate]:
    """Return what the points of a grid stand for.

    Raises
    ------
    ValueError
        Naming the key and the remedy.
    """
    return [_candidate(point) for point in points]


def _candidate(point: Mapping[str, Any]) -> Candidate:
    found: dict[str, Any] = {}
    for key, value in point.items():
        name = key.removeprefix(STEP)
        if name not in _CHECKS:
            raise ValueError(_unknown(key, name))
        if name in found:
            raise ValueError(f"param_grid has both {name!r} and {STEP + name!r}; leave one out")
        try:
            refuse_value(name, value, key)
        except ValueError as error:
            raise ValueError(f"param_grid: {error}") from None
        found[name] = value
    return Candidate(**found)


def refuse_value(name: str, value: Any, called: str = "") -> None:
    """Raise a `ValueError` for what is no value of SVC's parameter `name`, which the user has `called` otherwise."""
    complaint = _CHECKS[name](value)
    if complaint:
        raise ValueError(f"{called or name} {value!r} {complaint}")


def _unknown(key: str, name: str) -> str:
    known = ", ".join(sorted(_CHECKS))
    if name in _ELSEWHERE:
        return f"param_grid: {key!r} is not searched ({_ELSEWHERE[name]}); keys are {known}"
    return f"param_grid: {key!r} is no key; keys are {known}, each with or without {STEP!r} before it"


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _complain_of_kernel(value: object) -> str:
    names = (*known_kernels(), "precomputed")
    if isinstance(value, str) and value in names:
        return ""
    if callable(value):
        return "is a function; compute its Gram matrix and use 'precomputed'"
    return f"is not one of {', '.join(map(repr, names))}; a Gram matrix of another kernel goes with 'precomputed'"


def _complain_of_cost(value: Any) -> str:
    return "" if _is_number(value) and value > 0 else "is not a positive, finite number"


def _complain_of_gamma(value: Any) -> str:
    if isinstance(value, str):
        return "" if value in ("scale", "auto") else "is neither a number nor one of 'scale', 'auto'"
    return "" if _is_number(value) and value >= 0 else "is not a finite number of 0 or more, 'scale' or 'auto'"


def _complain_of_degree(value: Any) -> str:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return "" if whole and int(value) >= 0 else "is not a whole number of 0 or more"


def _complain_of_coef0(value: Any) -> str:
    return "" if _is_number(value) else "is not a finite number"


def _complain_of_weights(value: Any) -> str:
    if value is None or (isinstance(value, str) and value == "balanced"):
        return ""
    if not isinstance(value, Mapping):
        return "is neither None, 'balanced' nor a dict from class to weight"
    if not all(_is_number(weight) and weight > 0 for weight in value.values()):
        return "holds weights that are not positive, finite numbers"
    return ""


_CHECKS = {
    "C": _complain_of_cost,
    "class_weight": _complain_of_weights,
    "coef0": _complain_of_coef0,
    "degree": _complain_of_degree,
    "gamma": _complain_of_gamma,
    "kernel": _complain_of_kernel,
}
