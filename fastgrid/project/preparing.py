"""What a sweep of a project needs: its data read, folds assigned, preprocessings applied."""

from __future__ import annotations

from dataclasses import dataclass

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError
from fastgrid.common.fanout import Pool
from fastgrid.project.data import TrainingData, load_data
from fastgrid.project.evaluating import Evaluator
from fastgrid.project.feature_sets import FeatureSets, build_feature_sets, choice_of
from fastgrid.project.folds import Folds, assigned_folds, check_folds, check_repeats
from fastgrid.project.schema import Project
from fastgrid.project.settings import RunSettings


@dataclass(frozen=True, eq=False)
class Prepared:
    """All that a sweep of a project needs, and its reports.

    Attributes
    ----------
    data : TrainingData
    folds : list of list of ndarray of int16, shape (n_items,)
        Of each repeat of each evaluation.
    features : FeatureSets
    evaluator : Evaluator
        Of the combinations whose preprocessing leaves a descriptor.
    """

    data: TrainingData
    folds: list[list[Folds]]
    features: FeatureSets
    evaluator: Evaluator


def prepare(project: Project, settings: RunSettings, pool: Pool, console: Console) -> Prepared:
    """Read the data of a project, assign folds and apply the preprocessings.

    Raises
    ------
    UserError
        When the data cannot be trained on or a matrix cannot be written.
    """
    data = load_data(
        project, pool, console, strict=settings.strict, with_groups=True, memory_limit=settings.memory_limit
    )
    folds = _folds(project, data, console)
    features = build_feature_sets(project, data.table, project.combinations())
    for warning in features.warnings:
        console.warn(warning)
    combinations = tuple(c for c in project.combinations() if choice_of(c) in features.by_choice)
    if not combinations:
        raise UserError(f"{project.path}: no preprocessing leaves a usable descriptor; see the warnings above")
    evaluator = Evaluator(project, data, features, combinations, settings, pool, console)
    return Prepared(data, folds, features, evaluator)


def _folds(project: Project, data: TrainingData, console: Console) -> list[list[Folds]]:
    # The folds of each repeat of each evaluation, looked at from all sides.
    for evaluation in project.evaluations:
        check_folds(project, data, evaluation.nfold, console)
    folds = [assigned_folds(data, evaluation, project.seed) for evaluation in project.evaluations]
    for repeats in folds:
        check_repeats(data, repeats, console)
    return folds
