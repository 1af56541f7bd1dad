"""What a caller of a training wants of its folds, and whether a project that exists already agrees."""

from __future__ import annotations

import os
from dataclasses import dataclass

from fastgrid.common.errors import UserError
from fastgrid.project.generation import checked_repeats
from fastgrid.project.group_source import GroupSource, asked_source
from fastgrid.project.schema import Project

_REMEDY = "or begin anew (--force, or another PROJECT_FILE)"


@dataclass(frozen=True)
class Asked:
    """What stands in a project, as far as the caller has a wish; None without.

    Attributes
    ----------
    seed : float or None
    groups : GroupSource or None
    repeats : int or None
    """

    seed: float | None
    groups: GroupSource | None
    repeats: int | None

    @staticmethod
    def of(seed: float | None, groups: str | os.PathLike[str] | None, repeats: int | None) -> Asked:
        """Check arguments as they were given.

        Raises
        ------
        UserError
            When groups are nothing of the kind, or repeats no number of repeats.
        """
        return Asked(seed, asked_source(groups), None if repeats is None else checked_repeats(repeats))

    def refuse_other_folds(self, project: Project) -> None:
        """Refuse a project with other groups or repeats: its numbers would be taken for those that were asked for.

        Raises
        ------
        UserError
            With what to write into the project.
        """
        if self.groups is not None and not self.groups.is_same(project.groups):
            directory = project.path.parent
            has = "no groups" if project.groups is None else f"'groups: {project.groups.as_written(directory)}'"
            wanted = self.groups.as_written(directory)
            raise UserError(f"{project.path}: has {has}; write 'groups: {wanted}' into it and try again, {_REMEDY}")
        found = sorted({evaluation.repeats for evaluation in project.evaluations})
        if self.repeats is not None and found != [self.repeats]:
            shown = " and ".join(map(str, found))
            raise UserError(
                f"{project.path}: its evaluations have repeats {shown}, not {self.repeats}; write "
                f"'repeats: {self.repeats}' beside nfold and try again, {_REMEDY}"
            )
