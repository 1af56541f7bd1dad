"""What `evaluate_dataset` is asked for, as its caller gives it: checked, in one form."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import write_text
from fastgrid.common.yaml_dump import dump
from fastgrid.project.filelist import read_filelist
from fastgrid.project.groundtruth import GroundTruth, read_groundtruth
from fastgrid.project.group_hint import TAGS
from fastgrid.project.names import class_name_fault
from fastgrid.project.paths import absolute

PathLike = str | os.PathLike[str]

#: What a mapping of ids to classes is called, where nothing says what the classes are classes of.
NAMELESS = "dataset"
#: Where the groups of a mapping are written.
ARTISTS = "artists.yaml"


def asked_truth(given: PathLike | Mapping[str, str], class_name: str | None) -> GroundTruth:
    """Return the classes of the items.

    Raises
    ------
    UserError
        When they are none, or `class_name` can be no name of files.
    """
    if isinstance(given, Mapping):
        labels = {str(item): _text(f"groundtruth: {item}", given[item]) for item in sorted(given, key=str)}
        truth = GroundTruth(NAMELESS, labels)
    else:
        truth = read_groundtruth(_path(given, "groundtruth", "item ids to classes"))
    name = truth.class_name if class_name is None else class_name
    fault = class_name_fault(name) if isinstance(name, str) else f"{one_line(repr(name), 60)} is not a name"
    if fault:
        raise UserError(f"class_name: {fault}")
    return GroundTruth(name, truth.labels)


def asked_files(given: PathLike | Mapping[str, PathLike]) -> dict[str, Path]:
    """Return the descriptor files of the items.

    Raises
    ------
    UserError
        When there are none.
    """
    if not isinstance(given, Mapping):
        return read_filelist(_path(given, "filelist", "item ids to descriptor files"))
    return {str(item): absolute(_path(path, f"filelist: {item}", None)) for item, path in given.items()}


def asked_groups(given: bool | PathLike | Mapping[str, str] | None, output: Path) -> PathLike | None:
    """Return how a project writes the groups that are kept together; those of a mapping get a file in `output`.

    Raises
    ------
    UserError
        When that is none of the ways to say it.
    """
    if given is None or isinstance(given, bool | np.bool_):
        return next(tag for tag in TAGS if tag.endswith(".artist")) if given else None
    if isinstance(given, Mapping):
        path = output / ARTISTS
        artists = {str(item): _text(f"artist_filter: {item}", artist) for item, artist in given.items()}
        write_text(path, dump(artists, sort_keys=True))
        return path
    return _path(given, "artist_filter", "item ids to artists")


def asked_exponents(key: str, given: float | Sequence[float] | None) -> list[int | float] | None:
    """Return exponents of two, one or several, as a project file has them.

    Raises
    ------
    UserError
        When one is no finite number, or there are none.
    """
    return None if given is None else [_exponent(key, value) for value in _several(key, given)]


def asked_names(given: str | Sequence[str] | None, known: Sequence[str]) -> list[str] | None:
    """Return names of preprocessings, one or several, of those that a template has.

    Raises
    ------
    UserError
        When one is not `known` and not ``*``, which stands for all of them.
    """
    if given is None:
        return None
    names = _several("preprocessing", given)
    unknown = [name for name in names if name != "*" and name not in known]
    if unknown:
        wrong = one_line(repr(unknown[0]), 60)
        raise UserError(f"preprocessing: there is no {wrong}; the template has {', '.join(known)}")
    return [str(name) for name in names]


def asked_flag(key: str, given: object) -> bool:
    """Return what is true or false.

    Raises
    ------
    UserError
        When it is neither.
    """
    if not isinstance(given, bool | np.bool_):
        raise UserError(f"{key}: {one_line(repr(given), 60)} is neither True nor False")
    return bool(given)


def asked_number(key: str, given: object) -> int | float:
    """Return a finite number.

    Raises
    ------
    UserError
        When it is none.
    """
    value = given.item() if isinstance(given, np.generic) else given
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UserError(f"{key}: {one_line(repr(given), 60)} is no number")
    return value


def _text(name: str, given: object) -> str:
    if isinstance(given, str | int | float | np.generic):
        return str(given)
    raise UserError(f"{name}: {one_line(repr(given), 60)} is no name; give text")


def _path(given: object, name: str, mapping: str | None) -> PathLike:
    if isinstance(given, str | os.PathLike):
        return given
    or_mapping = f", or a mapping of {mapping}" if mapping else ""
    raise UserError(f"{name}: {one_line(repr(given), 60)} is no path; give the path of a file{or_mapping}")


def _several(key: str, given: Any) -> list[Any]:
    try:
        values = [given] if isinstance(given, str) or np.ndim(given) == 0 else list(given)
    except (TypeError, ValueError):
        raise UserError(f"{key}: {one_line(repr(given), 60)} is no list of values") from None
    if not values:
        raise UserError(f"{key} is empty; give some values, or leave it out")
    return values


def _exponent(key: str, given: object) -> int | float:
    try:
        return asked_number(key, given)
    except UserError as error:
        raise UserError(f"{error}; give exponents of two") from None
