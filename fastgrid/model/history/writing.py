"""From a `Model` to the steps of a history that Gaia and Essentia load.

The chain is the shortest that Gaia takes (spec/gaia-history.md, section 7): its first layout has the descriptors that
the model uses and no others, so that an extractor that writes more, or fewer of the others, does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.table import Descriptor, Kind
from fastgrid.model.history.file import Transformation, history_bytes
from fastgrid.model.history.layouts import Layout, Leaf, LeafType, layout_of
from fastgrid.model.history.machine_text import Machine, machine_text
from fastgrid.model.history.variants import Parameters, StringList, code_units, descending
from fastgrid.model.model import Model
from fastgrid.transforms.base import TableStep
from fastgrid.transforms.columns import LearnedColumns
from fastgrid.transforms.enumeration import Enumerate
from fastgrid.transforms.gaussianization import Gaussianize
from fastgrid.transforms.normalization import Normalize

_KERNEL_WORDS = {"rbf": "RBF", "poly": "poly", "linear": "linear"}
_TYPES = {Kind.REAL: LeafType.REAL, Kind.TEXT: LeafType.STRING, Kind.ENUMERATED: LeafType.ENUM}


def history_of(model: Model) -> tuple[Transformation, ...]:
    """Return the steps by which Gaia predicts what `model` does, but for roundings.

    Raises
    ------
    UserError
        When a name or a step cannot stand in a history.
    """
    points = Points(model.required_descriptors)
    steps = [points.fixed_lengths()]
    for _, fitted in model.extraction.chain.steps:
        steps += points.fitted(fitted)
    return (*steps, *last_steps(points, model))


def last_steps(points: Points, model: Model, asked: Parameters | None = None) -> tuple[Transformation, ...]:
    """Return the steps of the training behind the choice of descriptors.

    Parameters
    ----------
    points : Points
        Before them.
    model : Model
    asked : dict, optional
        What the scaling's analyzer was asked for.
    """
    name = model.classifier.kernel.name
    if name not in _KERNEL_WORDS:
        raise UserError(f"Gaia has no kernel {name}, so that no history can hold this model")
    steps = [points.step("normalize", "dotproduct", _scaling(model), asked)]
    field = f"highlevel.{model.class_name}"
    steps.append(points.step("addfield", "addfieldapplier", {"string": field}, {"string": field}))
    points.add(Leaf(f".{field}", LeafType.STRING, None))
    steps.append(points.step("svmtrain", "svmpredict", _machine(model, field), _asked(model, field)))
    points.add(Leaf(f".{field}Probability", LeafType.REAL, None))
    results = StringList([f".{field}", f".{field}Probability"])
    steps.append(points.step("select", "selectdesc", {"descriptorNames": results}))
    return tuple(steps)


def history_content(model: Model) -> bytes:
    """Return the content of the history file of a model; see `history_of`."""
    return history_bytes(history_of(model))


class Points:
    """The layout of points before the step that is to come.

    Parameters
    ----------
    descriptors : iterable of Descriptor
        As descriptor files have them.
    """

    def __init__(self, descriptors: Iterable[Descriptor]) -> None:
        self._lengths = {d.name: d.length for d in descriptors}
        self.leaves = [Leaf(d.name, _TYPES[d.kind], None) for d in descriptors]
        self.texts: dict[str, dict[int, str]] = {}
        self.numbers: dict[str, dict[str, int]] = {}
        for leaf in self.leaves:
            if not leaf.name.startswith(".") or "" in leaf.name[1:].split("."):
                raise UserError(
                    f"descriptor {one_line(leaf.name, 120)!r} has a name that no history can hold; rename it"
                )

    def step(self, analyzer: str, applier: str, params: Parameters, asked: Parameters | None = None) -> Transformation:
        """Return a step on the points as they are."""
        return Transformation("", analyzer, applier, descending(asked or {}), descending(params), {}, self._layout())

    def _layout(self) -> Layout:
        try:
            return layout_of(self.leaves, descending(self.texts), descending(self.numbers))
        except ValueError as error:
            raise UserError(f"no history can hold these names: {one_line(error, 160)}; rename a descriptor") from error

    def fixed_lengths(self) -> Transformation:
        """Return the step that gives every descriptor the number of values that it has."""
        names = {"descriptorNames": StringList(sorted(self._lengths, key=code_units))}
        step = self.step("fixlength", "fixlengthapplier", names)
        self.leaves = [replace(leaf, length=self._lengths[leaf.name]) for leaf in self.leaves]
        return step

    def keep(self, names: Iterable[str]) -> None:
        """Forget all other descriptors; their texts stay known."""
        kept = set(names)
        self.leaves = [leaf for leaf in self.leaves if leaf.name in kept]

    def add(self, leaf: Leaf) -> None:
        """Add a descriptor."""
        self.leaves.append(leaf)

    def fitted(self, step: TableStep) -> Iterator[Transformation]:
        """Yield a step of a model's chain, where it does something; those that choose descriptors have done it."""
        if isinstance(step, Enumerate) and step.texts_:
            # The numbers stand in its own layout already, which Gaia leaves to the next one.
            for name, texts in step.texts_.items():
                numbered = dict(enumerate(texts))
                self.texts[name] = dict(sorted(numbered.items(), reverse=True))
                self.numbers[name] = descending({text: number for number, text in numbered.items()})
            yield self.step("enumerate", "enumerateapplier", {"descriptorNames": StringList(step.texts_)})
            self.leaves = [
                replace(leaf, type=LeafType.ENUM) if leaf.name in step.texts_ else leaf for leaf in self.leaves
            ]
        elif isinstance(step, Normalize) and step.scale_.size:
            yield self.step("normalize", "dotproduct", _coefficients(step.columns, step.scale_, step.offset_))
        elif isinstance(step, Gaussianize) and step.sorted_.size:
            yield self.step("gaussianize", "distribute", _distribution(step.columns, step.sorted_))
        elif not (step.only_chooses or isinstance(step, Enumerate | Normalize | Gaussianize)):
            raise UserError(f"Gaia has no step like {step.transfo}, so that no history can hold this model")


def _named(descriptors: Iterable[Descriptor]) -> Parameters:
    return {"descriptorNames": StringList(descriptor.name for descriptor in descriptors)}


def _scaling(model: Model) -> Parameters:
    # Of the real descriptors; a dimension that the training dropped becomes zero, here as in the machine.
    scaling, used = model.extraction.scaling, model.required_descriptors
    n_dimensions = sum(descriptor.length for descriptor in used)
    scale, offset = np.zeros((2, n_dimensions), dtype=np.float32)
    scale[scaling.columns], offset[scaling.columns] = scaling.scale, scaling.offset
    real = np.repeat([d.kind is Kind.REAL for d in used], [d.length for d in used])
    columns = LearnedColumns(Kind.REAL, {d.name: d.length for d in used if d.kind is Kind.REAL})
    return _coefficients(columns, scale[real], offset[real])


def _coefficients(
    columns: LearnedColumns, scale: npt.NDArray[np.float32], offset: npt.NDArray[np.float32]
) -> Parameters:
    found: dict[str, Any] = {}
    start = 0
    for name, length in columns.lengths.items():
        both = {"a": scale[start : start + length], "b": offset[start : start + length]}
        found[name] = descending({key: tuple(values.astype(np.float64).tolist()) for key, values in both.items()})
        start += length
    return {"coeffs": descending(found), "applyClipping": False}


def _distribution(columns: LearnedColumns, ascending: npt.NDArray[np.float32]) -> Parameters:
    names = [f"{name}[{place}]" for name, length in columns.lengths.items() for place in range(length)]
    values = (row.astype("<f4").tobytes() for row in ascending)
    return {"distribution": descending(dict(zip(names, values, strict=True)))}


def _machine(model: Model, field: str) -> Parameters:
    # A step whose dimensions the training dropped keeps its features, all zeros.
    scaling, classifier = model.extraction.scaling, model.classifier
    n_features = sum(descriptor.length for descriptor in model.required_descriptors)
    vectors = np.zeros((len(classifier.support_vectors), n_features), dtype=np.float32)
    vectors[:, scaling.columns] = classifier.support_vectors
    machine = Machine(tuple(range(classifier.n_classes)), replace(classifier, support_vectors=vectors))
    return {
        "className": field,
        "classMapping": StringList(model.class_order),
        "probability": True,
        "modelData": machine_text(machine),
        **_named(model.required_descriptors),
    }


def _asked(model: Model, field: str) -> Parameters:
    record, kernel = model.record, model.classifier.kernel
    return {
        "type": "C-SVC",
        "kernel": _KERNEL_WORDS[kernel.name],
        "c": _number(record.C),
        "gamma": _number(kernel.gamma),
        "probability": 1,
        "balanceClasses": int(record.balance_classes),
        "className": field,
    }


def _number(value: float) -> int | float:
    # Gaia's scripts give whole numbers as such.
    return int(value) if value.is_integer() and abs(value) < 2**31 else value
