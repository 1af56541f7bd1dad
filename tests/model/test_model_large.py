"""Models of many items are trained pair by pair, and pairs of many without a Gram matrix: the same machines."""

import tracemalloc

import numpy as np
import pytest

from fastgrid.common.errors import UserError
from fastgrid.model import machines, pair_problems
from fastgrid.model.classifier import Kernel
from fastgrid.model.machines import fit_machines
from fastgrid.solvers import Stopping


def problem(n_classes: int, n: int = 150, d: int = 6):
    """Features in sixteenths: inner products are exact in any order, and so kernel values are the same bits."""
    rng = np.random.default_rng(n_classes)
    codes = np.sort(np.arange(n) % n_classes).astype(np.int64)
    features = np.round(rng.normal(size=(n, d)) * 8 + codes[:, np.newaxis] * 4) / 16
    return features.astype(np.float32), codes


KERNELS = [Kernel("rbf", 0.5), Kernel("poly", 0.25, 3, 1.0), Kernel("linear", 1.0)]


def fitted(kernel, n_classes, solver="smo", tol=1e-3):
    features, codes = problem(n_classes)
    costs = np.linspace(1.0, 4.0, n_classes)
    return fit_machines(kernel, features, codes, costs, solver_name=solver, stopping=Stopping(tol), seed=3)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("largest", [149, 70, 10], ids=["pairs", "some pairs", "rows"])
def test_the_machines_are_the_same(kernel, n_classes, largest, monkeypatch):
    expected = fitted(kernel, n_classes)
    monkeypatch.setattr(machines, "LARGEST_GRAM", largest)
    monkeypatch.setattr(pair_problems, "CACHE_BYTES", 5000)
    monkeypatch.setattr(pair_problems, "STRIP_NUMBERS", 500)
    found = fitted(kernel, n_classes)
    np.testing.assert_array_equal(found.coefficients, expected.coefficients)
    np.testing.assert_array_equal(found.bias, expected.bias)
    assert found.converged == expected.converged
    # Decision values are sums in another order.
    for own, other in zip(found.sigmoids, expected.sigmoids, strict=True):
        np.testing.assert_allclose([own.slope, own.offset], [other.slope, other.offset], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("largest", [70, 10])
def test_smo_fast_keeps_its_promise(largest, monkeypatch):
    exact = fitted(KERNELS[0], 3, tol=1e-9)
    monkeypatch.setattr(machines, "LARGEST_GRAM", largest)
    found = fitted(KERNELS[0], 3, "smo-fast")
    np.testing.assert_allclose(found.bias, exact.bias, atol=2e-3)
    np.testing.assert_allclose(found.coefficients, exact.coefficients, atol=2e-2)


@pytest.mark.parametrize("largest", [70, 10])
def test_values_that_overflow_are_said(largest, monkeypatch):
    monkeypatch.setattr(machines, "LARGEST_GRAM", largest)
    with pytest.raises(UserError, match="poly kernel: its values overflow with gamma"):
        fitted(Kernel("poly", 1e30, 5, 0.0), 3)


def test_memory_is_that_of_a_pair():
    rng = np.random.default_rng(0)
    codes = np.sort(np.arange(4400) % 11).astype(np.int64)
    features = (rng.normal(size=(4400, 4)) + codes[:, np.newaxis]).astype(np.float32)
    fitted(KERNELS[0], 3)
    tracemalloc.start()
    fit_machines(Kernel("rbf", 0.1), features, codes, np.ones(11), solver_name="smo", stopping=Stopping(), seed=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * 800**2 + 8 * 55 * 4400 + 2**20 < 8 * 4400**2
