"""A model as the description and arrays of a container, and back: everything read is checked."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import write_bytes
from fastgrid.descriptors.table import Descriptor, Kind
from fastgrid.kernels import known_kernels, may_be_added
from fastgrid.model.classifier import HIGHEST_DEGREE, Kernel, PairwiseClassifier
from fastgrid.model.container import Array, DamagedModelError, read_container, write_container
from fastgrid.model.features import FeatureExtraction, produced_columns
from fastgrid.model.history.file import is_history_name, read_history, reads_as_history
from fastgrid.model.history.reading import model_of
from fastgrid.model.history.writing import history_content
from fastgrid.model.model import LARGEST_SEED, Model, TrainingRecord
from fastgrid.transforms.chain import Chain
from fastgrid.transforms.scaling import Scaling
from fastgrid.transforms.state import SavedState

#: More values per item than any descriptor file holds; bounds what a forged file can make us allocate.
MOST_DIMENSIONS = 2**22
CHAIN_PREFIX = "chain/"


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write `model` to `path`; see `Model.save`."""
    if is_history_name(Path(path)):
        write_bytes(Path(path), history_content(model))
        return
    chain, chain_arrays = model.extraction.chain.to_state()
    record = model.record
    description = {
        "class_name": model.class_name,
        "class_order": list(model.class_order),
        "required": [[d.name, d.kind.value, d.length] for d in model.required_descriptors],
        "chain": chain,
        "kernel": dict(vars(model.classifier.kernel)),
        "record": {
            **vars(record),
            "class_counts": dict(record.class_counts),
            "descriptor_names": list(record.descriptor_names),
            "exclude": list(record.exclude),
        },
    }
    classifier, scaling = model.classifier, model.extraction.scaling
    arrays: dict[str, Array] = {
        "support_vectors": classifier.support_vectors,
        "coefficients": classifier.coefficients,
        "bias": classifier.bias,
        "slopes": classifier.slopes,
        "offsets": classifier.offsets,
        "columns": scaling.columns.astype(np.int64),
        "scale": scaling.scale,
        "offset": scaling.offset,
        **{CHAIN_PREFIX + name: array for name, array in chain_arrays.items()},
    }
    write_container(path, description, arrays)


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read the model in `path`; see `Model.load`."""
    try:
        if reads_as_history(Path(path)):
            return model_of(read_history(Path(path)))
        return _decode(*read_container(path))
    except _MissingKernelError as error:
        raise UserError(
            f"{path}: needs the kernel {error}, which this fastgrid does not have; put its file into "
            "fastgrid/kernels/added/ (docs/add-a-kernel.md)"
        ) from None
    except ValueError as error:
        raise UserError(
            f"{path}: is damaged ({one_line(error, 200)}); train the model again or restore the file from a copy"
        ) from error


class _MissingKernelError(Exception):
    # The model is whole, and of a kernel that was added elsewhere.
    pass


class _State(SavedState):
    """A saved mapping that also has numbers; every reader checks what it returns."""

    def number(self, key: str, *, positive: bool = False) -> float:
        value = self.entry(key)
        if type(value) is not float or not math.isfinite(value) or (positive and value <= 0.0):
            raise self.wrong(key, f"is not a {'positive' if positive else 'finite'} number")
        return value

    def integer(self, key: str, lowest: int, highest: int) -> int:
        value = self.entry(key)
        if type(value) is not int or not lowest <= value <= highest:
            raise self.wrong(key, f"is not a whole number from {lowest} to {highest}")
        return value

    def counts(self, key: str) -> dict[str, int]:
        value = self.entry(key)
        if not isinstance(value, dict) or not all(type(count) is int and count >= 0 for count in value.values()):
            raise self.wrong(key, "is not a mapping of names to numbers of items")
        return value

    def flag(self, key: str) -> bool:
        value = self.entry(key)
        if not isinstance(value, bool):
            raise self.wrong(key, "is neither true nor false")
        return value


def _decode(description: Mapping[str, Any], arrays: Mapping[str, Array]) -> Model:
    state = _State(description, where="description")
    blocks = dict(arrays)
    class_order = state.texts("class_order")
    if not class_order:
        raise state.wrong("class_order", "is empty")
    model = Model(
        class_name=state.text("class_name"),
        class_order=class_order,
        extraction=_decode_extraction(state, blocks),
        classifier=_decode_classifier(_kernel(_State(state.entry("kernel"), where="kernel")), len(class_order), blocks),
        record=_decode_record(_State(state.entry("record"), where="record"), class_order),
    )
    state.finish()
    if blocks:
        raise DamagedModelError(f"it has unknown arrays: {one_line(', '.join(sorted(blocks)), 120)}")
    if model.classifier.support_vectors.shape[1] != len(model.extraction.scaling.columns):
        raise DamagedModelError("its support vectors have another number of features than its preprocessing")
    return model


def _decode_extraction(state: _State, blocks: dict[str, Array]) -> FeatureExtraction:
    required = _required(state.entry("required"))
    saved_chain = state.entry("chain")
    chain_arrays = {
        name.removeprefix(CHAIN_PREFIX): blocks.pop(name) for name in list(blocks) if name.startswith(CHAIN_PREFIX)
    }
    columns = _take(blocks, "columns", np.int64, (None,))
    scaling = Scaling(
        columns.astype(np.intp),
        _take(blocks, "scale", np.float32, columns.shape),
        _take(blocks, "offset", np.float32, columns.shape),
    )
    # One chain to try and one to keep: trying it gives a number to the empty text.
    tried, kept = (Chain.from_state(saved_chain, chain_arrays) for _ in range(2))
    produced = produced_columns(FeatureExtraction(required, tried, scaling))
    if not len(columns) or columns[0] < 0 or columns[-1] >= produced or (np.diff(columns) <= 0).any():
        raise DamagedModelError("its scaling does not fit its preprocessing")
    return FeatureExtraction(required, kept, scaling)


def _required(entries: object) -> tuple[Descriptor, ...]:
    if not isinstance(entries, list):
        raise DamagedModelError("its required descriptors are not a list")
    required = []
    for entry in entries:
        match entry:
            case [str(name), str(kind), int(length)] if kind in set(Kind) and 0 < length <= MOST_DIMENSIONS:
                required.append(Descriptor(name, Kind(kind), int(length)))
            case _:
                raise DamagedModelError("one of its required descriptors has no proper name, kind or length")
    names = [descriptor.name for descriptor in required]
    if names != sorted(set(names)) or sum(d.length for d in required) > MOST_DIMENSIONS:
        raise DamagedModelError("its required descriptors are not sorted, not distinct or too many")
    return tuple(required)


def _kernel(state: _State) -> Kernel:
    kernel = Kernel(
        state.text("name"),
        state.number("gamma", positive=True),
        state.integer("degree", 1, HIGHEST_DEGREE),
        state.number("coef0"),
    )
    state.finish()
    if kernel.name not in known_kernels():
        if may_be_added(kernel.name):
            raise _MissingKernelError(kernel.name)
        raise DamagedModelError(f"there is no kernel {one_line(repr(kernel.name), 40)}")
    return kernel


def _decode_classifier(kernel: Kernel, n_classes: int, blocks: dict[str, Array]) -> PairwiseClassifier:
    n_pairs = n_classes * (n_classes - 1) // 2
    support_vectors = _take(blocks, "support_vectors", np.float32, (None, None))
    return PairwiseClassifier(
        n_classes,
        kernel,
        support_vectors,
        _take(blocks, "coefficients", np.float64, (n_pairs, len(support_vectors))),
        *(_take(blocks, name, np.float64, (n_pairs,)) for name in ("bias", "slopes", "offsets")),
    )


def _decode_record(state: _State, class_order: tuple[str, ...]) -> TrainingRecord:
    evaluation = state.entry("evaluation")
    if not isinstance(evaluation, dict):
        raise state.wrong("evaluation", "is not a mapping")
    record = TrainingRecord(
        class_counts=state.counts("class_counts"),
        C=state.number("C", positive=True),
        balance_classes=state.flag("balance_classes"),
        solver=state.text("solver"),
        tol=state.number("tol", positive=True),
        converged=state.flag("converged"),
        seed=state.integer("seed", -LARGEST_SEED, LARGEST_SEED),
        descriptor_names=state.texts("descriptor_names"),
        exclude=state.texts("exclude"),
        fastgrid_version=state.text("fastgrid_version"),
        evaluation=evaluation,
    )
    state.finish()
    if list(record.class_counts) != sorted(class_order):
        raise DamagedModelError("the items counted are not of its classes")
    return record


def _take(blocks: dict[str, Array], name: str, dtype: type, shape: tuple[int | None, ...]) -> npt.NDArray[Any]:
    array = blocks.pop(name, None)
    if array is None:
        raise DamagedModelError(f"it lacks the array {name!r}")
    fits = len(shape) == array.ndim and all(
        wanted in (None, length) for wanted, length in zip(shape, array.shape, strict=True)
    )
    if array.dtype != dtype or not fits:
        raise DamagedModelError(f"its array {name!r} has the type {array.dtype} and the shape {array.shape}")
    if not np.isfinite(array).all():
        raise DamagedModelError(f"its array {name!r} holds NaN or infinity")
    return array
