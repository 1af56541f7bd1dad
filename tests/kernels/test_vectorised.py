"""The loops of an SMO iteration are packed arithmetic where the processor has AVX2."""

import os
import re
import subprocess
import sys

import numba
import pytest
from llvmlite import binding

# Numba shows no machine code for functions that came from its cache, so this compiles in a process without one.
PROGRAM = """
import numpy as np
from fastgrid.kernels import smo, smo_fast, smo_state
n = 64
state, gram = np.zeros((smo_state.STATE_ROWS, 80)), np.zeros((n, 80), dtype=np.float32)
numbers = np.arange(80)
more = numbers, 0, None
{call}
(code,) = {function}.inspect_asm().values()
print(code)
"""
CALLS = {
    "smo._iterate": "(gram, state, n, numbers, 1e-3, 1, numbers, numbers, np.zeros(9), 0, gram, *more, gram[0])",
    "smo_fast._optimise": "(gram, state, numbers[:n], gram[0], gram[1], 1e-3, 1, False)",
}

#: What the passes of an iteration consist of: the gradient's update and the extremes in float64, scores in float32.
EXPECTED = {
    "vmulpd", "vaddpd", "vsubpd", "vminpd", "vmaxpd", "vcvtps2pd", "vcvtpd2ps", "vmulps", "vdivps", "vminps", "vmaxps",
}  # fmt: skip


@pytest.mark.compiled
@pytest.mark.slow
@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
@pytest.mark.skipif(not binding.get_host_cpu_features().get("avx2", False), reason="the processor has no AVX2")
@pytest.mark.parametrize("function", CALLS)
def test_loops_are_packed(function, tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(function=function, call=function + CALLS[function])],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    # A packed instruction on 256 or 512 bits, not one on a single number.
    wide = {match[1] for match in re.finditer(r"^\s+(\w+)\s.*%[yz]mm", printed, re.MULTILINE)}
    assert wide.issuperset(EXPECTED), sorted(EXPECTED - wide)
