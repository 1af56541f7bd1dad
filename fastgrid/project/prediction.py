"""``predict``: a model applied to descriptor files, or to the rows of a table."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.collection import LeftOut
from fastgrid.descriptors.items import read_items
from fastgrid.descriptors.listing import list_archive
from fastgrid.descriptors.members import is_archive
from fastgrid.descriptors.tables import TableSource, read_rows
from fastgrid.model.model import Model, Prediction
from fastgrid.project.audio_files import ENDINGS
from fastgrid.project.class_folders import EXTENSIONS, item_name
from fastgrid.project.paths import printable

PathLike = str | os.PathLike[str]

AUDIO_FIRST = "descriptors are made of audio by fastgrid extract"


def predict(
    model: Model | PathLike, files: PathLike | Sequence[PathLike], *, strict: bool = False
) -> tuple[Prediction, tuple[LeftOut, ...]]:
    """Classify descriptor files.

    Parameters
    ----------
    model : Model or path-like
    files : path-like or sequence of path-like
        One file or several. They need to hold the descriptors that the model uses; others do not matter. A path may
        lead through a tar archive to a member; an archive or a directory stands for all descriptor files in it and
        below, sorted by name.
    strict : bool
        A file that cannot be used is an error.

    Returns
    -------
    prediction : Prediction
        In the order of `files`; ids are the files as they were given, those of members lead through the archive.
    left_out : tuple of LeftOut
        Files that cannot be used, with the reason.

    Raises
    ------
    UserError
        When the model cannot be loaded, a file is given twice, or (`strict`) cannot be used; when an archive is
        damaged, or it or a directory holds no descriptor file.
    """
    loaded = model if isinstance(model, Model) else Model.load(model)
    given = [os.fspath(file) for file in ([files] if isinstance(files, str | os.PathLike) else files)]
    names = [name for file in given for name in _files_of(file)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(f"{printable(twice[0])}: is given twice; give every file once")
    paths = {name: Path(name) for name in names}
    table, unreadable = read_items(paths, loaded.required_descriptors)
    unusable = loaded.unusable_items(table) if table.ids else {}
    left_out = (*unreadable, *(LeftOut(name, paths[name], reason) for name, reason in unusable.items()))
    if strict and left_out:
        raise UserError(f"{left_out[0].path}: {left_out[0].reason}; correct or remove it, or do without --strict")
    row = {name: index for index, name in enumerate(table.ids) if name not in unusable}
    return loaded.predict(table.rows([row[name] for name in names if name in row])), left_out


def _files_of(name: str) -> list[str]:
    # The descriptor files in a directory or an archive; of any other file its name.
    if Path(name).is_dir():
        return _in_directory(name)
    return _in_archive(name) if is_archive(name) else [name]


def _in_directory(name: str) -> list[str]:
    found = []
    for above, folders, names in os.walk(name):
        folders[:] = [folder for folder in folders if not folder.startswith(".")]
        found += [str(Path(above) / file) for file in names if file.endswith(EXTENSIONS) and not file.startswith(".")]
    if not found:
        raise UserError(f"{printable(name)}: holds no descriptor files ({', '.join(EXTENSIONS)}){_of_audio(name)}")
    return sorted(found)


def _of_audio(directory: str) -> str:
    has_audio = any(Path(name).suffix.lower() in ENDINGS for _, _, names in os.walk(directory) for name in names)
    return f"; {AUDIO_FIRST}" if has_audio else ""


def _in_archive(name: str) -> list[str]:
    found = [
        f"{name}/{member.name}"
        for member in list_archive(Path(name)).members
        if not member.is_directory
        and member.name.endswith(EXTENSIONS)
        and not any(part.startswith(".") for part in member.name.split("/"))
    ]
    if not found:
        raise UserError(f"{printable(name)}: holds no descriptor files ({', '.join(EXTENSIONS)})")
    return found


def predict_table(
    model: Model | PathLike,
    table: PathLike,
    *,
    id_column: str | None = None,
    table_format: str | None = None,
    strict: bool = False,
) -> tuple[Prediction, tuple[LeftOut, ...]]:
    """Classify the rows of a feature table (docs/tables.md).

    Parameters
    ----------
    model : Model or path-like
    table : path-like
        With a column for each descriptor that the model uses; others do not matter.
    id_column : str, optional
        The column of the ids. By default that of the training's table, where this one has it too; else rows are called
        by their number, ``row000001``.
    table_format : {"csv", "tsv", "parquet", "npz", "libsvm"}, optional
        By default the ending of the name tells.
    strict : bool
        A row that cannot be used is an error.

    Returns
    -------
    prediction : Prediction
        In the order of the rows.
    left_out : tuple of LeftOut
        Rows that cannot be used, with the reason.

    Raises
    ------
    UserError
        When the model cannot be loaded, the table lacks a column, or a row (`strict`) cannot be used.
    """
    loaded = model if isinstance(model, Model) else Model.load(model)
    path = Path(table)
    usual = loaded.record.evaluation.get("id_column")
    rows, unreadable = read_rows(
        TableSource(path, id=id_column, format=table_format),
        loaded.required_descriptors,
        usual_id=usual if isinstance(usual, str) else None,
    )
    unusable = loaded.unusable_items(rows) if rows.ids else {}
    left_out = (*unreadable, *(LeftOut(name, path, reason) for name, reason in unusable.items()))
    if strict and left_out:
        first = f"{one_line(left_out[0].name, 60)}: {left_out[0].reason}"
        raise UserError(f"{path}: {first}; correct or remove it, or do without --strict")
    kept = [index for index, name in enumerate(rows.ids) if name not in unusable]
    return loaded.predict(rows.rows(kept)), left_out


def as_json_lines(prediction: Prediction, *, of_files: bool = True) -> str:
    """Return one JSON object per item: id, class, probability {class: p}, in order.

    The id is that of a training. Items that are files (`of_files`) are called by the file's name without its
    extension; where several files have that name, by the file as it was given.
    """
    lines = []
    names = [item_name(item) if of_files else item for item in prediction.ids]
    count = Counter(names)
    for item, name, label, row in zip(prediction.ids, names, prediction.labels, prediction.probabilities, strict=True):
        item_id = name if count[name] == 1 else item
        probability = {known: float(p) for known, p in zip(prediction.classes, row, strict=True)}
        lines.append(json.dumps({"id": item_id, "class": label, "probability": probability}) + "\n")
    return "".join(lines)


def as_table(prediction: Prediction, *, of_files: bool = True) -> str:
    """Return a table for people: item, class, and the probability of every class in percent."""
    heading = ("class", *(f"{name} %" for name in prediction.classes), "file" if of_files else "id")
    rows = [
        (label, *(f"{100 * p:.1f}" for p in row), printable(item))
        for item, label, row in zip(prediction.ids, prediction.labels, prediction.probabilities, strict=True)
    ]
    widths = [max(len(line[column]) for line in [heading, *rows]) for column in range(len(heading) - 1)]
    return "".join(
        "  ".join(
            [
                line[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:], strict=True)),
                line[-1],
            ]
        )
        + "\n"
        for line in [heading, *rows]
    )
