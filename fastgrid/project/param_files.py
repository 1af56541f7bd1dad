"""Parameter files (.param): one combination and its evaluation."""

from __future__ import annotations

import os

from fastgrid.common.files import write_text
from fastgrid.common.safe_yaml import Limits, read_yaml
from fastgrid.common.yaml_dump import dump
from fastgrid.common.yaml_nodes import Entries, Node, YamlFile
from fastgrid.project.combinations_spec import ALL_DESCRIPTORS, CombinationSpec, EvaluationSpec
from fastgrid.project.schema_fields import (
    boolean,
    exponent,
    fold_count,
    kernel,
    machine_type,
    patterns,
    repeat_count,
    required,
    section,
    word,
)

_LIMITS = Limits(size=2**20, depth=8, nodes=50_000)
_MODEL_KEYS = (
    "C",
    "balanceClasses",
    "classifier",
    "descriptorNames",
    "exclude",
    "gamma",
    "kernel",
    "preprocessing",
    "type",
)


def param_text(combination: CombinationSpec, evaluation: EvaluationSpec) -> str:
    """Return the text of a parameter file, as Gaia 2.4.6 writes it: exponents instead of values, keys sorted."""
    model: dict[str, object] = {
        "C": combination.c_exponent,
        "balanceClasses": combination.balance_classes,
        "classifier": combination.classifier,
        "gamma": combination.gamma_exponent,
        "kernel": combination.kernel,
        "preprocessing": combination.preprocessing,
        "type": combination.type,
    }
    if combination.descriptor_names != ALL_DESCRIPTORS:
        model["descriptorNames"] = list(combination.descriptor_names)
    if combination.exclude:
        model["exclude"] = list(combination.exclude)
    return dump({"evaluation": evaluation.as_written(), "model": model}, sort_keys=True)


def write_param(path: str | os.PathLike[str], combination: CombinationSpec, evaluation: EvaluationSpec) -> None:
    """Write a parameter file; see `param_text`."""
    write_text(path, param_text(combination, evaluation))


def read_param(path: str | os.PathLike[str]) -> tuple[CombinationSpec, EvaluationSpec]:
    """Read a parameter file, ours or one that Gaia wrote.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    CombinationSpec, EvaluationSpec

    Raises
    ------
    UserError
        When the file cannot be read, lacks a key, or has an unknown key or value; with its line.
    """
    file = read_yaml(path, _LIMITS)
    root = section(file, file.root, "a parameter file", ("evaluation", "model"))
    return (
        _combination(file, required(file, root, "model", "the file")),
        _evaluation(file, required(file, root, "evaluation", "the file")),
    )


def _combination(file: YamlFile, node: Node) -> CombinationSpec:
    model = section(file, node, "model", _MODEL_KEYS)
    classifier = word(file, _of(file, model, "classifier"), "classifier")
    if classifier != "svm":
        raise file.error(model.children["classifier"], f"classifier '{classifier}' is not supported; use svm")
    names = model.children.get("descriptorNames")
    exclude = model.children.get("exclude")
    return CombinationSpec(
        preprocessing=word(file, _of(file, model, "preprocessing"), "preprocessing"),
        kernel=kernel(file, _of(file, model, "kernel")),
        c_exponent=exponent(file, _of(file, model, "C"), "C"),
        gamma_exponent=exponent(file, _of(file, model, "gamma"), "gamma"),
        balance_classes=boolean(file, _of(file, model, "balanceClasses"), "balanceClasses"),
        type=machine_type(file, _of(file, model, "type")),
        descriptor_names=(names is not None and patterns(file, names, "descriptorNames")) or ALL_DESCRIPTORS,
        exclude=() if exclude is None else patterns(file, exclude, "exclude"),
    )


def _evaluation(file: YamlFile, node: Node) -> EvaluationSpec:
    evaluation = section(file, node, "evaluation", ("nfold", "type", "repeats"))
    kind = word(file, required(file, evaluation, "type", "evaluation"), "type")
    if kind != "nfoldcrossvalidation":
        raise file.error(evaluation.children["type"], f"evaluation '{kind}' is unknown; use nfoldcrossvalidation")
    folds = fold_count(file, required(file, evaluation, "nfold", "evaluation"))
    repeats = evaluation.children.get("repeats")
    return EvaluationSpec(folds, repeats=1 if repeats is None else repeat_count(file, repeats))


def _of(file: YamlFile, model: Entries, key: str) -> Node:
    return required(file, model, key, "model")
