"""The preprocessed matrices of a project, one per preprocessing and choice of descriptors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fastgrid.common.files import make_directory
from fastgrid.common.stopwatch import phase
from fastgrid.descriptors.array_file import write_matrix
from fastgrid.descriptors.table import DescriptorTable
from fastgrid.descriptors.validity import numeric_columns
from fastgrid.project.combinations_spec import ALL_DESCRIPTORS, CombinationSpec
from fastgrid.project.names import file_name_part
from fastgrid.project.schema import Project
from fastgrid.sweep.combinations import FeatureSet
from fastgrid.transforms.chain import build_chain
from fastgrid.transforms.features import trainable, without_rescaling

#: What tells the feature set of a combination: preprocessing, descriptorNames, exclude.
Choice = tuple[str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class FeatureSets:
    """The matrices that the combinations of a project are trained on.

    Attributes
    ----------
    by_choice : dict from Choice to FeatureSet
        Choices of which nothing is left are missing.
    skipped : dict from Choice to str
        Why a choice has no matrix.
    summary : list of dict
        One JSON-able entry per choice: sizes, what was left out and why, patterns without a match.
    warnings : list of str
    """

    by_choice: dict[Choice, FeatureSet] = field(default_factory=dict)
    skipped: dict[Choice, str] = field(default_factory=dict)
    summary: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def choice_of(combination: CombinationSpec) -> Choice:
    """Return which feature set `combination` is trained on."""
    return combination.preprocessing, combination.descriptor_names, combination.exclude


@phase("transforms")
def build_feature_sets(
    project: Project, table: DescriptorTable, combinations: Iterable[CombinationSpec]
) -> FeatureSets:
    """Apply each preprocessing that a combination uses and keep the matrices in the datasets directory.

    Parameters
    ----------
    project : Project
    table : DescriptorTable
        The merged descriptors of all items.
    combinations : iterable of CombinationSpec

    Returns
    -------
    FeatureSets

    Raises
    ------
    UserError
        When a step cannot be fitted or a matrix cannot be written.
    """
    found = FeatureSets()
    prepared: dict[str, DescriptorTable] = {}
    choices = list(dict.fromkeys(map(choice_of, combinations)))
    last = {choice[0]: choice for choice in choices}
    for choice in choices:
        name = choice[0]
        entry: dict[str, Any] = {"preprocessing": name}
        steps = [step.entry for step in project.preprocessing[name]]
        if name not in prepared:
            chain = build_chain(steps)
            prepared[name] = chain.fit_transform(table)
            found.warnings.extend(f"preprocessing {name}: step {text} matches nothing" for text in chain.unmatched_)
            entry["unmatched"] = chain.unmatched_
            entry["left_out_descriptors"] = chain.left_out_
        _add(found, project, choice, steps, prepared[name], entry)
        if choice == last[name]:
            # A table may be as large as all descriptors; what is trained on lies in a file by now.
            del prepared[name]
    return found


def _add(
    found: FeatureSets,
    project: Project,
    choice: Choice,
    steps: Sequence[Mapping[str, object]],
    prepared: DescriptorTable,
    entry: dict[str, Any],
) -> None:
    name, descriptor_names, exclude = choice
    chosen, texts, unmatched = trainable(prepared, descriptor_names, exclude)
    where = f"preprocessing {name}"
    if (descriptor_names, exclude) != (ALL_DESCRIPTORS, ()):
        where += f" (descriptorNames {', '.join(descriptor_names)}; exclude {', '.join(exclude) or 'nothing'})"
    found.warnings.extend(f"{where}: the pattern {pattern} matches no descriptor" for pattern in unmatched)
    if texts:
        found.warnings.append(f"{where}: text is not used unless a step enumerates it: {', '.join(texts)}")
    entry |= {
        "descriptorNames": list(descriptor_names),
        "exclude": list(exclude),
        "unused_text": list(texts),
        "descriptors": len(chosen.numeric),
        "dimensions": chosen.values.shape[1],
    }
    found.summary.append(entry)
    owners, enumerated = numeric_columns(chosen)
    if len(owners) == 0:
        found.skipped[choice] = entry["skipped"] = "no usable descriptor is left"
        found.warnings.append(f"{where} is left out: no usable descriptor is left")
        return
    path = _matrix_path(project, choice)
    write_matrix(make_directory(path.parent) / path.name, np.ascontiguousarray(chosen.values))
    form = [[descriptor.name, descriptor.kind, descriptor.length] for descriptor in chosen.numeric]
    equivalence = hashlib.sha256(json.dumps([without_rescaling(steps), form]).encode()).hexdigest()
    values = np.load(path, mmap_mode="r", allow_pickle=False)
    found.by_choice[choice] = FeatureSet(path.stem, values, owners, enumerated, path, equivalence)


def _matrix_path(project: Project, choice: Choice) -> Path:
    name, descriptor_names, exclude = choice
    stem = f"{project.class_name}-{file_name_part(name)}"
    if descriptor_names != ALL_DESCRIPTORS or exclude:
        stem += "~" + hashlib.sha256(repr(choice).encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return project.datasets_directory / f"{stem}.npy"
