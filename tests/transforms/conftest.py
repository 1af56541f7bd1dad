"""Gaia's own matrices for the tests of the transforms."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def gaia_matrices(shared_data):
    path = shared_data / "gaia_run" / "matrices.npz"
    if not path.is_file():
        pytest.skip(f"no Gaia matrices at {path}")
    with np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}
