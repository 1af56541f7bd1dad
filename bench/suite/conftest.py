"""What the benchmarks share: the same data and seeds in every run, one BLAS thread, and programs of this directory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

from fastgrid.common.threads import single_threaded_blas  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with single_threaded_blas():
        yield


@pytest.fixture(scope="session")
def descriptor_files() -> dict[str, Path]:
    """The bundled descriptor files."""
    files = sorted((BENCH.parent / "examples").rglob("*.json"))
    return {str(path): path for path in files}


@pytest.fixture(scope="session")
def work():
    """Return the work of a name; skip where its data are not there."""
    from peers.sets import NoDataError, make_work

    def of(name: str):
        try:
            return make_work(name, quick=bool(os.environ.get("FASTGRID_QUICK_BENCH")))
        except NoDataError as error:
            pytest.skip(str(error))

    return of
