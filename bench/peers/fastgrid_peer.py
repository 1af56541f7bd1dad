"""fastgrid itself, in threads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from peers.interface import MissingError
from peers.work import DEGREE, TOLERANCE, Answer, Work, answer_of_predictions, tiny


def sweep(work: Work, solver: str, workers: int) -> npt.NDArray[np.int16]:
    """Run fastgrid's sweep; the one place that knows how it is called."""
    from fastgrid.common.fanout import Pool
    from fastgrid.solvers import Stopping
    from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
    from fastgrid.sweep.run import SweepOptions, run_sweep
    from fastgrid.sweep.splits import Splits

    n_dimensions = work.features.shape[1]
    # Dimensions that are "enumerated" are neither cleaned nor scaled.
    every = np.ones(n_dimensions, dtype=np.bool_)
    features = FeatureSet("all", work.features, np.arange(n_dimensions, dtype=np.intp), every)
    combinations = [
        Combination("all", cell.kernel, cell.C, cell.gamma, cell.balanced, DEGREE) for cell in work.grid.cells()
    ]
    given = SweepInput({"all": features}, combinations, work.labels, Splits.of_folds(work.folds, work.n_folds))
    result = run_sweep(given, Pool(workers, "threads"), SweepOptions(solver, Stopping(TOLERANCE)))
    if result.failures:
        raise MissingError(result.failures[0].reason)
    return result.predicted


class FastgridPeer:
    """Every cell's predictions, by one of fastgrid's solvers."""

    def __init__(self, solver: str) -> None:
        self.solver = solver

    def unsuitable(self, work: Work) -> str:
        return ""

    def prepare(self, work: Work, workers: int) -> None:
        # numba compiles, or loads what it compiled before.
        sweep(tiny(work), self.solver, workers)

    def run(self, work: Work, workers: int) -> npt.NDArray[np.int16]:
        return sweep(work, self.solver, workers)

    def answer(self, work: Work, found: npt.NDArray[np.int16]) -> Answer:
        return answer_of_predictions(work, found)
