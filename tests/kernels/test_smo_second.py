"""Second indices from float32 gradients, and the update that writes these, against naive ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgrid.kernels import aligned_empty, padded_length
from fastgrid.kernels.jit import jit
from fastgrid.kernels.smo import _initialise
from fastgrid.kernels.smo_fast_passes import _partner, _update
from fastgrid.kernels.smo_passes import _extremes, _second
from fastgrid.kernels.smo_second import _certain_second, _second_by_float32
from fastgrid.kernels.smo_state import ALPHA, COST, DIAGONAL, DOWN_PENALTY, GRADIENT, STATE_ROWS, UP_PENALTY
from fastgrid.kernels.smo_step import _set_penalties


@jit
def partner(gram, first, state, n, allowed, diagonal, unit):
    return _partner(gram, first, state, n, allowed, diagonal, unit)


@jit
def exact_second(gram, first, state, n, positions):
    return _second(gram, first, state, n, positions, first, True)


@jit
def certain_second(gram, first, state, n, allowed, lowest, error):
    return _certain_second(gram, first, state, n, first, allowed, lowest, error)


@jit
def second_by_float32(gram, first, state, n, positions, allowed, lowest, highest):
    return _second_by_float32(gram, first, state, n, positions, first, True, allowed, lowest, highest)


@jit
def update(gram, first, second, change_first, change_second, state, n, allowed):
    return _update(gram, first, second, change_first, change_second, state, n, allowed)


@jit
def set_penalties(state, n):
    for k in range(n):
        _set_penalties(state, k)


def problem(seed, n, unit, scale=1.0):
    """A state in the middle of a run: some duals at 0, some at C, any gradient."""
    rng = np.random.default_rng(seed)
    width = padded_length(n)
    rows = rng.normal(size=(n, 4))
    kernel = rows @ rows.T
    if unit:
        kernel = np.exp(-0.3 * ((rows[:, np.newaxis] - rows) ** 2).sum(axis=2))
    gram = aligned_empty((n, width), np.float32)
    gram[:], gram[:, :n] = 0.0, kernel
    state, allowed = aligned_empty((STATE_ROWS, width), np.float64), aligned_empty((width + 32,), np.float32)
    allowed[:] = 1e30  # what is left of another pair
    signs = rng.choice([-1.0, 1.0], n)
    _initialise(np.diag(kernel).copy(), signs, np.ones(n), state, np.empty(n, dtype=np.int64))
    state[ALPHA, :n] = rng.choice([0.0, 0.4, 1.0], n) * state[COST, :n]
    state[GRADIENT, :n] = scale * rng.normal(size=n)
    set_penalties(state, n)
    return gram, state, allowed, kernel.astype(np.float32).astype(np.float64)


def narrow_diagonal(state):
    diagonal = aligned_empty((state.shape[1],), np.float32)
    diagonal[:] = state[DIAGONAL]
    return diagonal


def expected_extremes(state, n):
    growing, falling = state[UP_PENALTY, :n] == 0, state[DOWN_PENALTY, :n] == 0
    h = state[GRADIENT, :n]
    return h[growing].min(initial=np.inf), h[falling].max(initial=-np.inf)


SIZES = [1, 7, 8, 15, 16, 17, 40, 100]


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.sampled_from(SIZES), unit=st.booleans())
def test_the_partner_is_as_good_as_the_best(seed, n, unit):
    gram, state, allowed, kernel = problem(seed, n, unit)
    lowest, highest, first = _extremes(state, n, np.arange(n), allowed)
    assert (lowest, highest) == expected_extremes(state, n)
    if not np.isfinite(lowest):
        return
    assert state[GRADIENT, first] == lowest
    difference = np.where(state[DOWN_PENALTY, :n] == 0, state[GRADIENT, :n] - lowest, 0.0)
    curvature = np.maximum(kernel[first, first] + np.diag(kernel) - 2 * kernel[first], 1e-12)
    scores = np.maximum(difference, 0.0) ** 2 / curvature
    found = partner(gram, first, state, n, allowed, narrow_diagonal(state), unit)
    if scores.max() == 0.0:
        assert found < 0
    else:
        assert scores[found] >= 0.999 * scores.max()


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.sampled_from(SIZES[1:]), unit=st.booleans())
def test_an_update_is_the_sum_and_leaves_what_a_beginning_would(seed, n, unit):
    gram, state, allowed, kernel = problem(seed, n, unit)
    _extremes(state, n, np.arange(n), allowed)
    first, second = np.random.default_rng(seed).permutation(n)[:2]
    expected = state[GRADIENT, :n] + (0.25 * kernel[first] - 0.75 * kernel[second])
    found = update(gram, first, second, 0.25, -0.75, state, n, allowed)
    np.testing.assert_array_equal(state[GRADIENT, :n], expected)
    assert found[:2] == expected_extremes(state, n)
    assert not np.isfinite(found[0]) or state[GRADIENT, found[2]] == found[0]
    again = allowed.copy()
    _extremes(state, n, np.arange(n), again)
    np.testing.assert_array_equal(allowed, again)


@pytest.mark.parametrize("unit", [False, True])
def test_where_nothing_may_shrink_there_is_no_partner(unit):
    gram, state, allowed, _ = problem(3, 20, unit)
    state[DOWN_PENALTY] = np.inf
    _, highest, first = _extremes(state, 20, np.arange(20), allowed)
    assert highest == -np.inf
    assert partner(gram, first, state, 20, allowed, narrow_diagonal(state), unit) < 0


@pytest.mark.compiled
@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from(SIZES),
    level=st.sampled_from([0.0, 1.0, 300.0, 1e6, 1e20]),
    log_scale=st.integers(-40, 3),
    ties=st.sampled_from(["none", "equal rows", "equal gradients", "next float"]),
)
def test_what_float32_is_certain_of_is_the_exact_choice(seed, n, level, log_scale, ties):
    gram, state, allowed, _ = problem(seed, n, unit=True, scale=2.0**log_scale)
    rng, chosen = np.random.default_rng(seed), slice(0, n // 2)
    state[GRADIENT, :n] += level
    if ties == "equal rows":
        gram[:n, : n // 2], gram[: n // 2, :n] = gram[:n, :1], gram[:1, :n]
    elif ties == "equal gradients":
        state[GRADIENT, chosen] = state[GRADIENT, 0]
    elif ties == "next float":
        state[GRADIENT, chosen] = np.nextafter(state[GRADIENT, 0], rng.choice([-np.inf, np.inf], n // 2))
    positions = rng.permutation(n)
    lowest, highest, first = _extremes(state, n, positions, allowed)
    if not np.isfinite(lowest):
        return
    expected = exact_second(gram, first, state, n, positions)
    found = certain_second(gram, first, state, n, allowed.copy(), lowest, 1.25e-7 * max(abs(lowest), abs(highest)))
    assert found in (-1, expected)
    assert second_by_float32(gram, first, state, n, positions, allowed, lowest, highest) == expected


def test_float32_is_certain_most_of_the_time():
    found = []
    for seed in range(200):
        gram, state, allowed, _ = problem(seed, 100, unit=True)
        lowest, highest, first = _extremes(state, 100, np.arange(100), allowed)
        found.append(certain_second(gram, first, state, 100, allowed, lowest, 1.25e-7 * max(abs(lowest), highest)))
    assert np.mean(np.array(found) >= 0) > 0.95
