"""Figures are drawn without a screen, and closed after each test."""

import pytest


@pytest.fixture(autouse=True)
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    assert pyplot.get_fignums() == []
    yield pyplot
    pyplot.close("all")
