"""Files that name the group of each item: YAML, JSON, or a table (CSV, TSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError, one_line
from fastgrid.common.safe_yaml import DEFAULT_LIMITS, read_bounded, read_yaml
from fastgrid.common.yaml_nodes import Entries, Node, Scalar, YamlFile, located_error
from fastgrid.descriptors.texts import normal_text
from fastgrid.project.group_source import TABLE_ENDINGS
from fastgrid.project.schema_fields import alternatives, is_null

#: What the column of the groups may be called.
GROUP_COLUMNS = ("group", "artist", "album", "piece")
_ID_COLUMN = "id"
_SHOWN_IDS = 10


@dataclass(frozen=True)
class GroupFile:
    """What a file of groups holds.

    Attributes
    ----------
    path : Path
    values : dict of str to tuple of str
        Id -> one group or several; every item that shares one of them is to be kept with it.
    heading : tuple of str
        The first line of a table, which is taken for names of columns.
    """

    path: Path
    values: dict[str, tuple[str, ...]]
    heading: tuple[str, ...] = field(default=())


def read_group_file(path: Path) -> GroupFile:
    """Read a file of groups.

    Parameters
    ----------
    path : Path
        ``.csv`` and ``.tsv`` are tables with names of columns in the first line, separated by comma, semicolon or
        tab: a column ``id``, or else the first one, and one called as in `GROUP_COLUMNS`, or else the second of two.
        Anything else is a mapping of ids to a group or a list of groups, in YAML or JSON.

    Raises
    ------
    UserError
        When the file cannot be read or is too large, an id is there twice with different groups, or a group is empty.
    """
    if path.suffix.lower() in TABLE_ENDINGS:
        return _read_table(path)
    file = read_yaml(path)
    root = file.root
    if not isinstance(root, Entries) or not root.children:
        raise file.error(root, "no groups; it must be a mapping of at least one id to its group")
    values = {}
    for item, node in root.children.items():
        line = root.key_lines.get(item, node.line)
        if not item:
            raise file.error(line, "an id is empty; write it before the colon")
        values[item] = tuple(dict.fromkeys(_group(file, item, line, part) for part in alternatives(node)))
        if not values[item]:
            raise _empty_group(file.name, line, item)
    return GroupFile(path, values)


def groups_in_file(file: GroupFile, ids: Collection[str], console: Console | None = None) -> dict[str, tuple[str, ...]]:
    """Return the groups of `ids`, in their order.

    Ids that differ from those of the file in Unicode's composition only (NFC, NFD) are the same.

    Raises
    ------
    UserError
        When the file lacks ids. Ids in it that are no items are a warning on `console`.
    """
    composed = {normal_text(item): item for item in file.values}
    named = {item: item if item in file.values else composed.get(normal_text(item)) for item in ids}
    lacking = [item for item, name in named.items() if name is None]
    unknown = list(file.values.keys() - named.values())
    if lacking:
        raise _lacking(file, lacking, len(named), unknown)
    if unknown and console is not None:
        console.warn(f"{file.path}: {len(unknown)} of its ids are no items and are ignored ({_some(sorted(unknown))})")
    return {item: file.values[name] for item, name in named.items() if name is not None}


def _lacking(file: GroupFile, lacking: Sequence[str], n_items: int, unknown: Sequence[str]) -> UserError:
    if set(file.heading).intersection(lacking):
        return located_error(
            str(file.path), 1, "names of columns are needed in the first line; put 'id,group' above the first item"
        )
    rule = "an id is the file's name without its ending, or what --id names in a table"
    hint = f"; {rule}, not as '{one_line(min(unknown), 60)}'" if unknown else ""
    return UserError(
        f"{file.path}: lacks the groups of {len(lacking)} of {n_items} items ({_some(lacking)}); add them{hint}"
    )


def _some(ids: Sequence[str]) -> str:
    shown = ", ".join(one_line(item, 60) for item in ids[:_SHOWN_IDS])
    return shown if len(ids) <= _SHOWN_IDS else f"{shown}, …"


def _group(file: YamlFile, item: str, line: int, node: Node) -> str:
    if not isinstance(node, Scalar):
        raise file.error(line, f"the group of '{item}' must be one name or a list of names")
    group = "" if is_null(node) else normal_text(node.text)
    if not group:
        raise _empty_group(file.name, line, item)
    return group


def _empty_group(name: str, line: int, item: str) -> UserError:
    shown = one_line(item, 60)
    return located_error(name, line, f"the group of '{shown}' is empty; write one, or the id again if it has no other")


def _read_table(path: Path) -> GroupFile:
    rows = _rows(path)
    heading: tuple[str, ...] = ()
    columns = (0, 1)
    values: dict[str, tuple[str, ...]] = {}
    lines: dict[str, int] = {}
    for line, row in rows:
        if not heading:
            heading = tuple(row)
            columns = _columns(path, heading)
            continue
        if len(row) <= max(columns):
            raise located_error(str(path), line, f"has {len(row)} columns, not {len(heading)} as the first line")
        item, group = row[columns[0]], normal_text(row[columns[1]])
        if not item:
            raise located_error(str(path), line, "an id is empty; write it or remove the line")
        if not group:
            raise _empty_group(str(path), line, item)
        if values.setdefault(item, (group,)) != (group,):
            first = one_line(values[item][0], 60)
            raise located_error(
                str(path), line, f"id '{item}' has group '{group}' here and '{first}' on line {lines[item]}; remove one"
            )
        lines.setdefault(item, line)
    if not values:
        raise UserError(f"{path}: holds no groups; it must have a line of names of columns and one line for each item")
    return GroupFile(path, values, heading)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    # The lines that are not empty, each with its number.
    try:
        text = read_bounded(path, DEFAULT_LIMITS.size).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    first = text.lstrip().partition("\n")[0]
    delimiter = max(("\t", ",", ";") if path.suffix.lower() == ".tsv" else (",", ";", "\t"), key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise located_error(str(path), reader.line_num, f"not a valid table ({one_line(error)})") from error


def _columns(path: Path, heading: Sequence[str]) -> tuple[int, int]:
    # Where the id and the group stand.
    names = [name.strip().casefold() for name in heading]
    item = names.index(_ID_COLUMN) if _ID_COLUMN in names else 0
    found = [names.index(name) for name in GROUP_COLUMNS if name in names and names.index(name) != item]
    if len(found) > 1 and names[found[0]] != GROUP_COLUMNS[0]:
        several = " and ".join(names[column] for column in found)
        raise located_error(str(path), 1, f"has the columns {several}; call the one that counts 'group'")
    if found:
        return item, found[0]
    others = [column for column in range(len(names)) if column != item]
    if len(others) != 1:
        wanted = ", ".join(GROUP_COLUMNS)
        raise located_error(
            str(path), 1, f"has {len(names)} columns and none called {wanted}; call the column of the groups 'group'"
        )
    return item, others[0]
