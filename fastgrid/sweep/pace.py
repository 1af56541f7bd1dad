"""How long a sweep takes on this machine beside what is estimated: samples of it, solved and timed."""

from __future__ import annotations

import math
import time
from collections.abc import Container
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from fastgrid.sweep.combinations import SweepInput
from fastgrid.sweep.kept import forget_kept
from fastgrid.sweep.options import SweepOptions
from fastgrid.sweep.plan import GramKey, Plan, make_plan
from fastgrid.sweep.scheduling import estimated_seconds, sizes_of, spread_of
from fastgrid.sweep.solving import solve_batch
from fastgrid.sweep.splits import Splits
from fastgrid.sweep.task import Batch

#: Items of the first sample, up to twice as many; each further one has twice as many as the one before.
SAMPLE_ITEMS = 500
#: Seconds after which a sample is large enough.
ENOUGH = 1.0
#: Tasks that are solved of each, as long as it takes no more than so many seconds.
SAMPLE_TASKS = 24
LONGEST_SAMPLE = 4.0
#: What takes less is not timed well enough to tell how it grows.
LEAST_TIMED = 2e-3
#: The power of the number of items by which a task's time may grow faster than estimated.
FASTEST_GROWTH = 2.0


class Taken(NamedTuple):
    """Seconds that a task takes, and is estimated to take."""

    measured: float
    estimated: float


@dataclass(frozen=True)
class Timings:
    """Tasks of a sample, by all of their keys but the fold.

    Attributes
    ----------
    n_items : int
    tasks : dict of GramKey to Taken
    """

    n_items: int
    tasks: dict[GramKey, Taken]

    @property
    def seconds(self) -> float:
        """Of all of them together."""
        return sum(taken.measured for taken in self.tasks.values())


def measured_pace(given: SweepInput, options: SweepOptions) -> float:
    """Return how many times longer tasks take here than estimated, from samples that take some seconds.

    Some tasks are solved on some of the items and timed, then on twice as many, and so on until it takes a second. A
    task whose time has grown faster from the last but one sample to the last than estimated, as that of iterations at a
    large C on noisy data does, is taken to go on growing like that.

    Parameters
    ----------
    given : SweepInput
    options : SweepOptions
        The solver and its stopping rule.
    """
    whole = _first_fold(given)
    plan = make_plan(whole)
    estimated = dict(zip(map(_name, plan.keys), _estimates(whole, plan, options), strict=True))
    n_items, small, large = SAMPLE_ITEMS, Timings(1, {}), _timings(_sample(whole, SAMPLE_ITEMS), options, estimated)
    while large.n_items < len(given.labels) and large.seconds < ENOUGH:
        n_items *= 2
        small, large = large, _timings(_sample(whole, n_items), options, large.tasks)
    forget_kept()
    taken = [_extrapolated(name, estimated[name], large, small, len(given.labels)) for name in large.tasks]
    return sum(taken) / sum(estimated[name] for name in large.tasks)


def _extrapolated(name: GramKey, estimated: float, large: Timings, small: Timings, n_items: int) -> float:
    # Seconds of a task on all items.
    own, growth = large.tasks[name], 0.0
    less = small.tasks.get(name)
    if less is not None and own.measured >= LEAST_TIMED:
        times = (own.measured / less.measured) / (own.estimated / less.estimated)
        growth = min(max(math.log(times) / math.log(large.n_items / small.n_items), 0.0), FASTEST_GROWTH)
    return own.measured * estimated / own.estimated * math.pow(n_items / large.n_items, growth)


def _timings(sample: SweepInput, options: SweepOptions, wanted: Container[GramKey]) -> Timings:
    plan = make_plan(sample)
    estimates = _estimates(sample, plan, options)
    known = [index for index, key in enumerate(plan.keys) if _name(key) in wanted]
    chosen = [known[place] for place in np.unique(np.linspace(0, len(known) - 1, SAMPLE_TASKS).astype(np.intp))]
    _solve(sample, plan, chosen[0], options)  # loads machine code, and fills the caches
    begun = time.perf_counter()
    found: dict[GramKey, Taken] = {}
    for index in (*chosen[::2], *chosen[1::2]):
        if found and time.perf_counter() - begun > LONGEST_SAMPLE:
            break
        taken = _solve(sample, plan, index, options)
        found[_name(plan.keys[index])] = Taken(taken, estimates[index])
    return Timings(len(sample.labels), found)


def _solve(sample: SweepInput, plan: Plan, index: int, options: SweepOptions) -> float:
    # Returns the seconds that it took.
    key, task = plan.keys[index], plan.tasks[index]
    batch = Batch(
        sample.feature_sets[key.features], key.fold, sample.labels, sample.splits, (task,), (index,), options.solver,
        options.stopping, keep=False, class_order=sample.class_order,
    )  # fmt: skip
    begun = time.perf_counter()
    solve_batch(batch)
    return time.perf_counter() - begun


def _estimates(given: SweepInput, plan: Plan, options: SweepOptions) -> list[float]:
    spreads = {name: spread_of(given.feature_sets[name]) for name in {key.features for key in plan.keys}}
    found = []
    for key, task in zip(plan.keys, plan.tasks, strict=True):
        (size,) = sizes_of(given, key.features, key.fold, [len(task.costs)], options.solver)
        found.append(estimated_seconds(task, size, spreads[key.features]))
    return found


def _name(key: GramKey) -> GramKey:
    return key._replace(fold=0)


def _first_fold(given: SweepInput) -> SweepInput:
    splits = given.splits
    place = next(place for place, tested in enumerate(splits.test) if len(tested))
    only = Splits(splits.n_items, (splits.training[place],), (splits.test[place],))
    return replace(given, splits=only, fold_features={key: (of[place],) for key, of in given.fold_features.items()})


def _sample(given: SweepInput, n_items: int) -> SweepInput:
    # Every so-manieth item, of the first fold: at least so many, less than twice as many.
    training, test = given.splits.training[0], given.splits.test[0]
    step = max(1, len(given.labels) // n_items)
    items = np.sort(np.concatenate([training[::step], test[::step]]))
    place = {int(item): position for position, item in enumerate(items)}
    splits = Splits(
        len(items),
        (np.array([place[int(item)] for item in training[::step]], dtype=np.intp),),
        (np.array([place[int(item)] for item in test[::step]], dtype=np.intp),),
    )
    used = {combination.features for combination in given.combinations}
    features = {
        key: replace(chosen, values=np.ascontiguousarray(chosen.values[items]), path=None)
        for key, chosen in given.feature_sets.items()
        if key in used
    }
    return replace(given, feature_sets=features, labels=given.labels[items], splits=splits, item_weights=None)
