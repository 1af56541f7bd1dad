"""Small trainings on real files that several modules of this room look at."""

from pathlib import Path

import pytest
from whole_job import class_folders, small_project

from fastgrid.cli import main


@pytest.fixture(scope="session")
def inputs(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of 3 x 8 real files; not to be written to."""
    return class_folders(shared_data, tmp_path_factory.mktemp("inputs") / "in")


@pytest.fixture(scope="session")
def trained(inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a finished small training; not to be written to."""
    directory = tmp_path_factory.mktemp("trained") / "out"
    assert main(["train_model", *small_project(inputs, directory), "-q", "-j", "1"]) == 0
    return directory
