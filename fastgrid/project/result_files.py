"""Result files (.result): the fold of each item and who was taken for what."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastgrid.common.files import write_text
from fastgrid.common.safe_yaml import read_yaml
from fastgrid.common.yaml_dump import dump, scalar_text
from fastgrid.common.yaml_nodes import Entries, Node, Scalar, YamlFile
from fastgrid.project.schema_fields import alternatives, is_null, required, section

_LONG_KEY = 100


@dataclass(frozen=True)
class ResultFile:
    """What a result file holds.

    Attributes
    ----------
    fold : dict of str to int
        The fold in which each item was tested.
    matrix : dict of str to dict of str to list of str
        Actual class -> predicted class -> ids.
    """

    fold: dict[str, int]
    matrix: dict[str, dict[str, list[str]]]


class ResultWriter:
    """Writes many result files of the same items: everything but the predictions is made into text once.

    Parameters
    ----------
    labels : mapping of str to str
        The ground truth; its order is the order of the ids in a cell, fold by fold.
    ids : sequence of str, length n_items
        The items in the order of `fold` and of the predictions; all of them in `labels`.
    fold : sequence of int, length n_items
    classes : sequence of str
        What the codes of predictions stand for.
    """

    def __init__(
        self, labels: Mapping[str, str], ids: Sequence[str], fold: Sequence[int], classes: Sequence[str]
    ) -> None:
        folds = [int(number) for number in fold]
        self._fold_text = dump({"fold": dict(zip(ids, folds, strict=True))}, sort_keys=True)
        position = {item: index for index, item in enumerate(labels)}
        order = sorted(range(len(ids)), key=lambda row: (folds[row], position[ids[row]]))
        # (first line of the class, [(row, line of the item), ...]), in the order in which they are written.
        self._classes = [
            (
                _key_line(label, 2),
                [(row, f"    - {scalar_text(ids[row])}\n") for row in order if labels[ids[row]] == label],
            )
            for label in sorted({labels[item] for item in ids})
        ]
        ranked = sorted(range(len(classes)), key=lambda code: classes[code])
        self._cells = [(code, _key_line(classes[code], 4)) for code in ranked]

    def text(self, predicted: Sequence[int]) -> str:
        """Return the text of a result file.

        Parameters
        ----------
        predicted : sequence of int, length n_items
            Codes of the predicted classes; negative where there is no prediction (the item is left out of the matrix).
        """
        codes = [int(code) for code in predicted]
        parts = []
        for heading, members in self._classes:
            cells: dict[int, list[str]] = {}
            for row, line in members:
                cells.setdefault(codes[row], []).append(line)
            found = [line + "".join(cells[code]) for code, line in self._cells if code in cells]
            if found:
                parts.append(heading + "".join(found))
        return self._fold_text + ("matrix:\n" + "".join(parts) if parts else "matrix: {}\n")

    def write(self, path: str | os.PathLike[str], predicted: Sequence[int]) -> None:
        """Write a result file; see `text`."""
        write_text(path, self.text(predicted))


def read_result(path: str | os.PathLike[str]) -> ResultFile:
    """Read a result file, ours or one that Gaia wrote; ids and classes are text as written.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    ResultFile

    Raises
    ------
    UserError
        When the file cannot be read or is no result file: an id twice or without a fold, a fold that is no number.
    """
    file = read_yaml(path)
    root = section(file, file.root, "a result file", ("fold", "matrix"))
    fold = {
        item: _fold_number(file, item, node)
        for item, node in _mapping(file, required(file, root, "fold", "the result file"), "fold").items()
    }
    matrix = {
        actual: {
            predicted: _ids(file, cell, f"cell {actual}/{predicted}")
            for predicted, cell in _mapping(file, row, f"row {actual}").items()
        }
        for actual, row in _mapping(file, required(file, root, "matrix", "the result file"), "matrix").items()
    }
    _check_ids(file, fold, matrix)
    return ResultFile(fold, matrix)


def _key_line(name: str, indent: int) -> str:
    key = scalar_text(name)
    margin = " " * indent
    return f"{margin}{key}:\n" if len(key) < _LONG_KEY else f"{margin}? {key}\n{margin}:\n"


def _mapping(file: YamlFile, node: Node, what: str) -> dict[str, Node]:
    if not isinstance(node, Entries):
        raise file.error(node, f"{what} must be a mapping; is it a result file?")
    return node.children


def _fold_number(file: YamlFile, item: str, node: Node) -> int:
    if not isinstance(node, Scalar) or not node.text.isascii() or not node.text.isdigit() or len(node.text) > 6:
        raise file.error(node, f"the fold of '{item}' must be a whole number")
    return int(node.text)


def _ids(file: YamlFile, node: Node, what: str) -> list[str]:
    if is_null(node):
        return []
    ids = []
    for item in alternatives(node):
        if not isinstance(item, Scalar):
            raise file.error(item, f"{what} must be a list of ids")
        ids.append(item.text)
    return ids


def _check_ids(file: YamlFile, fold: Mapping[str, int], matrix: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
    seen: set[str] = set()
    for row in matrix.values():
        for ids in row.values():
            for item in ids:
                if item in seen:
                    raise file.error(0, f"id '{item}' stands in the matrix twice")
                if item not in fold:
                    raise file.error(0, f"id '{item}' of the matrix has no fold")
                seen.add(item)
