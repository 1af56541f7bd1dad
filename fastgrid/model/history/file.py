"""A ``.history`` file: its steps, each with the layout before it, read and written byte by byte.

spec/gaia-history.md, sections 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import read_at_most
from fastgrid.model.container import MAGIC as OWN_MAGIC
from fastgrid.model.history.layouts import Layout, read_layout, write_layout
from fastgrid.model.history.stream import DamagedHistoryError, Reader, Writer
from fastgrid.model.history.variants import BYTE_ARRAY, Parameters, read_parameters, write_value

MAGIC = 0x6AEA723D
VERSION = 102
#: How the names of such files end, in small or capital letters.
HISTORY = ".history"
#: A model of 100,000 support vectors in 100 dimensions takes 150 MB.
LARGEST_FILE = 2**30
#: Of a transformation: three texts, three maps, a layout.
_LEAST = 3 * 4 + 3 * 9 + 9


@dataclass(frozen=True)
class Transformation:
    """A step of a history.

    Attributes
    ----------
    name : str
        Always empty.
    analyzer, applier : str
        What has fitted the step, and what applies it.
    analyzer_params, params, info : dict
        What the analyzer was asked for, what the applier needs, what is good to know.
    layout : Layout
        Of the points before the step.
    """

    name: str
    analyzer: str
    applier: str
    analyzer_params: Parameters
    params: Parameters
    info: Parameters
    layout: Layout


def is_history_name(path: Path) -> bool:
    """Tell whether a name is that of a history.

    Raises
    ------
    UserError
        When it is nothing but the ending.
    """
    if path.name.lower() == HISTORY:
        raise UserError(f"{path}: has no name before its ending; call it for instance {path.with_name('mood.history')}")
    return path.suffix.lower() == HISTORY


def reads_as_history(path: Path) -> bool:
    """Tell whether a file is to be read as a history: by how it begins, else by its name.

    A file of the name of a history that begins as a model of fastgrid is that.
    """
    magic = MAGIC.to_bytes(4, "big")
    try:
        # Opening a pipe would wait for somebody to write into it.
        if not path.is_file():
            return False
        with path.open("rb") as handle:
            start = handle.read(len(OWN_MAGIC))
    except (OSError, ValueError):
        return False
    return start.startswith(magic) or (path.suffix.lower() == HISTORY and start != OWN_MAGIC)


def may_be_replaced(path: Path) -> bool:
    """Tell whether a file is empty or begins as a model of either format; one that cannot be read may not be."""
    try:
        with path.open("rb") as handle:
            start = handle.read(len(OWN_MAGIC))
    except OSError:
        return False
    return not start or start == OWN_MAGIC or start.startswith(MAGIC.to_bytes(4, "big"))


def read_history(path: Path) -> tuple[Transformation, ...]:
    """Read a history file.

    Raises
    ------
    UserError
        When there is no such file, or it is damaged, truncated or no history.
    """
    try:
        with path.open("rb") as handle:
            data = read_at_most(handle, LARGEST_FILE + 1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({one_line(error.strerror or error)}); check the path") from error
    if len(data) > LARGEST_FILE:
        raise UserError(f"{path}: is larger than {LARGEST_FILE >> 20} MiB; no model is")
    try:
        return parse_history(data)
    except DamagedHistoryError as error:
        raise UserError(f"{path}: {error}; get the file again, or train the model again") from error


def parse_history(data: bytes) -> tuple[Transformation, ...]:
    """Return the steps that a history holds.

    Raises
    ------
    DamagedHistoryError
    """
    reader = Reader(memoryview(data))
    if not data:
        raise DamagedHistoryError("is empty")
    if reader.left < 4 or reader.u32() != MAGIC:
        raise DamagedHistoryError("is no history of Gaia's, whatever its name says")
    version = reader.i32()
    if version != VERSION:
        raise DamagedHistoryError(f"is a history of version {version}; only {VERSION} is known")
    steps = reader.many(lambda: _read_step(reader), _LEAST)
    reader.finish("the last step")
    return steps


def _read_step(reader: Reader) -> Transformation:
    name, analyzer, applier = reader.text(), reader.text(), reader.text()
    asked, params, info = read_parameters(reader), read_parameters(reader), read_parameters(reader)
    if (reader.u32(), reader.i8()) != (BYTE_ARRAY, 0):
        raise reader.damage("holds another value where a layout is expected")
    before = reader.place + 4
    try:
        layout = read_layout(Reader(reader.content()))
    except DamagedHistoryError as error:
        raise DamagedHistoryError(f"{error} of the layout from byte {before} on") from error
    return Transformation(name, analyzer, applier, asked, params, info, layout)


def history_bytes(steps: tuple[Transformation, ...]) -> bytes:
    """Return the content of the history file of `steps`, everything in the order that it has."""
    writer = Writer()
    writer.u32(MAGIC)
    writer.i32(VERSION)
    writer.u32(len(steps))
    for step in steps:
        for text in (step.name, step.analyzer, step.applier):
            writer.text(text)
        for parameters in (step.analyzer_params, step.params, step.info):
            write_value(writer, parameters)
        layout = Writer()
        write_layout(layout, step.layout)
        write_value(writer, layout.data)
    return writer.data
