"""One evaluation of a project: the sweep of each of its repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from fastgrid.common.console import Console
from fastgrid.common.fanout import Pool
from fastgrid.common.stopwatch import phase
from fastgrid.project.combinations_spec import CombinationSpec, EvaluationSpec
from fastgrid.project.data import TrainingData
from fastgrid.project.feature_sets import FeatureSets, choice_of
from fastgrid.project.folds import Folds
from fastgrid.project.record import JOURNAL, record_directory
from fastgrid.project.schema import Project
from fastgrid.project.settings import RunSettings
from fastgrid.sweep.combinations import Combination, Counters, SweepInput, SweepResult
from fastgrid.sweep.options import Progress, SweepOptions
from fastgrid.sweep.run import run_sweep
from fastgrid.sweep.shares import Shard
from fastgrid.sweep.splits import Splits


def kernel_name(spelled: str) -> str:
    """Return the name of a kernel that a project spells as Gaia does."""
    return "rbf" if spelled == "RBF" else spelled


#: Combinations that a warning of the same kind names.
MOST_WARNINGS = 10


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What became of an evaluation.

    Attributes
    ----------
    evaluation : EvaluationSpec
    folds : sequence of ndarray of int16, shape (n_items,)
        For each repeat the fold of each row of the table.
    results : tuple of SweepResult
        One per repeat.
    """

    evaluation: EvaluationSpec
    folds: Sequence[Folds]
    results: tuple[SweepResult, ...]

    @property
    def counters(self) -> Counters:
        """What was asked and done in all repeats together."""
        names = [field.name for field in fields(Counters) if field.name != "combinations"]
        total = {name: sum(getattr(result.counters, name) for result in self.results) for name in names}
        return Counters(combinations=self.results[0].counters.combinations, **total)

    def same_problem(self) -> list[int]:
        """Return for each combination the first one that has the same problem in every fold: itself, for most."""
        n_combinations = len(self.results[0].by_fold[0])
        first: dict[tuple[object, ...], int] = {}
        # Where a task failed, nothing is known to be the same.
        return [
            first.setdefault(
                tuple(
                    result.answers.get((number, fold), (-1, number))
                    for result in self.results
                    for fold, tested in enumerate(result.splits.test)
                    if len(tested)
                ),
                number,
            )
            for number in range(n_combinations)
        ]


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Evaluates the combinations of a project.

    Attributes
    ----------
    project : Project
    data : TrainingData
    features : FeatureSets
    combinations : tuple of CombinationSpec
    settings : RunSettings
    pool : Pool
    console : Console
    shard : Shard, optional
        Solve this share of each sweep only.
    """

    project: Project
    data: TrainingData
    features: FeatureSets
    combinations: tuple[CombinationSpec, ...]
    settings: RunSettings
    pool: Pool
    console: Console
    shard: Shard | None = None

    def evaluate(self, index: int, folds: Sequence[Folds]) -> Evaluated:
        """Return the predictions of every combination in every repeat of the evaluation at `index`.

        Each repeat is a sweep of its own, just as a run with that repeat's seed alone: how a sweep computes depends on
        all of its folds, in the last bits, and so does what it finds in the journal.

        Parameters
        ----------
        index : int
        folds : sequence of ndarray of int16, shape (n_items,)
            One per repeat.
        """
        evaluation = self.project.evaluations[index]
        first = f"solving ({evaluation.nfold} folds)" if index else "solving"
        steps = [first, *(f"{first}, repeat {number}" for number in range(2, len(folds) + 1))]
        results = tuple(
            self.sweep(Splits.of_folds(of_items, evaluation.nfold), steps[number:])
            for number, of_items in enumerate(folds)
        )
        evaluated = Evaluated(evaluation, folds, results)
        self._tell(evaluated)
        return evaluated

    def sweep(self, splits: Splits, steps: Sequence[str]) -> SweepResult:
        """Return the predictions of every combination in each of `splits`; `steps` name it and what is to come."""

        def progress(done: int, total: int) -> None:
            # The repeats to come are about as long.
            for step in steps:
                self.console.expect(step, total)
            self.console.advance(steps[0], done)

        with phase("sweep"):
            return run_sweep(self.sweep_input(splits), self.pool, self.options(progress))

    def sweep_input(self, splits: Splits) -> SweepInput:
        """Return what is swept in `splits`."""
        return SweepInput(
            {chosen.key: chosen for chosen in self.features.by_choice.values()},
            [sweep_combination(combination, self.features) for combination in self.combinations],
            self.data.codes,
            splits,
        )

    def options(self, progress: Progress | None = None) -> SweepOptions:
        """Return how it is swept."""
        return SweepOptions(
            solver=self.settings.solver,
            stopping=self.settings.stopping,
            isolated=self.settings.cluster_mode or self.project.cluster_mode,
            journal=record_directory(self.project) / JOURNAL,
            progress=progress,
            resumed=self._tell_what_was_found,
            shard=self.shard,
            memory_limit=self.settings.memory_limit,
        )

    def _tell_what_was_found(self, found: int, total: int, damaged: int) -> None:
        if damaged:
            what = "a file of the journal was" if damaged == 1 else f"{damaged} files of the journal were"
            self.console.warn(f"{what} damaged and removed; what was in there is solved again")
        if found:
            rest = "; going on with the rest" if found < total else ""
            self.console.note(f"{found} of {total} problems were solved before{rest}")

    def _tell(self, evaluated: Evaluated) -> None:
        unconverged = sorted({number for result in evaluated.results for number in result.unconverged})
        for number in unconverged[:MOST_WARNINGS]:
            what = _describe(self.combinations[number])
            self.console.warn(f"{what}: a solver run hit the iteration cap; its result may be poor")
        if len(unconverged) > MOST_WARNINGS:
            self.console.warn(f"so did runs of {len(unconverged) - MOST_WARNINGS} more combinations")
        needed = max(result.memory_needed for result in evaluated.results)
        if self.settings.memory_limit is not None and needed:
            wanted = needed / 2**20
            self.console.warn(
                f"the memory limit may have been exceeded: this sweep takes up to {wanted:.0f} MiB at the least"
            )
        self.console.note(_work_done(evaluated.counters))


def sweep_combination(combination: CombinationSpec, features: FeatureSets) -> Combination:
    """Return what the sweep solves for a combination of a project."""
    return Combination(
        features.by_choice[choice_of(combination)].key,
        kernel_name(combination.kernel),
        2.0**combination.c_exponent,
        2.0**combination.gamma_exponent,
        combination.balance_classes,
    )


def _work_done(counters: Counters) -> str:
    return (
        f"{counters.combinations} combinations: {counters.problems_asked} problems asked, {counters.problems_solved} "
        f"distinct; of their {counters.pairs_asked} pair problems {counters.pairs_solved} solved"
    )


def _describe(combination: CombinationSpec) -> str:
    weights = "balanced" if combination.balance_classes else "unbalanced"
    return (
        f"{combination.preprocessing}, {combination.kernel}, C 2^{combination.c_exponent}, "
        f"gamma 2^{combination.gamma_exponent}, {weights}"
    )
