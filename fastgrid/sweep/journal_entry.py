"""One file of the journal: the answers to some problems on one Gram matrix, with a checksum over name and content."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.sweep.task import Work
from fastgrid.sweep.task_digests import digest_of_costs

_N_COUNTERS = len(dataclasses.fields(Work))


@dataclass(frozen=True, eq=False)
class Entry:
    """Answers to some problems on one Gram matrix.

    Attributes
    ----------
    costs : ndarray of float64, shape (n_problems, n_classes)
    predicted : ndarray of int16, shape (n_problems, n_test)
    iterations : ndarray of int64, shape (n_problems,)
    converged : ndarray of bool, shape (n_problems,)
    work : Work
        What all of them took together.
    decisions : ndarray of float64, shape (n_problems, n_pairs, n_test), optional
    """

    costs: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.int16]
    iterations: npt.NDArray[np.int64]
    converged: npt.NDArray[np.bool_]
    work: Work
    decisions: npt.NDArray[np.float64] | None = None

    def fits(self, n_test: int, n_pairs: int | None) -> bool:
        """Tell whether it is about so many test items and, unless `n_pairs` is None, so many pairs of classes."""
        if self.predicted.shape[1] != n_test:
            return False
        if n_pairs is None:
            return True
        return self.decisions is not None and self.decisions.shape[1] == n_pairs


def encode(name: str, entry: Entry) -> bytes:
    """Return the content of the file called `name`: an .npz archive."""
    arrays: dict[str, Any] = _arrays(entry)
    content = io.BytesIO()
    np.savez(content, **arrays, checksum=np.array(_checksum(name, arrays)))
    return content.getvalue()


def decode(name: str, content: bytes) -> Entry | None:
    """Return what the file called `name` holds, None where it is not just as it was written under that name."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {member: stored[member] for member in stored.files}
        if str(arrays.pop("checksum")) != _checksum(name, arrays):
            return None
        work = arrays["work"]
        if (work.dtype, work.shape) != (np.int64, (_N_COUNTERS,)):
            return None
        entry = Entry(
            arrays["costs"],
            arrays["predicted"],
            arrays["iterations"],
            arrays["converged"],
            Work(*work.tolist()),
            arrays.get("decisions"),
        )
    except Exception:  # noqa: BLE001
        # Whatever is wrong with it: it cannot be believed. What a damaged archive makes of numpy and zipfile is a long
        # list (a single bit says "encrypted", others ask for all the memory there is).
        return None
    return entry if _is_well_formed(name, entry) else None


def _arrays(entry: Entry) -> dict[str, npt.NDArray[Any]]:
    arrays: dict[str, npt.NDArray[Any]] = {
        "costs": entry.costs,
        "predicted": entry.predicted,
        "iterations": entry.iterations,
        "converged": entry.converged,
        "work": np.array(dataclasses.astuple(entry.work), dtype=np.int64),
    }
    return arrays if entry.decisions is None else {**arrays, "decisions": entry.decisions}


def _checksum(name: str, arrays: dict[str, npt.NDArray[Any]]) -> str:
    # Of the name too: an entry that came under another one answers another question.
    digest = hashlib.sha256(name.encode())
    for member in sorted(arrays):
        array = arrays[member]
        digest.update(json.dumps([member, array.dtype.str, array.shape]).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _is_well_formed(name: str, entry: Entry) -> bool:
    if entry.costs.ndim != 2 or entry.predicted.ndim != 2:
        return False
    n_problems, n_test = len(entry.costs), entry.predicted.shape[1]
    expected: list[tuple[npt.NDArray[Any], type, tuple[int, ...]]] = [
        (entry.costs, np.float64, entry.costs.shape),
        (entry.predicted, np.int16, (n_problems, n_test)),
        (entry.iterations, np.int64, (n_problems,)),
        (entry.converged, np.bool_, (n_problems,)),
    ]
    if entry.decisions is not None:
        if entry.decisions.ndim != 3:
            return False
        expected.append((entry.decisions, np.float64, (n_problems, entry.decisions.shape[1], n_test)))
    well_typed = all(array.dtype == dtype and array.shape == shape for array, dtype, shape in expected)
    return well_typed and digest_of_costs(entry.costs) in name
