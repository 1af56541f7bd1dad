"""The parameters of a search that are no grid, looked at together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from fastgrid.common.memory import parse_size
from fastgrid.search.parameters import Candidate
from fastgrid.solvers import SOLVERS, Stopping

SCALINGS = ("fold", "dataset")


@dataclass(frozen=True, eq=False)
class Settings:
    """How a search is run.

    Attributes
    ----------
    scaling : None, "fold", "dataset" or transformer
    solver : str
    tol : float
    memory_bytes : int, optional
    jobs : int
    """

    scaling: Any
    solver: str
    tol: float
    memory_bytes: int | None
    jobs: int

    @property
    def is_numeric(self) -> bool:
        """Whether features are to be numbers before anything is done to them."""
        return self.scaling is None or isinstance(self.scaling, str)


def check_settings(
    scaling: Any, solver: Any, tol: Any, memory_limit: Any, n_jobs: Any, candidates: Sequence[Candidate]
) -> Settings:
    """Return how a search is run.

    Raises
    ------
    TypeError, ValueError
        One line that names the parameter.
    """
    _check_scaling(scaling, candidates)
    if not isinstance(solver, str) or solver not in SOLVERS:
        raise ValueError(f"solver {solver!r} is not one of {', '.join(map(repr, SOLVERS))}")
    if not isinstance(tol, Real) or isinstance(tol, bool):
        raise ValueError(f"tol {tol!r} is not a positive, finite number")
    Stopping(float(tol))
    if n_jobs is not None and (not isinstance(n_jobs, Integral) or isinstance(n_jobs, bool) or n_jobs == 0):
        raise ValueError(f"n_jobs {n_jobs!r} is not None or a whole number other than 0; -1 is all cores")
    return Settings(scaling, solver, float(tol), _memory_bytes(memory_limit), int(effective_n_jobs(n_jobs)))


def check_options(refit: Any, error_score: Any, return_train_score: Any, verbose: Any) -> None:
    """Raise a `ValueError` that names the parameter, for values that ``GridSearchCV`` refuses too."""
    if not (isinstance(refit, bool | np.bool_ | str) or callable(refit)):
        raise ValueError(f"refit {refit!r} is not True, False, a metric's name or a callable")
    if error_score != "raise" and (not isinstance(error_score, Real) or isinstance(error_score, bool)):
        raise ValueError(f"error_score {error_score!r} is neither a number nor 'raise'")
    if not isinstance(return_train_score, bool | np.bool_):
        raise ValueError(f"return_train_score {return_train_score!r} is neither True nor False")
    if not isinstance(verbose, Integral) or int(verbose) < 0:
        raise ValueError(f"verbose {verbose!r} is not a whole number of 0 or more")


def _check_scaling(scaling: Any, candidates: Sequence[Candidate]) -> None:
    if scaling is None:
        return
    if isinstance(scaling, str):
        if scaling not in SCALINGS:
            raise ValueError(f"scaling {scaling!r} is not None, 'fold', 'dataset' or a transformer")
    elif isinstance(scaling, type) or not (hasattr(scaling, "fit_transform") and hasattr(scaling, "transform")):
        raise TypeError(f"scaling {scaling!r} is not None, 'fold', 'dataset' or a transformer")
    if any(candidate.kernel == "precomputed" for candidate in candidates):
        raise ValueError("scaling does not go with kernel 'precomputed': there are no features to scale; use None")


def _memory_bytes(memory_limit: Any) -> int | None:
    if memory_limit is None:
        return None
    if isinstance(memory_limit, str):
        try:
            return parse_size(memory_limit)
        except ValueError as error:
            raise ValueError(f"memory_limit: {error}") from None
    if not isinstance(memory_limit, Integral) or isinstance(memory_limit, bool) or memory_limit < 1:
        raise ValueError(f"memory_limit {memory_limit!r} is not None, a number of bytes or a text such as '4G'")
    return int(memory_limit)
