"""The whole sweep on the works of docs/benchmarks.md, and a small search beside GridSearchCV."""

from __future__ import annotations

import pytest
from gate import SMALL_GRID, digits, parameters
from peers.fastgrid_peer import sweep
from peers.work import tiny

NAMES = ["digits", "synthetic", "gtzan", "digits-rbf", "synthetic-rbf", "gtzan-rbf", "4000x150", "10000x50"]


@pytest.mark.parametrize("solver", ["smo", "smo-fast"])
@pytest.mark.parametrize("name", NAMES)
def test_sweep(benchmark, work, name, solver):
    benchmark.group, given = name, work(name)
    sweep(tiny(given), solver, 2)
    benchmark.pedantic(sweep, (given, solver, 2), rounds=3)
    benchmark.extra_info["combinations"] = len(given.grid.cells())


@pytest.mark.parametrize("way", ["GridSearchCV", "smo", "smo-fast"])
def test_search(benchmark, way):
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import SVC

    from fastgrid import GridSearchSVC

    benchmark.group = "a search over 900 digits"
    features, codes, _ = digits(900)
    asked = {"param_grid": parameters(SMALL_GRID), "cv": 3, "n_jobs": 1}
    search = GridSearchCV(SVC(), **asked) if way == "GridSearchCV" else GridSearchSVC(solver=way, **asked)
    search.fit(features[::3], codes[::3])
    benchmark.pedantic(search.fit, (features, codes), rounds=3)
