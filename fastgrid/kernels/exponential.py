"""The exponential function as plain arithmetic, so that a loop over it vectorises.

In jitted code ``math.exp`` is one call of the C library per number, and its last bit differs between libraries. This
one is additions, multiplications and bit operations only, without contraction, so every machine gets the same bits.

exp(x) = 2^n exp(r) with n = round(x / ln 2) and r = x - n ln 2, |r| <= ln(2) / 2, after Cody & Waite 1980 ("Software
manual for the elementary functions", chapter 6): ln 2 is split into a head with 20 zero bits at its end, so that n
times the head is exact, and a tail.
"""

from __future__ import annotations

import numpy as np

from fastgrid.kernels.jit import jit_inline

_PER_LN2 = float.fromhex("0x1.71547652b82fep+0")  # 1 / ln 2
_LN2_HEAD = float.fromhex("0x1.62e42feep-1")
_LN2_TAIL = float.fromhex("0x1.a39ef35793c76p-33")
_BIAS = 1023
#: Numbers near this one are a unit apart, so adding it rounds to an integer; the last twelve bits of the sum are then
#: the integer plus twice the bias of an exponent, which is not negative for any n that occurs.
_ROUNDING = 1.5 * 2.0**52 + 2 * _BIAS
_ONE, _MANTISSA_BITS = np.uint64(1), np.uint64(52)
#: Beyond these the result is 0 or infinity; exp is 0 below -745.14 and overflows above 709.79.
_LOWEST, _HIGHEST = -750.0, 750.0
#: (exp(r) - 1 - r) / r^2 in powers of r, lowest first: the interpolant in ten Chebyshev points of |r| <= ln(2) / 2.
#: exp(r) from it has a relative error below 2^-55 in exact arithmetic.
_C0 = float.fromhex("0x1.0000000000001p-1")
_C1 = float.fromhex("0x1.5555555555556p-3")
_C2 = float.fromhex("0x1.5555555553d63p-5")
_C3 = float.fromhex("0x1.11111111109b3p-7")
_C4 = float.fromhex("0x1.6c16c1788bd90p-10")
_C5 = float.fromhex("0x1.a01a01a7c41d5p-13")
_C6 = float.fromhex("0x1.a019b90d2ae7ap-16")
_C7 = float.fromhex("0x1.71de0dae63bb3p-19")
_C8 = float.fromhex("0x1.289185613a3d6p-22")
_C9 = float.fromhex("0x1.af38a9b0ec855p-26")


@jit_inline
def _exponential(x: float) -> float:
    # exp(x), at most 1 ulp from the nearest float64; exp(0) = 1; subnormals, infinities and NaN come out right.
    return _exponential_below_limit(_HIGHEST if x > _HIGHEST else x)  # so written, NaN stays


@jit_inline
def _exponential_below_limit(x: float) -> float:
    # The same for x <= 750, one comparison cheaper.
    bounded = _LOWEST if x < _LOWEST else x
    shifted = bounded * _PER_LN2 + _ROUNDING
    n = shifted - _ROUNDING
    r = (bounded - n * _LN2_HEAD) - n * _LN2_TAIL
    q = _C9
    q = q * r + _C8
    q = q * r + _C7
    q = q * r + _C6
    q = q * r + _C5
    q = q * r + _C4
    q = q * r + _C3
    q = q * r + _C2
    q = q * r + _C1
    q = q * r + _C0
    # 2^n in two factors, each far from the ends of the exponent's range: their product may be subnormal or infinite.
    bits = np.float64(shifted).view(np.uint64)  # the last twelve are n + 2 * bias, the others fall off at the shift
    half = bits >> _ONE
    first = np.uint64(half << _MANTISSA_BITS).view(np.float64)
    second = np.uint64((bits - half) << _MANTISSA_BITS).view(np.float64)
    return (1.0 + (r + r * r * q)) * first * second
