"""The data sets, scaled once on all rows (the peers take features as they are), and the grids."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from peers.work import Grid, Work

REPOSITORY = Path(__file__).resolve().parent.parent.parent

FULL = Grid(("rbf", "poly"), tuple(range(-5, 12, 2)), tuple(range(-11, 4, 2)), (False, True))
RBF = replace(FULL, kernels=("rbf",), weightings=(False,))
COARSE = Grid(("rbf",), (-5, -1, 3, 7, 11), (-11, -7, -3, 1), (False,))
#: Seed of generators and folds.
SEED = 1

Table = tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]


class NoDataError(Exception):
    """A set's files are not there."""


def digits() -> Table:
    from sklearn.datasets import load_digits

    features, labels = load_digits(return_X_y=True)
    return features, labels


def synthetic() -> Table:
    weights = list(np.linspace(0.06, 0.14, 10))
    return _classification(1000, 250, 10, n_informative=24, n_redundant=120, class_sep=2.0, weights=weights)


def four_classes() -> Table:
    return _classification(4000, 150, 4, n_informative=15, n_redundant=60)


def binary() -> Table:
    return _classification(10000, 50, 2, n_informative=10, n_redundant=10, class_sep=0.7)


def small() -> Table:
    return _classification(150, 8, 3, n_informative=5)


def gtzan() -> Table:
    # The first two columns are the file's name and its length.
    return _read_table("gtzan_30s", 2)


def segment() -> Table:
    return _read_table("segment", 0)


def satimage() -> Table:
    return _read_table("satimage_trn", 0)


def _read_table(name: str, n_skipped: int) -> Table:
    # Features between the columns to skip and the last one, the class; the first line names them.
    data = Path(os.environ.get("FASTGRID_DATA", REPOSITORY.parent / "shared" / "data"))
    path = data / "tables" / f"{name}.csv.gz"
    if not path.is_file():
        raise NoDataError(f"no {path}; FASTGRID_DATA names the directory that holds tables/")
    with gzip.open(path, "rt") as lines:
        rows = [line.rstrip("\n").split(",") for line in lines][1:]
    labels = np.unique([row[-1] for row in rows], return_inverse=True)[1]
    return np.array([row[n_skipped:-1] for row in rows], dtype=np.float64), labels


def _classification(rows: int, columns: int, classes: int, **more: object) -> Table:
    from sklearn.datasets import make_classification

    features, labels = make_classification(rows, columns, n_classes=classes, flip_y=0.1, random_state=SEED, **more)
    return features, labels


#: Name: generator, grid, folds. The accuracies of the synthetic ones are about 0.71, 0.77 and 0.83.
SETS: dict[str, tuple[Callable[[], Table], Grid, int]] = {
    "digits": (digits, FULL, 5),
    "synthetic": (synthetic, FULL, 5),
    "gtzan": (gtzan, FULL, 5),
    "digits-rbf": (digits, RBF, 5),
    "synthetic-rbf": (synthetic, RBF, 5),
    "gtzan-rbf": (gtzan, RBF, 5),
    "4000x150": (four_classes, RBF, 5),
    "10000x50": (binary, COARSE, 3),
    "tiny": (small, FULL, 3),
}


def make_work(name: str, quick: bool) -> Work:
    """Return a set's work; `quick` takes every k-th row, 1000 at most, and 4 of the cells of a kernel and weighting."""
    generator, grid, n_folds = SETS[name]
    features, labels = generator()
    if quick:
        step = -(-len(labels) // 1000)
        features, labels = features[::step], labels[::step]
        grid = replace(grid, C_exponents=(-1, 3), gamma_exponents=(-7, -3))
    return scaled_work(name, features, labels, grid, n_folds)


def scaled_work(
    name: str, features: npt.NDArray[np.float64], labels: npt.NDArray[np.intp], grid: Grid, n_folds: int
) -> Work:
    """Return the work on these features, scaled to 0..1 on all rows, with rows ordered by class."""
    # scikit-learn orders classes by their code, LIBSVM itself and fastgrid by first appearance, and the ties of votes
    # depend on it: here both are the same.
    order = np.argsort(labels, kind="stable")
    features, labels = features[order], labels[order]
    spread = np.ptp(features, axis=0)
    scaled = (features - features.min(axis=0)) / np.where(spread > 0, spread, 1.0)
    folds = stratified_folds(labels, n_folds)
    return Work(name, "to 0..1", scaled.astype(np.float32), labels.astype(np.int16), folds, n_folds, grid)


def stratified_folds(labels: npt.NDArray[np.intp], n_folds: int) -> npt.NDArray[np.int16]:
    from sklearn.model_selection import StratifiedKFold

    folds = np.empty(len(labels), dtype=np.int16)
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=SEED)
    for fold, (_, tested) in enumerate(splitter.split(labels, labels)):
        folds[tested] = fold
    return folds
