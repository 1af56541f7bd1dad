"""Gaia's ``.history`` files by the description alone, as simply as can be: decoded, checked, and applied to a point.

Shares nothing with `fastgrid.model.history`. Whatever differs from the description fails an assertion.
"""

import math
import re
import struct

import numpy as np

REAL, STRING, ENUM = 1, 2, 3


class Stream:
    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, form):
        size = struct.calcsize(form)
        (value,) = struct.unpack(form, self.data[self.place : self.place + size])
        self.place += size
        return value

    def bytes(self):
        size = self.take(">I")
        assert self.place + size <= len(self.data)
        self.place += size
        return self.data[self.place - size : self.place]

    def text(self):
        return self.bytes().decode("utf-16-be")

    def variant(self):
        kind, null = self.take(">I"), self.take(">b")
        assert null == 0
        if kind == 1:
            value = self.take(">b")
            assert value in (0, 1)
            return ("Bool", value)
        if kind == 2:
            return ("Int", self.take(">i"))
        if kind == 6:
            return ("Double", self.take(">d"))
        if kind == 8:
            pairs = [(self.text(), self.variant()) for _ in range(self.take(">I"))]
            keys = [key.encode("utf-16-be") for key, _ in pairs]
            assert keys == sorted(set(keys), reverse=True), "Qt writes keys in descending order"
            return ("Map", dict(pairs))
        if kind == 9:
            return ("List", [self.variant() for _ in range(self.take(">I"))])
        if kind == 10:
            return ("String", self.text())
        if kind == 11:
            return ("StringList", [self.text() for _ in range(self.take(">I"))])
        if kind == 12:
            return ("ByteArray", self.bytes())
        raise AssertionError(f"type {kind}")


def decode(data):
    """Return the steps of a history: (analyzer, applier, asked, params, info, layout)."""
    stream = Stream(data)
    assert stream.take(">I") == 0x6AEA723D and stream.take(">i") == 102
    steps = []
    for _ in range(stream.take(">I")):
        assert stream.text() == ""
        analyzer, applier = stream.text(), stream.text()
        maps = [stream.variant() for _ in range(3)]
        assert [kind for kind, _ in maps] == ["Map"] * 3
        kind, content = stream.variant()
        assert kind == "ByteArray"
        steps.append((analyzer, applier, *(entries for _, entries in maps), decode_layout(content)))
    assert stream.place == len(data)
    return steps


def decode_layout(content):
    """Return the leaves of a layout, {name: (type, size or None)}, and {name: {text: number}}."""
    stream = Stream(content)
    leaves = {}

    def node(above, root=False):
        name, kind, variable = stream.text(), stream.take(">i"), stream.take(">i")
        begin, end, children = stream.take(">i"), stream.take(">i"), stream.take(">I")
        if root:
            assert (name, kind, variable, begin, end) == ("", 0, 1, -1, -1)
        full = above if root else f"{above}.{name}"
        if kind == 0:
            assert root or (children and (variable, begin, end) == (1, 0, 1))
        else:
            assert children == 0 and kind in (REAL, STRING, ENUM) and variable in (0, 1)
            assert end - begin == 1 if variable else end > begin
            leaves[full] = (kind, variable, begin, end)
        names = [node(full) for _ in range(children)]
        assert [n.encode("utf-16-be") for n in names] == sorted({n.encode("utf-16-be") for n in names})
        return name

    node("", root=True)
    slots = {}
    for name in sorted(leaves, key=lambda name: name.encode("utf-16-be")):
        kind, variable, begin, end = leaves[name]
        assert begin == slots.get((kind, variable), 0), name
        slots[kind, variable] = end
    texts = {}
    for _ in range(stream.take(">I")):
        name = stream.text()
        texts[name] = {}
        for _ in range(stream.take(">I")):
            number = stream.take(">i")
            texts[name][stream.text()] = number
    numbers = {}
    for _ in range(stream.take(">I")):
        name = stream.text()
        numbers[name] = {}
        for _ in range(stream.take(">I")):
            text = stream.text()
            numbers[name][text] = stream.take(">i")
    assert texts == numbers and stream.place == len(content)
    return {
        name: (kind, None if variable else end - begin) for name, (kind, variable, begin, end) in leaves.items()
    }, texts


def predict(steps, point):
    """Apply the steps to a point, {name: list of numbers or texts}; return the class and {class: probability}."""
    layout = {name: (STRING if isinstance(values[0], str) else REAL, None) for name, values in point.items()}
    point = {name: [v if isinstance(v, str) else np.float32(v) for v in values] for name, values in point.items()}
    for place, (analyzer, applier, _, params, _, (stored, texts)) in enumerate(steps):
        assert stored == layout, analyzer
        # Texts get their numbers by the maps of the enumerate step itself or, where it has none, of the next step that
        # chooses or adds: there the first numbers are translated, by text.
        later = [
            step[5][1] for step in steps[place + 1 :] if step[1] in ("removedesc", "selectdesc", "addfieldapplier")
        ]
        numbers = texts or (later[0] if later else {})
        apply = {
            "removedesc": remove,
            "selectdesc": select,
            "fixlengthapplier": fix_length,
            "enumerateapplier": enumerate_texts,
            "dotproduct": scale,
            "distribute": distribute,
            "addfieldapplier": add_field,
            "svmpredict": machine,
        }[applier]
        apply(params, point, layout, numbers)
    (label,) = [name for name in point if not name.endswith("Probability")]
    return point[label][0], dict(point[f"{label}Probability"])


def names_of(params):
    kind, names = params["descriptorNames"]
    assert kind == "StringList" and all(name.startswith(".") for name in names)
    return names


def remove(params, point, layout, numbers):
    for name in names_of(params):
        del point[name], layout[name]


def select(params, point, layout, numbers):
    kept = names_of(params)
    assert set(kept) <= set(layout)
    for name in set(layout) - set(kept):
        del layout[name]
        point.pop(name, None)


def fix_length(params, point, layout, numbers):
    assert list(names_of(params)) == sorted(names_of(params))
    for name in names_of(params):
        layout[name] = (layout[name][0], len(point[name]))


def enumerate_texts(params, point, layout, numbers):
    for name in names_of(params):
        assert layout[name][0] == STRING
        point[name] = [np.float32(numbers[name][text]) for text in point[name]]
        layout[name] = (ENUM, layout[name][1])


def scale(params, point, layout, numbers):
    assert params["applyClipping"] == ("Bool", 0)
    kind, coefficients = params["coeffs"]
    assert kind == "Map"
    for name, (of_name, both) in coefficients.items():
        assert of_name == "Map" and layout[name][0] == REAL and set(both) == {"a", "b"}
        a, b = (vector(both[key], layout[name][1]) for key in ("a", "b"))
        point[name] = [np.float32(np.float32(x * u) + v) for x, u, v in zip(point[name], a, b, strict=True)]


def vector(variant, size):
    kind, values = variant
    assert kind == "List" and len(values) == size and all(of == "Double" for of, _ in values)
    assert all(float(np.float32(value)) == value for _, value in values)
    return [np.float32(value) for _, value in values]


def distribute(params, point, layout, numbers):
    kind, distribution = params["distribution"]
    assert kind == "Map"
    for key, (of_key, content) in distribution.items():
        name, place = re.fullmatch(r"(.*)\[(\d+)\]", key).groups()
        assert of_key == "ByteArray" and layout[name][0] == REAL and int(place) < layout[name][1]
        known = [value for (value,) in struct.iter_unpack("<f", content)]
        assert known == sorted(known)
        rank = sum(value <= point[name][int(place)] for value in known)
        rank = min(max(rank, 1), len(known) - 1)
        share = float(np.float32(rank) / np.float32(len(known)))
        point[name][int(place)] = np.float32(inverse_error_function(2 * share - 1))


def inverse_error_function(y):
    low, high = -6.0, 6.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < y else (low, middle)
    return (low + high) / 2


def add_field(params, point, layout, numbers):
    kind, field = params["string"]
    assert kind == "String" and field.startswith("highlevel.")
    layout[f".{field}"] = (STRING, None)


def machine(params, point, layout, numbers):
    (_, field), (_, classes) = params["className"], params["classMapping"]
    assert params["className"][0] == "String" and params["classMapping"][0] == "StringList"
    assert params["probability"] == ("Bool", 1) and f".{field}" in layout
    assert all(layout[name][0] in (REAL, ENUM) for name in names_of(params))
    features = [float(value) for name in names_of(params) for value in point[name]]
    kind, text = params["modelData"]
    assert kind == "ByteArray"
    label, probabilities = libsvm(text.decode("ascii"), features)
    point[f".{field}"] = [classes[label]]
    point[f".{field}Probability"] = {classes[code]: p for code, p in probabilities.items()}
    layout[f".{field}Probability"] = (REAL, None)


def libsvm(text, features):
    """Return label and probabilities as LIBSVM 2.89 predicts from the text of a model."""
    assert text.endswith("\n") and "\r" not in text
    head, _, body = text.partition("\nSV\n")
    lines = [line.split(" ") for line in head.split("\n")]
    words = {word: rest for word, *rest in lines}
    order = [word for word, *_ in lines]
    known = ["svm_type", "kernel_type", "degree", "gamma", "coef0", "nr_class", "total_sv", "rho", "label"]
    assert order == [word for word in [*known, "probA", "probB", "nr_sv"] if word in words]
    assert words["svm_type"] == ["c_svc"]
    n = int(words["nr_class"][0])
    counts, labels = [int(x) for x in words["nr_sv"]], [int(x) for x in words["label"]]
    vectors, coefficients, owner = [], [], []
    for line in body.split("\n")[:-1]:
        assert line.endswith(" ")
        parts = line[:-1].split(" ")
        pairs = [part.split(":") for part in parts[n - 1 :]]
        assert [int(index) for index, _ in pairs] == list(range(1, len(features) + 1))
        coefficients.append([float(part) for part in parts[: n - 1]])
        vectors.append([float(value) for _, value in pairs])
        owner.append(next(code for code in range(n) if len(owner) < sum(counts[: code + 1])))
    assert len(vectors) == int(words["total_sv"][0]) == sum(counts)
    kernels = [kernel(words, vector, features) for vector in vectors]
    pair, chances = 0, np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1, n):
            value = -float(words["rho"][pair])
            for code, weights, k in zip(owner, coefficients, kernels, strict=True):
                value += (weights[j - 1] if code == i else weights[i] if code == j else 0.0) * k
            exponent = float(words["probA"][pair]) * value + float(words["probB"][pair])
            chance = math.exp(-exponent) / (1 + math.exp(-exponent)) if exponent >= 0 else 1 / (1 + math.exp(exponent))
            chances[i, j] = min(max(chance, 1e-7), 1 - 1e-7)
            chances[j, i] = 1 - chances[i, j]
            pair += 1
    probabilities = couple(chances)
    best = max(range(n), key=lambda code: probabilities[code])
    return labels[best], dict(zip(labels, probabilities, strict=True))


def kernel(words, x, y):
    if words["kernel_type"] == ["linear"]:
        return sum(u * v for u, v in zip(x, y, strict=True))
    gamma = float(words["gamma"][0])
    if words["kernel_type"] == ["rbf"]:
        return math.exp(-gamma * sum((u - v) ** 2 for u, v in zip(x, y, strict=True)))
    assert words["kernel_type"] == ["polynomial"]
    inner = sum(u * v for u, v in zip(x, y, strict=True))
    return (gamma * inner + float(words["coef0"][0])) ** int(words["degree"][0])


def couple(r):
    """Wu, Lin and Weng's second method, iterated as long as LIBSVM does."""
    k = len(r)
    if k == 1:
        return [1.0]
    q = np.array(
        [
            [sum(r[s, t] ** 2 for s in range(k) if s != t) if t == j else -r[j, t] * r[t, j] for j in range(k)]
            for t in range(k)
        ]
    )
    p = np.full(k, 1 / k)
    for _ in range(max(100, k)):
        product = q @ p
        if max(abs(product - p @ product)) < 0.005 / k:
            break
        for t in range(k):
            product = q @ p
            p[t] += (p @ product - product[t]) / q[t, t]
            p /= p.sum()
    return p.tolist()
