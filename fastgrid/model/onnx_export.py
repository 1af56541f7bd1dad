"""A model as an ONNX graph, which runs without fastgrid: the fitted preprocessing, the scaling, the machine.

The machine is ONNX's SVMClassifier, whose arithmetic is float32, with LIBSVM's pairwise coupling.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.scalars import is_text
from fastgrid.descriptors.table import Kind
from fastgrid.model.history.machine_text import classes_of_support_vectors, coefficients_of_vectors
from fastgrid.model.model import Model
from fastgrid.transforms.enumeration import Enumerate
from fastgrid.transforms.gaussianization import Gaussianize, normal_quantiles
from fastgrid.transforms.normalization import Normalize

#: What runtimes of 2022 and later take.
OPSET, ML_OPSET, IR_VERSION = 17, 3, 8
_KERNELS = {"rbf": "RBF", "poly": "POLY", "linear": "LINEAR"}


def onnx_content(model: Model) -> bytes:
    """Return the content of the ONNX file of a model.

    Parameters
    ----------
    model : Model

    Returns
    -------
    bytes
        A graph with the inputs ``numbers``, float32 (n_items, n_numbers), and, where the model numbers text, ``texts``,
        string (n_items, n_texts); the outputs ``label``, string (n_items,), and ``probabilities``, float32 (n_items,
        n_classes). Its metadata say as JSON which values are wanted (``numbers``, ``texts``: names of dimensions in
        order) and what the probabilities are of (``classes``).

    Raises
    ------
    UserError
        When the package onnx is not installed, or the model has a single class, no support vectors, or text that is no
        valid Unicode.

    Notes
    -----
    A text that was not there in training has the number that follows the last one, whichever text it is; in a `Model`
    each further text gets one of its own.
    """
    try:
        import onnx
    except ImportError as error:
        raise UserError("ONNX takes the package onnx; install it: pip install 'fastgrid[onnx]'") from error
    _check(model)
    graph = _Graph(onnx)
    values = _inputs(graph, model)
    for _, step in model.extraction.chain.steps:
        if isinstance(step, Normalize) and step.scale_.size:
            values = _scaled(graph, values, *_in_width(model, step.columns.lengths, step.scale_, step.offset_))
        elif isinstance(step, Gaussianize) and step.sorted_.size:
            values = _gaussianized(graph, values, model, step)
        elif not (step.only_chooses or isinstance(step, Enumerate | Normalize | Gaussianize)):
            raise UserError(f"{step.transfo} has no form in ONNX, so that this model cannot be written as ONNX")
    scaling = model.extraction.scaling
    values = graph.add("Gather", [values, graph.constant(scaling.columns.astype(np.int64))], axis=1)
    features = _scaled(graph, values, scaling.scale, scaling.offset)
    _outputs(graph, model, graph.classifier(features, model))
    return graph.content(model)


def _check(model: Model) -> None:
    # The last two hold for every model that was trained, but not for every file.
    if len(model.class_order) < 2:
        raise UserError(f"a model of a single class ({one_line(model.class_order[0], 60)}) cannot be written as ONNX")
    name = model.classifier.kernel.name
    if name not in _KERNELS:
        raise UserError(f"ONNX has no kernel {name}, so that this model cannot be written as ONNX")
    if not len(model.classifier.support_vectors):
        raise UserError("a model without support vectors cannot be written as ONNX; train it again")
    for text in (*model.class_order, *(text for texts in _known_texts(model).values() for text in texts)):
        if not is_text(text):
            raise UserError(
                f"'{one_line(text, 60)}' is not valid Unicode and cannot be written as ONNX; train it again"
            )


def _known_texts(model: Model) -> dict[str, tuple[str, ...]]:
    steps = [step for _, step in model.extraction.chain.steps if isinstance(step, Enumerate)]
    return {name: texts for step in steps for name, texts in step.texts_.items()}


def _inputs(graph: _Graph, model: Model) -> str:
    # All dimensions in the order of the table, text as its numbers.
    numbers = [d for d in model.required_descriptors if d.kind is Kind.REAL]
    texts = [d for d in model.required_descriptors if d.kind is Kind.TEXT]
    known = _known_texts(model)
    parts, names = [], []
    if numbers:
        parts.append(graph.input("numbers", "FLOAT", sum(d.length for d in numbers)))
        names += [(d.name, place) for d in numbers for place in range(d.length)]
    if texts:
        given, start = graph.input("texts", "STRING", sum(d.length for d in texts)), 0
        for descriptor in texts:
            places = graph.constant(np.arange(start, start + descriptor.length, dtype=np.int64))
            own = graph.add("Gather", [given, places], axis=1)
            parts.append(graph.numbered(own, known[descriptor.name]))
            names += [(descriptor.name, place) for place in range(descriptor.length)]
            start += descriptor.length
    together = parts[0] if len(parts) == 1 else graph.add("Concat", parts, axis=1)
    position = {name: place for place, name in enumerate(names)}
    order = [position[d.name, place] for d in model.required_descriptors for place in range(d.length)]
    return graph.add("Gather", [together, graph.constant(np.array(order, dtype=np.int64))], axis=1)


def _starts(model: Model) -> dict[str, int]:
    starts, start = {}, 0
    for descriptor in model.required_descriptors:
        starts[descriptor.name] = start
        start += descriptor.length
    return starts


def _columns(model: Model, lengths: Any) -> npt.NDArray[np.int64]:
    starts = _starts(model)
    found = [np.arange(starts[name], starts[name] + length) for name, length in lengths.items()]
    return np.concatenate(found).astype(np.int64)


def _in_width(
    model: Model, lengths: Any, scale: npt.NDArray[np.float32], offset: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    # For all dimensions; what a step leaves alone is multiplied by one.
    width = sum(descriptor.length for descriptor in model.required_descriptors)
    whole_scale, whole_offset = np.ones(width, dtype=np.float32), np.zeros(width, dtype=np.float32)
    columns = _columns(model, lengths)
    whole_scale[columns], whole_offset[columns] = scale, offset
    return whole_scale, whole_offset


def _scaled(graph: _Graph, values: str, scale: npt.NDArray[np.float32], offset: npt.NDArray[np.float32]) -> str:
    return graph.add("Add", [graph.add("Mul", [values, graph.constant(scale)]), graph.constant(offset)])


def _gaussianized(graph: _Graph, values: str, model: Model, step: Gaussianize) -> str:
    columns = _columns(model, step.columns.lengths)
    size = step.sorted_.shape[1]
    own = graph.add("Gather", [values, graph.constant(columns)], axis=1)
    # How many of the known values are not greater, kept within 1 and n - 1.
    apart = graph.add("Unsqueeze", [own, graph.constant(np.array([2], dtype=np.int64))])
    reached = graph.add("GreaterOrEqual", [apart, graph.constant(step.sorted_[np.newaxis])])
    counted = graph.add("Cast", [reached], to=graph.types.INT64)
    rank = graph.add("ReduceSum", [counted, graph.constant(np.array([2], dtype=np.int64))], keepdims=0)
    ends = (graph.constant(np.array(end, dtype=np.int64)) for end in (1, size - 1))
    table = graph.constant(normal_quantiles(size))
    result = graph.add("Gather", [table, graph.add("Clip", [rank, *ends])], axis=0)
    # Back to where they stood.
    width = sum(descriptor.length for descriptor in model.required_descriptors)
    order = np.arange(width, dtype=np.int64)
    order[columns] = width + np.arange(len(columns))
    return graph.add("Gather", [graph.add("Concat", [values, result], axis=1), graph.constant(order)], axis=1)


def _outputs(graph: _Graph, model: Model, probabilities: str) -> None:
    best = graph.add("ArgMax", [probabilities], axis=1, keepdims=0)
    labels = graph.constant(np.array(model.class_order, dtype=object))
    graph.output("label", "STRING", graph.add("Gather", [labels, best], axis=0), [None])
    order = np.array([model.class_order.index(name) for name in model.classes], dtype=np.int64)
    in_order = graph.add("Gather", [probabilities, graph.constant(order)], axis=1)
    graph.output("probabilities", "FLOAT", in_order, [None, len(order)])


def _dimensions(model: Model, kind: Kind) -> list[str]:
    return [f"{d.name}[{place}]" for d in model.required_descriptors if d.kind is kind for place in range(d.length)]


class _Graph:
    # A graph under way; values are called v1, v2 ... in the order in which they are made.

    def __init__(self, onnx: Any) -> None:
        self._onnx, self.types = onnx, onnx.TensorProto
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._count = 0

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def input(self, name: str, kind: str, width: int) -> str:
        """Add an input of the graph."""
        shape = ["n_items", width]
        self._inputs.append(self._onnx.helper.make_tensor_value_info(name, getattr(self.types, kind), shape))
        return name

    def output(self, name: str, kind: str, value: str, shape: list[int | None]) -> None:
        """Make a value an output of the graph."""
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [name]))
        shown = ["n_items", *shape[1:]]
        self._outputs.append(self._onnx.helper.make_tensor_value_info(name, getattr(self.types, kind), shown))

    def constant(self, value: npt.NDArray[Any]) -> str:
        """Add a constant."""
        name = self._name()
        self._constants.append(self._onnx.numpy_helper.from_array(value, name))
        return name

    def add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        """Add a node of ONNX's own operators."""
        name = self._name()
        self._nodes.append(self._onnx.helper.make_node(operator, inputs, [name], **attributes))
        return name

    def numbered(self, texts: str, known: tuple[str, ...]) -> str:
        """Add the numbers of texts."""
        name = self._name()
        node = self._onnx.helper.make_node(
            "LabelEncoder", [texts], [name], domain="ai.onnx.ml", keys_strings=list(known),
            values_floats=[float(number) for number in range(len(known))], default_float=float(len(known)),
        )  # fmt: skip
        self._nodes.append(node)
        return name

    def classifier(self, features: str, model: Model) -> str:
        """Add the machine; return its probabilities, in its order of the classes."""
        machine = model.classifier
        owners = classes_of_support_vectors(machine)
        by_class = np.argsort(owners, kind="stable")
        columns = coefficients_of_vectors(machine, owners)[:, by_class]
        label, probabilities = self._name(), self._name()
        kernel = machine.kernel
        node = self._onnx.helper.make_node(
            "SVMClassifier", [features], [label, probabilities], domain="ai.onnx.ml", post_transform="NONE",
            kernel_type=_KERNELS[kernel.name], kernel_params=[kernel.gamma, kernel.coef0, float(kernel.degree)],
            support_vectors=machine.support_vectors[by_class].ravel().tolist(),
            vectors_per_class=np.bincount(owners, minlength=machine.n_classes).tolist(),
            coefficients=columns.ravel().tolist(), rho=machine.bias.tolist(), prob_a=machine.slopes.tolist(),
            prob_b=machine.offsets.tolist(), classlabels_strings=list(model.class_order),
        )  # fmt: skip
        self._nodes.append(node)
        return probabilities

    def content(self, model: Model) -> bytes:
        """Return the whole, checked."""
        helper = self._onnx.helper
        graph = helper.make_graph(self._nodes, "fastgrid", self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        whole = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="fastgrid")
        said = {
            "class_name": model.class_name,
            "classes": model.classes,
            "numbers": _dimensions(model, Kind.REAL),
            "texts": _dimensions(model, Kind.TEXT),
        }
        helper.set_model_props(whole, {key: json.dumps(value) for key, value in said.items()})
        self._onnx.checker.check_model(whole)
        content: bytes = whole.SerializeToString(deterministic=True)
        return content
