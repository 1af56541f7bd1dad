"""A sweep by joblib's configured workers gives the same bytes, and leaves nothing behind in them."""

from dataclasses import replace
from typing import Any

import joblib
import numpy as np
import pytest

from fastgrid.common.fanout import Pool
from fastgrid.kernels import kept_scratch
from fastgrid.sweep import run, solving
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.fold_base import _KEPT
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits
from fastgrid.sweep.task import Batch


def content(found):
    numbers = [found.decision_values(row, fold) for fold in range(4) for row in range(len(found.by_fold[0]))]
    return [part.tobytes() for part in (*found.by_fold, *numbers)]


@pytest.fixture
def asked(small):
    return replace(small, combinations=small.combinations[::4], decisions=True)


@pytest.mark.parametrize(
    "backend", ["loky", "threading", pytest.param("multiprocessing", marks=pytest.mark.compiled), "sequential"]
)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")  # of fork, from Python 3.12 on
def test_the_bytes_are_the_same(asked, backend):
    expected = run_sweep(asked, Pool(1), SweepOptions())
    with joblib.parallel_config(backend=backend, n_jobs=2):
        found = run_sweep(asked, Pool(None, "configured"), SweepOptions())
    assert content(found) == content(expected)
    assert found.counters == expected.counters


def sweep_inside(asked: SweepInput) -> list[bytes]:
    return content(run_sweep(asked, Pool(2, "configured"), SweepOptions()))


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_inside_another_call_of_joblib(asked, backend):
    expected = content(run_sweep(asked, Pool(1), SweepOptions()))
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert joblib.Parallel()(joblib.delayed(sweep_inside)(asked) for _ in range(2)) == [expected] * 2


def batch_and_what_is_kept(batch: Batch) -> Any:
    """Stand-in for `solve_batch` that says in `seconds` what it was given and what it left."""
    values = batch.features.values
    results, _ = solving.solve_batch(batch)
    kept = bool(kept_scratch()._rooms) or _KEPT._products is not None
    return results, {str(getattr(values, "filename", "")): 1.0, "kept": float(kept)}


def test_large_arrays_are_mapped_and_workers_keep_nothing(monkeypatch):
    seen: list[dict[str, float]] = []
    monkeypatch.setattr(run, "solve_batch", batch_and_what_is_kept)
    monkeypatch.setattr(run, "add_worker_seconds", seen.append)
    rng = np.random.default_rng(3)
    values = rng.normal(size=(90, 4000)).astype(np.float32)
    features = FeatureSet("a", values, np.arange(4000), np.zeros(4000, dtype=np.bool_), kind="plain")
    labels = (np.arange(90) % 2).astype(np.int16)
    grid = [Combination("a", "rbf", 1.0, 2.0**exponent) for exponent in range(-16, -8)]
    given = SweepInput({"a": features}, grid, labels, Splits.of_folds((np.arange(90) // 2 % 2).astype(np.int16), 2))
    with joblib.parallel_config(backend="loky", n_jobs=2):
        found = run_sweep(given, Pool(None, "configured"), SweepOptions())
    assert not found.failures
    assert len(seen) == 8
    assert {each["kept"] for each in seen} == {0.0}
    (name,) = {name for each in seen for name in each if name != "kept"}
    assert name


def die_in_a_worker(batch: Batch) -> Any:
    import os
    import signal

    if batch.features.key == "fewer" and batch.fold == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return solving.solve_batch(batch)


def test_a_killed_worker_loses_nothing(asked, monkeypatch):
    expected = run_sweep(asked, Pool(1), SweepOptions())
    monkeypatch.setattr(run, "solve_batch", die_in_a_worker)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        found = run_sweep(asked, Pool(None, "configured"), SweepOptions())
    assert content(found) == content(expected)


def test_dask(asked, tmp_path):
    distributed = pytest.importorskip("distributed")
    expected = run_sweep(asked, Pool(1), SweepOptions())
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            dashboard_address=":0",
            local_directory=str(tmp_path),
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        found = run_sweep(asked, Pool(None, "configured"), SweepOptions())
    assert content(found) == content(expected)
