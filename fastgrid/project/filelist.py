"""File lists: where the descriptor file of each item lies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from fastgrid.common.errors import UserError
from fastgrid.common.files import write_text
from fastgrid.common.safe_yaml import read_yaml
from fastgrid.common.yaml_dump import dump
from fastgrid.common.yaml_nodes import Entries, Scalar
from fastgrid.project.paths import absolute, is_unicode, printable


def read_filelist(path: str | os.PathLike[str]) -> dict[str, Path]:
    """Read a file list (YAML or JSON): a mapping of ids to paths.

    Parameters
    ----------
    path : path-like
        Relative paths in it are taken relative to its own directory.

    Returns
    -------
    dict of str to Path
        Absolute paths in the order of the file; whether the files exist is not checked.

    Raises
    ------
    UserError
        When the file cannot be read, is empty or holds anything but one path per id.
    """
    file = read_yaml(path)
    root = file.root
    if not isinstance(root, Entries) or not root.children:
        raise file.error(root, "no file list; it must be a mapping of at least one id to a path")
    directory = absolute(path).parent
    files = {}
    for item, node in root.children.items():
        line = root.key_lines.get(item, node.line)
        if not item:
            raise file.error(line, "an id is empty; write it before the colon")
        if not isinstance(node, Scalar) or not node.text or "\0" in node.text:
            raise file.error(line, f"id '{item}' needs exactly one path; write it after the colon")
        files[item] = directory / node.text
    return files


def write_filelist(path: str | os.PathLike[str], files: Mapping[str, str | os.PathLike[str]]) -> None:
    """Write a file list, sorted by id, with absolute paths.

    Raises
    ------
    UserError
        When it cannot be written or the name of a file is not valid Unicode.
    """
    document = {item: str(absolute(file)) for item, file in files.items()}
    for item, file in document.items():
        if not is_unicode(item) or not is_unicode(file):
            raise UserError(f"{printable(file)}: the name is not valid Unicode; rename the file or its directory")
    write_text(path, dump(document, sort_keys=True))
