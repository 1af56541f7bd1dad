"""Fixtures that every room's tests share."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The directory of real data: FASTGRID_DATA, or shared/data beside the checkout."""
    data = Path(os.environ.get("FASTGRID_DATA", REPOSITORY.parent / "shared" / "data"))
    if not data.is_dir():
        pytest.skip(f"no real data at {data}; set FASTGRID_DATA to a directory that holds it")
    return data
