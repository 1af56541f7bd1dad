"""OpenCV's SVM::trainAuto, which parallelises over the cells of a logarithmic grid.

A call takes one kernel and one class weighting, so there is a call for each. It makes its own folds: it shuffles the
rows with a fixed generator and cuts them into blocks. The rows are given to it in the order that the shuffle turns into
the folds of everybody else; where the folds do not divide them evenly, up to n_folds - 1 rows are never tested.
It returns the best cell only: its accuracy is measured afterwards, untimed. The class weights are those of all rows,
not of a fold's training part.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from peers.interface import MissingError
from peers.work import DEGREE, TOLERANCE, Answer, Cell, Work, tiny

#: LIBSVM's limit; OpenCV's own default of 1000 stops most cells before they converge.
MOST_ITERATIONS = 10_000_000
#: Multiplier of OpenCV's generator (multiply with carry), and its state in trainAuto.
MULTIPLIER = 4164903690
FIRST_STATE = 2**64 - 1


def shuffled(n: int) -> npt.NDArray[np.intp]:
    """Return the order in which trainAuto cuts n rows into blocks: n swaps of two random places."""
    order = list(range(n))
    state = FIRST_STATE
    for _ in range(n):
        places = []
        for _ in range(2):
            state = (state & 0xFFFFFFFF) * MULTIPLIER + (state >> 32)
            places.append((state & 0xFFFFFFFF) % n)
        first, second = places
        order[first], order[second] = order[second], order[first]
    return np.array(order, dtype=np.intp)


def block_sizes(n: int, n_folds: int) -> list[int]:
    """Return the sizes of trainAuto's blocks, in their order."""
    starts = [(fold * n + n_folds // 2) // n_folds for fold in range(n_folds)]
    return [end - start for start, end in zip(starts, [*starts[1:], n], strict=True)]


def row_order(folds: npt.NDArray[np.int16], n_folds: int) -> npt.NDArray[np.intp]:
    """Return the order of rows in which trainAuto's folds are `folds`.

    Raises
    ------
    ValueError
        Where the folds' sizes are not those of its blocks.
    """
    left = {fold: np.flatnonzero(folds == fold) for fold in range(n_folds)}
    blocks = []
    for size in block_sizes(len(folds), n_folds):
        fitting = [fold for fold, rows in left.items() if len(rows) == size]
        if not fitting:
            raise ValueError("folds of unequal sizes")
        blocks.append(left.pop(fitting[0]))
    order = np.empty(len(folds), dtype=np.intp)
    order[shuffled(len(folds))] = np.concatenate(blocks)
    return order


def _parameter_grid(cv2: Any, values: list[float]) -> Any:
    # The values are minimum * step^i below the maximum; powers of two multiply exactly.
    if len(values) == 1:
        return cv2.ml.ParamGrid_create(0.0, 0.0, 0.0)
    return cv2.ml.ParamGrid_create(values[0], values[-1] * 1.5, values[1] / values[0])


def _model(cv2: Any, work: Work, cell: Cell) -> Any:
    model = cv2.ml.SVM_create()
    model.setType(cv2.ml.SVM_C_SVC)
    model.setKernel({"rbf": cv2.ml.SVM_RBF, "poly": cv2.ml.SVM_POLY}[cell.kernel])
    model.setDegree(DEGREE)
    model.setCoef0(0.0)
    model.setC(cell.C)
    model.setGamma(cell.gamma)
    if cell.balanced:
        counts = np.bincount(work.labels)
        model.setClassWeights(len(work.labels) / (len(counts) * counts))
    criteria = cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT
    model.setTermCriteria((criteria, MOST_ITERATIONS, TOLERANCE))
    return model


class OpencvPeer:
    """trainAuto for each kernel and class weighting."""

    def unsuitable(self, work: Work) -> str:
        try:
            row_order(work.folds, work.n_folds)
        except ValueError as error:
            return str(error)
        return ""

    def prepare(self, work: Work, workers: int) -> None:
        try:
            import cv2
        except ImportError as error:
            raise MissingError(str(error)) from error
        if not hasattr(cv2, "ml"):
            raise MissingError(f"OpenCV {cv2.__version__} comes without its ml module; 4.x has it")
        cv2.setNumThreads(workers)
        self.run(tiny(work), workers)

    def run(self, work: Work, workers: int) -> list[Cell]:
        import cv2

        order = row_order(work.folds, work.n_folds)
        rows = np.ascontiguousarray(work.features[order])
        labels = work.labels[order].astype(np.int32)
        none = cv2.ml.ParamGrid_create(0.0, 0.0, 0.0)
        best = []
        for kernel in work.grid.kernels:
            for balanced in work.grid.weightings:
                model = _model(cv2, work, Cell(kernel, work.grid.costs[0], work.grid.gammas[0], balanced))
                costs, gammas = _parameter_grid(cv2, work.grid.costs), _parameter_grid(cv2, work.grid.gammas)
                layout = cv2.ml.ROW_SAMPLE
                model.trainAuto(rows, layout, labels, work.n_folds, costs, gammas, none, none, none, none, False)
                best.append(Cell(kernel, model.getC(), model.getGamma(), balanced))
        return best

    def answer(self, work: Work, found: list[Cell]) -> Answer:
        accuracies = [float(np.mean(predict_cell(work, cell) == work.labels)) for cell in found]
        best = int(np.argmax(accuracies))
        cell = found[best]
        note = f"best {cell.kernel} C {cell.C:g} gamma {cell.gamma:g}{' balanced' if cell.balanced else ''}"
        return Answer(None, accuracies[best], note)


def predict_cell(work: Work, cell: Cell) -> npt.NDArray[np.int16]:
    """Return OpenCV's predictions of all rows by one cell, fold by fold."""
    import cv2

    predicted = np.full(len(work.labels), -1, dtype=np.int16)
    for training, tested in work.splits():
        model = _model(cv2, work, cell)
        model.train(work.features[training], cv2.ml.ROW_SAMPLE, work.labels[training].astype(np.int32))
        predicted[tested] = model.predict(work.features[tested])[1].ravel().astype(np.int16)
    return predicted
