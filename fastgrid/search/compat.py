"""What differs between the versions of scikit-learn that are supported, 1.5 and newer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """Return `method` itself."""
        return method


__all__ = [
    "CallbackSupportMixin",
    "check_columns",
    "routing_is_enabled",
    "validated",
    "weights_reach_scorers",
    "with_callbacks",
]


def routing_is_enabled() -> bool:
    """Return whether scikit-learn's metadata routing is switched on."""
    return bool(sklearn.get_config().get("enable_metadata_routing", False))


def validated(estimator: Any, X: Any, y: Any = "no_validation", *, reset: bool = True) -> Any:
    """Return `X`, or `X` and `y`, as arrays, and have `estimator` note or compare the names of features.

    NaN and infinity in `X` are let through; float32 stays float32, everything else becomes float64.

    Raises
    ------
    TypeError
        For sparse matrices.
    ValueError
        For what is no matrix of numbers.
    """
    dtypes = [np.float64, np.float32]
    try:
        from sklearn.utils.validation import validate_data
    except ImportError:  # before 1.6
        return estimator._validate_data(X, y, reset=reset, dtype=dtypes, force_all_finite=False)
    return validate_data(estimator, X, y, reset=reset, dtype=dtypes, ensure_all_finite=False)


def check_columns(estimator: Any, X: Any, *, reset: bool = True) -> None:
    """Have `estimator` note or compare number and names of the features of `X`, whatever these are."""
    try:
        from sklearn.utils.validation import validate_data
    except ImportError:  # before 1.6
        estimator._validate_data(X, reset=reset, cast_to_ndarray=False)
    else:
        validate_data(estimator, X, reset=reset, skip_check_array=True)


@functools.cache
def weights_reach_scorers() -> bool:
    """Return whether ``GridSearchCV.fit`` hands the sample weights to its scorers where routing is off.

    It does so in newer versions; four rows tell.
    """
    seen: list[bool] = []

    def look(estimator: object, X: object, y: object, sample_weight: object = None) -> float:
        seen.append(sample_weight is not None)
        return 0.0

    search = GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, scoring=look, cv=2, refit=False)
    with sklearn.config_context(enable_metadata_routing=False):
        search.fit(np.zeros((4, 1)), np.array([0, 1, 0, 1]), sample_weight=np.ones(4))
    return all(seen)
