"""``fastgrid inspect``: what a model file holds, ours or a history of Gaia's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fastgrid.common.errors import one_line
from fastgrid.model.history.file import Transformation, read_history, reads_as_history
from fastgrid.model.history.variants import StringList
from fastgrid.model.model import Model
from fastgrid.model.summary import describe

#: Names that a line shows.
MOST_SHOWN = 6


def inspect(model: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a model file holds, as what JSON can hold.

    Parameters
    ----------
    model : path-like
        A model of fastgrid, or a ``.history`` of Gaia.

    Returns
    -------
    dict
        What `fastgrid.describe` says (None where it is not known), ``format``, and ``steps``: of a history each step
        with how many descriptors there are before it.

    Raises
    ------
    UserError
        When it cannot be loaded.
    """
    path = Path(model)
    found = describe(Model.load(path))
    if not reads_as_history(path):
        return {"format": "fastgrid", **found, "steps": []}
    return {"format": "history", **found, "steps": [_step(step) for step in read_history(path)]}


def _step(step: Transformation) -> dict[str, Any]:
    keys = ("descriptorNames", "coeffs", "distribution")
    names = next((step.params[key] for key in keys if key in step.params), ())
    return {
        "analyzer": step.analyzer,
        "applier": step.applier,
        "descriptors_before": sum(1 for _ in step.layout.leaves()),
        # Of a step that the model does not need, anything may stand there.
        "concerns": list(names) if isinstance(names, StringList | dict) else [],
    }


def inspection_lines(found: dict[str, Any]) -> list[str]:
    """Return what `inspect` found as lines for people."""
    kernel = dict(found["kernel"])
    parameters = ", ".join([f"C {found['C']:g}", *(f"{key} {kernel[key]:g}" for key in kernel if key != "name")])
    balanced = ", classes balanced" if found["balance_classes"] else ""
    classes = [name if count is None else f"{name} ({count} items)" for name, count in found["classes"].items()]
    lines = [
        f"format: {'history, as Gaia and Essentia load it' if found['format'] == 'history' else 'fastgrid'}",
        f"classes of {one_line(found['class_name'], 80)}: {_some(classes, 40)}",
        f"machine: {kernel['name']}, {parameters}{balanced}",
        f"support vectors: {found['n_support_vectors']} with {found['n_features']} features",
        f"descriptors needed: {len(found['required_descriptors'])}: {_some(found['required_descriptors'])}",
    ]
    for number, step in enumerate(found["steps"], 1):
        concerns = f": {_some(step['concerns'])}" if step["concerns"] else ""
        lines.append(
            f"step {number}: {one_line(step['analyzer'], 40)} ({one_line(step['applier'], 40)}), "
            f"{step['descriptors_before']} descriptors before, {len(step['concerns'])} concerned{concerns}"
        )
    for step in [] if found["steps"] else found["preprocessing"]:
        params = "; ".join(f"{key} {_some(value)}" for key, value in step["params"].items() if value)
        lines.append(f"preprocessing: {step['transfo']}" + (f" ({params})" if params else ""))
    if found["evaluation"]:
        lines.append(
            "evaluation: "
            + ", ".join(f"{one_line(key, 40)} {_value(value)}" for key, value in found["evaluation"].items())
        )
    return lines


def _some(names: Any, most: int = MOST_SHOWN) -> str:
    if not isinstance(names, list):
        return str(names)
    shown = ", ".join(one_line(name, 60) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def _value(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else one_line(value, 60)
