"""One table file -> the table of its descriptors, with the class and the group of every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.assemble import EMPTY
from fastgrid.descriptors.collection import EXCLUDED
from fastgrid.descriptors.patterns import expand
from fastgrid.descriptors.table import Descriptor, DescriptorTable, Kind, item_order
from fastgrid.descriptors.tables.blocks import (
    MAXIMAL_VALUES,
    NOTHING,
    NUMBERS,
    TEXTS,
    Block,
    TableReader,
    check_rows,
    row_name,
)
from fastgrid.descriptors.tables.formats import TableSource
from fastgrid.descriptors.tables.gathering import Names, NumberColumns, TextColumn, bad_place
from fastgrid.descriptors.tables.names import check_columns, column_called, descriptor_name
from fastgrid.descriptors.texts import normal_text
from fastgrid.descriptors.validity import CONSTANT, clean, compacted

#: Where a collection that was a table keeps classes and groups.
LABELS, GROUPS = "label", "groups"
#: More are no classes.
MOST_CLASSES = 10_000
NO_NAME = "has no name in the first line"
#: Bytes of the text of all columns together.
_MOST_TEXT = 2 * 1024**3


@dataclass(frozen=True, eq=False)
class Built:
    """What a table holds.

    Attributes
    ----------
    table : DescriptorTable
    labels : dict of str to str
        Class of each item, sorted by id; empty where no column of classes was named.
    groups : dict of str to tuple of str
        Likewise, where a column of groups was named; items without a group are missing.
    left_out : dict of str to str
        Descriptor -> reason, sorted by name.
    unmatched : tuple of str
        Patterns of excluded descriptors that match nothing.
    """

    table: DescriptorTable
    labels: dict[str, str]
    groups: dict[str, tuple[str, ...]]
    left_out: dict[str, str]
    unmatched: tuple[str, ...]


@dataclass(eq=False)
class Roles:
    """Which column is what.

    Attributes
    ----------
    label, id, groups : int or None
    features : list of int
        In the order of the names of their descriptors.
    left_out : dict of str to str
        Columns that are not read -> reason.
    unmatched : tuple of str
    """

    label: int | None
    id: int | None
    groups: int | None
    features: list[int] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()


def roles_of(
    source: TableSource, reader: TableReader, excluded: Sequence[str] = (), groups: str | None = None
) -> Roles:
    """Tell what the columns of a table are.

    Parameters
    ----------
    source : TableSource
    reader : TableReader
    excluded : sequence of str
        Patterns of descriptors to leave out.
    groups : str, optional
        The column of the groups.

    Raises
    ------
    UserError
        When a column is not there, two have the same name, or one is wanted for two things.
    """
    check_columns(source.path, reader.columns)
    label = reader.label if source.label is None else source.label
    wanted = {"label": label, "id": source.id, "groups": groups}
    found = {
        what: None if name is None else column_called(source.path, reader, name, what) for what, name in wanted.items()
    }
    if found["label"] is not None and found["label"] in (found["id"], found["groups"]):
        raise UserError(f"{source.path}: column '{one_line(label, 60)}' is the label, and so neither id nor groups")
    roles = Roles(found["label"], found["id"], found["groups"])
    # What the format itself takes for classes and groups is never a descriptor.
    aside = {*found.values(), *(reader.columns.index(name) for name in (reader.label, reader.groups) if name)}
    names: dict[str, int] = {}
    for column, name in enumerate(reader.columns):
        if column in aside:
            continue
        if name:
            names[descriptor_name(name)] = column
        else:
            roles.left_out[f"column {column + 1}"] = NO_NAME
    expansion = expand(excluded, list(names))
    roles.left_out |= dict.fromkeys(expansion.names, EXCLUDED)
    # Columns that are no descriptors anyway may be excluded as well.
    roles.unmatched = expand(excluded, [descriptor_name(name) for name in reader.columns if name]).unmatched
    roles.features = [names[name] for name in sorted(names.keys() - set(expansion.names))]
    return roles


def build(
    source: TableSource, reader: TableReader, roles: Roles, progress: Callable[[float], None] | None = None
) -> Built:
    """Read a whole table.

    Parameters
    ----------
    source : TableSource
    reader : TableReader
    roles : Roles
    progress : callable, optional
        Called with the share that was read so far.

    Raises
    ------
    UserError
        With the line and the column where a cell cannot be used, an id is there twice, or nothing is there.
    """
    gathered = _Gathered(source, reader, roles)
    for block in reader.blocks([*(n for n in (roles.label, roles.id, roles.groups) if n is not None), *roles.features]):
        gathered.take(block)
        if progress is not None:
            progress(reader.share())
    if not gathered.n_rows:
        raise UserError(f"{source.path}: holds no rows; give a table with at least one row for each item")
    return gathered.built()


class _Gathered:
    # What has been read so far.

    def __init__(self, source: TableSource, reader: TableReader, roles: Roles) -> None:
        self.n_rows = 0
        self._path, self._columns, self._roles = source.path, reader.columns, roles
        self._labels = None if roles.label is None else Names(self._path, reader.columns[roles.label], "class")
        self._ids = None if roles.id is None else Names(self._path, reader.columns[roles.id], "id")
        self._seen: dict[str, str] = {}
        self._groups: list[str] = []
        self._kinds: dict[int, str] = {}
        self._number_columns: list[int] = []
        self._numbers = NumberColumns(0)
        self._texts: dict[int, TextColumn] = {}

    def take(self, block: Block) -> None:
        roles = self._roles
        check_rows(self._path, self.n_rows + block.n_rows)
        if self.n_rows == 0:
            self._kinds = {column: block.kind(column) for column in roles.features}
            self._number_columns = [column for column, kind in self._kinds.items() if kind == NUMBERS]
            self._numbers = NumberColumns(len(self._number_columns))
        self._check_size(block)
        if self._labels is not None and roles.label is not None:
            self._labels.take(block, block.texts(roles.label))
            self._check_classes()
        if self._ids is not None and roles.id is not None:
            ids = block.texts(roles.id)
            self._ids.take(block, ids)
            self._refuse_twice(block, ids)
        if roles.groups is not None:
            self._groups += map(normal_text, block.texts(roles.groups))
        self._take_numbers(block)
        for column in roles.features:
            self._take_text(block, column)
        self.n_rows += block.n_rows

    def _check_size(self, block: Block) -> None:
        if (self.n_rows + block.n_rows) * max(1, len(self._number_columns)) > MAXIMAL_VALUES:
            raise UserError(
                f"{self._path}: holds more than {MAXIMAL_VALUES} values; exclude columns or choose some of its rows"
            )

    def _check_classes(self) -> None:
        if self._labels is not None and self._labels.n_different > MOST_CLASSES:
            name = one_line(self._columns[self._roles.label or 0], 60)
            raise UserError(
                f"{self._path}: column '{name}' holds more than {MOST_CLASSES} classes; is it the right column?"
            )

    def _refuse_twice(self, block: Block, ids: Sequence[str]) -> None:
        for row, item in enumerate(ids):
            if item in self._seen:
                shown = one_line(item, 60)
                raise bad_place(
                    self._path,
                    block,
                    row,
                    f"id '{shown}' is there twice, first in {self._seen[item]}; rename one of them",
                )
            self._seen[item] = block.place(row)

    def _take_numbers(self, block: Block) -> None:
        if not self._number_columns:
            return
        numbers, bad = block.numbers(self._number_columns)
        if bad:
            cell = bad[0]
            name = one_line(self._columns[cell.column], 60)
            raise bad_place(
                self._path,
                block,
                cell.row,
                f"column '{name}' holds '{one_line(cell.text, 40)}', which is no number; correct it, or leave the "
                f"column out: --exclude '{name}'",
            )
        self._numbers.take(block, numbers)

    def _take_text(self, block: Block, column: int) -> None:
        kind = self._kinds[column]
        if kind == NOTHING:
            # Nothing was there so far.
            kind = self._kinds[column] = block.kind(column)
            if kind == NUMBERS:
                self._kinds[column] = "is missing in the first rows"
        if kind == TEXTS:
            if column not in self._texts:
                self._texts[column] = TextColumn(self.n_rows)
            self._texts[column].take(block.texts(column))

    def built(self) -> Built:
        ids = [row_name(n) for n in range(1, self.n_rows + 1)] if self._ids is None else self._ids.values
        order = np.array(sorted(range(self.n_rows), key=lambda row: item_order(ids[row])), dtype=np.intp)
        sorted_ids = tuple(ids[row] for row in order.tolist())
        left_out = dict(self._roles.left_out)
        values = self._values(order, left_out)
        text = self._text(order, left_out)
        for column, kind in self._kinds.items():
            if kind == NOTHING:
                self._leave_out(left_out, column, EMPTY.replace("file", "row"))
            elif kind not in (NUMBERS, TEXTS):
                self._leave_out(left_out, column, kind)
        kept = [column for column in self._roles.features if self._name(column) not in left_out]
        kinds = {NUMBERS: Kind.REAL, TEXTS: Kind.TEXT}
        descriptors = tuple(Descriptor(self._name(column), kinds[self._kinds[column]], 1) for column in kept)
        # By code points, as the items of class folders are: the folds are made from this order.
        by_name = sorted(range(self.n_rows), key=ids.__getitem__)
        return Built(
            table=DescriptorTable(sorted_ids, descriptors, values, text),
            labels={} if self._labels is None else {ids[row]: self._labels.values[row] for row in by_name},
            groups={ids[row]: (self._groups[row],) for row in by_name if self._groups and self._groups[row]},
            left_out=dict(sorted(left_out.items())),
            unmatched=self._roles.unmatched,
        )

    def _values(self, order: npt.NDArray[np.intp], left_out: dict[str, str]) -> npt.NDArray[np.float32]:
        usable = []
        for place, column in enumerate(self._number_columns):
            reason = self._numbers.reason(place)
            if reason:
                self._leave_out(left_out, column, reason)
            else:
                usable.append(place)
        values = self._numbers.matrix(order, usable)
        findings = clean(values, np.arange(len(usable), dtype=np.intp))
        for place, constant in zip(usable, findings.constant.tolist(), strict=True):
            if constant:
                self._leave_out(left_out, self._number_columns[place], CONSTANT)
        return compacted(values, ~findings.dropped) if findings.dropped.any() else values

    def _text(self, order: npt.NDArray[np.intp], left_out: dict[str, str]) -> npt.NDArray[np.str_]:
        usable: dict[int, TextColumn] = {}
        for column, texts in sorted(self._texts.items(), key=lambda entry: self._name(entry[0])):
            if texts.reason:
                self._leave_out(left_out, column, texts.reason)
            else:
                usable[column] = texts
        longest = max((texts.longest for texts in usable.values()), default=0)
        if 4 * longest * len(usable) * self.n_rows > _MOST_TEXT:
            widest = max(usable, key=lambda column: usable[column].longest)
            raise UserError(
                f"{self._path}: its columns of text take more than {_MOST_TEXT >> 30} GiB; leave some out, first "
                f"--exclude '{one_line(self._columns[widest], 60)}'"
            )
        found = [texts.texts(order) for texts in usable.values()]
        return np.stack(found, axis=1) if found else np.empty((self.n_rows, 0), dtype="<U1")

    def _leave_out(self, left_out: dict[str, str], column: int, reason: str) -> None:
        left_out[self._name(column)] = reason

    def _name(self, column: int) -> str:
        return descriptor_name(self._columns[column])


def texts_of(built: Built) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return classes and groups in the form in which a collection keeps text."""
    return {LABELS: {item: (label,) for item, label in built.labels.items()}, GROUPS: built.groups}
