"""Tasks that are bigger than the rest, cut by ranges of C, so that a few of them do not keep a pool waiting."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fastgrid.sweep.combinations import SweepInput
from fastgrid.sweep.plan import GramKey, Plan
from fastgrid.sweep.scheduling import estimated_seconds, sizes_of, spread_of
from fastgrid.sweep.task import Task

#: A task that takes a larger share than this of all is cut. Were it small, Gram matrices would be computed several
#: times for nothing; were it large, more workers than its inverse would be of no use.
LARGEST_SHARE = 1 / 6
#: Shorter tasks (estimated seconds) stay whole: in ranges of their own, larger costs do not learn from smaller ones
#: that they have the same answer.
SHORT = 0.5


def split_large(given: SweepInput, plan: Plan) -> Plan:
    """Return `plan` with tasks of more than `LARGEST_SHARE` of the work cut into ranges of cost vectors.

    Ranges of about the same estimated length, cheapest costs first. They depend on the sweep's input only, not on the
    number of workers, so that results do not either.

    Parameters
    ----------
    given : SweepInput
    plan : Plan

    Returns
    -------
    Plan
        The same problems and answers, in as many tasks or more.
    """
    spreads = {features: spread_of(given.feature_sets[features]) for features in {key.features for key in plan.keys}}

    def seconds_of(index: int, task: Task) -> float:
        key = plan.keys[index]
        (size,) = sizes_of(given, key.features, key.fold, [len(task.costs)])
        return estimated_seconds(task, size, spreads[key.features])

    seconds = [seconds_of(index, task) for index, task in enumerate(plan.tasks)]
    keys: list[GramKey] = []
    tasks: list[Task] = []
    place: dict[tuple[int, int], tuple[int, int]] = {}
    for index, task in enumerate(plan.tasks):
        ranges = [np.arange(len(task.costs))]
        if seconds[index] > max(SHORT, LARGEST_SHARE * sum(seconds)) and len(task.costs) > 1:
            alone = [seconds_of(index, replace(task, costs=row[np.newaxis])) for row in task.costs]
            ranges = _ranges(np.array(alone), math.ceil(seconds[index] / sum(seconds) / LARGEST_SHARE))
        for rows in ranges:
            place.update({(index, int(row)): (len(tasks), position) for position, row in enumerate(rows)})
            keys.append(plan.keys[index])
            tasks.append(replace(task, costs=task.costs[rows]))
    answers = {asked: place[found] for asked, found in plan.answers.items()}
    return replace(plan, keys=keys, tasks=tasks, answers=answers)


def _ranges(seconds: npt.NDArray[np.float64], n_parts: int) -> list[npt.NDArray[np.intp]]:
    # Positions in `seconds`, in at most so many consecutive ranges of about the same sum.
    middles = np.cumsum(seconds) - seconds / 2
    part = np.minimum((n_parts * middles / seconds.sum()).astype(np.intp), n_parts - 1)
    return [np.flatnonzero(part == number) for number in np.unique(part)]
