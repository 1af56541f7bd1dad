"""A sweep that is over at once, for a process that has something else to wait for."""

from __future__ import annotations

import numpy as np

from fastgrid.common.fanout import Pool
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits


def rehearse(solver: str) -> None:
    """Sweep a problem of eight items, so that numba and the machine code of all kernels are loaded afterwards.

    Parameters
    ----------
    solver : str
        The one whose machine code is wanted.
    """
    rows = np.arange(16, dtype=np.float32).reshape(8, 2)
    features = FeatureSet("", rows, np.arange(2), np.zeros(2, dtype=np.bool_))
    # C of 2^-10 has every dual at its bound, C of 2^10 none: both ways through a solver.
    grid = [Combination("", kernel, C, 0.5) for kernel in ("rbf", "poly") for C in (2.0**-10, 2.0**10)]
    codes = (np.arange(8) % 2).astype(np.int16)
    given = SweepInput({"": features}, grid, codes, Splits.of_folds((np.arange(8) // 4).astype(np.int16), 2))
    run_sweep(given, Pool(1), SweepOptions(solver=solver))
