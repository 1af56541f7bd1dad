"""The exponential function against arbitrary precision."""

import math
import os
import platform
import subprocess
import sys
from decimal import Decimal, localcontext

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.kernels.exponential import _exponential, _exponential_below_limit

SPECIAL = [
    *(-745.1332191019412, -745.1332191019411, -745.13321910194105, -744.4400719213812, -709.0, -708.3964185322641),
    *(-708.39641853226419, -708.0, -707.7, -0.34657359027997264, 0.34657359027997264, 0.34657359027997270),
    *(709.782712893384, 709.7827128933839, 5e-324, -5e-324, 2.0**-53, -(2.0**-54), 1.0, -1.0),
    *(k * math.log(2.0) for k in (-1074, -1023, -1022, -1021, -0.5, 0.5, 1.5, 1023)),
]


def nearest(x: float) -> float:
    with localcontext() as context:
        context.prec = 40
        context.Emin, context.Emax = -9999, 9999
        return float(Decimal(x).exp())


def steps_apart(left: float, right: float) -> int:
    # Floats that are not negative are numbered by their bits.
    return abs(int(np.float64(left).view(np.int64)) - int(np.float64(right).view(np.int64)))


@pytest.mark.parametrize("x", SPECIAL)
def test_special_values_are_within_one_ulp(x):
    assert steps_apart(_exponential(x), nearest(x)) <= 1


@pytest.mark.parametrize(
    ("low", "high"), [(-1e-3, 0.0), (-1.0, 0.0), (-40.0, 0.0), (-708.0, 0.0), (-745.2, -708.0), (0.0, 709.7)]
)
def test_random_values_are_within_one_ulp(low, high):
    for x in np.random.default_rng(int(-low)).uniform(low, high, 1500).tolist():
        assert steps_apart(_exponential(x), nearest(x)) <= 1, x.hex()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number_is_within_one_ulp(x):
    with np.errstate(over="ignore", under="ignore"):
        expected = np.inf if x > 710 else 0.0 if x < -746 else nearest(x)
        assert steps_apart(_exponential(x), expected) <= 1


def test_zero_gives_exactly_one():
    assert _exponential(0.0) == _exponential(-0.0) == 1.0


def test_what_is_not_finite():
    with np.errstate(all="ignore"):
        assert _exponential(math.inf) == math.inf
        assert _exponential(1e308) == math.inf
        assert _exponential(709.79) == math.inf
        assert _exponential(-math.inf) == 0.0
        assert _exponential(-1e308) == 0.0
        assert math.isnan(_exponential(math.nan))
        assert math.isnan(_exponential_below_limit(math.nan))


def test_a_subnormal_keeps_its_digits():
    # Rounded once only: flushed to zero, or scaled in one step, these would be off by far more.
    for x in np.linspace(-744.0, -709.0, 200).tolist():
        assert 0.0 < _exponential(x) < 2.3e-308
        assert steps_apart(_exponential(x), nearest(x)) <= 1


# Not cached: numba would not notice that a function copied into this one has changed.
@numba.njit(error_model="numpy")
def _fill(x, out):
    for i in range(len(x)):
        out[i] = _exponential(x[i])


def test_packed_and_single_values_are_the_same_bits():
    x = np.random.default_rng(3).uniform(-746.0, 1.0, 203)
    out = np.empty_like(x)
    _fill(x, out)
    np.testing.assert_array_equal(out, [_exponential(value) for value in x])


PROGRAM = """
import hashlib
import numpy as np
from fastgrid.kernels import fill_symmetric_gram
rows = np.random.default_rng(5).normal(size=(70, 3))
out = np.empty((70, 70))
products = (rows[:, None, :] * rows[None, :, :]).sum(axis=2)
for kernel in ("rbf", "poly"):
    fill_symmetric_gram(kernel, products, out, 0.7, 5, -0.3)
    print(hashlib.sha256(out.tobytes()).hexdigest())
"""


@pytest.mark.compiled
@pytest.mark.slow
@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="names processors of another architecture")
def test_every_processor_gets_the_same_bits(tmp_path):
    printed = set()
    for processor in ("x86-64", "haswell"):
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / processor), "NUMBA_CPU_NAME": processor}
        environment["NUMBA_CPU_FEATURES"] = "+avx2,+fma" if processor == "haswell" else "-avx2,-fma"
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False
        )
        if processor == "haswell" and result.returncode < 0:
            pytest.skip("the processor is older")
        assert result.returncode == 0, result.stderr
        printed.add(result.stdout)
    assert len(printed) == 1
