"""The cross-validation of a search: folds, answers, and what is said of fits that failed."""

from __future__ import annotations

import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import check_cv

from fastgrid.common.errors import one_line
from fastgrid.common.fanout import Pool
from fastgrid.search.answers import Fold, FoldAnswers
from fastgrid.search.data import Data
from fastgrid.search.fold_rows import numbers_of
from fastgrid.search.models import scaler_of
from fastgrid.search.parameters import Candidate
from fastgrid.search.scoring import Scores, Scoring
from fastgrid.search.settings import Settings
from fastgrid.search.sweeping import Sweeper
from fastgrid.solvers import Stopping
from fastgrid.sweep.combinations import Counters, SweepResult
from fastgrid.sweep.options import SweepOptions
from fastgrid.sweep.splits import Splits

Progress = Callable[[float], None]

#: Iterations after which a run is given up: SVC never does, and this is hours.
UNBOUNDED = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Answered:
    """What the candidates answer in all folds.

    Attributes
    ----------
    answers : list of FoldAnswers
    predictions : ndarray of intp, shape (n_candidates, n_items)
        Indices of classes; -1 where nothing tested an item or the fit failed; of several folds, the last one's.
    counters : Counters
    whole : transformer, optional
        Fitted on all items.
    """

    answers: list[FoldAnswers]
    predictions: npt.NDArray[np.intp]
    counters: Counters
    whole: Any = None


def folds_of(data: Data, cv: Any, split_params: Mapping[str, Any], *, with_training: bool) -> list[Fold]:
    """Return the folds of a splitter.

    Raises
    ------
    ValueError
        For a splitter that gives no folds, or others than it promised.
    """
    splitter = check_cv(cv, data.y, classifier=True)
    n_splits = splitter.get_n_splits(data.X, data.y, **split_params)
    pairs = list(splitter.split(data.X, data.y, **split_params))
    try:
        splits = Splits.of_indices(len(data), pairs)
    except ValueError as error:
        raise ValueError(f"cv: {error}") from error
    if len(splits) != n_splits:
        raise ValueError(
            f"cv.split and cv.get_n_splits return inconsistent results. Expected {n_splits} splits, got {len(splits)}"
        )
    if len(splits) == 0:
        raise ValueError("No fits were performed: cv gives no splits")
    return [
        Fold(training, test, np.concatenate([test, training]) if with_training else test)
        for training, test in zip(splits.training, splits.test, strict=True)
    ]


def answer(
    data: Data,
    candidates: Sequence[Candidate],
    folds: Sequence[Fold],
    settings: Settings,
    *,
    decisions: bool = False,
    progress: Progress | None = None,
) -> Answered:
    """Return what `candidates` answer in `folds`."""
    transformer, whole = scaler_of(settings.scaling), None
    if isinstance(settings.scaling, str) and settings.scaling == "dataset":
        whole, transformer = clone(transformer), None
        data = replace(data, values=numbers_of(whole, whole.fit_transform(data.values, data.y)))
    options = SweepOptions(settings.solver, Stopping(settings.tol, UNBOUNDED), memory_limit=settings.memory_bytes)
    with Pool(settings.jobs, "configured") as pool:
        sweeper = Sweeper(data, candidates, pool, options, transformer, decisions, progress)
        answers, results = sweeper.answers(folds)
    predictions = np.full((len(candidates), len(data)), -1, dtype=np.intp)
    for found in answers:
        n_test = len(found.fold.test)
        predictions[:, found.fold.test] = found.predicted[:, :n_test]
    _warn_of_unconverged(results, candidates)
    return Answered(answers, predictions, _sum(results), whole)


def score(
    answered: Answered, scoring: Scoring, *, with_training: bool
) -> tuple[list[list[Scores]], list[list[Scores]] | None, dict[str, npt.NDArray[np.float64]]]:
    """Return scores of the test parts and of the training parts, by fold and candidate, and the seconds taken."""
    tested, trained, seconds = [], [], []
    for found in answered.answers:
        started = time.perf_counter()
        n_test = len(found.fold.test)
        tested.append(scoring.part(found, found.fold.test, slice(0, n_test)))
        fit, predict = found.seconds
        seconds.append((fit, predict + (time.perf_counter() - started) / max(1, len(predict))))
        if with_training:
            trained.append(scoring.part(found, found.fold.training, slice(n_test, None)))
    fit_time, score_time = (np.array(each).T.copy() for each in zip(*seconds, strict=True))
    return tested, trained if with_training else None, {"fit_time": fit_time, "score_time": score_time}


def complain_of_failed_fits(answers: Sequence[FoldAnswers], n_candidates: int, error_score: float | str) -> None:
    """Raise where `error_score` says so or all fits failed, warn where some did.

    Raises
    ------
    ValueError
        When all fits failed.
    Exception
        The first of them, where `error_score` is "raise".
    """
    errors = [error for found in answers for error in found.errors.values()]
    if not errors:
        return
    if error_score == "raise":
        raise errors[0]
    lines = Counter("".join(traceback.format_exception(error)) for error in errors)
    total = n_candidates * len(answers)
    details = "\n".join(f"{'-' * 80}\n{n} fits failed with the following error:\n{line}" for line, n in lines.items())
    if len(errors) == total:
        raise ValueError(
            f"\nAll the {total} fits failed.\nerror_score='raise' raises the first error.\n\n{details}"
        ) from errors[0]
    warnings.warn(
        f"\n{len(errors)} fits failed out of a total of {total}.\nThe score on these train-test partitions for these "
        f"parameters will be set to {error_score}.\n\n{details}",
        FitFailedWarning,
        stacklevel=3,
    )


def _warn_of_unconverged(results: Sequence[SweepResult], candidates: Sequence[Candidate]) -> None:
    unconverged = sorted({index for result in results for index in result.unconverged})
    if unconverged:
        first = one_line(candidates[unconverged[0]])
        warnings.warn(
            f"{len(unconverged)} points of the grid, {first} first, were given up at the cap of iterations: their "
            "scores may be poor; scale the features, or leave out large C",
            ConvergenceWarning,
            stacklevel=3,
        )


def _sum(results: Sequence[SweepResult]) -> Counters:
    total = Counters()
    for each in fields(Counters):
        setattr(total, each.name, sum(getattr(result.counters, each.name) for result in results))
    if results:
        total.combinations = results[0].counters.combinations
    return total
