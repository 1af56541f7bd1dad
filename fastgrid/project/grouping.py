"""The group of every item, and whether folds can be made of them."""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.sources import read_documents
from fastgrid.descriptors.tables.building import GROUPS
from fastgrid.descriptors.texts import text_paths
from fastgrid.project.group_files import groups_in_file, read_group_file
from fastgrid.project.group_source import PARENT_FOLDER, GroupSource

Values = Mapping[str, tuple[str, ...]]

#: Files that are looked into for descriptors that might have been meant.
_FILES_SEARCHED = 20
_MOST_SIMILAR = 5


@dataclass(frozen=True, eq=False)
class Grouping:
    """Where groups come from, and what a file of groups says; see `load_grouping`.

    Attributes
    ----------
    source : GroupSource
    where : str
        How messages call the place that asked for it.
    in_file : mapping of str to tuple of str, optional
        Id -> groups, for all items of the ground truth, where they come from a file.
    """

    source: GroupSource
    where: str
    in_file: Values | None = None

    def of_items(
        self,
        labels: Mapping[str, str],
        files: Mapping[str, Path],
        texts: Mapping[str, Values],
        console: Console | None = None,
    ) -> dict[str, str]:
        """Return the group of each item of `labels`, in their order; groups that cannot be used are refused.

        Parameters
        ----------
        labels : mapping of str to str
            Class of each item that is trained on.
        files : mapping of str to Path
            Their descriptor files.
        texts : mapping of str to mapping of str to tuple of str
            Path -> id -> what the file holds there (`fastgrid.descriptors.collection.Collection`).
        console : Console, optional
            Told of what groups cannot do.

        Raises
        ------
        UserError
            When no file has the descriptor, or one group holds a whole class.
        """
        if self.source.kind == PARENT_FOLDER:
            values: Values = _folders({item: files[item] for item in labels})
        elif self.in_file is not None:
            values = {item: self.in_file[item] for item in labels}
        elif self.source.kind == "column":
            values = self._in_column(labels, texts[GROUPS], console)
        else:
            values = self._in_descriptor(labels, files, texts[self.source.name], console)
        groups = connected_groups({item: values.get(item, ()) for item in labels})
        self._refuse_whole_classes(labels, groups)
        if console is not None and len(set(groups.values())) == len(groups):
            console.warn(f"{self.where}: no two items share a group; the folds are as good as without groups")
        return groups

    def _in_column(self, labels: Mapping[str, str], texts: Values, console: Console | None) -> Values:
        found = {item: texts[item] for item in labels if item in texts}
        lacking = len(labels) - len(found)
        if lacking and console is not None:
            console.warn(
                f"{lacking} of {len(labels)} rows have nothing in column '{one_line(self.source.name, 60)}': each of "
                "them is a group of its own"
            )
        return found

    def _in_descriptor(
        self, labels: Mapping[str, str], files: Mapping[str, Path], texts: Values, console: Console | None
    ) -> Values:
        found = {item: texts[item] for item in labels if item in texts}
        if not found:
            similar = _similar_paths(self.source.name, [files[item] for item in labels])
            remedy = f"similar are {', '.join(similar)}" if similar else "give a descriptor that holds text"
            raise UserError(
                f"{self.where}: '{one_line(self.source.name, 100)}' is no text descriptor of any file, and no file of "
                f"that name exists; {remedy}"
            )
        lacking = len(labels) - len(found)
        if lacking and console is not None:
            console.warn(
                f"{lacking} of {len(labels)} files lack {self.source.name}: each of them is a group of its own"
            )
        return found

    def _refuse_whole_classes(self, labels: Mapping[str, str], groups: Mapping[str, str]) -> None:
        groups_of_class: dict[str, set[str]] = {}
        for item, label in labels.items():
            groups_of_class.setdefault(label, set()).add(groups[item])
        whole = sorted(label for label, found in groups_of_class.items() if len(found) == 1)
        if not whole:
            return
        (group,) = groups_of_class[whole[0]]
        count = sum(label == whole[0] for label in labels.values())
        more = f" (and so for {len(whole) - 1} more classes)" if len(whole) > 1 else ""
        remedy = "add items of other groups, or remove the class"
        if self.source.kind == PARENT_FOLDER:
            remedy = "put the files of each group into a folder of their own below that of the class"
        where = f"{self.where}: {self.source.name}" if self.in_file is not None else self.where
        raise UserError(
            f"{where}: group '{one_line(group, 60)}' holds all {count} items of class {one_line(whole[0], 60)}"
            f"{more}, which could then not be both trained on and tested; {remedy}"
        )


def load_grouping(source: GroupSource, ids: Collection[str], where: str, console: Console | None = None) -> Grouping:
    """Read what can be read before any descriptor file is: a file of groups.

    Parameters
    ----------
    source : GroupSource
    ids : collection of str
        All items of the ground truth.
    where : str
        How messages call the place that asked for it: the project file and key, or the option.
    console : Console, optional
        Told of ids in the file that are no items.

    Raises
    ------
    UserError
        When the file cannot be read or lacks items.
    """
    if source.kind != "file":
        return Grouping(source, where)
    return Grouping(source, where, groups_in_file(read_group_file(Path(source.name)), ids, console))


def connected_groups(values: Values) -> dict[str, str]:
    """Return one group for each item: items that share a value, directly or by way of others, are together.

    Parameters
    ----------
    values : mapping of str to tuple of str
        Item -> its values (the artists of a piece). An item without any is a group of its own.

    Returns
    -------
    dict of str to str
        In the order of `values`. A group is called by the value that most of its items have (of several the first in
        alphabetical order), one without values by its item in brackets.

    Examples
    --------
    >>> connected_groups({"a": ("Ann",), "b": ("Ann", "Bob"), "c": ("Bob",), "d": ("Cid",), "e": ()})
    {'a': 'Ann', 'b': 'Ann', 'c': 'Ann', 'd': 'Cid', 'e': '(e)'}
    """
    above: dict[str, str] = {}

    def root(value: str) -> str:
        while above[value] != value:
            above[value] = above[above[value]]
            value = above[value]
        return value

    for found in values.values():
        for value in found:
            above.setdefault(value, value)
            above[root(value)] = root(found[0])
    counts = Counter(value for found in values.values() for value in set(found))
    names: dict[str, str] = {}
    for value, _ in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
        names.setdefault(root(value), value)
    taken = set(above)
    return {item: names[root(found[0])] if found else _own_name(item, taken) for item, found in values.items()}


def _own_name(item: str, taken: set[str]) -> str:
    name = f"({item})"
    while name in taken:
        name = f"({name})"
    taken.add(name)
    return name


def _folders(files: Mapping[str, Path]) -> dict[str, tuple[str, ...]]:
    # Named from the folder that is above all of them, so that everything may be moved.
    try:
        common = os.path.commonpath([file.parent for file in files.values()])
    except ValueError:  # several drives of Windows
        return {item: (file.parent.as_posix(),) for item, file in files.items()}
    return {item: (file.parent.relative_to(common).as_posix(),) for item, file in files.items()}


def _similar_paths(wanted: str, files: Sequence[Path]) -> list[str]:
    # The text descriptors of some files that might have been meant: below the path, or spelt like it.
    known: dict[str, None] = {}
    for _, tree in read_documents({str(file): file for file in files[:_FILES_SEARCHED]}):
        if isinstance(tree, UserError):
            raise tree
        known.update(dict.fromkeys(text_paths(tree)))
    below = [path for path in known if path.startswith(f"{wanted}.") or path.endswith(f".{wanted}")]
    close = difflib.get_close_matches(wanted, [*known, PARENT_FOLDER], n=_MOST_SIMILAR, cutoff=0.6)
    return list(dict.fromkeys([*below, *close]))[:_MOST_SIMILAR]
