"""Projects on a feature table: what a caller asks for, and the project file that says it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import make_directory
from fastgrid.common.stopwatch import phase
from fastgrid.descriptors.tables import TableSource, check_table, read_feature_table
from fastgrid.project.generating import keeping_old_project, named_or_path
from fastgrid.project.generation import checked_repeats, generate_project
from fastgrid.project.group_source import GroupSource, table_group_source
from fastgrid.project.grouping import load_grouping
from fastgrid.project.paths import absolute
from fastgrid.project.schema import Project
from fastgrid.project.template_choice import TABLE

PathLike = str | os.PathLike[str]


#: How the command line calls what stands in a project file.
_OPTIONS = {"table": "--table", "labelColumn": "--label", "idColumn": "--id", "excludedDescriptors": "--exclude"}


@dataclass(frozen=True)
class AskedTable:
    """A table as a caller names it, its columns looked up.

    Attributes
    ----------
    table : TableSource
    groups : GroupSource or None
        As it was given.
    default_groups : GroupSource or None
        What the format says, for a new project where none are given.
    excluded : tuple of str
        Patterns of descriptors.
    """

    table: TableSource
    groups: GroupSource | None
    default_groups: GroupSource | None
    excluded: tuple[str, ...]

    @staticmethod
    def of(
        table: PathLike,
        label_column: str | None,
        id_column: str | None,
        table_format: str | None,
        groups: PathLike | None,
        exclude: Sequence[str],
    ) -> AskedTable:
        """Check arguments as they were given against the names of the columns.

        Raises
        ------
        UserError
            When the table cannot be opened, a column is not there, or the column of the classes is not known.
        """
        source = TableSource(absolute(table), label_column, id_column, table_format)
        patterns = tuple(map(_pattern, [exclude] if isinstance(exclude, str) else exclude))
        given = None if groups is None else _groups(groups)
        column = given.name if given is not None and given.kind == "column" else None
        facts = check_table(source, patterns, column)
        if facts.label is None:
            raise UserError(f"{source.path}: which column holds the classes? name it: --label COLUMN")
        if facts.unmatched:
            shown = one_line(facts.unmatched[0].removeprefix("."), 60)
            raise UserError(f"{source.path}: --exclude '{shown}' matches no column; correct it")
        default = None if facts.groups is None else GroupSource("column", facts.groups)
        return AskedTable(source, given, default, patterns)

    def refuse_other_table(self, project: Project) -> None:
        """Refuse a project on other data: its numbers would be taken for those that were asked for.

        Raises
        ------
        UserError
        """
        wanted = {"table": self.table.path, "labelColumn": self.table.label, "idColumn": self.table.id}
        known = project.table
        if known is None:
            raise UserError(f"{project.path}: is a project on descriptor files; give another directory or --force")
        has = {"table": known.path, "labelColumn": known.label, "idColumn": known.id}
        for key, value in wanted.items():
            if has[key] != value:
                raise _other(project, key, has[key], value)
        if self.excluded and self.excluded != project.excluded_descriptors:
            shown = (", ".join(project.excluded_descriptors), ", ".join(self.excluded))
            raise _other(project, "excludedDescriptors", *shown)


def generate_project_from_table(
    table: PathLike,
    project_file: PathLike,
    datasets_dir: PathLike,
    results_dir: PathLike,
    *,
    class_name: str | None = None,
    label_column: str | None = None,
    id_column: str | None = None,
    groups: PathLike | None = None,
    exclude: Sequence[str] = (),
    table_format: str | None = None,
    template: PathLike | None = None,
    seed: float = 1.0,
    repeats: int | None = None,
    cluster_mode: bool = False,
    jobs: int | None = None,
    console: Console | None = None,
) -> Project:
    """Write a project file on a feature table; nothing but the names of the columns and the rows' cells is checked.

    Parameters
    ----------
    table, label_column, id_column, groups, exclude, table_format, template
        As for `fastgrid.train_model_from_table`.
    project_file, datasets_dir, results_dir, seed, repeats, cluster_mode, jobs, console
        As for `fastgrid.generate_classification_project`.
    class_name : str, optional
        What the classes are classes of; by default the name of the project file without its ending.

    Raises
    ------
    UserError
        When the table cannot be used or something cannot be written.
    """
    console, path = console or Console(), absolute(project_file)
    asked = AskedTable.of(table, label_column, id_column, table_format, groups, exclude)
    make_directory(path.parent)
    with console.progress(), keeping_old_project(path, console):
        return generate(
            asked,
            path,
            class_name=path.stem if class_name is None else class_name,
            datasets=absolute(datasets_dir),
            results=absolute(results_dir),
            template=template,
            seed=seed,
            repeats=repeats,
            cluster_mode=cluster_mode,
            jobs=jobs,
            console=console,
        )


def generate(
    asked: AskedTable,
    path: Path,
    *,
    class_name: str,
    datasets: Path,
    results: Path,
    template: PathLike | None,
    seed: float,
    repeats: int | None,
    cluster_mode: bool,
    console: Console,
    jobs: int | None = None,
) -> Project:
    """Write the project file `path`, after the table was read into the cache that the sweep will use.

    Raises
    ------
    UserError
        When a cell of the table or the groups cannot be used: before a project is written that asks for them.
    """
    if repeats is not None:
        checked_repeats(repeats)
    groups = asked.groups or asked.default_groups
    if asked.groups is None and groups is not None:
        console.note(f"{asked.table.path}: its {groups.name} are kept together as groups")
    _check_content(asked, groups, make_directory(datasets) / class_name, console)
    return generate_project(
        path,
        class_name=class_name,
        table=asked.table,
        excluded=asked.excluded,
        datasets_directory=datasets,
        results_directory=results,
        seed=seed,
        template=TABLE if template is None else named_or_path(template),
        number_processes=jobs,
        cluster_mode=cluster_mode,
        groups=groups,
        repeats=repeats,
    )


def check_rows(asked: AskedTable, console: Console) -> None:
    """Read a table for its mistakes alone.

    Raises
    ------
    UserError
        When a cell or the groups cannot be used.
    """
    _check_content(asked, asked.groups or asked.default_groups, None, console)


@phase("reading")
def _check_content(asked: AskedTable, groups: GroupSource | None, cache: Path | None, console: Console) -> None:
    console.expect("reading", 100)
    column = groups.name if groups is not None and groups.kind == "column" else None
    found = read_feature_table(
        asked.table,
        cache=cache,
        excluded=asked.excluded,
        groups=column,
        progress=lambda share: console.advance("reading", int(100 * share)),
    )
    if groups is not None:
        load_grouping(groups, found.labels, f"{asked.table.path}: groups").of_items(
            found.labels, {}, found.collection.texts
        )


def _pattern(text: str) -> str:
    # The whole name of a column: mean is not the end of dur.mean.
    return text if text.startswith((".", "*")) else f".{text}"


def _groups(given: PathLike) -> GroupSource:
    try:
        return table_group_source(given, Path.cwd())
    except ValueError as error:
        raise UserError(f"groups: {error}") from error


def _other(project: Project, key: str, has: object, wanted: object) -> UserError:
    shown = "nothing" if has in (None, "") else f"'{one_line(has, 100)}'"
    asked = "nothing" if wanted in (None, "") else f"'{one_line(wanted, 100)}'"
    return UserError(
        f"{project.path}: its {key} ({_OPTIONS[key]}) is {shown}, not {asked}; edit it, give another directory, or "
        "begin anew (--force)"
    )
