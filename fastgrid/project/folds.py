"""The folds of a project's evaluations, with groups or without, and the file that says which item is where."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fastgrid.common.console import Console
from fastgrid.common.errors import ProjectFileError, one_line
from fastgrid.common.files import write_text
from fastgrid.project.combinations_spec import EvaluationSpec
from fastgrid.project.data import TrainingData
from fastgrid.project.names import evaluation_suffixes
from fastgrid.project.schema import Project
from fastgrid.sweep.folds import gaia_folds
from fastgrid.sweep.grouped_folds import grouped_folds

Folds = npt.NDArray[np.int16]

FOLDS_FILE = "folds.tsv"
_SHOWN_CLASSES = 10


def repeat_seed(seed: float | str, repeat: int) -> float | str:
    """Return the seed of a repeat, counted from 0: the project's own, then the successive ones.

    Parameters
    ----------
    seed : int, float or str
    repeat : int

    Returns
    -------
    int, float or str
        ``seed + repeat``; for negative numbers ``seed - repeat``, since `random.seed` takes whole numbers without their
        sign; for text the repeat behind it. A number that is whole becomes an integer, so that all are different.

    Examples
    --------
    >>> [repeat_seed(seed, 2) for seed in (1, 1.0, -1, 0.5, "a")], repeat_seed(1.0, 0)
    ([3, 3, -3, 2.5, 'a+2'], 1.0)
    """
    if repeat == 0:
        return seed
    if isinstance(seed, str):
        return f"{seed}+{repeat}"
    whole = int(seed) if seed == int(seed) else seed
    return whole - repeat if seed < 0 else whole + repeat


def assigned_folds(data: TrainingData, evaluation: EvaluationSpec, seed: float | str) -> list[Folds]:
    """Return the fold of each row of the data's table, one array for each repeat of `evaluation`.

    Without groups these are Gaia's folds; with groups no group is in two folds.
    """
    seeds = [repeat_seed(seed, repeat) for repeat in range(evaluation.repeats)]
    return [data.in_rows(_numbers(data, list(data.labels), evaluation.nfold, one)) for one in seeds]


def inner_folds(data: TrainingData, rows: npt.NDArray[np.intp], n_folds: int, seed: float | str) -> Folds:
    """Return the fold of each of some rows of the data's table, made of these alone as `assigned_folds` makes them."""
    chosen = {data.table.ids[row] for row in rows.tolist()}
    items = [item for item in data.labels if item in chosen]
    of_item = dict(zip(items, _numbers(data, items, n_folds, seed).tolist(), strict=True))
    return np.array([of_item[data.table.ids[row]] for row in rows.tolist()], dtype=np.int16)


def _numbers(data: TrainingData, items: Sequence[str], n_folds: int, seed: float | str) -> Folds:
    labels = [data.labels[item] for item in items]
    if data.groups is None:
        return gaia_folds(labels, n_folds, seed)
    return grouped_folds(labels, [data.groups[item] for item in items], n_folds, seed)


def check_folds(project: Project, data: TrainingData, n_folds: int, console: Console) -> None:
    """Refuse more folds than items of every class, or than groups; warn of classes that are missing from some folds."""
    if data.groups is not None:
        _check_groups(project, data, data.groups, n_folds, console)
        return
    counts = Counter(data.labels.values())
    small = {label: count for label, count in sorted(counts.items()) if count < n_folds}
    if len(small) == len(counts):
        raise ProjectFileError(
            f"{project.path}: every class has fewer items than there are folds ({n_folds}; the largest class has "
            f"{max(counts.values())} items); lower nfold in this file or add items"
        )
    if small:
        console.warn(f"classes with fewer items than the {n_folds} folds are missing from some folds: {_counts(small)}")


def _check_groups(
    project: Project, data: TrainingData, groups: Mapping[str, str], n_folds: int, console: Console
) -> None:
    n_groups = len(set(groups.values()))
    if n_groups < n_folds:
        raise ProjectFileError(
            f"{project.path}: the items form {n_groups} groups, fewer than the {n_folds} folds; lower nfold in this "
            "file to that number or less, or group the items more finely"
        )
    pairs = {(label, groups[item]) for item, label in data.labels.items()}
    counts = Counter(label for label, _ in pairs)
    small = {label: count for label, count in sorted(counts.items()) if count < n_folds}
    if small:
        console.warn(
            f"classes with fewer groups than the {n_folds} folds are missing from some folds: {_counts(small)}"
        )


def check_repeats(data: TrainingData, folds: Sequence[Folds], console: Console) -> None:
    """Warn of folds that hold all items of a class, and of repeats whose folds are those of an earlier one."""
    lost = {
        data.classes[code]
        for repeat in folds
        for code in range(len(data.classes))
        if len(set(repeat[data.codes == code].tolist())) == 1
    }
    if lost:
        shown = ", ".join(one_line(label, 40) for label in sorted(lost)[:_SHOWN_CLASSES])
        console.warn(f"all items of a class are in one fold, for which it cannot be learnt: {shown}; change nfold")
    kinds = {_renumbered(repeat).tobytes() for repeat in folds}
    if len(kinds) < len(folds):
        console.warn(f"{len(folds)} repeats have {len(kinds)} different folds only; the data leave no more choice")


def write_folds(
    path: Path, data: TrainingData, evaluations: Sequence[EvaluationSpec], folds: Sequence[Sequence[Folds]]
) -> None:
    """Write folds.tsv: id, class, group (empty without groups), and the fold in each repeat of each evaluation.

    The columns of folds are called ``fold`` with the suffixes of the result files: ``fold``, ``fold_repeat2``,
    ``fold_10fold``. Rows are in the order of the predictions.
    """
    heading = ["id", "class", "group"]
    heading += [f"fold{suffix}" for suffixes in evaluation_suffixes(evaluations) for suffix in suffixes]
    columns = [repeat.tolist() for repeats in folds for repeat in repeats]
    text = io.StringIO()
    writer = csv.writer(text, dialect="excel-tab", lineterminator="\n")
    writer.writerow(heading)
    for item, *numbers in zip(data.table.ids, *columns, strict=True):
        writer.writerow([item, data.labels[item], "" if data.groups is None else data.groups[item], *numbers])
    write_text(path, text.getvalue())


def _counts(small: Mapping[str, int]) -> str:
    return ", ".join(f"{one_line(label, 40)} ({count})" for label, count in list(small.items())[:_SHOWN_CLASSES])


def _renumbered(folds: Folds) -> Folds:
    # The same for assignments that differ in the numbers of the folds only.
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(fold, len(numbers)) for fold in folds.tolist()], dtype=np.int16)
