"""The preprocessings of a project file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastgrid.common.yaml_nodes import Node, YamlFile
from fastgrid.project.schema_fields import (
    alternatives,
    boolean,
    is_null,
    patterns,
    required,
    section,
    word,
)
from fastgrid.transforms.registry import STEPS, parameters_of


@dataclass(frozen=True)
class Step:
    """One step of a preprocessing.

    Attributes
    ----------
    transformation : str
        One of `fastgrid.transforms.registry.STEPS`.
    parameters : mapping
        ``descriptorNames`` and ``except``: lists of patterns; ``independent``: bool. Only what the project gives.
    """

    transformation: str
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def entry(self) -> dict[str, object]:
        """The step as a project file has it: ``{"transfo": ..., "params": {...}}``."""
        return {"transfo": self.transformation, "params": dict(self.parameters)}


DEFAULT_PREPROCESSING: Mapping[str, tuple[Step, ...]] = {
    "default": (Step("fixlength"), Step("removevl"), Step("cleaner"))
}


def parse_preprocessing(file: YamlFile, node: Node | None) -> dict[str, tuple[Step, ...]]:
    """Return the steps of each preprocessing; without any there is one called ``default`` (Gaia 2.4.6 behaviour)."""
    if node is None or is_null(node):
        return dict(DEFAULT_PREPROCESSING)
    entries = section(file, node, "preprocessing")
    for name, value in entries.children.items():
        if name in ("", "*"):
            raise file.error(
                entries.key_lines.get(name, value.line), f"a preprocessing cannot be called '{name}'; rename it"
            )
    found = {name: _steps(file, value) for name, value in entries.children.items() if not name.startswith((".", "x-"))}
    return found or dict(DEFAULT_PREPROCESSING)


def _steps(file: YamlFile, node: Node) -> tuple[Step, ...]:
    return () if is_null(node) else tuple(_step(file, item) for item in alternatives(node))


def _step(file: YamlFile, node: Node) -> Step:
    entries = section(file, node, "a preprocessing step", ("transfo", "params"))
    name_node = required(file, entries, "transfo", "a preprocessing step")
    written = word(file, name_node, "transfo")
    name = written.casefold()
    if name not in STEPS:
        raise file.error(name_node, f"unknown transfo '{written}'; use one of {', '.join(STEPS)}")
    known = parameters_of(STEPS[name])
    given = entries.children.get("params")
    parameters: dict[str, object] = {}
    if given is not None and not is_null(given):
        for key, value in section(file, given, f"the parameters of {name}", known).children.items():
            if key in known:
                parameters[key] = _parameter(file, key, value)
    for key, must_be_given in known.items():
        if must_be_given and key not in parameters:
            raise file.error(given or entries, f"{name} needs the parameter '{key}'; add it to params")
    return Step(name, parameters)


def _parameter(file: YamlFile, key: str, node: Node) -> object:
    if key == "independent":
        return boolean(file, node, key)
    return list(patterns(file, node, key))
