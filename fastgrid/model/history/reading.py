"""From the steps of a history to a `Model` that predicts what Gaia predicts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import one_line
from fastgrid.descriptors.table import Descriptor, Kind
from fastgrid.model.features import FeatureExtraction, produced_columns
from fastgrid.model.history.file import Transformation
from fastgrid.model.history.layouts import Layout, LeafType
from fastgrid.model.history.machine_text import read_machine
from fastgrid.model.history.stream import DamagedHistoryError
from fastgrid.model.history.variants import StringList
from fastgrid.model.model import OF_HISTORY, Model, TrainingRecord
from fastgrid.transforms.chain import Chain
from fastgrid.transforms.scaling import Scaling

#: More values per item than any descriptor file holds.
MOST_DIMENSIONS = 2**22
HIGHLEVEL = "highlevel."
_PLAIN = frozenset({"removedesc", "selectdesc", "fixlengthapplier", "addfieldapplier"})
_FITTED = frozenset({"enumerateapplier", "dotproduct", "distribute"})
_PLACE = re.compile(r"(.*)\[(\d{1,9})\]", re.DOTALL)


def model_of(steps: Sequence[Transformation]) -> Model:
    """Return the model that a history describes.

    Steps that choose descriptors need not be taken: what the machine uses, and how texts are numbered, stands in its
    own step. Of `TrainingRecord` most is not known of such a model: counts and seed are zero.

    Raises
    ------
    DamagedHistoryError
        When a step is not known, lacks something, or there is no machine with probabilities.
    """
    machines = [place for place, step in enumerate(steps) if step.applier.lower() == "svmpredict"]
    if len(machines) != 1:
        raise DamagedHistoryError(f"holds {len(machines)} machines where one is expected")
    before, own = steps[: machines[0]], steps[machines[0]]
    for step in (*before, *steps[machines[0] + 1 :]):
        if step.applier.lower() not in _PLAIN | _FITTED:
            raise DamagedHistoryError(f"holds the step {one_line(step.applier, 60)!r}, which is not known")
    names = _names(own, "descriptorNames")
    leaves = {leaf.name: leaf for leaf in own.layout.leaves()}
    used = tuple(_descriptor(name, leaves.get(name)) for name in names)
    n_features = sum(descriptor.length for descriptor in used)
    if len(set(names)) != len(names) or not 0 < n_features <= MOST_DIMENSIONS:
        raise DamagedHistoryError(f"uses {n_features} features, or one of them twice")
    machine = read_machine(_entry(own, "modelData", bytes), n_features)
    classes = _texts(own, "classMapping")
    if len(classes) != len(machine.labels) or len(set(classes)) != len(classes):
        raise DamagedHistoryError(f"names {len(classes)} classes for a machine of {len(machine.labels)}")
    if not own.params.get("probability"):
        raise DamagedHistoryError("predicts no probabilities; train it with probability: True")
    scaling_step = _last_scaling(before)
    fitted = [step for step in before if step.applier.lower() in _FITTED and step is not scaling_step]
    # Tables are sorted by name, and features with them.
    ordered = tuple(sorted(used, key=lambda descriptor: descriptor.name))
    order = _order_of_features(used, ordered)
    vectors = np.ascontiguousarray(machine.classifier.support_vectors[:, order])
    scaling = _scaling_of(scaling_step, ordered)
    # One chain to try and one to keep: trying it gives a number to the empty text.
    tried, kept = (FeatureExtraction(ordered, _chain_of(fitted, ordered, own.layout), scaling) for _ in range(2))
    if _produced(tried) != n_features:
        raise DamagedHistoryError("holds steps that do not make the features of its machine")
    return Model(
        class_name=_entry(own, "className", str).removeprefix(HIGHLEVEL),
        class_order=tuple(classes[label] for label in machine.labels),
        extraction=kept,
        classifier=replace(machine.classifier, support_vectors=vectors),
        record=_record(own, classes),
    )


def _produced(extraction: FeatureExtraction) -> int:
    try:
        return produced_columns(extraction)
    except ValueError as error:
        raise DamagedHistoryError(f"holds steps that cannot be applied ({one_line(error, 160)})") from error


def _descriptor(name: str, leaf: Any) -> Descriptor:
    if leaf is None or leaf.length is None or leaf.type not in (LeafType.REAL, LeafType.ENUM):
        raise DamagedHistoryError(f"uses {one_line(name, 120)!r}, which its layout does not have as numbers")
    return Descriptor(name, Kind.TEXT if leaf.type is LeafType.ENUM else Kind.REAL, leaf.length)


def _order_of_features(used: Sequence[Descriptor], ordered: Sequence[Descriptor]) -> npt.NDArray[np.intp]:
    # Where the features of each of `ordered` stand among those of `used`.
    starts, start = {}, 0
    for descriptor in used:
        starts[descriptor.name] = start
        start += descriptor.length
    return np.concatenate([np.arange(starts[d.name], starts[d.name] + d.length) for d in ordered]).astype(np.intp)


def _last_scaling(steps: Sequence[Transformation]) -> Transformation | None:
    # The scaling of the training, if nothing is fitted behind it.
    fitted = [step for step in steps if step.applier.lower() in _FITTED]
    return fitted[-1] if fitted and fitted[-1].applier.lower() == "dotproduct" else None


def _scaling_of(step: Transformation | None, used: Sequence[Descriptor]) -> Scaling:
    n_features = sum(descriptor.length for descriptor in used)
    scale, offset = np.ones(n_features, dtype=np.float32), np.zeros(n_features, dtype=np.float32)
    if step is not None:
        coefficients, start = _coefficients(step), 0
        for descriptor in used:
            if descriptor.name in coefficients and descriptor.kind is Kind.REAL:
                where = slice(start, start + descriptor.length)
                scale[where], offset[where] = _pair(coefficients[descriptor.name], descriptor)
            start += descriptor.length
    return Scaling(np.arange(n_features, dtype=np.intp), scale, offset)


def _chain_of(steps: Sequence[Transformation], used: Sequence[Descriptor], layout: Layout) -> Chain:
    described: list[dict[str, object]] = []
    arrays: dict[str, npt.NDArray[np.float32]] = {}
    kinds = {"enumerateapplier": _enumerate, "dotproduct": _normalize, "distribute": _gaussianize}
    for position, step in enumerate(steps):
        transfo, learned, own = kinds[step.applier.lower()](step, used, layout)
        params = {"descriptorNames": list(learned["lengths"])} if transfo != "normalize" else {}
        learned = {"unmatched": [], "left_out": {}, **learned}
        described.append({"name": f"{transfo}-{position}", "transfo": transfo, "params": params, "learned": learned})
        arrays |= {f"{position}.{key}": value for key, value in own.items()}
    missing = [d.name for d in used if d.kind is Kind.TEXT and d.name not in _enumerated(described)]
    if missing:
        raise DamagedHistoryError(f"uses the text of {one_line(missing[0], 120)!r} without numbers for it")
    try:
        return Chain.from_state({"steps": described}, arrays)
    except ValueError as error:
        raise DamagedHistoryError(f"holds a step that cannot be applied ({one_line(error, 120)})") from error


_Fitted = tuple[str, dict[str, Any], dict[str, npt.NDArray[np.float32]]]


def _enumerated(described: Sequence[Mapping[str, Any]]) -> set[str]:
    return {name for step in described if step["transfo"] == "enumerate" for name in step["learned"]["lengths"]}


def _enumerate(step: Transformation, used: Sequence[Descriptor], layout: Layout) -> _Fitted:
    # Gaia numbers texts as they come, and every step that chooses descriptors goes by the numbers of its own layout:
    # those of the machine's count.
    wanted = set(_names(step, "descriptorNames", dotted=False))
    chosen = [d for d in used if d.kind is Kind.TEXT and (d.name in wanted or d.name.removeprefix(".") in wanted)]
    texts = {}
    for descriptor in chosen:
        known = layout.texts.get(descriptor.name, {})
        if not known or sorted(known) != list(range(len(known))) or len(set(known.values())) != len(known):
            raise DamagedHistoryError(f"uses the text of {one_line(descriptor.name, 120)!r} without numbers for it")
        texts[descriptor.name] = [str(known[number]) for number in range(len(known))]
    return "enumerate", {"lengths": {d.name: d.length for d in chosen}, "texts": texts}, {}


def _normalize(step: Transformation, used: Sequence[Descriptor], layout: Layout) -> _Fitted:
    coefficients = _coefficients(step)
    chosen = [d for d in used if d.kind is Kind.REAL and d.name in coefficients]
    parts = [_pair(coefficients[d.name], d) for d in chosen]
    nothing = [np.empty(0, dtype=np.float32)]
    scale, offset = (np.concatenate([*nothing, *(part[which] for part in parts)]) for which in (0, 1))
    return "normalize", {"lengths": {d.name: d.length for d in chosen}}, {"scale": scale, "offset": offset}


def _gaussianize(step: Transformation, used: Sequence[Descriptor], layout: Layout) -> _Fitted:
    places: dict[str, dict[int, bytes]] = {}
    for key, values in _entry(step, "distribution", dict).items():
        found = _PLACE.fullmatch(key)
        if found is None or not isinstance(values, bytes) or len(values) % 4:
            raise DamagedHistoryError(f"holds the distribution {one_line(key, 120)!r}, which is none")
        places.setdefault(found[1], {})[int(found[2])] = values
    chosen = [d for d in used if d.kind is Kind.REAL and d.name in places]
    rows = []
    for descriptor in chosen:
        own = places[descriptor.name]
        if sorted(own) != list(range(descriptor.length)):
            raise DamagedHistoryError(f"lacks the distribution of a value of {one_line(descriptor.name, 120)!r}")
        # In memory as it lay there: little-endian, unlike all else.
        rows += [np.frombuffer(own[place], dtype="<f4") for place in range(descriptor.length)]
    if len({len(row) for row in rows}) > 1:
        raise DamagedHistoryError("holds distributions of different lengths")
    ascending = np.array(rows, dtype=np.float32).reshape(len(rows), -1) if rows else np.zeros((0, 2), dtype=np.float32)
    return "gaussianize", {"lengths": {d.name: d.length for d in chosen}}, {"sorted": ascending}


def _coefficients(step: Transformation) -> Mapping[str, Any]:
    if step.params.get("applyClipping"):
        raise DamagedHistoryError("scales values with clipping, which is not known")
    coefficients: Mapping[str, Any] = _entry(step, "coeffs", dict)
    return coefficients


def _pair(entry: object, descriptor: Descriptor) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    if isinstance(entry, dict):
        both = [entry.get(key) for key in ("a", "b")]
        if all(
            isinstance(one, tuple) and len(one) == descriptor.length and all(isinstance(x, float) for x in one)
            for one in both
        ):
            with np.errstate(over="ignore"):
                a, b = (np.array(one, dtype=np.float64).astype(np.float32) for one in both)
            if np.isfinite(a).all() and np.isfinite(b).all():
                return a, b
    raise DamagedHistoryError(f"lacks the scaling of {one_line(descriptor.name, 120)!r}")


def _record(own: Transformation, classes: Sequence[str]) -> TrainingRecord:
    asked = own.analyzer_params
    cost, balance = asked.get("c"), asked.get("balanceClasses")
    return TrainingRecord(
        class_counts=dict.fromkeys(sorted(classes), 0),
        C=float(cost) if isinstance(cost, int | float) and 0 < float(cost) < float("inf") else 1.0,
        balance_classes=bool(balance),
        solver=OF_HISTORY,
        tol=1e-3,
        converged=True,
        seed=0,
        descriptor_names=("*",),
        exclude=(),
        fastgrid_version="",
        evaluation={},
    )


def _names(step: Transformation, key: str, *, dotted: bool = True) -> tuple[str, ...]:
    names = _texts(step, key)
    if dotted and not all(name.startswith(".") for name in names):
        raise DamagedHistoryError(f"holds a name without a leading dot in {key} of {one_line(step.applier, 60)}")
    return names


def _texts(step: Transformation, key: str) -> tuple[str, ...]:
    value = step.params.get(key)
    if not isinstance(value, StringList):
        raise DamagedHistoryError(f"lacks {key} in {one_line(step.applier, 60)}")
    return tuple(map(str, value))


def _entry(step: Transformation, key: str, kind: type) -> Any:
    value = step.params.get(key)
    if not isinstance(value, kind):
        raise DamagedHistoryError(f"lacks {key} in {one_line(step.applier, 60)}")
    return value
