"""liquidSVM, as its public documentation describes it: hinge loss, all pairs of classes, its own cross-validation.

No bias term, so it solves another problem; its kernel is exp(-|x - y|^2 / gamma^2). Folds are contiguous blocks of the
rows of each pair: with the rows ordered by fold these are everybody's folds, up to a row or two where a class is not
divided evenly. Its threads compute kernel matrices and errors; it solves in one. It gives away the errors of each pair,
not predictions, so only two classes have an accuracy. The time holds its choice of the best cell, a few hundredths of
the whole.
"""

from __future__ import annotations

import builtins
import ctypes
import importlib.metadata
import importlib.util
from typing import Any

import numpy as np
import numpy.typing as npt

from peers.interface import MissingError
from peers.work import Answer, Work, tiny

#: Column of its table of training errors, found by comparison with known problems.
VALIDATION_ERROR = 7


def _module() -> Any:
    """Import liquidSVM.

    Built by a newer setuptools its library has a name under which the package does not find it and fails on a name that
    is not defined; given that name, it works.
    """
    try:
        return importlib.import_module("liquidSVM")
    except ImportError as error:
        raise MissingError(str(error)) from error
    except NameError as error:
        found = [path for path in importlib.metadata.files("liquidSVM") or () if path.match("liquidSVM*.so")]
        if not found:
            raise MissingError(str(error)) from error
        library, name = ctypes.CDLL(str(found[0].locate())), str(error.name)
        # Where a module lacks a name, Python looks among the built-in ones.
        setattr(builtins, name, library)
        module = importlib.import_module("liquidSVM")
        setattr(module, name, library)
        delattr(builtins, name)
        return module


class LiquidsvmPeer:
    """RBF without class weights."""

    def unsuitable(self, work: Work) -> str:
        if work.grid.kernels != ("rbf",) or work.grid.weightings != (False,):
            return "RBF without class weights only"
        return ""

    def prepare(self, work: Work, workers: int) -> None:
        _module()
        self.run(tiny(work), workers)

    def run(self, work: Work, workers: int) -> npt.NDArray[np.float64]:
        order = np.argsort(work.folds, kind="stable")
        model = _module().mcSVM(
            work.features[order].astype(np.float64),
            work.labels[order].astype(np.float64),
            mc_type="AvA_hinge",
            threads=workers,
            gammas=[gamma**-0.5 for gamma in work.grid.gammas],
            c_values=work.grid.costs,
            folds=work.n_folds,
            FOLDS_KIND="BLOCKS",
            random_seed=1,
            display=0,
        )
        return np.array(model.errTrain)

    def answer(self, work: Work, found: npt.NDArray[np.float64]) -> Answer:
        pairs = work.n_classes * (work.n_classes - 1) // 2
        asked = pairs * work.n_folds * len(work.grid.cells())
        if len(found) != asked:
            raise MissingError(f"liquidSVM solved {len(found)} problems of {asked}")
        # The cells follow each other in the same order for each pair and fold.
        errors = found[:, VALIDATION_ERROR].reshape(-1, len(work.grid.cells())).mean(axis=0)
        if work.n_classes == 2:
            return Answer(None, float(1 - errors.min()), "no bias term")
        return Answer(None, None, f"no bias term; best mean error of a pair {errors.min():.4f}")
