"""scikit-learn's SVC (LIBSVM): through GridSearchCV, and on Gram matrices that are reused."""

from __future__ import annotations

import hashlib
import importlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from peers.interface import MissingError
from peers.work import DEGREE, TOLERANCE, Answer, Cell, Work, answer_of_predictions, tiny


def _digest(rows: npt.NDArray[np.float32]) -> bytes:
    return hashlib.sha1(np.ascontiguousarray(rows).tobytes()).digest()  # noqa: S324


class RecordingScorer:
    """Accuracy, as GridSearchCV's default scorer gives it; keeps the predictions, which GridSearchCV drops.

    They go to an array on disk that the workers share. A cell is known by the estimator's parameters, a fold by its
    features; both together take about 0.1 ms a call.
    """

    def __init__(self, work: Work, path: Path) -> None:
        cells = work.grid.cells()
        self.path = path
        self.shape = (len(cells), len(work.labels))
        self.row_of_cell = {cell: row for row, cell in enumerate(cells)}
        self.tested = {_digest(work.features[tested]): tested for _, tested in work.splits()}

    def __call__(self, estimator: Any, rows: npt.NDArray[np.float32], labels: npt.NDArray[np.int16]) -> float:
        found = estimator.predict(rows)
        cell = Cell(estimator.kernel, estimator.C, estimator.gamma, estimator.class_weight is not None)
        predicted = np.memmap(self.path, dtype=np.int16, mode="r+", shape=self.shape)
        predicted[self.row_of_cell[cell], self.tested[_digest(rows)]] = found
        return float(np.mean(found == labels))


class GridSearchPeer:
    """GridSearchCV over an SVC: scikit-learn's, or Intel's in its place."""

    def __init__(self, module: str) -> None:
        self.module = module

    def unsuitable(self, work: Work) -> str:
        return ""

    def prepare(self, work: Work, workers: int) -> None:
        try:
            importlib.import_module(self.module)
        except ImportError as error:
            raise MissingError(str(error)) from error
        self.run(tiny(work), 1)

    def run(self, work: Work, workers: int) -> npt.NDArray[np.int16]:
        from sklearn.model_selection import GridSearchCV

        grid = {
            "kernel": list(work.grid.kernels),
            "C": work.grid.costs,
            "gamma": work.grid.gammas,
            "class_weight": ["balanced" if balanced else None for balanced in work.grid.weightings],
        }
        classifier = importlib.import_module(self.module).SVC(degree=DEGREE, coef0=0.0, tol=TOLERANCE)
        with tempfile.TemporaryDirectory() as folder:
            scorer = RecordingScorer(work, Path(folder, "predicted"))
            predicted = np.memmap(scorer.path, dtype=np.int16, mode="w+", shape=scorer.shape)
            predicted[:] = -1
            search = GridSearchCV(
                classifier, grid, scoring=scorer, cv=work.splits(), n_jobs=workers, refit=False, error_score="raise"
            )
            search.fit(work.features, work.labels)
            return np.array(predicted)

    def answer(self, work: Work, found: npt.NDArray[np.int16]) -> Answer:
        return answer_of_predictions(work, found)


def _gram(kernel: str, left: npt.NDArray[np.float64], right: npt.NDArray[np.float64], gamma: float) -> Any:
    from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel

    if kernel == "rbf":
        return rbf_kernel(left, right, gamma)
    return polynomial_kernel(left, right, DEGREE, gamma, 0.0)


def predict_on_gram(
    work: Work, training: npt.NDArray[np.intp], tested: npt.NDArray[np.intp], kernel: str, gamma: float
) -> npt.NDArray[np.int16]:
    """Return the predictions (costs x weightings, tested) of one fold by the cells of one Gram matrix."""
    from sklearn.svm import SVC

    rows = work.features.astype(np.float64)
    gram = _gram(kernel, rows[training], rows[training], gamma)
    between = _gram(kernel, rows[tested], rows[training], gamma)
    predicted = []
    for cost in work.grid.costs:
        for balanced in work.grid.weightings:
            weight = "balanced" if balanced else None
            model = SVC(kernel="precomputed", C=cost, class_weight=weight, tol=TOLERANCE)
            predicted.append(model.fit(gram, work.labels[training]).predict(between))
    return np.array(predicted, dtype=np.int16)


class PrecomputedPeer:
    """SVC(kernel="precomputed"): one Gram matrix for all C and class weights; fold, kernel and gamma in parallel."""

    def unsuitable(self, work: Work) -> str:
        return ""

    def prepare(self, work: Work, workers: int) -> None:
        self.run(tiny(work), 1)

    def run(self, work: Work, workers: int) -> npt.NDArray[np.int16]:
        from joblib import Parallel, delayed

        tasks = [
            (fold, kernel, gamma)
            for fold in range(work.n_folds)
            for kernel in work.grid.kernels
            for gamma in work.grid.gammas
        ]
        splits = work.splits()
        results = Parallel(n_jobs=workers)(
            delayed(predict_on_gram)(work, *splits[fold], kernel, gamma) for fold, kernel, gamma in tasks
        )
        cells = work.grid.cells()
        predicted = np.full((len(cells), len(work.labels)), -1, dtype=np.int16)
        for (fold, kernel, gamma), found in zip(tasks, results, strict=True):
            # Among the cells of one Gram matrix the weighting varies fastest, then C: as in `predict_on_gram`.
            rows = np.flatnonzero([(cell.kernel, cell.gamma) == (kernel, gamma) for cell in cells])
            predicted[np.ix_(rows, splits[fold][1])] = found
        return predicted

    def answer(self, work: Work, found: npt.NDArray[np.int16]) -> Answer:
        return answer_of_predictions(work, found)
