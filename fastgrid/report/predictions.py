"""All predictions of a sweep in one file, results/predictions.npz: what every number can be computed from again."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.array_errors import ARRAY_ERRORS
from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import replacing

Array = npt.NDArray[Any]

# Memory that a file may ask for: 100,000 items x 10,000 combinations fit; a forged size does not.
LARGEST_BYTES = 4 << 30

# Key -> kind of its numbers (numpy's letters) and the name of its dimensions.
_FORM = {
    "ids": ("U", ("items",)),
    "classes": ("U", ("classes",)),
    "actual": ("iu", ("items",)),
    "fold": ("iu", ("items",)),
    "preprocessing": ("U", ("combinations",)),
    "kernel": ("U", ("combinations",)),
    "C_exponent": ("iuf", ("combinations",)),
    "gamma_exponent": ("iuf", ("combinations",)),
    "balanceClasses": ("b", ("combinations",)),
    "predicted": ("iu", ("combinations", "items")),
}
# Only there where items were kept together.
_OPTIONAL = {"groups": ("U", ("items",))}


_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}

# The code of Unix in a zip entry: whatever wrote it, the bytes are the same.
_UNIX = 3


@dataclass(frozen=True, eq=False)
class Predictions:
    """The product of a sweep with everything needed to understand it.

    Attributes
    ----------
    ids : sequence of str, length n_items
        The items.
    classes : sequence of str, length n_classes
        The class names that the codes stand for.
    actual : ndarray of int16, shape (n_items,)
        Actual class codes.
    fold : ndarray of int16, shape (n_items,)
        The fold in which each item is tested; -1 for never.
    preprocessing, kernel : sequence of str, length n_combinations
        Names as in the project file.
    c_exponent, gamma_exponent : ndarray of int64 or float64, shape (n_combinations,)
        C and gamma are 2 to the power of these.
    balance_classes : ndarray of bool, shape (n_combinations,)
        Whether classes are weighted.
    predicted : ndarray of int16, shape (n_combinations, n_items)
        Predicted class codes; -1 for no prediction.
    groups : sequence of str, length n_items, optional
        The group of each item, none of which is in two folds; None where folds were made without groups.
    """

    ids: Sequence[str]
    classes: Sequence[str]
    actual: npt.NDArray[np.int16]
    fold: npt.NDArray[np.int16]
    preprocessing: Sequence[str]
    kernel: Sequence[str]
    c_exponent: npt.NDArray[np.int64] | npt.NDArray[np.float64]
    gamma_exponent: npt.NDArray[np.int64] | npt.NDArray[np.float64]
    balance_classes: npt.NDArray[np.bool_]
    predicted: npt.NDArray[np.int16]
    groups: Sequence[str] | None = None


def write_predictions(path: str | os.PathLike[str], predictions: Predictions) -> None:
    """Write the predictions, compressed, in one step; equal predictions give equal bytes.

    The keys are ids, classes, actual, fold, preprocessing, kernel, C_exponent, gamma_exponent, balanceClasses,
    predicted and, where there are groups, groups; class codes and folds are int16, so that more than 127 classes or
    folds fit.

    Parameters
    ----------
    path : path-like
        The file to create or replace.
    predictions : Predictions
        What to write.

    Raises
    ------
    UserError
        When the file cannot be written.
    ValueError
        When the arrays do not fit together.
    """
    arrays = _arrays(predictions)
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for key, array in arrays.items():
            # An entry made by hand carries neither the time nor the platform, as numpy.savez's may.
            entry = zipfile.ZipInfo(f"{key}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            with archive.open(entry, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


def read_predictions(path: str | os.PathLike[str]) -> Predictions:
    """Read what `write_predictions` wrote; additional keys are ignored and smaller integers accepted.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Predictions
        Its content.

    Raises
    ------
    UserError
        When the file is missing, damaged, of another form or contradicts itself.
    """
    file = Path(path)
    try:
        return _load(file)
    except FileNotFoundError as error:
        raise UserError(f"{file}: does not exist; run the tests first, or give another path") from error
    except ARRAY_ERRORS as error:
        raise UserError(
            f"{file}: is not a whole file of predictions ({one_line(error, 120)}); run the tests again to write it anew"
        ) from error


def _arrays(predictions: Predictions) -> dict[str, Array]:
    """Return the arrays of the file, checked and in the types that are stored."""
    arrays: dict[str, Array] = {
        "ids": np.array(predictions.ids, dtype=np.str_),
        "classes": np.array(predictions.classes, dtype=np.str_),
        "actual": np.asarray(predictions.actual),
        "fold": np.asarray(predictions.fold),
        "preprocessing": np.array(predictions.preprocessing, dtype=np.str_),
        "kernel": np.array(predictions.kernel, dtype=np.str_),
        "C_exponent": np.asarray(predictions.c_exponent),
        "gamma_exponent": np.asarray(predictions.gamma_exponent),
        "balanceClasses": np.asarray(predictions.balance_classes),
        "predicted": np.asarray(predictions.predicted),
    }
    if predictions.groups is not None:
        arrays["groups"] = np.array(predictions.groups, dtype=np.str_)
    _check(arrays)
    for key in ("actual", "fold", "predicted"):
        arrays[key] = np.ascontiguousarray(arrays[key], dtype=np.int16)
    for key in ("C_exponent", "gamma_exponent"):
        arrays[key] = _exponents(arrays[key])
    return arrays


def _load(file: Path) -> Predictions:
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        missing = [key for key in _FORM if f"{key}.npy" not in entries]
        if missing:
            raise ValueError(f"it lacks {', '.join(missing)}")
        wanted = {key: entries[f"{key}.npy"] for key in (*_FORM, *_OPTIONAL) if f"{key}.npy" in entries}
        if sum(entry.file_size for entry in wanted.values()) > LARGEST_BYTES:
            raise ValueError(f"it holds more than {LARGEST_BYTES >> 30} GiB")
        arrays = {key: _load_array(archive, entry) for key, entry in wanted.items()}
    _check(arrays)
    return Predictions(
        ids=tuple(arrays["ids"].tolist()),
        classes=tuple(arrays["classes"].tolist()),
        actual=arrays["actual"].astype(np.int16),
        fold=arrays["fold"].astype(np.int16),
        preprocessing=tuple(arrays["preprocessing"].tolist()),
        kernel=tuple(arrays["kernel"].tolist()),
        c_exponent=_exponents(arrays["C_exponent"]),
        gamma_exponent=_exponents(arrays["gamma_exponent"]),
        balance_classes=arrays["balanceClasses"].astype(np.bool_),
        predicted=arrays["predicted"].astype(np.int16, order="C"),
        groups=tuple(arrays["groups"].tolist()) if "groups" in arrays else None,
    )


def _load_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Array:
    """Read one array, allocating nothing before its header agrees with the size of its entry."""
    key = entry.filename.removesuffix(".npy")
    with archive.open(entry) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADER_READERS:
            raise ValueError(f"{key} has the unknown format version {version}")
        shape, in_fortran_order, dtype = _HEADER_READERS[version](stream)
        if dtype.kind not in (_FORM | _OPTIONAL)[key][0]:
            raise ValueError(f"{key} has the type {dtype}")
        size = math.prod(shape) * dtype.itemsize
        if size != entry.file_size - stream.tell():
            raise ValueError(f"{key} has another size than its header says")
        return np.ndarray(shape, dtype, buffer=stream.read(), order="F" if in_fortran_order else "C")


def _check(arrays: Mapping[str, Array]) -> None:
    """Raise `ValueError` where the arrays have other types, other sizes or other codes than they should."""
    sizes: dict[str, int] = {}
    for key, (kinds, dimensions) in (_FORM | _OPTIONAL).items():
        if key not in arrays:
            continue
        array = arrays[key]
        if array.dtype.kind not in kinds or array.ndim != len(dimensions):
            raise ValueError(f"{key} has the type {array.dtype} and {array.ndim} dimensions")
        for dimension, length in zip(dimensions, array.shape, strict=True):
            if sizes.setdefault(dimension, length) != length:
                raise ValueError(f"{key} has {length} {dimension}, others have {sizes[dimension]}")
    for key in ("ids", "classes"):
        if len(set(arrays[key].tolist())) != arrays[key].size:
            raise ValueError(f"{key} has the same name twice")
    most = int(np.iinfo(np.int16).max)
    if sizes["classes"] > most:
        raise ValueError(f"{sizes['classes']} classes are more than {most}")
    _check_range("actual", arrays["actual"], 0, sizes["classes"])
    _check_range("predicted", arrays["predicted"], -1, sizes["classes"])
    _check_range("fold", arrays["fold"], -1, most)
    for key in ("C_exponent", "gamma_exponent"):
        if not np.isfinite(_exponents(arrays[key])).all():
            raise ValueError(f"{key} has a value that is not a number")


def _check_range(key: str, values: Array, low: int, end: int) -> None:
    if values.size and not (low <= int(values.min()) and int(values.max()) < end):
        raise ValueError(f"{key} has values outside {low} to {end - 1}")


def _exponents(values: Array) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
    return values.astype(np.float64) if values.dtype.kind == "f" else values.astype(np.int64)
