"""Checks of single values of a project file; each fault is an error that names the file and the line."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NoReturn, cast

from fastgrid.common.yaml_nodes import Entries, Items, Node, Scalar, Typed, YamlFile, plain_kind, typed
from fastgrid.kernels import added_kernels

MAX_EXPONENT = 1000
MAX_REPEATS = 1000
_KERNELS = {"poly": "poly", "polynomial": "poly", "rbf": "RBF", "radial": "RBF", "linear": "linear"}


def section(file: YamlFile, node: Node, what: str, known: Iterable[str] | None = None) -> Entries:
    """Return `node` as a mapping that has only `known` keys.

    Keys that begin with ``.`` or ``x-`` and keys that only hold variables (values with an anchor that is used
    elsewhere in the file) are allowed besides.
    """
    if not isinstance(node, Entries):
        raise file.error(node, f"{what} must be a mapping of keys to values")
    if known is not None:
        names = tuple(known)
        for key, value in node.children.items():
            if key not in names and not is_aside(file, key, value):
                raise file.error(
                    node.key_lines.get(key, value.line),
                    f"unknown key '{key}' in {what}; known keys are {', '.join(names) or 'none'}",
                )
    return node


def is_aside(file: YamlFile, key: str, value: Node) -> bool:
    """Whether a key that means nothing to us may stand in the file: marked by its name, or a holder of variables."""
    return key.startswith((".", "x-")) or file.is_variable(value)


def required(file: YamlFile, entries: Entries, key: str, what: str) -> Node:
    """Return the value of a key that must be there."""
    if key not in entries.children:
        raise file.error(entries, f"{what} lacks the key '{key}'; add it")
    return entries.children[key]


def is_null(node: Node) -> bool:
    """Whether nothing, ``~`` or ``null`` is written here."""
    return isinstance(node, Scalar) and node.plain and plain_kind(node.text) == "null"


def alternatives(node: Node) -> tuple[Node, ...]:
    """Return the items of a list; anything else is taken for a list of one."""
    return node.children if isinstance(node, Items) else (node,)


def some_alternatives(file: YamlFile, node: Node, what: str) -> tuple[Node, ...]:
    """Return `alternatives`, of which there must be at least one."""
    found = alternatives(node)
    if not found:
        raise file.error(node, f"{what} is an empty list; give at least one value")
    return found


def word(file: YamlFile, node: Node, what: str) -> str:
    """Return a scalar that is not empty, as text as it is written."""
    if not isinstance(node, Scalar) or is_null(node) or not node.text:
        raise file.error(node, f"{what} must be one word or number")
    return node.text


def path_text(file: YamlFile, node: Node, what: str) -> str:
    """Return the text of a path."""
    text = word(file, node, what)
    if "\0" in text:
        raise file.error(node, f"{what} is not a path (it holds a NUL character)")
    return text


def boolean(file: YamlFile, node: Node, what: str) -> bool:
    """Return a boolean."""
    value = typed(node)
    if not isinstance(value, bool):
        _refuse(file, node, what, "true or false")
    return value


def seed(file: YamlFile, node: Node) -> float | str:
    """Return the seed: a number or a text, each as random.seed takes it."""
    value = typed(node)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or not _is_finite(value):
        _refuse(file, node, "seed", "a number (or a text)")
    return value


def number_of_processes(file: YamlFile, node: Node) -> int | str | None:
    """Return a number of processes, "all", or None where the project leaves it open."""
    value = typed(node)
    if not value or value == "None":
        return None
    if isinstance(value, str) and value.casefold() == "all":
        return "all"
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value) or None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        _refuse(file, node, "numberProcesses", "a whole number, all, or nothing")
    return value


def exponent(file: YamlFile, node: Node, what: str) -> float:
    """Return an exponent of two: a finite number between -1000 and 1000, an integer where it is written as one."""
    value = typed(node)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        _refuse(file, node, what, "a number, the exponent of 2")
    if not abs(value) <= MAX_EXPONENT:
        _refuse(file, node, what, f"between -{MAX_EXPONENT} and {MAX_EXPONENT}, the exponent of 2")
    return value


def fold_count(file: YamlFile, node: Node) -> int:
    """Return a number of folds."""
    value = typed(node)
    if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value <= 10_000:
        _refuse(file, node, "nfold", "a whole number from 2 to 10000")
    return value


def repeat_count(file: YamlFile, node: Node) -> int:
    """Return a number of repeats."""
    value = typed(node)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_REPEATS:
        _refuse(file, node, "repeats", f"a whole number from 1 to {MAX_REPEATS}")
    return value


def kernel(file: YamlFile, node: Node) -> str:
    """Return the name of a kernel as Gaia's files spell it: poly, RBF, linear; or that of one that was added."""
    text = word(file, node, "kernel")
    if text.casefold() == "sigmoid":
        raise file.error(node, "kernel sigmoid is not supported; use poly, RBF or linear")
    if text.casefold() in added_kernels():
        return text.casefold()
    if text.casefold() not in _KERNELS:
        *others, last = ["poly", "RBF", "linear", *added_kernels()]
        _refuse(file, node, "kernel", f"{', '.join(others)} or {last}")
    return _KERNELS[text.casefold()]


def machine_type(file: YamlFile, node: Node) -> str:
    """Return the type of support vector machine, of which there is one."""
    text = word(file, node, "type")
    if text.casefold() != "c-svc":
        raise file.error(node, f"type '{text}' is not supported; use C-SVC")
    return "C-SVC"


def patterns(file: YamlFile, node: Node, what: str) -> tuple[str, ...]:
    """Return a list of descriptor patterns; one pattern is taken for a list of one, nothing for none."""
    if is_null(node):
        return ()
    return tuple(word(file, pattern, what) for pattern in alternatives(node))


def _is_finite(value: float | str) -> bool:
    return isinstance(value, (str, int)) or math.isfinite(value)


def _refuse(file: YamlFile, node: Node, what: str, expected: str) -> NoReturn:
    shown = f"'{node.text}'" if isinstance(node, Scalar) and node.text else _described(typed(node))
    raise file.error(node, f"{what} is {shown}; it must be {expected}")


def _described(value: Typed) -> str:
    return "empty" if value in (None, "") else f"a {type(cast(object, value)).__name__}"
