"""What every peer is given: features, labels, folds and the cells of the grid."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

#: Degree of the polynomial kernel; its constant term is 0.
DEGREE = 3
#: LIBSVM's default, given to every peer that has such a parameter.
TOLERANCE = 1e-3


class Cell(NamedTuple):
    """One point of the grid: values, not exponents."""

    kernel: str
    C: float
    gamma: float
    balanced: bool


@dataclass(frozen=True)
class Grid:
    """Kernels, exponents of two in equal steps (lowest first), and class weightings."""

    kernels: tuple[str, ...]
    C_exponents: tuple[int, ...]
    gamma_exponents: tuple[int, ...]
    weightings: tuple[bool, ...]

    @property
    def costs(self) -> list[float]:
        return [2.0**exponent for exponent in self.C_exponents]

    @property
    def gammas(self) -> list[float]:
        return [2.0**exponent for exponent in self.gamma_exponents]

    def cells(self) -> list[Cell]:
        return list(itertools.starmap(Cell, itertools.product(self.kernels, self.costs, self.gammas, self.weightings)))


@dataclass(frozen=True, eq=False)
class Work:
    """One row of the table: a data set, its folds and its grid.

    `features` is float32 (n, d) and already scaled, `labels` int16 codes 0..k-1, `folds` int16: where a row is tested.
    """

    name: str
    scaling: str
    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int16]
    folds: npt.NDArray[np.int16]
    n_folds: int
    grid: Grid

    @property
    def n_classes(self) -> int:
        return int(self.labels.max()) + 1

    def splits(self) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        """Return the (training, test) rows of each fold."""
        return [(np.flatnonzero(self.folds != k), np.flatnonzero(self.folds == k)) for k in range(self.n_folds)]

    def save(self, folder: Path) -> None:
        np.savez(folder / "work.npz", features=self.features, labels=self.labels, folds=self.folds)
        rest = {"name": self.name, "scaling": self.scaling, "n_folds": self.n_folds, "grid": asdict(self.grid)}
        (folder / "work.json").write_text(json.dumps(rest))


def load_work(folder: Path) -> Work:
    rest = json.loads((folder / "work.json").read_text())
    grid = Grid(**{name: tuple(values) for name, values in rest.pop("grid").items()})
    with np.load(folder / "work.npz") as arrays:
        return Work(**rest, **arrays, grid=grid)


def tiny(work: Work) -> Work:
    """Return a work of the same grid's kind that takes no time, to import and compile everything with."""
    rng = np.random.default_rng(0)
    labels = np.arange(60, dtype=np.int16) % 3
    features = (rng.normal(size=(60, 4)) + labels[:, np.newaxis]).astype(np.float32)
    grid = replace(work.grid, C_exponents=(1,), gamma_exponents=(-3,))
    return Work("tiny", "", features, labels, (np.arange(60) // 30).astype(np.int16), 2, grid)


@dataclass(frozen=True, eq=False)
class Answer:
    """What a peer found.

    `predicted` (cells, n) holds the class code of every item by every cell, None where the peer does not give it away.
    """

    predicted: npt.NDArray[np.int16] | None
    best_accuracy: float | None
    note: str = ""


def answer_of_predictions(work: Work, predicted: npt.NDArray[np.int16]) -> Answer:
    return Answer(predicted, float((predicted == work.labels).mean(axis=1).max()))
