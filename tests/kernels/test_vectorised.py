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
from fastgrid.kernels import smo
state, gram = np.zeros((smo.STATE_ROWS, 64)), np.eye(64, dtype=np.float32)
smo._extremes(state, 64)
smo._update_gradient(gram, 0, 1, 0.0, 0.0, state, 64)
smo._first(state, 64, 0.0)
smo._second(gram, 0, state, 64, 0, np.zeros(64, dtype=np.float32))
for name in ("_extremes", "_update_gradient", "_first", "_second"):
    (code,) = getattr(smo, name).inspect_asm().values()
    print("===", name)
    print(code)
"""

EXPECTED = {
    "_extremes": ["vminpd", "vmaxpd"],
    "_update_gradient": ["vmulpd", "vaddpd", "vminpd", "vmaxpd", "vcvtps2pd"],
    "_first": ["vaddpd"],
    "_second": ["vsubpd", "vcvtpd2ps", "vmulps", "vdivps", "vmaxps"],
}


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
@pytest.mark.skipif(not binding.get_host_cpu_features().get("avx2", False), reason="the processor has no AVX2")
def test_loops_are_packed(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    ).stdout
    listings = dict(part.split("\n", 1) for part in printed.split("=== ")[1:])
    assert listings.keys() == EXPECTED.keys()
    for name, instructions in EXPECTED.items():
        # A packed instruction on 256 or 512 bits, not one on a single number.
        wide = {match[1] for match in re.finditer(r"^\s+(\w+)\s.*%[yz]mm", listings[name], re.MULTILINE)}
        assert wide.issuperset(instructions), (name, sorted(set(instructions) - wide))
