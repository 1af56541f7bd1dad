"""The loops over kernel values are packed arithmetic where the processor has AVX2, and never contracted."""

import os
import re
import subprocess
import sys

import numba
import pytest
from llvmlite import binding

# Numba shows no machine code for functions that came from its cache, so this compiles in a process without one.
# The first version of each function is the one that is asked for here; others come from inlining.
PROGRAM = """
import numpy as np
from fastgrid.kernels import gram, gram_blocks, kernel_rows, row_tiles
vector, matrix, out, first = np.ones(64), np.eye(64), np.eye(64, dtype=np.float32), np.uint64(0)
kernel_rows._fill_rbf_row(vector, 1.0, vector, 1.0, 64, out, 0, first)
kernel_rows._raise_row(vector, 1.0, 1.0, 3, vector, 64)
kernel_rows._fill_linear_row(vector, 64, out, 0, first)
gram_blocks.fill_symmetric_gram("rbf", matrix, out, 1.0)
gram_blocks.fill_gram_between("rbf", matrix, np.arange(4), np.arange(4), matrix, 1.0)
gram._fill_rbf(matrix, 1.0, matrix)
gram._fill_polynomial(matrix, 1.0, 0.0, 3, matrix)
tiles, work, places = np.ones((1, 3, row_tiles.TILE), dtype=np.float32), np.ones(row_tiles.PIECE), np.arange(3)
row_tiles._compute_row(0, 1.0, 3, 0.0, places, vector, 3, 1.0, tiles, vector, 64, work, work, out, 0)
for module, name in (
    (kernel_rows, "_fill_rbf_row"), (kernel_rows, "_raise_row"), (kernel_rows, "_fill_linear_row"),
    (gram_blocks, "_fill_symmetric"), (gram_blocks, "_fill_between"), (gram, "_fill_rbf"), (gram, "_fill_polynomial"),
    (row_tiles, "_compute_row"),
):
    code = next(iter(getattr(module, name).inspect_asm().values()))
    print("===", name)
    print(code)
"""

EXPONENTIAL = ["vaddpd", "vmulpd", "vmaxpd", "vpsllq"]
EXPECTED = {
    "_fill_rbf_row": [*EXPONENTIAL, "vsubpd", "vcvtpd2ps"],
    "_raise_row": ["vmulpd", "vaddpd"],
    "_fill_linear_row": ["vcvtpd2ps"],
    "_fill_symmetric": [*EXPONENTIAL, "vsubpd", "vcvtpd2ps"],
    "_fill_between": [*EXPONENTIAL, "vsubpd"],
    "_fill_rbf": EXPONENTIAL,
    "_fill_polynomial": ["vmulpd", "vaddpd"],
    "_compute_row": [*EXPONENTIAL, "vsubpd", "vcvtpd2ps", "vcvtps2pd"],
}
#: Where products are exact, so that fused additions change no bit (`simd.multiply_add`).
FUSED = {"_compute_row"}


@pytest.mark.compiled
@pytest.mark.slow
@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
@pytest.mark.skipif(not binding.get_host_cpu_features().get("avx2", False), reason="the processor has no AVX2")
@pytest.mark.parametrize("processor", ["host", "haswell"])
def test_loops_are_packed(tmp_path, processor):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    if processor != "host":
        environment |= {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": "+avx2,+fma"}
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    ).stdout
    listings = dict(part.split("\n", 1) for part in printed.split("=== ")[1:])
    assert listings.keys() == EXPECTED.keys()
    for name, instructions in EXPECTED.items():
        # A packed instruction on 256 or 512 bits, not one on a single number.
        wide = {match[1] for match in re.finditer(r"^\s+(\w+)\s.*%[yz]mm", listings[name], re.MULTILINE)}
        assert wide.issuperset(instructions), (name, sorted(set(instructions) - wide))
        assert ("vfmadd" in listings[name]) == (name in FUSED), name
        assert "vfnmadd" not in listings[name], name
