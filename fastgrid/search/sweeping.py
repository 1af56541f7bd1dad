"""From candidates and folds to their answers.

Where all folds are trained on the same numbers, they are one sweep, which shares inner products among them. Where a
transformer is fitted in each fold, or items of weight 0 are left out there, each fold is a sweep of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.utils.class_weight import compute_class_weight

from fastgrid.common.fanout import Pool
from fastgrid.search.answers import Fold, FoldAnswers, Rows, unanswered
from fastgrid.search.data import Data, check_finite, refuse_sparse, take_rows
from fastgrid.search.parameters import Candidate
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput, SweepResult
from fastgrid.sweep.options import SweepOptions
from fastgrid.sweep.run import run_sweep
from fastgrid.sweep.splits import Splits

Matrix = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Sweeper:
    """How candidates are answered.

    Attributes
    ----------
    data : Data
        Already scaled, where one scaling is for all folds.
    candidates : sequence of Candidate
    pool : Pool
    options : SweepOptions
    transformer : transformer of scikit-learn, optional
        Cloned and fitted in each fold.
    decisions : bool
        Whether decision values are wanted.
    progress : callable, optional
        Called with the share of the work that is done.
    """

    data: Data
    candidates: Sequence[Candidate]
    pool: Pool
    options: SweepOptions
    transformer: Any = None
    decisions: bool = False
    progress: Callable[[float], None] | None = None

    def answers(self, folds: Sequence[Fold]) -> tuple[list[FoldAnswers], list[SweepResult]]:
        """Return what the candidates answer in each fold, and the sweeps behind it."""
        obstacles = [_obstacle(self.data, fold) for fold in folds]
        weights = self.data.weights
        if self.transformer is not None or (weights is not None and bool((weights <= 0).any())):
            return self._one_by_one(folds, obstacles)
        return self._together(folds, obstacles)

    def _together(
        self, folds: Sequence[Fold], obstacles: Sequence[Exception | None]
    ) -> tuple[list[FoldAnswers], list[SweepResult]]:
        data = self.data
        assert data.values is not None
        good = [fold for fold, obstacle in zip(folds, obstacles, strict=True) if obstacle is None]
        splits = Splits(len(data), tuple(f.training for f in good), tuple(f.evaluated for f in good))
        results = []
        if good:
            combinations = [_combination(candidate, data.classes) for candidate in self.candidates]
            results.append(self._run(data.values, combinations, data.codes, splits, data.weights))
        numbers: Iterator[int] = iter(range(len(good)))
        answers = [
            self._answers(fold, results[0], next(numbers), data.values[fold.evaluated])
            if obstacle is None
            else self._none(fold, obstacle)
            for fold, obstacle in zip(folds, obstacles, strict=True)
        ]
        return answers, results

    def _one_by_one(
        self, folds: Sequence[Fold], obstacles: Sequence[Exception | None]
    ) -> tuple[list[FoldAnswers], list[SweepResult]]:
        answers, results = [], []
        share = 1.0 / max(1, len(folds))
        for number, (fold, obstacle) in enumerate(zip(folds, obstacles, strict=True)):
            try:
                if obstacle is not None:
                    raise obstacle
                result, evaluated = self._run_alone(fold, number * share, share)
            except Exception as error:  # also whatever the user's transformer raises: a fit that failed
                answers.append(self._none(fold, error))
            else:
                results.append(result)
                answers.append(self._answers(fold, result, 0, evaluated))
        return answers, results

    def _run_alone(self, fold: Fold, before: float, share: float) -> tuple[SweepResult, Matrix]:
        # The sweep and the features it evaluated. What SVC counts before it leaves out rows of weight 0 is counted.
        data = self.data
        if self.transformer is None:
            assert data.values is not None
            items, training, evaluated = np.arange(len(data)), fold.training, fold.evaluated
            values, trained = data.values, data.values[training]
        else:
            # Items are the rows trained on and then those evaluated, of which a transformer may make other numbers.
            trained, tested = self._transformed(fold)
            items, values = np.concatenate([fold.training, fold.evaluated]), np.concatenate([trained, tested])
            training, evaluated = np.arange(len(trained)), np.arange(len(trained), len(values))
        codes, weights = data.codes[items], None
        combinations = [
            _combination_of_fold(candidate, data.classes, codes[training], trained) for candidate in self.candidates
        ]
        if data.weights is not None:
            weights = data.weights[items]
            training = training[weights[training] > 0]
            # Those that are not trained on have to be positive too.
            weights = np.where(weights > 0, weights, 1.0)
        splits = Splits(len(values), (training,), (evaluated,))
        return self._run(values, combinations, codes, splits, weights, before, share), values[evaluated]

    def _transformed(self, fold: Fold) -> tuple[Matrix, Matrix]:
        data = self.data
        given = data.X if data.values is None else data.values
        scaler = clone(self.transformer)
        trained = scaler.fit_transform(take_rows(given, fold.training), take_rows(data.y, fold.training))
        return numbers_of(scaler, trained), numbers_of(scaler, scaler.transform(take_rows(given, fold.evaluated)))

    def _run(
        self,
        values: Matrix,
        combinations: Sequence[Combination],
        labels: npt.NDArray[np.int16],
        splits: Splits,
        weights: npt.NDArray[np.float64] | None,
        before: float = 0.0,
        share: float = 1.0,
    ) -> SweepResult:
        # A sweep that is this share of all the work, after so much of it.
        features = {kind: _feature_set(values, kind) for kind in sorted({each.features for each in combinations})}
        given = SweepInput(features, combinations, labels, splits, "sorted", weights, decisions=self.decisions)
        progress = self.progress

        def report(done: int, total: int) -> None:
            if progress is not None:
                progress(before + share * done / max(1, total))

        return run_sweep(given, self.pool, replace(self.options, progress=report))

    def _answers(self, fold: Fold, result: SweepResult, number: int, evaluated: Matrix) -> FoldAnswers:
        predicted = result.by_fold[number].copy()
        errors: dict[int, Exception] = {}
        trained = self.data.labels[fold.training]
        for candidate, asked in enumerate(self.candidates):
            error = _obstacle_of_weights(asked, trained)
            if error is None and (predicted[candidate] < 0).any():
                reasons = [
                    f.reason for f in result.failures if f.fold == number and f.kernel in (asked.kernel, "linear")
                ]
                error = ValueError(reasons[0] if reasons else "the solver failed")
            if error is not None:
                errors[candidate], predicted[candidate] = error, -1
        seconds = np.stack([result.fit_seconds[:, number], result.score_seconds[:, number]])
        classes = np.unique(self.data.codes[fold.training])
        first = _first_of_equal(evaluated) if self.decisions else None
        return FoldAnswers(fold, classes, predicted, errors, result, number, first, seconds)

    def _none(self, fold: Fold, error: Exception) -> FoldAnswers:
        return unanswered(fold, np.unique(self.data.codes[fold.training]), len(self.candidates), error)


def _first_of_equal(rows: Matrix) -> Rows | None:
    # The position of the first row that is equal to each one; None where no two are.
    _, first, same = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return None if len(first) == len(rows) else first[same.reshape(-1)]


def numbers_of(scaler: Any, made: Any) -> Matrix:
    """Return what a transformer has made as a matrix of finite float32 or float64.

    Raises
    ------
    TypeError
        For a sparse matrix.
    ValueError
        For no matrix, and for NaN or infinity.
    """
    refuse_sparse(scaler, made)
    values = np.asarray(made)
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"{type(scaler).__name__} makes values of shape {values.shape}; an SVC needs a matrix")
    check_finite(values)
    return values


def _feature_set(values: Matrix, kind: str) -> FeatureSet:
    n = values.shape[1]
    return FeatureSet(kind, values, np.arange(n), np.ones(n, dtype=np.bool_), kind=kind)


def _obstacle(data: Data, fold: Fold) -> Exception | None:
    # Why nothing can be fitted in a fold, as SVC has it.
    present = np.unique(data.codes[fold.training])
    if len(present) < 2:
        return ValueError(f"The number of classes has to be greater than one; got {len(present)} class")
    if data.weights is not None:
        left = np.unique(data.codes[fold.training][data.weights[fold.training] > 0])
        if len(left) < len(present):
            missing = data.classes[np.setdiff1d(present, left)[0]]
            return ValueError(f"all samples of class {missing!r} have zero or negative weights in the training part")
    return None


def _obstacle_of_weights(candidate: Candidate, trained: npt.NDArray[Any]) -> Exception | None:
    if candidate.class_weight is None or isinstance(candidate.class_weight, str):
        return None
    try:
        compute_class_weight(candidate.class_weight, classes=np.unique(trained), y=trained)
    except ValueError as error:
        return error
    return None


def _combination(candidate: Candidate, classes: npt.NDArray[Any]) -> Combination:
    balanced = candidate.class_weight == "balanced"
    weights: tuple[float, ...] = ()
    if candidate.class_weight is not None and not balanced:
        weights = tuple(_weight(candidate.class_weight, label) for label in classes)
    precomputed = candidate.kernel == "precomputed"
    return Combination(
        "gram" if precomputed else "plain",
        "linear" if precomputed else candidate.kernel,
        float(candidate.C),
        candidate.gamma if isinstance(candidate.gamma, str) else float(candidate.gamma),
        balanced,
        int(candidate.degree),
        float(candidate.coef0),
        weights,
    )


def _weight(class_weight: Any, label: Any) -> float:
    # That of a class which has none is 1, as long as the others are all there (`_obstacle_of_weights`).
    try:
        return float(compute_class_weight(class_weight, classes=np.array([label]), y=np.array([label]))[0])
    except ValueError:
        return 1.0


def _combination_of_fold(
    candidate: Candidate, classes: npt.NDArray[Any], codes: npt.NDArray[np.int16], trained: Matrix
) -> Combination:
    # With numbers for what depends on the training part.
    combination = _combination(candidate, classes)
    if combination.gamma == "scale":
        variance = float(np.asarray(trained, dtype=np.float64).var())
        scale = 1.0 / (trained.shape[1] * variance) if variance != 0.0 else 1.0
        combination = replace(combination, gamma=scale)
    if combination.balanced:
        present = np.unique(codes)
        weights = np.ones(len(classes))
        weights[present] = compute_class_weight("balanced", classes=present, y=codes)
        combination = replace(combination, balanced=False, class_weight=tuple(weights.tolist()))
    return combination
