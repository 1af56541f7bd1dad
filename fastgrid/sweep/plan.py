"""Which problems a sweep consists of: combinations that are provably the same problem are solved once.

The rules, each exact (and each counted):

* *equal preprocessing*: feature sets that differ by a rescaling of descriptors are the same once each dimension is
  scaled to the range of the fold's training part, as long as the same dimensions survive the cleaner there;
* *equal weights*: a problem is named by its cost per class, so balanced weights that come out as 1 cost nothing;
* *polynomial scale*: with coef0 = 0, K_gamma = gamma^degree K_1, so (C, gamma) is the problem (C gamma^degree, 1).
  Used where gamma is a power of two: then every float of the solver's run is scaled exactly;
* *other*: a linear kernel has no gamma, and a combination may be listed twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import parameters_used
from fastgrid.sweep.combinations import Combination, Counters, FeatureSet, SweepInput
from fastgrid.sweep.fold_base import present_classes
from fastgrid.sweep.gammas import FoldGammas
from fastgrid.sweep.splits import Positions
from fastgrid.sweep.task import Task
from fastgrid.transforms.scaling import fit_scaling


class GramKey(NamedTuple):
    """What determines the Gram matrix of a task."""

    features: str
    fold: int
    kernel: str
    gamma: float
    degree: int
    coef0: float


class ProblemKey(NamedTuple):
    """What determines a problem: its Gram matrix and the cost of each class of the training part."""

    gram: GramKey
    costs: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """The tasks of a sweep and which problem answers which combination.

    Attributes
    ----------
    keys : list of GramKey
        One per task.
    tasks : list of Task
        In the order of `keys`.
    answers : dict from (combination index, fold) to (task index, problem index)
    counters : Counters
        Problems asked, to be solved, and shared by each rule; iterations are still zero.
    """

    keys: list[GramKey]
    tasks: list[Task]
    answers: dict[tuple[int, int], tuple[int, int]]
    counters: Counters


def make_plan(given: SweepInput) -> Plan:
    """Find the distinct problems of `given`.

    Folds without test items are passed over. A task holds all problems on one Gram matrix, cheapest cost first.
    """
    wanted: dict[tuple[int, int], ProblemKey] = {}
    counters = Counters(combinations=len(given.combinations))
    for fold, tested in enumerate(given.splits.test):
        if len(tested) > 0:
            _plan_fold(given, fold, wanted, counters)
    by_gram: dict[GramKey, set[tuple[float, ...]]] = {}
    for problem in wanted.values():
        by_gram.setdefault(problem.gram, set()).add(problem.costs)
    position: dict[ProblemKey, tuple[int, int]] = {}
    tasks = []
    for task_index, (gram, costs) in enumerate(by_gram.items()):
        ordered = sorted(costs)
        tasks.append(Task(gram.kernel, gram.gamma, gram.degree, gram.coef0, np.array(ordered, dtype=np.float64)))
        position.update({ProblemKey(gram, cost): (task_index, row) for row, cost in enumerate(ordered)})
    answers = {asked: position[problem] for asked, problem in wanted.items()}
    counters.problems_solved = len(position)
    counters.pairs_asked = sum(task.costs.shape[0] * math.comb(task.costs.shape[1], 2) for task in tasks)
    return Plan(list(by_gram), tasks, answers, counters)


def _plan_fold(given: SweepInput, fold: int, wanted: dict[tuple[int, int], ProblemKey], counters: Counters) -> None:
    training = given.splits.training[fold]
    classes = present_classes(given.labels[training], given.class_order)
    balanced = balanced_weights(given.labels[training], given.class_order)
    gammas = FoldGammas(given, fold)
    costs: dict[tuple[float, bool, tuple[float, ...]], tuple[float, ...]] = {}
    combinations = [given.in_fold(combination, fold) for combination in given.combinations]
    used = {combination.features for combination in combinations}
    # Feature sets of other folds have no business here.
    same = _representatives([chosen for key, chosen in given.feature_sets.items() if key in used], training)
    as_asked, same_features, same_costs, final = set(), set(), set(), set()
    for index, asked in enumerate(combinations):
        gamma = gammas.of(asked)
        combination = asked if asked.gamma == gamma else replace(asked, gamma=gamma)
        as_asked.add(combination)
        if same[combination.features] != combination.features:
            combination = replace(combination, features=same[combination.features])
        same_features.add(combination)
        weighting = combination.C, combination.balanced, combination.class_weight
        if weighting not in costs:
            weights = balanced if combination.balanced else _given_weights(combination, classes)
            costs[weighting] = tuple((combination.C * weights).tolist())
        plain = ProblemKey(_gram_key(combination, fold), costs[weighting])
        same_costs.add(plain)
        problem = unit_gamma(plain)
        final.add(problem)
        wanted[index, fold] = problem
    counters.problems_asked += len(given.combinations)
    counters.skipped_other += len(given.combinations) - len(as_asked)
    counters.skipped_equal_preprocessing += len(as_asked) - len(same_features)
    counters.skipped_equal_weights += len(same_features) - len(same_costs)
    counters.skipped_polynomial_scale += len(same_costs) - len(final)


def _given_weights(combination: Combination, classes: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    if not combination.class_weight:
        return np.ones(len(classes))
    return np.array(combination.class_weight, dtype=np.float64)[classes]


def _gram_key(combination: Combination, fold: int) -> GramKey:
    used = parameters_used(combination.kernel)
    degree, coef0 = combination.degree if "degree" in used else 0, combination.coef0 if "coef0" in used else 0.0
    return GramKey(combination.features, fold, combination.kernel, float(combination.gamma), degree, coef0)


def balanced_weights(
    training_labels: npt.NDArray[np.int16], class_order: str = "appearance"
) -> npt.NDArray[np.float64]:
    """Return the weight n / (n_c k) of each class that occurs, in order (Gaia's balanceClasses, "balanced" of SVC).

    Parameters
    ----------
    training_labels : ndarray of int16, shape (n,)
    class_order : {"appearance", "sorted"}

    Returns
    -------
    ndarray of float64, shape (k,)
    """
    classes = present_classes(training_labels, class_order)
    counts = np.array([np.count_nonzero(training_labels == code) for code in classes], dtype=np.int64)
    return len(training_labels) / (counts * len(classes))


def unit_gamma(problem: ProblemKey) -> ProblemKey:
    """Return the problem with gamma = 1 that a homogeneous polynomial problem is, where the scaling is exact.

    K_gamma = gamma^degree K_1: the duals scale by gamma^-degree, gradient and stopping test stay as they are. With
    gamma a power of two all of it is exact in floating point, so LIBSVM's iterates are the same too.
    """
    gram = problem.gram
    if gram.kernel != "poly" or gram.coef0 != 0.0:
        return problem
    mantissa, exponent = math.frexp(gram.gamma)
    if mantissa != 0.5 or abs(exponent * gram.degree) > 1000:
        return problem
    factor = gram.gamma**gram.degree
    costs = tuple(cost * factor for cost in problem.costs)
    if not all(2.0**-500 < cost < 2.0**500 for cost in costs):
        return problem
    return ProblemKey(gram._replace(gamma=1.0), costs)


def _representatives(feature_sets: Iterable[FeatureSet], training: Positions) -> dict[str, str]:
    # For each feature set the first one that is the same problem after scaling on `training`.
    first: dict[tuple[str, bytes], str] = {}
    same: dict[str, str] = {}
    groups: dict[str, list[FeatureSet]] = {}
    for features in feature_sets:
        same[features.key] = features.key
        if features.equivalence:
            groups.setdefault(features.equivalence, []).append(features)
    for equivalence, members in groups.items():
        if len(members) == 1:
            continue
        for features in members:
            scaling = fit_scaling(
                np.asarray(features.values[training]), features.descriptor_of_dimension, features.enumerated
            )
            kept = scaling.columns.astype(np.int64).tobytes()
            same[features.key] = first.setdefault((equivalence, kept), features.key)
    return same
