import ctypes
import platform

import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive_probability import naive_permutation, naive_rand

from fastgrid.model.shuffling import AdditiveFeedbackGenerator

SEEDS = [0, 1, 2, 12345, 2**31 - 1, 2**31, 2**31 + 5, 2**32 - 1]


def test_first_numbers_of_seed_1_are_the_well_known_ones():
    generator = AdditiveFeedbackGenerator(1)
    assert [generator.draw() for _ in range(4)] == [1804289383, 846930886, 1681692777, 1714636915]


@given(st.integers(-(2**40), 2**40))
def test_equals_the_textbook_recurrence(seed):
    generator = AdditiveFeedbackGenerator(seed)
    assert [generator.draw() for _ in range(70)] == naive_rand(seed, 70)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="compares with glibc's own rand()")
@pytest.mark.parametrize("seed", SEEDS)
def test_equals_glibc(seed):
    libc = ctypes.CDLL(None)
    libc.srand(ctypes.c_uint(seed))
    generator = AdditiveFeedbackGenerator(seed)
    assert [generator.draw() for _ in range(100)] == [libc.rand() for _ in range(100)]


@given(st.integers(0, 50), st.integers(0, 9))
def test_permutations_follow_one_stream(length, seed):
    generator, numbers = AdditiveFeedbackGenerator(seed), iter(naive_rand(seed, 100))
    for _ in range(2):
        assert generator.permutation(length).tolist() == naive_permutation(numbers, length)
