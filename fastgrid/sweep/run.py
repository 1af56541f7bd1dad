"""The sweep: plan, look up what is finished, solve the rest over a pool, put the predictions together."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fastgrid.common.fanout import Pool, WorkersDiedError
from fastgrid.sweep.combinations import Failure, FeatureSet, SweepInput, SweepResult
from fastgrid.sweep.isolated import no_process_left, solve_in_new_process
from fastgrid.sweep.journal import Journal, TaskDigests
from fastgrid.sweep.plan import Plan, make_plan
from fastgrid.sweep.task import Batch, TaskResult, failed_task, solve_batch

#: Batches per worker at least, so that the pool does not end on one long batch.
BATCHES_PER_WORKER = 4

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep is run; nothing of it but `solver` and `tol` touches the predictions.

    Attributes
    ----------
    solver : str
    tol : float
    isolated : bool
        Every batch in a fresh Python process (cluster mode).
    journal : Path, optional
        Directory of finished tasks: read first, added to as tasks finish.
    progress : callable, optional
        Called with (problems done, problems in all).
    """

    solver: str = "smo"
    tol: float = 1e-3
    isolated: bool = False
    journal: Path | None = None
    progress: Progress | None = None


def run_sweep(given: SweepInput, pool: Pool, options: SweepOptions) -> SweepResult:
    """Predict every item by every combination, each item in the fold where it is held out.

    A task that fails is tried once more; if it fails again its combinations have no prediction (-1) in that fold and
    the failure is part of the result.

    Parameters
    ----------
    given : SweepInput
    pool : Pool
    options : SweepOptions

    Returns
    -------
    SweepResult
        The same for any number of workers.
    """
    plan = make_plan(given)
    collected = _Collector(given, plan, options)
    collected.read_journal()
    _solve(collected.batches(pool.jobs), pool, options, collected)
    failed = collected.forget_failures()
    if failed:
        batches = [batch for batch in collected.batches(pool.jobs) if batch.indices]
        _solve(batches, pool, replace(options, isolated=options.isolated or pool.uses_processes), collected)
    return collected.result()


def _solve(batches: Sequence[Batch], pool: Pool, options: SweepOptions, collected: _Collector) -> None:
    try:
        _collect(batches, pool, options.isolated, collected)
    except WorkersDiedError:
        # Some batch ended its worker, and it is not known which: each in a process of its own from here on.
        pool.stop()
        remaining = [batch.only(frozenset(collected.missing())) for batch in batches]
        _collect([batch for batch in remaining if batch.indices], pool, True, collected)


def _collect(batches: Sequence[Batch], pool: Pool, isolated: bool, collected: _Collector) -> None:
    # Closed at once when an interrupt or a full disk ends the loop, which ends the processes behind it.
    with closing(_fan_out(batches, pool, isolated)) as found:
        for results in found:
            collected.add(results)


def _fan_out(batches: Sequence[Batch], pool: Pool, isolated: bool) -> Generator[list[TaskResult], None, None]:
    if isolated:
        # The threads only wait for the processes they started.
        with no_process_left():
            yield from Pool(pool.jobs, "threads").map_unordered(solve_in_new_process, batches)
        return
    if pool.uses_processes:
        batches = [replace(batch, features=_without_values(batch.features)) for batch in batches]
    yield from pool.map_unordered(solve_batch, batches)


def _without_values(features: FeatureSet) -> FeatureSet:
    if features.path is None:
        return features
    return replace(features, values=np.empty((0, 0), dtype=np.float32))


class _Collector:
    """The state of a running sweep: which tasks are finished, and with what result."""

    def __init__(self, given: SweepInput, plan: Plan, options: SweepOptions) -> None:
        self._given = given
        self._plan = plan
        self._options = options
        self._results: dict[int, TaskResult] = {}
        self._journal = None if options.journal is None else Journal(options.journal)
        digests = TaskDigests(given, options.solver, options.tol)
        journalled = self._journal is not None
        self._digests = (
            [digests.digest(*pair) for pair in zip(plan.keys, plan.tasks, strict=True)] if journalled else []
        )
        self._problems_done = 0

    def missing(self) -> list[int]:
        """Return the indices of the tasks without a result."""
        return [index for index in range(len(self._plan.tasks)) if index not in self._results]

    def read_journal(self) -> None:
        """Take over what earlier runs finished."""
        if self._journal is None:
            return
        n_test = np.bincount(self._given.folds, minlength=self._given.n_folds)
        for index, digest in enumerate(self._digests):
            shape = (len(self._plan.tasks[index].costs), int(n_test[self._plan.keys[index].fold]))
            finished = self._journal.read(digest, index, shape)
            if finished is not None:
                self._take(finished)
        self._report_progress()

    def add(self, results: list[TaskResult]) -> None:
        """Take over the results of a batch and keep the good ones in the journal."""
        for result in results:
            if self._journal is not None and not result.error:
                self._journal.write(self._digests[result.index], result)
            self._take(result)
        self._report_progress()

    def _take(self, result: TaskResult) -> None:
        self._results[result.index] = result
        self._problems_done += len(self._plan.tasks[result.index].costs)

    def _report_progress(self) -> None:
        if self._options.progress is not None:
            self._options.progress(self._problems_done, self._plan.counters.problems_solved)

    def forget_failures(self) -> list[int]:
        """Drop the results of failed tasks so that they are tried again; return their indices."""
        failed = [index for index, result in self._results.items() if result.error]
        for index in failed:
            del self._results[index]
            self._problems_done -= len(self._plan.tasks[index].costs)
        return failed

    def batches(self, jobs: int) -> list[Batch]:
        """Cut the missing tasks into batches on one feature set and fold each, the longest first."""
        groups: dict[tuple[str, int], list[int]] = {}
        for index in self.missing():
            key = self._plan.keys[index]
            groups.setdefault((key.features, key.fold), []).append(index)
        pieces = 1 if jobs == 1 else -(-BATCHES_PER_WORKER * jobs // max(1, len(groups)))
        cut = [
            (features, fold, indices[start::pieces])
            for (features, fold), indices in groups.items()
            for start in range(min(pieces, len(indices)))
        ]
        cut.sort(key=lambda piece: -self._cost(piece[0], piece[2]))
        return [self._batch(features, fold, indices) for features, fold, indices in cut]

    def _cost(self, features: str, indices: list[int]) -> float:
        # Base product plus, per problem, a solver run that grows with the square of the items.
        n_dimensions = self._given.feature_sets[features].values.shape[1]
        n_problems = sum(len(self._plan.tasks[index].costs) for index in indices)
        return float(n_dimensions + 50 * n_problems)

    def _batch(self, features: str, fold: int, indices: list[int]) -> Batch:
        return Batch(
            self._given.feature_sets[features],
            fold,
            self._given.labels,
            self._given.folds,
            tuple(self._plan.tasks[index] for index in indices),
            tuple(indices),
            self._options.solver,
            self._options.tol,
        )

    def result(self) -> SweepResult:
        """Put the predictions of all combinations together."""
        given, plan = self._given, self._plan
        predicted = np.full((len(given.combinations), len(given.labels)), -1, dtype=np.int16)
        tested = {fold: np.flatnonzero(given.folds == fold) for fold in range(given.n_folds)}
        unconverged = set()
        for (combination, fold), (task, row) in plan.answers.items():
            found = self._results.get(task) or failed_task(task, RuntimeError("it was never run"))
            if found.error:
                continue
            predicted[combination, tested[fold]] = found.predicted[row]
            if not found.converged[row]:
                unconverged.add(combination)
        failures = tuple(
            Failure(key.features, key.kernel, key.gamma, key.fold, self._results[index].error)
            for index, key in enumerate(plan.keys)
            if self._results[index].error
        )
        good = [found for found in self._results.values() if not found.error]
        plan.counters.iterations = sum(int(found.iterations.sum()) for found in good)
        plan.counters.unconverged = sum(int(np.count_nonzero(~found.converged)) for found in good)
        return SweepResult(predicted, failures, tuple(sorted(unconverged)), plan.counters)
