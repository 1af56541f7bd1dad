"""``errors``: the items that the best combination misclassifies, and how many other good ones miss them too."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fastgrid.common.errors import UserError, one_line
from fastgrid.evaluation import count_misses, distinct_leaders
from fastgrid.project.items import files_of
from fastgrid.project.judging import choose
from fastgrid.project.outputs import project_names
from fastgrid.project.paths import absolute, printable
from fastgrid.project.record import Ranked, load_record, ranked
from fastgrid.project.schema import Project, load_project
from fastgrid.report.missed_items import MissedItem
from fastgrid.report.predictions import Predictions
from fastgrid.report.rows import ReportRow

PathLike = str | os.PathLike[str]

#: How many leading combinations are asked by default.
LEADING = 10
_MOST_NAMED = 40


@dataclass(frozen=True, eq=False)
class Misclassified:
    """What the best combinations get wrong.

    Attributes
    ----------
    items : tuple of MissedItem
        Most often missed first, then by id.
    best : ReportRow
        The combination whose mistakes these are.
    leading : int
        How many combinations were asked.
    n_items : int
        How many items were tested.
    """

    items: tuple[MissedItem, ...]
    best: ReportRow
    leading: int
    n_items: int


def errors(
    output: PathLike,
    *,
    actual: str | None = None,
    taken_for: str | None = None,
    leading: int = LEADING,
    everything: bool = False,
    select: str | None = None,
) -> Misclassified:
    """List the items that the best combination of a finished sweep misclassifies.

    Beside each stands how many of the leading combinations miss it: the best one and those that come next in the
    ranking, as long as they predict something else than all before them. With repeats each of them is asked as often,
    and what the best one misses in any of them is listed. An item that all of them miss may be labelled wrongly. Where
    a project has several evaluations, that of the best combination counts.

    Parameters
    ----------
    output : path-like
        The output directory of a training, with one project file in it, or a project file.
    actual : str, optional
        Only items of this class.
    taken_for : str, optional
        Only items that are taken for this class: by the best combination, or where that one is right, by most of the
        leading ones that are wrong.
    leading : int
        How many combinations to ask at most, 1 or more.
    everything : bool
        Also items that the best combination gets right, but another leading one misses.

    select : {"accuracy", "normalized_accuracy", "one-standard-error"}, optional
        By which rule the best combination is selected; by default that of the training.

    Returns
    -------
    Misclassified

    Raises
    ------
    UserError
        When there is no project or more than one, no results or no longer those of the project, no such class, or an
        item that the file list no longer names.
    ValueError
        When `leading` is below 1.
    """
    if leading < 1:
        raise ValueError(f"leading is {leading}; ask 1 combination or more")
    project = load_project(_project_file(absolute(output)))
    record = load_record(project)
    standing = ranked(record, project.path.parent)
    choice = choose(record, standing, select)
    best, evaluation = standing.rows[choice.place], choice.evaluation
    repeats = record.repeats[evaluation]
    given = repeats[0]
    for name in (actual, taken_for):
        _check_class(project, given, name)
    sets = [repeat.predicted for repeat in repeats]
    leaders = distinct_leaders(sets, [choice.combination, *_complete(standing, evaluation)], leading)
    found = _missed(repeats, leaders, _files(project, given), everything)
    items = [item for item in found if actual in (None, item.actual) and taken_for in (None, _wrong_class(item))]
    items.sort(key=lambda item: (-item.missed, item.id))
    return Misclassified(tuple(items), best, len(leaders), int(np.count_nonzero(given.fold >= 0)))


def _project_file(path: Path) -> Path:
    if not path.exists():
        raise UserError(
            f"{printable(path)}: there is no such file or directory; give the output directory of a training"
        )
    if not path.is_dir():
        return path
    names = sorted(project_names(path))
    if not names:
        raise UserError(f"{printable(path)}: holds no .project file; give the output directory of a training")
    if len(names) > 1:
        listed = ", ".join(one_line(f"{name}.project", 60) for name in names[:_MOST_NAMED])
        raise UserError(f"{printable(path)}: holds {len(names)} projects ({listed}); give the file of one of them")
    return path / f"{names[0]}.project"


def _check_class(project: Project, given: Predictions, name: str | None) -> None:
    if name is None or name in given.classes:
        return
    listed = ", ".join(one_line(known, 60) for known in given.classes[:_MOST_NAMED])
    more = ", …" if len(given.classes) > _MOST_NAMED else ""
    raise UserError(f"{printable(project.path)}: has no class '{one_line(name, 60)}'; it has {listed}{more}")


def _complete(standing: Ranked, evaluation: int) -> list[int]:
    # The combinations that have a rank, best first: failed ones have no prediction of some items.
    return [
        combination
        for row, (which, combination) in zip(standing.rows, standing.positions, strict=True)
        if which == evaluation and row.scores is not None
    ]


def _files(project: Project, given: Predictions) -> Mapping[str, Path]:
    files = files_of(project)
    lost = [item for item in given.ids if item not in files]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise UserError(
            f"{printable(project.filelist)}: has changed since these results: it lacks '{one_line(lost[0], 60)}'{more};"
            f" put it back, or run: fastgrid run_tests {printable(project.path)}"
        )
    return files


def _missed(
    repeats: Sequence[Predictions], leaders: Sequence[int], files: Mapping[str, Path], everything: bool
) -> list[MissedItem]:
    # In the order of the predictions. Of several repeats, the first in which the best combination is wrong counts.
    given = repeats[0]
    misses = count_misses([(repeat.predicted, leaders) for repeat in repeats], given.actual)
    first = given.predicted[leaders[0]].copy()
    for repeat in repeats[1:]:
        right = first == given.actual
        first[right] = repeat.predicted[leaders[0], right]
    listed = misses.missed > 0 if everything else (first >= 0) & (first != given.actual)
    return [
        MissedItem(
            id=given.ids[item],
            path=os.fspath(files[given.ids[item]]),
            actual=given.classes[given.actual[item]],
            predicted=given.classes[first[item]],
            missed=int(misses.missed[item]),
            of=int(misses.answers[item]),
            most_often=given.classes[misses.most_often[item]],
        )
        for item in np.flatnonzero(listed & (given.fold >= 0)).tolist()
    ]


def _wrong_class(item: MissedItem) -> str:
    return item.predicted if item.predicted != item.actual else item.most_often
