"""Where numba is told not to compile, kernels give what they give compiled."""

import json
import os
import subprocess
import sys

import numba
import numpy as np
import pytest

PROGRAM = """
import json, sys
import numba
import numpy as np
from fastgrid.kernels import gram_matrix
from fastgrid.solvers import Stopping, get_solver, ClassOrderedGram
rng = np.random.default_rng(3)
labels = np.sort(rng.integers(0, 3, 27))
rows = rng.normal(size=(27, 2)) + 0.7 * labels[:, np.newaxis]
NAMES = "coefficients", "bias", "iterations", "warm"
found = {"compiled": not numba.config.DISABLE_JIT}
for kernel in ("rbf", "poly"):
    # Kernel values are rounded, so that they do not depend on how an exponential is computed.
    gram = ClassOrderedGram.from_gram(np.round(gram_matrix(kernel, rows, rows, 0.5), 3), labels)
    costs = np.array([[0.01] * 3, [1.0, 2.0, 0.5], [4.0] * 3, [64.0] * 3])
    for solver in ("smo", "smo-fast"):
        path = get_solver(solver).solve_path(gram, costs, Stopping(1e-4, 3000))
        found[kernel + solver] = [getattr(path, name).tolist() for name in NAMES]
print(json.dumps(found))
"""


def run(**more):
    environment = {**os.environ, **more}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.compiled
@pytest.mark.slow
@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_solvers_without_a_compiler():
    compiled, plain = run(), run(NUMBA_DISABLE_JIT="1")
    assert compiled.pop("compiled") and not plain.pop("compiled")
    assert compiled.keys() == plain.keys()
    for name, expected in compiled.items():
        for found, own in zip(plain[name], expected, strict=True):
            np.testing.assert_allclose(found, own, rtol=1e-12, atol=1e-14, err_msg=name)
