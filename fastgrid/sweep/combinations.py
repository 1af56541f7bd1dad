"""What the user asks for (combinations) and the inputs of a sweep."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fastgrid.sweep.splits import Splits


@dataclass(frozen=True)
class Combination:
    """One point of the grid.

    Attributes
    ----------
    features : str
        Key of the `FeatureSet` that it is trained on, or one of ``SweepInput.fold_features``.
    kernel : {"rbf", "poly", "linear"}
    C : float
        Its value, not an exponent.
    gamma : float, "scale" or "auto"
        Likewise; "scale" is 1 / (d var X) of the training part's values X (1 where these are constant), "auto" 1 / d,
        with d dimensions, as in scikit-learn.
    balanced : bool
        Weight the cost of class c by n / (n_c k), counted on the training part of the fold.
    degree, coef0 : int, float
        Of the polynomial kernel.
    class_weight : tuple of float
        Weight of the cost of each class code, where not balanced; empty: 1 for all.
    """

    features: str
    kernel: str
    C: float
    gamma: float | str
    balanced: bool = False
    degree: int = 3
    coef0: float = 0.0
    class_weight: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """One preprocessed matrix.

    Attributes
    ----------
    key : str
        Name, unique within a sweep.
    values : ndarray of float32, shape (n_items, n_dimensions)
        Where `kind` is not "scaled", float64 as well.
    descriptor_of_dimension : ndarray of intp, shape (n_dimensions,)
        Index of the descriptor that each dimension belongs to: the cleaner drops whole descriptors.
    enumerated : ndarray of bool, shape (n_dimensions,)
        Dimensions that are numbers of texts: neither cleaned nor scaled.
    path : Path, optional
        The .npy file that holds `values`, for worker processes to map instead of receiving a copy.
    equivalence : str, optional
        Feature sets with the same non-empty value differ by a rescaling of descriptors only. Where they also keep the
        same dimensions in a fold, the scaling fitted there makes them the same problem.
    kind : {"scaled", "plain", "gram"}
        Cleaned and scaled to 0..1 on each fold's training part; taken as they are; or inner products of the items with
        each other (n_items, n_items), in the place of features: the linear kernel takes them as its values.
    """

    key: str
    values: npt.NDArray[np.floating]
    descriptor_of_dimension: npt.NDArray[np.intp]
    enumerated: npt.NDArray[np.bool_]
    path: Path | None = None
    equivalence: str = ""
    kind: str = "scaled"


@dataclass(frozen=True, eq=False)
class SweepInput:
    """Everything that determines the predictions of a sweep.

    Attributes
    ----------
    feature_sets : mapping from key to FeatureSet
        All with the same items in the same row order.
    combinations : sequence of Combination
    labels : ndarray of int16, shape (n_items,)
        Class codes 0..k-1.
    splits : Splits
        Folds that test nothing are passed over.
    class_order : {"appearance", "sorted"}
        Which class of a pair is the first, and which of several with as many votes wins: the one that comes first in
        the training items, as in LIBSVM's own tools and Gaia, or the one with the smaller code, as in scikit-learn.
    item_weights : ndarray of float64, shape (n_items,), optional
        Factor of each item's C, positive.
    fold_features : mapping from str to tuple of str, optional
        For combinations whose `features` is one of its keys: the key of the `FeatureSet` of each fold, as long as there
        are folds. For steps that are fitted on the training part of each fold; their numbers of dimensions may differ.
    decisions : bool
        Whether the decision values of all pairs of classes are wanted too. Predictions do not depend on it.
    """

    feature_sets: dict[str, FeatureSet]
    combinations: Sequence[Combination]
    labels: npt.NDArray[np.int16]
    splits: Splits
    class_order: str = "appearance"
    item_weights: npt.NDArray[np.float64] | None = None
    fold_features: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decisions: bool = False

    def in_fold(self, combination: Combination, fold: int) -> Combination:
        """Return `combination` with the key of the feature set that it has in `fold`.

        Raises
        ------
        ValueError
            When `fold_features` has not one key for each fold, or names no feature set.
        """
        keys = self.fold_features.get(combination.features)
        if keys is None:
            return combination
        if len(keys) != len(self.splits):
            raise ValueError(
                f"fold_features[{combination.features!r}] has {len(keys)} keys; give one for each of the "
                f"{len(self.splits)} folds"
            )
        if keys[fold] not in self.feature_sets:
            raise ValueError(
                f"fold_features[{combination.features!r}] names {keys[fold]!r} for fold {fold}; add it to feature_sets"
            )
        return replace(combination, features=keys[fold])


@dataclass(frozen=True)
class Failure:
    """A task that failed twice.

    Attributes
    ----------
    features, kernel, gamma, fold
        What the task was; `features` is the key of the `FeatureSet` in that fold.
    reason : str
        One line.
    """

    features: str
    kernel: str
    gamma: float
    fold: int
    reason: str


@dataclass
class Counters:
    """How much work was asked for and how much was done; deterministic.

    Attributes
    ----------
    combinations : int
        Combinations asked for.
    problems_asked : int
        Combinations x folds that have something to predict.
    problems_solved : int
        Distinct problems among them.
    skipped_equal_preprocessing, skipped_equal_weights, skipped_polynomial_scale, skipped_other : int
        Problems shared by each rule; together with `problems_solved` they add up to `problems_asked`.
    iterations : int
        Iterations that LIBSVM needs for all problems.
    iterations_made : int
        Iterations that were made.
    pairs_asked, pairs_solved : int
        Pair problems (one per pair of classes and problem), and how many of them were solved. The others are answered
        by another cost vector's run, since costs are equal or no dual ever came to its C.
    warm_starts : int
        Pair problems that began where one with smaller costs had ended.
    gram_bytes : int
        Bytes of kernel values computed.
    unconverged : int
        Problems that hit the iteration cap.
    """

    combinations: int = 0
    problems_asked: int = 0
    problems_solved: int = 0
    skipped_equal_preprocessing: int = 0
    skipped_equal_weights: int = 0
    skipped_polynomial_scale: int = 0
    skipped_other: int = 0
    iterations: int = 0
    iterations_made: int = 0
    pairs_asked: int = 0
    pairs_solved: int = 0
    warm_starts: int = 0
    gram_bytes: int = 0
    unconverged: int = 0


@dataclass(frozen=True, eq=False)
class SweepResult:
    """The product of a sweep.

    Attributes
    ----------
    by_fold : tuple of ndarray of int16, shape (n_combinations, n_test)
        For each fold the class codes of its test items, in their order; -1 where the task failed.
    splits : Splits
    failures : tuple of Failure
    unconverged : tuple of int
        Indices of combinations of which a problem hit the iteration cap.
    counters : Counters
    memory_needed : int
        Bytes without which the sweep could not be sure to go on, where the limit was below; else 0.
    classes_by_fold : tuple of ndarray of int16, shape (n_present,)
        For each fold the codes of the classes in its training part, in the order that decision values go by: pairs are
        those of `fastgrid.solvers.pairs` of positions in it.
    answers : mapping from (combination, fold) to (task, problem)
        Which problem answers what; see `answer`.
    task_decisions : mapping from task to ndarray of float64, shape (n_problems, n_pairs, n_test)
        Decision values of the tasks that did not fail, where they were asked for; see `decision_values`.
    fit_seconds, score_seconds : ndarray of float64, shape (n_combinations, n_folds)
        What training and predicting took, added up over workers: the seconds of a task in equal shares for all
        combinations that it answers. Zero where a task failed, or was not solved in this run or its workers.
    """

    by_fold: tuple[npt.NDArray[np.int16], ...]
    splits: Splits
    failures: tuple[Failure, ...] = ()
    unconverged: tuple[int, ...] = ()
    counters: Counters = field(default_factory=Counters)
    memory_needed: int = 0
    classes_by_fold: tuple[npt.NDArray[np.int16], ...] = ()
    answers: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    task_decisions: Mapping[int, npt.NDArray[np.float64]] = field(default_factory=dict)
    fit_seconds: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    score_seconds: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))

    def answer(self, combination: int, fold: int) -> tuple[int, int]:
        """Return the indices of the task and of the problem of it that answer `combination` in `fold`.

        Equal answers are one problem: predictions and decision values are the same, so that a score of one of them is
        that of all. (-1, -1) where the task failed or the fold tests nothing.
        """
        return self.answers.get((combination, fold), (-1, -1))

    def decision_values(self, combination: int, fold: int) -> npt.NDArray[np.float64]:
        """Return the decision values of `combination` for the test items of `fold`.

        Returns
        -------
        ndarray of float64, shape (n_pairs, n_test), read-only
            Pairs of ``classes_by_fold[fold]``, positive for the first of both; shared by all combinations with the same
            answer.

        Raises
        ------
        ValueError
            When there are none: the sweep's input did not ask for them, the task failed, or the fold tests nothing.
        """
        task, problem = self.answer(combination, fold)
        if task not in self.task_decisions:
            reason = "the task failed or the fold tests nothing" if task < 0 else "set SweepInput.decisions"
            raise ValueError(f"combination {combination} has no decision values in fold {fold}: {reason}")
        values: npt.NDArray[np.float64] = self.task_decisions[task][problem]
        return values

    @functools.cached_property
    def predicted(self) -> npt.NDArray[np.int16]:
        """Class codes of all items, shape (n_combinations, n_items).

        -1 where nothing tested an item or the task failed; of several folds that test an item, the last one's.
        """
        n_combinations = len(self.by_fold[0]) if self.by_fold else 0
        predicted = np.full((n_combinations, self.splits.n_items), -1, dtype=np.int16)
        for tested, found in zip(self.splits.test, self.by_fold, strict=True):
            predicted[:, tested] = found
        return predicted
