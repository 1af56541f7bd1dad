"""The rehearsal leaves nothing to load."""

import subprocess
import sys

import numba
import pytest

PROGRAM = """
import gc, itertools, sys
import numpy as np
from fastgrid.project.settings import load_engine
load_engine("smo")
assert gc.isenabled() and "scipy" not in sys.modules
from numba.core.dispatcher import Dispatcher

def loaded():
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("fastgrid.")]
    kernels = {kernel for module in modules for kernel in vars(module).values() if isinstance(kernel, Dispatcher)}
    return {(str(kernel), str(kernel.signatures)) for kernel in kernels}

rehearsed = loaded()
from fastgrid.common.fanout import Pool
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits
rng = np.random.default_rng(0)
features = FeatureSet("a", rng.normal(size=(90, 5)).astype(np.float32), np.arange(5), np.zeros(5, dtype=np.bool_))
kernels = ("rbf", "poly", "linear")
values = list(itertools.product((0.5, 32.0), (0.1, 1.0), (False, True)))
grid = [Combination("a", kernel, *chosen) for kernel in kernels for chosen in values]
labels, folds = (np.arange(90) % 7 % 3).astype(np.int16), (np.arange(90) % 5).astype(np.int16)
run_sweep(SweepInput({"a": features}, grid, labels, Splits.of_folds(folds, 5)), Pool(1), SweepOptions())
assert loaded() == rehearsed, loaded() ^ rehearsed
assert len(rehearsed) >= 4
import scipy.linalg
"""


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_a_sweep_after_the_rehearsal_loads_no_machine_code() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
