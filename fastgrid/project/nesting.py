"""``--nested``: the selection made anew in every fold, by a cross-validation inside its training part."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.evaluation import RULES, InnerPredictions, nested_estimate
from fastgrid.project.combinations_spec import families_of
from fastgrid.project.evaluating import Evaluated, Evaluator
from fastgrid.project.folds import Folds, inner_folds
from fastgrid.sweep.splits import Splits


def nested_splits(
    evaluator: Evaluator, n_folds: int, folds: Folds
) -> tuple[Splits, list[npt.NDArray[np.intp]], list[Folds]]:
    """Return a cross-validation inside the training part of each fold.

    Parameters
    ----------
    evaluator : Evaluator
    n_folds : int
        Of both cross-validations.
    folds : ndarray of int16, shape (n_items,)
        The outer ones.

    Returns
    -------
    splits : Splits
        The inner folds of the first outer one, then those of the next.
    outer : list of ndarray of intp
        The items of each training part.
    inner : list of ndarray of int16
        The inner fold of each of these.
    """
    outer = [np.flatnonzero(folds != number) for number in range(n_folds)]
    inner = [inner_folds(evaluator.data, items, n_folds, evaluator.project.seed) for items in outer]
    splits = Splits(
        len(folds),
        tuple(items[part != number] for items, part in zip(outer, inner, strict=True) for number in range(n_folds)),
        tuple(items[part == number] for items, part in zip(outer, inner, strict=True) for number in range(n_folds)),
    )
    return splits, outer, inner


def nested_facts(evaluator: Evaluator, evaluated: Evaluated) -> dict[str, Any]:
    """Evaluate all combinations inside each training part of the first repeat; return what each rule selects there.

    Parameters
    ----------
    evaluator : Evaluator
    evaluated : Evaluated
        The ordinary cross-validation, whose folds are the outer ones.

    Returns
    -------
    dict
        For each rule of selection accuracy, normalized accuracy and their deviations in percent, and the numbers of
        the combinations chosen in the folds. Rules for which some fold has no complete combination are left out.
    """
    n_folds, folds = evaluated.evaluation.nfold, evaluated.folds[0]
    splits, outer, inner = nested_splits(evaluator, n_folds, folds)
    result = evaluator.sweep(splits, [f"nested ({n_folds} folds)"])
    parts = []
    for number, (items, part) in enumerate(zip(outer, inner, strict=True)):
        by_fold = result.by_fold[number * n_folds : (number + 1) * n_folds]
        parts.append(InnerPredictions(items, _in_place(by_fold, part), part))
    exponents = np.array([(one.c_exponent, one.gamma_exponent) for one in evaluator.combinations])
    facts: dict[str, Any] = {}
    for rule in RULES:
        try:
            found = nested_estimate(
                parts,
                evaluated.results[0].predicted,
                evaluator.data.codes,
                folds,
                len(evaluator.data.classes),
                rule,
                exponents[:, 0],
                exponents[:, 1],
                families_of(evaluator.combinations),
            )
        except ValueError:  # tasks failed; they are named
            continue
        facts[rule] = {
            "accuracy": found.accuracy,
            "accuracy_std": found.accuracy_std,
            "normalized_accuracy": found.normalized_accuracy,
            "normalized_accuracy_std": found.normalized_accuracy_std,
            "chosen": list(found.chosen),
        }
    return facts


def _in_place(by_fold: tuple[np.ndarray[Any, np.dtype[np.int16]], ...], fold: Folds) -> Any:
    # The predictions of all inner folds in the order of their items.
    predicted = np.full((len(by_fold[0]), len(fold)), -1, dtype=np.int16)
    for number, found in enumerate(by_fold):
        predicted[:, fold == number] = found
    return predicted
