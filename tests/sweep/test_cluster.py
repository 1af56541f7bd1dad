"""A sweep on a Dask cluster: what travels, what does not, and by how many threads it is worked on."""

import pickle
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from dask_processes import DaskProcesses, wait_until

from fastgrid.common.cluster import Cluster, ClusterPool
from fastgrid.common.fanout import Pool
from fastgrid.common.on_worker import WorkerFacts
from fastgrid.sweep.collector import Collector
from fastgrid.sweep.combinations import Combination, FeatureSet, SweepInput
from fastgrid.sweep.kept import forget_all_kept
from fastgrid.sweep.plan import make_plan
from fastgrid.sweep.remote import SHARE_OF_LIMIT, Cutting, least_memory
from fastgrid.sweep.run import SweepOptions, run_sweep
from fastgrid.sweep.splits import Splits
from fastgrid.sweep.versions import versions

distributed = pytest.importorskip("distributed")

GIB = 2**30


def content(found):
    return [part.tobytes() for part in found.by_fold], found.counters


@pytest.fixture(scope="module")
def large() -> SweepInput:
    """Features that are large beside everything else that travels, and of which products are kept from fold to fold."""
    rng = np.random.default_rng(3)
    labels = (np.arange(300) % 3).astype(np.int16)
    values = (rng.normal(size=(300, 900)) + labels[:, np.newaxis]).astype(np.float32)
    features = FeatureSet("a", values, np.arange(900), np.ones(900, dtype=np.bool_))
    grid = [Combination("a", kernel, 2.0**e, 2.0**-10) for kernel in ("rbf", "poly") for e in range(-3, 4)]
    grid += [replace(each, gamma=2.0**-12) for each in grid]
    return SweepInput({"a": features}, grid, labels, Splits.of_folds((np.arange(300) % 4).astype(np.int16), 4))


def with_file(given: SweepInput, path: Path) -> SweepInput:
    (features,) = given.feature_sets.values()
    np.save(path, features.values)
    mapped = np.load(path, mmap_mode="r")
    return replace(given, feature_sets={features.key: replace(features, values=mapped, path=path)})


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskProcesses]:
    """Two workers, one of them with two threads."""
    with DaskProcesses(tmp_path_factory.mktemp("cluster") / "dask") as started:
        started.let_go()
        started.start_worker()
        started.start_worker(threads=2)
        wait_until(lambda: started.log().count("Registered to:") == 2, "both workers are there")
        yield started


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def pool(processes: DaskProcesses, said: list[str]) -> Iterator[ClusterPool]:
    cluster = Cluster(
        processes.address, None, identify=versions, release=forget_all_kept, say=said.append, note=lambda _: None
    )
    with ClusterPool(1, "processes", cluster) as made:
        yield made


def counts(pool: ClusterPool) -> Counter[str]:
    """Return what the workers counted since the last call."""

    # Functions inside others travel whole: workers do not know the tests.
    def taken() -> Counter[str]:
        from collections import Counter

        from fastgrid.common import parcel

        found = Counter(parcel.COUNTS)
        parcel.COUNTS.clear()
        return found

    return sum(pool.cluster.client.run(taken).values(), Counter())


def kept(client: "distributed.Client") -> list[tuple[bool, bool]]:
    """Return for each worker whether it keeps inner products, and memory to work in."""

    def by_worker() -> tuple[bool, bool]:
        from fastgrid.kernels import scratch
        from fastgrid.sweep.fold_base import _KEPT

        return _KEPT._products is not None, any(each._rooms for each in scratch._ALL)

    return list(client.run(by_worker).values())


def matrices(came: Counter[str]) -> int:
    """Return how many arrivals of values as large as the matrix there were."""
    sizes = {name: int(name.split()[-2]) for name in came if name.endswith("KiB")}
    return sum(came[name] for name, size in sizes.items() if size >= 1000)


@pytest.mark.slow
def test_the_matrix_travels_to_each_worker_once(large: SweepInput, pool: ClusterPool, said: list[str]) -> None:
    expected = content(run_sweep(large, Pool(1), SweepOptions()))
    counts(pool)
    assert content(run_sweep(large, pool, SweepOptions())) == expected
    came = counts(pool)
    assert came["batches"] == 12
    # None for a worker that comes to no batch.
    once = matrices(came)
    assert 1 <= once <= 2
    # Another repeat of the folds: other splits, the same features.
    turned = replace(large, splits=Splits.of_folds((np.arange(300) // 75).astype(np.int16), 4))
    assert content(run_sweep(turned, pool, SweepOptions())) == content(run_sweep(turned, Pool(1), SweepOptions()))
    assert matrices(counts(pool)) <= 2 - once
    assert said == []


@pytest.mark.slow
def test_where_workers_see_the_file_they_map_it(large: SweepInput, pool: ClusterPool, tmp_path: Path) -> None:
    given = with_file(large, tmp_path / "a.npy")
    counts(pool)
    assert content(run_sweep(given, pool, SweepOptions())) == content(run_sweep(large, Pool(1), SweepOptions()))
    came = counts(pool)
    assert came["batches"] == 12 and matrices(came) == 0


HIDE = """
from fastgrid.common.shared_file import SharedFile
SharedFile.is_here = lambda self: False
"""


@pytest.mark.slow
def test_where_one_does_not_see_it_it_travels(
    large: SweepInput, processes: DaskProcesses, pool: ClusterPool, tmp_path: Path
) -> None:
    given = with_file(large, tmp_path / "a.npy")
    processes.start_worker(HIDE)
    try:
        wait_until(lambda: len(pool.cluster.client.nthreads()) == 3, "the third worker is there")
        counts(pool)
        assert content(run_sweep(given, pool, SweepOptions())) == content(run_sweep(large, Pool(1), SweepOptions()))
        assert matrices(counts(pool)) <= 3
    finally:
        processes.workers[-1].kill()
        wait_until(lambda: len(pool.cluster.client.nthreads()) == 2, "it is gone")


@pytest.mark.slow
def test_nothing_is_kept_in_workers_afterwards(large: SweepInput, processes: DaskProcesses, pool: ClusterPool) -> None:
    run_sweep(large, pool, SweepOptions())
    assert (True, True) in kept(pool.cluster.client)
    pool.stop()
    with distributed.Client(processes.address, set_as_default=False) as client:
        assert set(kept(client)) == {(False, False)}
        wait_until(lambda: not any(client.has_what().values()), "features are gone")


@pytest.mark.slow
def test_each_batch_in_a_process_of_its_own(small, pool: ClusterPool) -> None:
    given = replace(small, combinations=small.combinations[:1])
    counts(pool)
    found = run_sweep(given, pool, SweepOptions(isolated=True))
    assert content(found) == content(run_sweep(given, Pool(1), SweepOptions()))
    assert counts(pool)["batches"] == 0


@pytest.mark.slow
def test_little_memory_has_fewer_threads_at_work(large: SweepInput, pool: ClusterPool) -> None:
    expected = content(run_sweep(large, Pool(1), SweepOptions()))
    # Enough for one of the two threads: 160 MiB for each, and for the process.
    limit = 496 * 2**20
    assert Collector(large, make_plan(large), SweepOptions()).batches(2, limit, 16)[1] == 1
    assert content(run_sweep(large, pool, SweepOptions(memory_limit=limit))) == expected


@pytest.mark.slow
def test_a_task_that_fails_is_tried_again_here_and_named(small, pool: ClusterPool) -> None:
    # The values of this kernel overflow.
    grid = [*small.combinations[:8], Combination("plain", "poly", 1.0, 1e30)]
    given = replace(small, combinations=grid)
    found, expected = run_sweep(given, pool, SweepOptions()), run_sweep(given, Pool(1), SweepOptions())
    assert content(found) == content(expected)
    assert found.failures == expected.failures != ()


def test_a_batch_travels_without_features_labels_and_folds(large: SweepInput, tmp_path: Path) -> None:
    given = with_file(large, tmp_path / "a.npy")
    eight = {str(number): facts("a", 8 * GIB) for number in range(8)}
    cutting = Cutting(SimpleNamespace(workers=lambda: eight), Collector(given, make_plan(given), SweepOptions()), None)
    calls, at_a_time = cutting.cut(())
    parts = cutting.parts
    assert len(calls) == len(cutting.batches) == 12 and at_a_time == 2
    assert max(len(pickle.dumps(call.argument)) for call in calls) < 4000
    assert {name for call in calls for name in call.parts} == parts.keys() and len(parts) == 2
    matrix = given.feature_sets["a"].values
    (mapped,) = [part for part in parts.values() if part.file is not None]
    assert mapped.value.path is None and len(pickle.dumps(mapped.value)) > matrix.nbytes
    assert mapped.without_file.path == tmp_path / "a.npy" and len(pickle.dumps(mapped.without_file)) < 20_000
    # Cut again: all but those under way, sharing the same.
    more, _ = cutting.cut((0, 5))
    tasks = sorted(index for batch in cutting.batches[12:] for index in batch.indices)
    busy = {index for position in (0, 5) for index in cutting.batches[position].indices}
    assert tasks == [index for index in range(12) if index not in busy] and len(parts) == 2
    assert {call.parts for call in more} == {call.parts for call in calls}


def facts(host: str, limit: int, available: int = 0) -> WorkerFacts:
    return WorkerFacts(host, 2, limit, available, {})


@pytest.mark.parametrize(
    ("workers", "asked", "expected"),
    [
        ([facts("a", 4 * GIB)], None, int(SHARE_OF_LIMIT * 4 * GIB)),
        ([facts("a", 4 * GIB), facts("b", 2 * GIB)], None, int(SHARE_OF_LIMIT * 2 * GIB)),
        ([facts("a", 4 * GIB)], GIB, GIB),
        ([facts("a", 4 * GIB)], 16 * GIB, int(SHARE_OF_LIMIT * 4 * GIB)),
        # Without limits of their own two share what is there.
        ([facts("a", 0, 8 * GIB), facts("a", 0, 8 * GIB), facts("b", 0, 8 * GIB)], None, 2 * GIB),
    ],
)
def test_memory_is_that_of_the_smallest_worker(workers: list[WorkerFacts], asked: int | None, expected: int) -> None:
    assert least_memory({str(number): each for number, each in enumerate(workers)}, asked) == expected
