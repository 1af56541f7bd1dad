"""The text of a LIBSVM model, as it stands in a history: written for LIBSVM 2.89's loader, and read within bounds.

spec/gaia-history.md, section 5. LIBSVM's machine i against j takes the coefficients of support vectors of class i from
column j - 1, those of class j from column i; its decision value is their sum minus rho, positive for class i.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import one_line
from fastgrid.kernels import KERNELS
from fastgrid.model.classifier import HIGHEST_DEGREE, Kernel, PairwiseClassifier
from fastgrid.model.history.stream import DamagedHistoryError
from fastgrid.solvers import pairs

_KERNEL_WORDS = {"rbf": "rbf", "poly": "polynomial", "linear": "linear"}
_KERNEL_OF_WORD = {word: name for name, word in _KERNEL_WORDS.items()}
#: Bytes that are read for the words before the support vectors, and classes: 2000 have 2 million pairs.
_LONGEST_HEAD = 2**26
MOST_CLASSES = 2000
#: Features of a machine for a single class, in whose text they do not show.
_MOST_WITHOUT_VECTORS = 2**16


@dataclass(frozen=True, eq=False)
class Machine:
    """A LIBSVM model.

    Attributes
    ----------
    labels : tuple of int
        The label of each of its classes, in its order.
    classifier : PairwiseClassifier
        For its classes in its order.
    """

    labels: tuple[int, ...]
    classifier: PairwiseClassifier


def machine_text(machine: Machine) -> bytes:
    """Return the text of a LIBSVM model with probabilities.

    Numbers have as many digits as tell them from all others (Gaia has 6, 8 and 16).
    """
    classifier = machine.classifier
    kernel, order = classifier.kernel, classes_of_support_vectors(classifier)
    by_class = np.argsort(order, kind="stable")
    lines = ["svm_type c_svc", f"kernel_type {_KERNEL_WORDS[kernel.name]}"]
    if kernel.name == "poly":
        lines.append(f"degree {kernel.degree}")
    if kernel.name != "linear":
        lines.append(f"gamma {kernel.gamma:.17g}")
    if kernel.name == "poly":
        lines.append(f"coef0 {kernel.coef0:.17g}")
    lines += [f"nr_class {classifier.n_classes}", f"total_sv {len(order)}"]
    lines.append(_line("rho", (0.0 - classifier.bias).tolist(), ".17g"))
    lines.append(_line("label", machine.labels, "d"))
    lines.append(_line("probA", classifier.slopes.tolist(), ".17g"))
    lines.append(_line("probB", classifier.offsets.tolist(), ".17g"))
    lines.append(_line("nr_sv", np.bincount(order, minlength=classifier.n_classes).tolist(), "d"))
    lines.append("SV")
    columns = coefficients_of_vectors(classifier, order)[:, by_class]
    vectors = classifier.support_vectors[by_class]
    lines += map(_vector_line, columns.T.tolist(), vectors.tolist())
    return ("\n".join(lines) + "\n").encode("ascii")


def _line(word: str, numbers: Iterable[float], form: str) -> str:
    return " ".join([word, *(format(number, form) for number in numbers)])


def _vector_line(coefficients: list[float], values: list[float]) -> str:
    # float32 is told by nine digits.
    parts = [f"{coefficient:.17g} " for coefficient in coefficients]
    parts += (f"{index}:{value:.9g} " for index, value in enumerate(values, 1))
    return "".join(parts)


def classes_of_support_vectors(classifier: PairwiseClassifier) -> npt.NDArray[np.intp]:
    """Return the class of each support vector: coefficients are positive in pairs whose first class it is."""
    found = np.zeros(len(classifier.support_vectors), dtype=np.intp)
    for (first, second), coefficients in zip(pairs(classifier.n_classes), classifier.coefficients, strict=True):
        found[coefficients > 0.0] = first
        found[coefficients < 0.0] = second
    return found


def coefficients_of_vectors(classifier: PairwiseClassifier, order: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Return LIBSVM's matrix of coefficients, shape (n_classes - 1, n_vectors), given the class of each vector."""
    columns = np.zeros((max(classifier.n_classes - 1, 0), len(order)))
    for (first, second), coefficients in zip(pairs(classifier.n_classes), classifier.coefficients, strict=True):
        columns[second - 1, order == first] = coefficients[order == first]
        columns[first, order == second] = coefficients[order == second]
    return columns


def read_machine(data: bytes, n_features: int) -> Machine:
    """Read the text of a LIBSVM model with probabilities.

    Parameters
    ----------
    data : bytes
    n_features : int
        The highest index that there may be.

    Raises
    ------
    DamagedHistoryError
        When it is not such a text, or of a kernel or kind of machine that is not known.
    """
    head, separator, body = data[:_LONGEST_HEAD].partition(b"\nSV\n")
    if not separator:
        raise _damage("lacks the line SV")
    words = _words_of(head)
    n_classes = _whole(words, "nr_class", 1, MOST_CLASSES)
    n_vectors = _whole(words, "total_sv", 0, len(data))
    n_pairs = n_classes * (n_classes - 1) // 2
    if words.get("svm_type") != ["c_svc"]:
        raise _damage("is no C-SVC")
    rho, slopes, offsets = (_numbers(words, word, n_pairs) for word in ("rho", "probA", "probB"))
    labels = _integers(words, "label", n_classes)
    counts = _integers(words, "nr_sv", n_classes)
    if sorted(labels) != list(range(n_classes)) or min(counts) < 0 or sum(counts) != n_vectors:
        raise _damage("has labels or numbers of support vectors that do not fit each other")
    # All dimensions are there, zeros too: "1:0 ".
    if 4 * n_vectors * n_features > len(data) + n_vectors or (not n_vectors and n_features > _MOST_WITHOUT_VECTORS):
        raise _damage(f"says that {n_vectors} vectors of {n_features} values follow, for which it is too short")
    columns, vectors = _read_vectors(body + data[_LONGEST_HEAD:], n_vectors, n_classes - 1, n_features)
    order = np.repeat(np.arange(n_classes), counts)
    coefficients = np.zeros((n_pairs, n_vectors))
    for (first, second), own in zip(pairs(n_classes), coefficients, strict=True):
        own[order == first] = columns[second - 1, order == first]
        own[order == second] = columns[first, order == second]
    classifier = PairwiseClassifier(n_classes, _kernel_of(words), vectors, coefficients, 0.0 - rho, slopes, offsets)
    return Machine(labels, classifier)


def _words_of(head: bytes) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {}
    for line in _ascii(head).split("\n"):
        word, *numbers = line.split() or [""]
        if word in words or not word:
            raise _damage(f"has the line {one_line(repr(line), 60)} twice, or an empty one")
        words[word] = numbers
    return words


def _kernel_of(words: Mapping[str, list[str]]) -> Kernel:
    name = _KERNEL_OF_WORD.get(" ".join(words.get("kernel_type", [])))
    if name not in KERNELS:
        raise _damage(f"has the kernel {one_line(' '.join(words.get('kernel_type', [])), 40)!r}, which is not known")
    gamma = 1.0 if name == "linear" else float(_numbers(words, "gamma", 1)[0])
    if gamma <= 0.0:
        raise _damage("has a gamma that is not positive")
    if name != "poly":
        return Kernel(name, gamma)
    return Kernel(name, gamma, _whole(words, "degree", 1, HIGHEST_DEGREE), float(_numbers(words, "coef0", 1)[0]))


def _read_vectors(
    body: bytes, n_vectors: int, n_columns: int, n_features: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    columns = np.zeros((n_columns, n_vectors))
    vectors = np.zeros((n_vectors, n_features))
    read = 0
    for line in _lines(body):
        if read == n_vectors:
            raise _damage("goes on behind the last support vector")
        parts = _ascii(line).split()
        if len(parts) < n_columns:
            raise _damage("has a support vector without all of its coefficients")
        columns[:, read] = [_number(part) for part in parts[:n_columns]]
        last = 0
        for part in parts[n_columns:]:
            index, colon, value = part.partition(":")
            place = int(index) if colon and index.isdecimal() and len(index) < 10 else 0
            if not last < place <= n_features:
                raise _damage(f"has {one_line(repr(part), 40)} where a feature from {last + 1} to {n_features} may be")
            vectors[read, place - 1] = _number(value)
            last = place
        read += 1
    if read != n_vectors:
        raise _damage(f"has {read} support vectors instead of {n_vectors}")
    with np.errstate(over="ignore"):
        single = vectors.astype(np.float32)
    if not np.isfinite(single).all():
        raise _damage("has a support vector beyond float32")
    return columns, single


def _lines(body: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(body):
        end = body.find(b"\n", start)
        if end < 0:
            raise _damage("ends within a line")
        yield body[start:end]
        start = end + 1


def _whole(words: Mapping[str, list[str]], word: str, lowest: int, highest: int) -> int:
    (value,) = _integers(words, word, 1)
    if not lowest <= value <= highest:
        raise _damage(f"says {word} {value}, which is not from {lowest} to {highest}")
    return value


def _integers(words: Mapping[str, list[str]], word: str, count: int) -> tuple[int, ...]:
    found = words.get(word, [])
    if len(found) != count or not all(len(text) < 12 and text.removeprefix("-").isdecimal() for text in found):
        raise _damage(f"lacks the line {word} with {count} whole numbers")
    return tuple(map(int, found))


def _numbers(words: Mapping[str, list[str]], word: str, count: int) -> npt.NDArray[np.float64]:
    found = words.get(word, [])
    if len(found) != count:
        raise _damage(f"lacks the line {word} with {count} numbers")
    return np.array([_number(text) for text in found], dtype=np.float64)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise _damage(f"has {one_line(repr(text), 40)} where a number is expected")
    return value


def _ascii(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise _damage("holds bytes that are no text") from error


def _damage(clause: str) -> DamagedHistoryError:
    return DamagedHistoryError(f"its model of LIBSVM {clause}")
