"""Gram rows from features, and the cache that keeps them: bits of the full matrix, the least recently used row goes."""

from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgrid.kernels import KERNELS, fill_symmetric_gram, padded_length
from fastgrid.kernels.row_cache import COUNTERS, MISSES, SLOTS, RowsOnDemand, _compute, _empty, _fetch, _narrow
from fastgrid.kernels.row_tiles import PIECE, TILE, _fill_tiles
from fastgrid.kernels.smo_shrinking import _apply_events, _apply_events_unkept
from fastgrid.kernels.smo_state import BOUND_GRADIENT, STATE_ROWS

GAMMA, DEGREE, COEF0 = 0.25, 3, 0.5


def on_demand(features, kernel, n_kept):
    """An empty cache with room for at most `n_kept` whole rows, and these rows."""
    n, d = features.shape
    width = padded_length(n)
    tiles, norms = np.zeros((n // TILE + 1, d, TILE), dtype=np.float32), np.empty(n)
    _fill_tiles(features, 0, n, tiles, norms, 0)
    demand = RowsOnDemand(
        kernel=KERNELS.index(kernel),
        gamma=GAMMA,
        degree=DEGREE,
        coef0=COEF0,
        tiles=tiles,
        norms=norms,
        active_tiles=np.zeros_like(tiles),
        active_norms=np.empty(n),
        cache=np.full(n_kept * width, np.nan, dtype=np.float32),
        slots=np.empty(n, dtype=np.int64),
        items=np.empty(n, dtype=np.int64),
        later=np.empty(n + 1, dtype=np.int64),
        earlier=np.empty(n + 1, dtype=np.int64),
        counters=np.zeros(COUNTERS, dtype=np.int64),
        row=np.empty((1, width), dtype=np.float32),
        places=np.empty(d, dtype=np.int64),
        values=np.empty(d),
        products=np.empty(PIECE),
        work=np.empty(PIECE),
        columns=np.empty(n, dtype=np.int64),
    )
    n_slots = min(n, n_kept)
    _empty(demand, n_slots)
    return demand, demand.cache[: n_slots * width].reshape(n_slots, width)


def naive_gram(features, kernel):
    """The float32 Gram matrix of inner products that are added one feature after the other."""
    wide = features.astype(np.float64)
    products = np.zeros((len(wide), len(wide)))
    for column in wide.T:
        products += np.outer(column, column)
    gram = np.empty(products.shape, dtype=np.float32)
    fill_symmetric_gram(kernel, products, gram, GAMMA, DEGREE, COEF0)
    return gram


def random_features(seed, n, d, zeros=0.3):
    rng = np.random.default_rng(seed)
    return np.where(rng.random((n, d)) < zeros, 0.0, rng.normal(size=(n, d))).astype(np.float32)


@pytest.mark.compiled
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("n", "d"), [(2, 1), (63, 3), (64, 5), (65, 40), (130, 7), (1100, 2)])
def test_rows_have_the_bits_of_the_full_matrix(kernel, n, d):
    features = random_features(n, n, d)
    demand, _ = on_demand(features, kernel, 2)
    gram = naive_gram(features, kernel)
    for item in {0, 1, n // 2, n - 1}:
        _compute(demand, n, item, demand.row, 0)
        np.testing.assert_array_equal(demand.row[0, :n], gram[item])
        np.testing.assert_array_equal(demand.row[0, n:], 0.0)
        assert kernel != "rbf" or demand.row[0, item] == 1.0


class NaiveCache:
    """Which items are kept, and how often one was missing."""

    def __init__(self, n_slots):
        self.kept, self.n_slots, self.misses = OrderedDict(), n_slots, 0

    def fetch(self, item):
        if item not in self.kept:
            self.misses += 1
            if len(self.kept) == self.n_slots:
                self.kept.popitem(last=False)
        self.kept[item] = True
        self.kept.move_to_end(item)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), n=st.integers(4, 40), n_kept=st.integers(2, 12))
def test_the_least_recently_used_row_goes(data, n, n_kept):
    features = random_features(n, n, 3)
    demand, rows = on_demand(features, "rbf", n_kept)
    naive, gram = NaiveCache(min(n, n_kept)), naive_gram(features, "rbf")
    previous = None
    for item in data.draw(st.lists(st.integers(0, n - 1), max_size=60)):
        slot = _fetch(demand, rows, n, item)
        naive.fetch(item)
        np.testing.assert_array_equal(rows[slot, :n], gram[item])
        assert previous is None or demand.slots[previous] >= 0
        previous = item
    assert demand.counters[MISSES] == naive.misses
    assert set(np.flatnonzero(demand.slots >= 0)) == set(naive.kept)


@pytest.mark.compiled
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(16, 300), n_kept=st.integers(2, 40))
def test_kept_rows_are_narrowed_twice(seed, n, n_kept):
    rng = np.random.default_rng(seed)
    features = random_features(seed, n, 3)
    demand, rows = on_demand(features, "rbf", n_kept)
    gram = naive_gram(features, "rbf")
    layout, extent = np.arange(padded_length(n)), n
    for _ in range(2):
        for k in rng.integers(0, extent, 3 * n_kept):
            _fetch(demand, rows, extent, layout[k])
        kept = set(np.flatnonzero(demand.slots >= 0))
        order, active = rng.permutation(layout[:extent]), int(rng.integers(max(1, extent // 4), extent // 2 + 1))
        rows = _narrow(demand, rows, layout, extent, order, active)
        layout[:active], extent = order[:active], active
        misses = int(demand.counters[MISSES])
        assert rows.shape[0] == demand.counters[SLOTS] >= min(active, n_kept)
        assert set(np.flatnonzero(demand.slots >= 0)) == kept & set(layout[:active])
        for item in rng.permutation(sorted(kept & set(layout[:active]))):
            np.testing.assert_array_equal(
                rows[_fetch(demand, rows, extent, item), :active], gram[item, layout[:active]]
            )
        assert demand.counters[MISSES] == misses
        for item in rng.permutation(layout[:active]):
            slot = _fetch(demand, rows, extent, item)
            np.testing.assert_array_equal(rows[slot, :active], gram[item, layout[:active]])
            np.testing.assert_array_equal(rows[slot, active:], 0.0)


def test_changes_at_bounds_add_the_same_with_kept_rows_and_without():
    n = 90
    features = random_features(3, n, 4)
    width = padded_length(n)
    gram = np.zeros((n, width), dtype=np.float32)
    gram[:, :n] = naive_gram(features, "rbf")
    rng = np.random.default_rng(4)
    items, costs = rng.integers(0, n, 200), rng.choice([-0.3, 0.3, 0.7], 200)
    full, kept, unkept = (np.zeros((STATE_ROWS, width)) for _ in range(3))
    _apply_events(gram, full, items, costs, 200, None)
    demand, rows = on_demand(features, "rbf", 5)
    _apply_events(rows, kept, items, costs, 200, demand)
    _apply_events_unkept(demand, unkept, items, costs, 200)
    np.testing.assert_array_equal(kept, full)
    np.testing.assert_array_equal(unkept, full)
    assert np.abs(full[BOUND_GRADIENT]).max() > 1.0
