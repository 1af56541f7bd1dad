"""The state of a running sweep: which tasks are finished, and with what result."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fastgrid.sweep.combinations import Counters, Failure, SweepInput, SweepResult
from fastgrid.sweep.fold_base import present_classes
from fastgrid.sweep.journal import Journal, joined
from fastgrid.sweep.journal_entry import Entry
from fastgrid.sweep.options import SweepOptions
from fastgrid.sweep.plan import Plan
from fastgrid.sweep.scheduling import cut, workers_and_memory
from fastgrid.sweep.shares import own_tasks
from fastgrid.sweep.task import Batch, Task, TaskResult
from fastgrid.sweep.task_digests import TaskDigests


class Collector:
    """The state of a running sweep: which tasks are finished, and with what result."""

    def __init__(self, given: SweepInput, plan: Plan, options: SweepOptions) -> None:
        self._given = given
        self._plan = plan
        self._options = options
        self._results: dict[int, TaskResult] = {}
        # What is left of each task: without the problems that the journal answers.
        self._tasks: list[Task] = list(plan.tasks)
        self._known: dict[int, list[tuple[Entry, dict[int, int]]]] = {}
        self._journal = None if options.journal is None else Journal(options.journal)
        self._digests = TaskDigests(given, options.solver, options.stopping)
        shard = options.shard
        self._own = range(len(plan.tasks)) if shard is None else sorted(own_tasks(given, plan, shard))
        self._problems_asked = sum(len(plan.tasks[index].costs) for index in self._own)
        self._problems_done = 0
        self._memory_needed = 0

    def missing(self) -> list[int]:
        """Return the indices of the tasks that are to be solved and have no result."""
        return [index for index in self._own if index not in self._results]

    @property
    def tasks(self) -> list[Task]:
        """The tasks of the plan, those that the journal answers in part without these problems."""
        return self._tasks

    @property
    def problems_done(self) -> int:
        """How many problems have an answer."""
        return self._problems_done

    def read_journal(self) -> None:
        """Take over what earlier runs finished, and say how much that is."""
        if self._journal is not None:
            for index in self._own:
                self._look_up(index, self._journal)
            if self._options.resumed is not None:
                self._options.resumed(self._problems_done, self._problems_asked, self._journal.damaged)
        self._report_progress()

    def _look_up(self, index: int, journal: Journal) -> None:
        key, task = self._plan.keys[index], self._plan.tasks[index]
        n_pairs = math.comb(task.costs.shape[1], 2) if self._given.decisions else None
        name = self._digests.name(key, task)
        parts = journal.read(name, task.costs, len(self._given.splits.test[key.fold]), n_pairs)
        known = {row for _, rows in parts for row in rows}
        if not known:
            return
        self._problems_done += len(known)
        if len(known) == len(task.costs):
            self._results[index] = joined(index, len(task.costs), parts, None)
        else:
            self._known[index] = parts
            rest = [row for row in range(len(task.costs)) if row not in known]
            self._tasks[index] = replace(task, costs=task.costs[rest])

    def add(self, results: list[TaskResult]) -> None:
        """Take over the results of a batch and keep the good ones in the journal."""
        for result in results:
            task = self._tasks[result.index]
            if self._journal is not None and not result.error:
                self._journal.write(self._digests.name(self._plan.keys[result.index], task), task.costs, result)
            self._problems_done += len(task.costs)
            parts = self._known.get(result.index)
            if parts and not result.error:
                result = joined(result.index, len(self._plan.tasks[result.index].costs), parts, result)
            self._results[result.index] = result
        self._report_progress()

    def make_safe(self) -> None:
        """Have the disk hold what is finished."""
        if self._journal is not None:
            self._journal.make_safe()

    def _report_progress(self) -> None:
        if self._options.progress is not None:
            self._options.progress(self._problems_done, self._problems_asked)

    def forget_failures(self) -> list[TaskResult]:
        """Drop the results of failed tasks so that they are tried again; return them."""
        failed = [result for result in self._results.values() if result.error]
        for result in failed:
            del self._results[result.index]
            self._problems_done -= len(self._tasks[result.index].costs)
        return failed

    def batches(
        self, jobs: int, limit: int, pieces_for: int | None = None, without: Collection[int] = ()
    ) -> tuple[list[Batch], int]:
        """Cut the missing tasks into batches, the longest first, for at most `jobs` workers and `limit` bytes.

        Where these are the workers of one machine of several, `pieces_for` says how many there are on all. Tasks
        `without` are passed over: they are under way.

        Returns
        -------
        batches : list of Batch
        workers : int
            How many may be solved at a time.
        """
        missing = [index for index in self.missing() if index not in without]
        if not missing:
            return [], jobs
        keys, tasks = self._plan.keys, self._tasks
        workers, memory, least = workers_and_memory(
            self._given, keys, tasks, missing, jobs, limit, self._options.solver
        )
        self._memory_needed = least if least > limit else 0
        pieces = cut(self._given, keys, tasks, missing, pieces_for or jobs)
        return [self._batch(*piece, memory, workers == jobs) for _, piece in pieces], workers

    def _batch(self, features: str, fold: int, indices: list[int], memory: int, keep: bool) -> Batch:
        return Batch(
            self._given.feature_sets[features],
            fold,
            self._given.labels,
            self._given.splits,
            tuple(self._tasks[index] for index in indices),
            tuple(indices),
            self._options.solver,
            self._options.stopping,
            memory,
            keep,
            self._given.class_order,
            self._given.item_weights,
            self._given.decisions,
        )

    def result(self) -> SweepResult:
        """Put the predictions of all combinations together."""
        given, plan = self._given, self._plan
        good = {index: found for index, found in self._results.items() if not found.error}
        answers = {asked: answer for asked, answer in plan.answers.items() if answer[0] in good}
        shapes = [(len(given.combinations), len(tested)) for tested in given.splits.test]
        by_fold = tuple(np.full(shape, -1, dtype=np.int16) for shape in shapes)
        unconverged = set()
        for (combination, fold), (task, row) in answers.items():
            by_fold[fold][combination] = good[task].predicted[row]
            if not good[task].converged[row]:
                unconverged.add(combination)
        return SweepResult(
            by_fold,
            given.splits,
            self._failures(),
            tuple(sorted(unconverged)),
            self._counters(good.values()),
            self._memory_needed,
            tuple(present_classes(given.labels[training], given.class_order) for training in given.splits.training),
            answers,
            _read_only(good),
            *self._seconds(answers),
        )

    def _seconds(self, answers: Mapping[tuple[int, int], tuple[int, int]]) -> list[npt.NDArray[np.float64]]:
        # Of fitting and of scoring, for each combination and fold.
        shared_by = Counter(task for task, _ in answers.values())
        fit, score = (np.zeros((len(self._given.combinations), len(self._given.splits))) for _ in range(2))
        for asked, (task, _) in answers.items():
            fit[asked] = self._results[task].fit_seconds / shared_by[task]
            score[asked] = self._results[task].score_seconds / shared_by[task]
        return [fit, score]

    def _failures(self) -> tuple[Failure, ...]:
        return tuple(
            Failure(key.features, key.kernel, key.gamma, key.fold, self._results[index].error)
            for index, key in enumerate(self._plan.keys)
            if index in self._results and self._results[index].error
        )

    def _counters(self, good: Collection[TaskResult]) -> Counters:
        counters = self._plan.counters
        counters.iterations = sum(int(found.iterations.sum()) for found in good)
        counters.iterations_made = sum(found.work.iterations for found in good)
        counters.pairs_solved = sum(found.work.pairs_solved for found in good)
        counters.warm_starts = sum(found.work.warm_starts for found in good)
        counters.gram_bytes = sum(found.work.gram_bytes for found in good)
        counters.unconverged = sum(int(np.count_nonzero(~found.converged)) for found in good)
        return counters


def _read_only(good: Mapping[int, TaskResult]) -> dict[int, npt.NDArray[np.float64]]:
    # Decision values by task. Combinations share them, so that nobody may write to them.
    decisions = {index: found.decisions for index, found in good.items() if found.decisions is not None}
    for values in decisions.values():
        values.flags.writeable = False
    return decisions
