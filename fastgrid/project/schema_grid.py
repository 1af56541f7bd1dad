"""The classifiers and evaluations of a project file."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from fastgrid.common.yaml_nodes import Entries, Items, Node, YamlFile
from fastgrid.project.combinations_spec import EvaluationSpec, GridEntry
from fastgrid.project.schema_fields import (
    alternatives,
    boolean,
    exponent,
    fold_count,
    is_aside,
    is_null,
    kernel,
    machine_type,
    patterns,
    repeat_count,
    required,
    section,
    some_alternatives,
    word,
)

MAX_COMBINATIONS = 1_000_000
DEFAULT_EVALUATIONS = (EvaluationSpec(nfold=10),)
_UNSUPPORTED = ("NN", "mixed", "rcasvm", "mixedsegments")
_REQUIRED = ("type", "kernel", "C", "gamma", "balanceClasses")
_KEYS = ("preprocessing", *_REQUIRED, "descriptorNames", "exclude")
_FIELDS: dict[str, str] = {
    "C": "c_exponent",
    "gamma": "gamma_exponent",
    "balanceClasses": "balance_classes",
    "descriptorNames": "descriptor_names",
}
_Value = TypeVar("_Value", bound=Hashable)


def parse_classifiers(file: YamlFile, node: Node, preprocessings: Sequence[str]) -> tuple[GridEntry, ...]:
    """Return the grid entries of all classifiers, in the order of the file.

    Parameters
    ----------
    file : YamlFile
    node : Node
        ``{svm: [entry, ...]}``.
    preprocessings : sequence of str
        The names that entries may use; all of them where an entry names none or ``*``.
    """
    classifiers = section(file, node, "classifiers")
    entries: list[GridEntry] = []
    for name, value in classifiers.children.items():
        line = classifiers.key_lines.get(name, value.line)
        if name in _UNSUPPORTED:
            raise file.error(line, f"classifier {name} is not supported; use svm")
        if name != "svm":
            if is_aside(file, name, value):
                continue
            raise file.error(line, f"unknown classifier '{name}'; use svm")
        entries.extend(_entry(file, item, preprocessings) for item in some_alternatives(file, value, name))
    if not entries:
        raise file.error(node, "there is no classifier; add svm with at least one entry")
    if sum(math.prod(len(values) for _, values in entry.axes) for entry in entries) > MAX_COMBINATIONS:
        raise file.error(node, f"more than {MAX_COMBINATIONS} combinations are asked for; shorten the lists")
    return tuple(entries)


def parse_evaluations(file: YamlFile, node: Node | None) -> tuple[EvaluationSpec, ...]:
    """Return the evaluations in the order of the file; without any, one of ten folds (Gaia 2.4.6 behaviour)."""
    if node is None or is_null(node):
        return DEFAULT_EVALUATIONS
    found: list[EvaluationSpec] = []
    for kind, value in section(file, node, "evaluations", ("nfoldcrossvalidation",)).children.items():
        if kind != "nfoldcrossvalidation":
            continue
        for item in alternatives(value):
            entry = section(file, item, kind, ("nfold", "repeats"))
            folds = some_alternatives(file, required(file, entry, "nfold", kind), "nfold")
            repeated = entry.children.get("repeats")
            repeats = 1 if repeated is None else repeat_count(file, repeated)
            found.extend(EvaluationSpec(fold_count(file, fold), repeats=repeats) for fold in folds)
    evaluations = _unique(found) or DEFAULT_EVALUATIONS
    for evaluation in evaluations:
        if sum(other.nfold == evaluation.nfold for other in evaluations) > 1:
            raise file.error(node, f"nfold {evaluation.nfold} is asked for with different repeats; keep one of them")
    return evaluations


def _entry(file: YamlFile, node: Node, preprocessings: Sequence[str]) -> GridEntry:
    entries = section(file, node, "an svm entry", _KEYS)
    for key in _REQUIRED:
        required(file, entries, key, "an svm entry")
    readers = _readers(file, preprocessings)
    axes = [(_FIELDS.get(key, key), readers[key](value)) for key, value in entries.children.items() if key in _KEYS]
    if "preprocessing" not in entries.children:
        axes.append(("preprocessing", tuple(preprocessings)))
    return GridEntry(tuple(axes))


def _readers(file: YamlFile, preprocessings: Sequence[str]) -> dict[str, Callable[[Node], tuple[object, ...]]]:
    def each(key: str, read: Callable[[Node], Hashable]) -> Callable[[Node], tuple[object, ...]]:
        return lambda node: _unique(read(item) for item in some_alternatives(file, node, key))

    return {
        "preprocessing": lambda node: _preprocessings(file, node, preprocessings),
        "type": each("type", lambda item: machine_type(file, item)),
        "kernel": each("kernel", lambda item: kernel(file, item)),
        "C": each("C", lambda item: exponent(file, item, "C")),
        "gamma": each("gamma", lambda item: exponent(file, item, "gamma")),
        "balanceClasses": each("balanceClasses", lambda item: boolean(file, item, "balanceClasses")),
        "descriptorNames": each("descriptorNames", lambda item: _some_patterns(file, item)),
        "exclude": lambda node: _exclusions(file, node),
    }


def _preprocessings(file: YamlFile, node: Node, known: Sequence[str]) -> tuple[str, ...]:
    if is_null(node):
        return tuple(known)
    names: list[str] = []
    for item in some_alternatives(file, node, "preprocessing"):
        name = word(file, item, "preprocessing")
        if name == "*":
            names.extend(known)
        elif name in known:
            names.append(name)
        else:
            raise file.error(item, f"unknown preprocessing '{name}'; the project defines {', '.join(known)}")
    return _unique(names)


def _some_patterns(file: YamlFile, node: Node) -> tuple[str, ...]:
    found = patterns(file, node, "descriptorNames")
    if not found:
        raise file.error(node, "an alternative of descriptorNames is empty; use '*' for all descriptors")
    return found


def _exclusions(file: YamlFile, node: Node) -> tuple[tuple[str, ...], ...]:
    if isinstance(node, (Items, Entries)) and not node.children:
        return ((),)
    return _unique(patterns(file, item, "exclude") for item in alternatives(node))


def _unique(values: Iterable[_Value]) -> tuple[_Value, ...]:
    return tuple(dict.fromkeys(values))
