"""Ground truth: which item belongs to which class."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import write_text
from fastgrid.common.safe_yaml import read_yaml
from fastgrid.common.yaml_dump import dump
from fastgrid.common.yaml_nodes import Entries, Node, Scalar, YamlFile
from fastgrid.project.names import class_name_fault

_SHOWN_IDS = 10


@dataclass(frozen=True)
class GroundTruth:
    """The classes of the items.

    Attributes
    ----------
    class_name : str
        Name of the target: ``genre``, ``mood``.
    labels : dict of str to str
        Class of each item id. The order counts: the folds are made from it.
    """

    class_name: str
    labels: dict[str, str]


def read_groundtruth(path: str | os.PathLike[str]) -> GroundTruth:
    """Read a ground-truth file (YAML or JSON); ids and labels are text as written (``0``, ``yes``).

    Parameters
    ----------
    path : path-like
        A mapping with ``className`` and ``groundTruth: {id: label}``; further keys do not matter.

    Returns
    -------
    GroundTruth
        Items in the order of the file.

    Raises
    ------
    UserError
        When the file cannot be read, lacks something, is empty, or holds anything but one label per id.
    """
    file = read_yaml(path)
    root = file.root
    if not isinstance(root, Entries):
        raise file.error(root, "no ground truth; it must be a mapping with className and groundTruth")
    for key in ("className", "groundTruth"):
        if key not in root.children:
            raise file.error(0, f"{key} is missing; a ground truth has className and groundTruth: {{id: label}}")
    kind = root.children.get("type")
    if isinstance(kind, Scalar) and kind.text != "singleClass":
        raise file.error(kind, f"type '{kind.text}' is not supported; use singleClass")
    return GroundTruth(_class_name(file, root.children["className"]), _labels(file, root.children["groundTruth"]))


def write_groundtruth(path: str | os.PathLike[str], groundtruth: GroundTruth) -> None:
    """Write a ground-truth file as Gaia 2.4.6 does, keys sorted; read back, its items are sorted by id."""
    document = {
        "className": groundtruth.class_name,
        "groundTruth": groundtruth.labels,
        "type": "singleClass",
        "version": 1.0,
    }
    write_text(path, dump(document, sort_keys=True))


def check_same_ids(
    labelled: Collection[str],
    listed: Collection[str],
    groundtruth: str | os.PathLike[str],
    filelist: str | os.PathLike[str],
) -> None:
    """Raise a `UserError` that lists the ids unless ground truth and file list name the same items.

    Parameters
    ----------
    labelled, listed : collection of str
        The ids of the ground truth and of the file list.
    groundtruth, filelist : path-like
        Their files, for the message.
    """
    without_file = sorted(set(labelled).difference(listed))
    without_label = sorted(set(listed).difference(labelled))
    parts = []
    if without_file:
        parts.append(f"{len(without_file)} only in the ground truth ({_some(without_file)})")
    if without_label:
        parts.append(f"{len(without_label)} only in the file list ({_some(without_label)})")
    if parts:
        raise UserError(f"{groundtruth} and {filelist} disagree: {'; '.join(parts)}; both must name the same ids")


def _some(ids: list[str]) -> str:
    shown = ", ".join(one_line(item, 60) for item in ids[:_SHOWN_IDS])
    return shown if len(ids) <= _SHOWN_IDS else f"{shown}, …"


def _class_name(file: YamlFile, node: Node) -> str:
    if not isinstance(node, Scalar):
        raise file.error(node, "className must be one word")
    fault = class_name_fault(node.text)
    if fault:
        raise file.error(node, fault)
    return node.text


def _labels(file: YamlFile, node: Node) -> dict[str, str]:
    if not isinstance(node, Entries) or not node.children:
        raise file.error(node, "groundTruth must be a mapping of at least one id to its label")
    labels = {}
    for item, label in node.children.items():
        line = node.key_lines.get(item, label.line)
        if not item:
            raise file.error(line, "an id is empty; write it before the colon")
        if not isinstance(label, Scalar) or not label.text:
            raise file.error(line, f"id '{item}' needs exactly one label; write a word after the colon")
        labels[item] = label.text
    return labels
