"""``fastgrid convert``: a model file in another format."""

from __future__ import annotations

import os
from pathlib import Path

from fastgrid.common.errors import UserError
from fastgrid.common.files import make_directory, write_bytes
from fastgrid.model.history.writing import history_content
from fastgrid.model.model import Model
from fastgrid.model.onnx_export import onnx_content
from fastgrid.project.paths import absolute

ENDINGS = (".model", ".history", ".onnx")


def convert_model(model: str | os.PathLike[str], output: str | os.PathLike[str]) -> Path:
    """Write a model in the format that the ending of a name tells.

    Parameters
    ----------
    model : path-like
        A model of fastgrid, or a ``.history`` of Gaia.
    output : path-like
        ``.model``, ``.history`` or ``.onnx`` (`fastgrid.model.onnx_export.onnx_content`).

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    UserError
        When the model cannot be loaded, the ending is none of these, or the file cannot be written.
    """
    path = absolute(output)
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"{path}: its ending tells no format; use one of {', '.join(ENDINGS)}")
    if absolute(model).resolve() == path.resolve():
        raise UserError(f"{path}: is the model itself; give another name")
    loaded = Model.load(model)
    if path.suffix.lower() == ".model":
        make_directory(path.parent)
        loaded.save(path)
        return path
    try:
        content = onnx_content(loaded) if path.suffix.lower() == ".onnx" else history_content(loaded)
    except UserError as error:
        raise UserError(f"{os.fspath(model)}: {error}") from error
    make_directory(path.parent)
    write_bytes(path, content)
    return path
