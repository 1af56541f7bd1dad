"""The confusion matrix, and the arrays behind a stored result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError, one_line

Codes = npt.NDArray[np.integer]

# A class needs an item per fold, and class codes are int16: more folds than this is a damaged file.
MOST_FOLDS = 32767
MOST_CLASSES = 32767

_REMEDY = "run the tests again to write it anew"


@dataclass(frozen=True, eq=False)
class ResultArrays:
    """One combination's predictions as arrays.

    Attributes
    ----------
    ids : tuple of str
        The items, sorted.
    classes : tuple of str
        The class names that occur as actual or predicted, sorted.
    actual, predicted : ndarray of int16, shape (n_items,)
        Codes into `classes`.
    fold : ndarray of int16, shape (n_items,)
        The fold in which each item was tested.
    """

    ids: tuple[str, ...]
    classes: tuple[str, ...]
    actual: npt.NDArray[np.int16]
    predicted: npt.NDArray[np.int16]
    fold: npt.NDArray[np.int16]

    @property
    def n_folds(self) -> int:
        """The highest fold number plus one."""
        return int(self.fold.max()) + 1


def confusion(predicted_row: Codes, actual: Codes, n_classes: int) -> npt.NDArray[np.int64]:
    """Count the predictions of one combination.

    Parameters
    ----------
    predicted_row : ndarray of int, shape (n_items,)
        Predicted class codes; items with -1 (no prediction) are not counted.
    actual : ndarray of int, shape (n_items,)
        Actual class codes.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of int64, shape (n_classes, n_classes)
        Rows are actual, columns predicted classes.

    Raises
    ------
    ValueError
        When the shapes differ.

    Examples
    --------
    >>> confusion(np.array([0, 1, 1, -1]), np.array([0, 0, 1, 1]), n_classes=2)
    array([[1, 1],
           [0, 1]])
    """
    if predicted_row.ndim != 1 or predicted_row.shape != actual.shape:
        raise ValueError(f"predicted {predicted_row.shape} and actual {actual.shape} do not fit together")
    made = predicted_row >= 0
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(counts, (actual[made], predicted_row[made]), 1)
    return counts


def arrays_from_result(
    matrix: Mapping[str, Mapping[str, Sequence[str]]], fold: Mapping[str, int], source: str = "the result"
) -> ResultArrays:
    """Turn the two mappings of a stored result into arrays, from which every score can be computed.

    Parameters
    ----------
    matrix : mapping of str to mapping of str to sequence of str
        Actual class -> predicted class -> ids; cells without items may be missing.
    fold : mapping of str to int
        The fold of each id.
    source : str
        What an error message calls the origin of the mappings: the file name.

    Returns
    -------
    ResultArrays
        Items and classes sorted, so that the order of the mappings does not matter.

    Raises
    ------
    UserError
        When the content is not of that form, an id stands in two cells, ids and folds disagree, or there are more than
        32767 classes.
    """
    cells = _cells(matrix, source)
    folds = _folds(fold, source)
    _check_same_ids(cells, folds, source)
    ids = tuple(sorted(cells))
    classes = tuple(sorted({name for pair in cells.values() for name in pair}))
    if len(classes) > MOST_CLASSES:
        raise UserError(f"{source}: names {len(classes)} classes, more than {MOST_CLASSES}; is it the right file?")
    code = {name: number for number, name in enumerate(classes)}
    return ResultArrays(
        ids=ids,
        classes=classes,
        actual=np.array([code[cells[item][0]] for item in ids], dtype=np.int16),
        predicted=np.array([code[cells[item][1]] for item in ids], dtype=np.int16),
        fold=np.array([folds[item] for item in ids], dtype=np.int16),
    )


def _cells(matrix: object, source: str) -> dict[str, tuple[str, str]]:
    """Return (actual, predicted) of every id."""
    found: dict[str, tuple[str, str]] = {}
    for actual, row in _items(matrix, source, "matrix"):
        for predicted, ids in _items(row, source, f"matrix: {one_line(actual, 60)}"):
            for item in _texts(ids, source, actual, predicted):
                if item in found:
                    raise UserError(f"{source}: id {one_line(item, 60)!r} stands in two cells of matrix; {_REMEDY}")
                found[item] = (actual, predicted)
    if not found:
        raise UserError(f"{source}: matrix holds no ids; {_REMEDY}")
    return found


def _folds(fold: object, source: str) -> dict[str, int]:
    folds: dict[str, int] = {}
    for item, number in _items(fold, source, "fold"):
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < MOST_FOLDS:
            raise UserError(
                f"{source}: fold of id {one_line(item, 60)!r} is {one_line(repr(number), 60)},"
                f" not a fold number from 0; {_REMEDY}"
            )
        folds[item] = number
    return folds


def _check_same_ids(cells: Mapping[str, object], folds: Mapping[str, object], source: str) -> None:
    for only_in, missing_in, ids in (
        ("matrix", "fold", cells.keys() - folds.keys()),
        ("fold", "matrix", folds.keys() - cells.keys()),
    ):
        if ids:
            raise UserError(
                f"{source}: {len(ids)} ids stand in {only_in} but not in {missing_in}, such as"
                f" {one_line(min(ids), 60)!r}; {_REMEDY}"
            )


def _items(mapping: object, source: str, key: str) -> list[tuple[str, object]]:
    if not isinstance(mapping, Mapping):
        raise UserError(f"{source}: {key} is not a mapping; {_REMEDY}")
    for name in mapping:
        if not isinstance(name, str):
            raise UserError(f"{source}: {key} has the key {one_line(repr(name), 60)}, which is not text; {_REMEDY}")
    return list(mapping.items())


def _texts(ids: object, source: str, actual: str, predicted: str) -> Sequence[str]:
    if isinstance(ids, str) or not isinstance(ids, Sequence) or not all(isinstance(i, str) for i in ids):
        raise UserError(
            f"{source}: matrix: {one_line(actual, 60)}: {one_line(predicted, 60)} is not a list of ids; {_REMEDY}"
        )
    return ids
