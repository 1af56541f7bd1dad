"""In which pieces, in which order and by how many workers the tasks of a sweep are solved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fastgrid.kernels import fresh_cost
from fastgrid.sweep.combinations import FeatureSet, SweepInput
from fastgrid.sweep.memory import TaskSize, least_limit, memory_of_each, task_size, workers_that_fit
from fastgrid.sweep.plan import GramKey
from fastgrid.sweep.task import Task

#: Pieces per worker at least, so that the pool does not end on one long piece.
PIECES_PER_WORKER = 4

#: Seconds, as estimated, that a piece takes at the most, where it holds several tasks: what a worker has not handed
#: back is lost if it ends. The inner products that pieces of a fold share should not take more than a tenth of that.
LONGEST_PIECE = 20.0
LEAST_SHARE = 10.0

#: Of kernel values, as far as an estimate is concerned; parameters may be beyond all measure.
LARGEST_VARIATION = 1e9

Piece = tuple[str, int, list[int]]


@dataclass(frozen=True)
class Spread:
    """What kernel values of a feature set are like.

    Attributes
    ----------
    squared_distance : float
        Mean squared distance of two items, each feature scaled to its range.
    squared_norm : float
        Mean squared norm of an item, likewise.
    """

    squared_distance: float
    squared_norm: float


def spread_of(features: FeatureSet) -> Spread:
    """Return roughly what the kernel values of `features` are like; enumerated features are taken as they are."""
    values = features.values
    with np.errstate(all="ignore"):
        low, high = values.min(axis=0, initial=np.inf), values.max(axis=0, initial=-np.inf)
        taken = features.enumerated
        width = np.where(taken, 1.0, high.astype(np.float64) - low)
        mean = (values.mean(axis=0, dtype=np.float64) - np.where(taken, 0.0, low)) / width
        variance = values.var(axis=0, dtype=np.float64) / width**2
    known = np.isfinite(mean) & np.isfinite(variance)
    return Spread(2.0 * float(variance[known].sum()), float((variance + mean**2)[known].sum()))


def estimated_seconds(task: Task, size: TaskSize, spread: Spread) -> float:
    """Return roughly how long `task` takes.

    Kernel values at 1.5 ns. An SMO iteration at 0.1 us and 0.5 ns per item; per item, half an iteration and more the
    larger C times the variation of kernel values is, up to about a hundred, which it is no longer where all items are
    far from each other. Predictions at 10^10 multiplications a second. The constants follow iteration counts on
    digits, synthetic and overlapping data; only proportions matter.
    """
    n_pairs = math.comb(size.n_classes, 2)
    if n_pairs == 0:
        return 1e-4
    n_pair = 2.0 * size.n_train / size.n_classes
    gram = 1.5e-9 * size.n_train * size.n_items
    if task.kernel == "rbf":
        variation = min(task.gamma * spread.squared_distance, LARGEST_VARIATION)
        most = 100.0 / (1.0 + 4.0 * variation**2)
    elif task.kernel == "poly":
        values = np.float64(abs(task.gamma * spread.squared_norm + task.coef0))
        with np.errstate(over="ignore"):
            variation = min(0.1 * float(values**task.degree), LARGEST_VARIATION)
        most = 10.0
    else:
        variation, most = 0.1 * spread.squared_norm, 100.0
    per_item = 0.5 + np.minimum(task.costs.max(axis=1) * variation, most) ** 0.7
    iterations = n_pairs * n_pair * float(per_item.sum())
    n_test = size.n_items - size.n_train
    predicting = 1e-10 * size.n_problems * (size.n_classes - 1) * size.n_train * n_test
    return gram + iterations * (1e-7 + 5e-10 * n_pair) + predicting


def cut(
    given: SweepInput, keys: Sequence[GramKey], tasks: Sequence[Task], missing: Sequence[int], jobs: int
) -> list[tuple[float, Piece]]:
    """Cut tasks into pieces on one feature set and fold each, and order these longest first.

    Parameters
    ----------
    given : SweepInput
    keys, tasks : sequence of GramKey and of Task
    missing : sequence of int
        Indices of the tasks that are to be solved.
    jobs : int

    Returns
    -------
    list of (seconds, (feature set, fold, task indices))
        The seconds are estimated.
    """
    groups: dict[tuple[str, int], list[int]] = {}
    for index in missing:
        groups.setdefault((keys[index].features, keys[index].fold), []).append(index)
    pieces: list[tuple[float, Piece]] = []
    n_pieces = 1 if jobs == 1 else -(-PIECES_PER_WORKER * jobs // max(1, len(groups)))
    spreads = {features: spread_of(given.feature_sets[features]) for features in {features for features, _ in groups}}
    for (features, fold), indices in groups.items():
        sizes = sizes_of(given, features, fold, [len(tasks[index].costs) for index in indices])
        seconds = {
            index: estimated_seconds(tasks[index], size, spreads[features])
            for index, size in zip(indices, sizes, strict=True)
        }
        base = fresh_cost(len(given.labels), given.feature_sets[features].values.shape[1])
        longest = max(LONGEST_PIECE, LEAST_SHARE * base)
        shares = _balanced(indices, seconds, max(n_pieces, math.ceil(sum(seconds.values()) / longest)))
        pieces += [(base + sum(seconds[index] for index in share), (features, fold, share)) for share in shares]
    pieces.sort(key=lambda piece: -piece[0])
    return pieces


def _balanced(indices: list[int], seconds: dict[int, float], n_pieces: int) -> list[list[int]]:
    # The longest first, each to the piece that is the shortest so far; within a piece the longest first.
    chosen: list[list[int]] = [[] for _ in range(min(n_pieces, len(indices)))]
    load = [0.0] * len(chosen)
    for index in sorted(indices, key=lambda index: (-seconds[index], index)):
        lightest = load.index(min(load))
        chosen[lightest].append(index)
        load[lightest] += seconds[index]
    return chosen


def sizes_of(
    given: SweepInput, features: str, fold: int, n_problems: Sequence[int], solver: str = "smo"
) -> list[TaskSize]:
    """Return the sizes of tasks on one feature set and fold that have so many problems."""
    n_features = given.feature_sets[features].values.shape[1]
    one = task_size(given.labels, given.splits, fold, n_features, 1, solver, decisions=given.decisions)
    return [replace(one, n_problems=number) for number in n_problems]


def workers_and_memory(
    given: SweepInput,
    keys: Sequence[GramKey],
    tasks: Sequence[Task],
    missing: Sequence[int],
    jobs: int,
    limit: int,
    solver: str = "smo",
) -> tuple[int, int, int]:
    """Return how many workers fit into `limit` bytes together, how many bytes each may take, and the least limit.

    What the answers of all tasks take, also of those that are not missing, is set aside before.

    Parameters
    ----------
    given, keys, tasks, missing, jobs
        As of `cut`.
    limit : int
    solver : str
    """
    largest: dict[tuple[str, int], int] = {}
    for index in missing:
        place = keys[index].features, keys[index].fold
        largest[place] = max(largest.get(place, 0), len(tasks[index].costs))
    kept = kept_bytes(given, keys, tasks, jobs)
    workers, least, limit = jobs, 0, max(0, limit - kept)
    for (features, fold), number in largest.items():
        (size,) = sizes_of(given, features, fold, [number], solver)
        workers, least = min(workers, workers_that_fit(size, jobs, limit)), max(least, least_limit(size, jobs))
    return workers, memory_of_each(workers, jobs, limit), least + kept


def kept_bytes(given: SweepInput, keys: Sequence[GramKey], tasks: Sequence[Task], jobs: int) -> int:
    """Return the bytes of what stays until a sweep ends: predictions, and decision values where they are asked for."""
    tested = given.splits.test
    # Those of tasks, of combinations by fold, and of combinations by item, two bytes each.
    predictions = 6 * len(given.combinations) * sum(map(len, tested))
    if not given.decisions:
        return predictions
    decisions = sum(
        8 * len(task.costs) * math.comb(task.costs.shape[1], 2) * len(tested[key.fold])
        for key, task in zip(keys, tasks, strict=True)
    )
    return predictions + decisions * (1 if jobs == 1 else 2)
