"""From candidates and folds to their answers.

All folds are one sweep: on the same numbers, or, where a transformer is fitted in each fold, on numbers of its own in
each. A fold is a sweep by itself where items of weight 0 are left out, or where a transformer makes other numbers of an
item that is trained on than of the same item when it is evaluated.
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
from fastgrid.search.answers import Fold, FoldAnswers, unanswered
from fastgrid.search.data import Data, take_rows
from fastgrid.search.fold_rows import FoldRows, Matrix, first_of_equal, numbers_of, rows_by_item
from fastgrid.search.parameters import Candidate
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput, SweepResult
from fastgrid.sweep.gammas import scale_gamma
from fastgrid.sweep.options import SweepOptions
from fastgrid.sweep.run import run_sweep
from fastgrid.sweep.splits import Splits


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
        made = [self._make(fold) for fold in folds]
        weights = self.data.weights
        dropped = weights is not None and bool((weights <= 0).any())
        if dropped or any(isinstance(each, FoldRows) and each.by_item is None for each in made):
            return self._one_by_one(folds, made)
        return self._together(folds, made)

    def _make(self, fold: Fold) -> FoldRows | Exception:
        obstacle = _obstacle(self.data, fold)
        if obstacle is not None:
            return obstacle
        data = self.data
        if self.transformer is None:
            assert data.values is not None
            return FoldRows(fold, data.values)
        try:
            return rows_by_item(fold, len(data), *self._transformed(fold))
        except Exception as error:  # whatever the user's transformer raises: a fit that failed  # noqa: BLE001
            return error

    def _together(
        self, folds: Sequence[Fold], made: Sequence[FoldRows | Exception]
    ) -> tuple[list[FoldAnswers], list[SweepResult]]:
        data = self.data
        good = [(fold, rows) for fold, rows in zip(folds, made, strict=True) if isinstance(rows, FoldRows)]
        splits = Splits(len(data), tuple(f.training for f, _ in good), tuple(f.evaluated for f, _ in good))
        results = []
        if good:
            combinations = [_combination(candidate, data.classes) for candidate in self.candidates]
            values = [rows.by_item for _, rows in good if rows.by_item is not None]
            results.append(self._run(values, combinations, data.codes, splits, data.weights))
        numbers: Iterator[int] = iter(range(len(good)))
        answers = [
            self._answers(fold, results[0], next(numbers), rows.evaluated)
            if isinstance(rows, FoldRows)
            else self._none(fold, rows)
            for fold, rows in zip(folds, made, strict=True)
        ]
        return answers, results

    def _one_by_one(
        self, folds: Sequence[Fold], made: Sequence[FoldRows | Exception]
    ) -> tuple[list[FoldAnswers], list[SweepResult]]:
        answers, results = [], []
        share = 1.0 / max(1, len(folds))
        for number, (fold, rows) in enumerate(zip(folds, made, strict=True)):
            if isinstance(rows, FoldRows):
                result = self._run_alone(fold, rows, number * share, share)
                results.append(result)
                answers.append(self._answers(fold, result, 0, rows.evaluated))
            else:
                answers.append(self._none(fold, rows))
        return answers, results

    def _run_alone(self, fold: Fold, rows: FoldRows, before: float, share: float) -> SweepResult:
        # What SVC counts before it leaves out rows of weight 0 is counted here.
        data, trained = self.data, rows.trained
        if rows.by_item is not None:
            items, training, evaluated = np.arange(len(data)), fold.training, fold.evaluated
            values = rows.by_item
        else:
            # Items are the rows trained on and then those evaluated.
            items, values = np.concatenate([fold.training, fold.evaluated]), np.concatenate([trained, rows.evaluated])
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
        return self._run([values], combinations, codes, splits, weights, before, share)

    def _transformed(self, fold: Fold) -> tuple[Matrix, Matrix]:
        data = self.data
        given = data.X if data.values is None else data.values
        scaler = clone(self.transformer)
        trained = scaler.fit_transform(take_rows(given, fold.training), take_rows(data.y, fold.training))
        return numbers_of(scaler, trained), numbers_of(scaler, scaler.transform(take_rows(given, fold.evaluated)))

    def _run(
        self,
        values: Sequence[Matrix],
        combinations: Sequence[Combination],
        labels: npt.NDArray[np.int16],
        splits: Splits,
        weights: npt.NDArray[np.float64] | None,
        before: float = 0.0,
        share: float = 1.0,
    ) -> SweepResult:
        # A sweep of these features in each fold that is this share of all the work, after so much of it.
        features, by_fold = _feature_sets(values, sorted({each.features for each in combinations}))
        given = SweepInput(features, combinations, labels, splits, "sorted", weights, by_fold, decisions=self.decisions)
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
        first = first_of_equal(evaluated) if self.decisions else None
        return FoldAnswers(fold, classes, predicted, errors, result, number, first, seconds)

    def _none(self, fold: Fold, error: Exception) -> FoldAnswers:
        return unanswered(fold, np.unique(self.data.codes[fold.training]), len(self.candidates), error)


def _feature_sets(
    values: Sequence[Matrix], kinds: Sequence[str]
) -> tuple[dict[str, FeatureSet], dict[str, tuple[str, ...]]]:
    # Under the name of each kind, or, where folds have features of their own, names for each fold, and which these are.
    if all(each is values[0] for each in values):
        return {kind: _feature_set(kind, values[0], kind) for kind in kinds}, {}
    by_fold = {kind: tuple(f"{kind} of fold {number}" for number in range(len(values))) for kind in kinds}
    found = {
        key: _feature_set(key, of_fold, kind)
        for kind, keys in by_fold.items()
        for key, of_fold in zip(keys, values, strict=True)
    }
    return found, by_fold


def _feature_set(key: str, values: Matrix, kind: str) -> FeatureSet:
    n = values.shape[1]
    return FeatureSet(key, values, np.arange(n), np.ones(n, dtype=np.bool_), kind=kind)


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
        combination = replace(combination, gamma=scale_gamma(trained))
    if combination.balanced:
        present = np.unique(codes)
        weights = np.ones(len(classes))
        weights[present] = compute_class_weight("balanced", classes=present, y=codes)
        combination = replace(combination, balanced=False, class_weight=tuple(weights.tolist()))
    return combination
