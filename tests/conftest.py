"""Fixtures that every room's tests share."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# How many cases tests with hypothesis try. Every run tries the same ones, unless --hypothesis-profile=random is given
# (CONTRIBUTING.md).
settings.register_profile("repeatable", max_examples=100, derandomize=True, database=None, deadline=None)
settings.register_profile("random", settings.get_profile("repeatable"), derandomize=False, print_blob=True)
settings.load_profile("repeatable")

# A shell lets what it starts in the background ignore interrupts, and so would all that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The directory of real data: FASTGRID_DATA, or shared/data beside the checkout."""
    data = Path(os.environ.get("FASTGRID_DATA", REPOSITORY.parent / "shared" / "data"))
    if not data.is_dir():
        pytest.skip(f"no real data at {data}; set FASTGRID_DATA to a directory that holds it")
    return data
