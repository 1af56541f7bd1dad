"""The whole job on the 70 files of the Gaia run: its matrices, folds, predictions and numbers."""

import csv
from pathlib import Path

import numpy as np
import pytest
from transform_tables import same_bits

from fastgrid.common.console import Console
from fastgrid.common.safe_yaml import load_text
from fastgrid.descriptors.collection import read_collection
from fastgrid.descriptors.table import DescriptorTable, Kind
from fastgrid.project.filelist import read_filelist, write_filelist
from fastgrid.project.schema import load_project
from fastgrid.project.settings import RunSettings
from fastgrid.project.training import TrainingOutcome, train_model
from fastgrid.transforms.chain import build_chain

KEYS = ("preprocessing", "kernel", "C_exponent", "gamma_exponent", "balanceClasses")
MOST_DIFFERENT = 6


def train(shared_data: Path, directory: Path, **settings) -> TrainingOutcome:
    groundtruth = shared_data / "gaia_run" / "groundtruth.yaml"
    labels = load_text(groundtruth)["groundTruth"]
    write_filelist(
        directory / "filelist.yaml",
        {item: shared_data / "game_music" / label / f"{item}.json" for item, label in labels.items()},
    )
    return train_model(
        groundtruth,
        directory / "filelist.yaml",
        directory / "music.project",
        directory / "results",
        directory / "music.history",
        seed=1,
        settings=RunSettings(jobs=2, **settings),
        console=Console(quiet=True),
    )


@pytest.fixture(scope="module")
def ours(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("gaia")
    assert train(shared_data, directory).failures == ()
    return directory


@pytest.fixture(scope="module")
def gaia(shared_data: Path) -> Path:
    return shared_data / "gaia_run"


def rows_of(archive) -> dict[tuple, np.ndarray]:
    parameters = zip(*(archive[key].tolist() for key in KEYS), strict=True)
    return dict(zip(parameters, archive["predicted"], strict=True))


def agreement(ours: Path, gaia: Path) -> dict[tuple, int]:
    """Return how many predictions of each combination differ from Gaia's."""
    with np.load(ours / "results" / "predictions.npz") as found, np.load(gaia / "predictions.npz") as expected:
        assert set(found) == set(expected)
        for key in ("ids", "classes", "actual", "fold"):
            assert np.array_equal(found[key], expected[key]), key
        mine, theirs = rows_of(found), rows_of(expected)
    assert mine.keys() == theirs.keys() and len(mine) == 1728
    return {parameters: int((mine[parameters] != theirs[parameters]).sum()) for parameters in mine}


def test_folds_and_predictions_are_gaias(ours: Path, gaia: Path) -> None:
    assert sum(agreement(ours, gaia).values()) <= MOST_DIFFERENT


@pytest.mark.slow
def test_libsvm_predicts_the_same(ours: Path, gaia: Path, shared_data: Path, tmp_path: Path) -> None:
    train(shared_data, tmp_path, solver="libsvm")
    assert sum(agreement(tmp_path, gaia).values()) <= MOST_DIFFERENT
    with np.load(ours / "results" / "predictions.npz") as smo, np.load(tmp_path / "results/predictions.npz") as libsvm:
        assert all(np.array_equal(smo[key], libsvm[key]) for key in smo)


def numbers_of(report: Path) -> dict[tuple, list[float]]:
    with report.open(newline="") as file:
        rows = list(csv.DictReader(file, dialect="excel-tab"))
    columns = ("accuracy", "accuracy_std", "normalized_accuracy", "normalized_accuracy_std")
    return {
        (row["preprocessing"], row["kernel"], int(row["C"]), int(row["gamma"]), row["balance_classes"] == "True"): [
            float(row[column]) for column in columns
        ]
        for row in rows
    }


def test_the_numbers_of_the_report_are_gaias(ours: Path, gaia: Path) -> None:
    mine, theirs = numbers_of(ours / "report.tsv"), numbers_of(gaia / "report.tsv")
    assert mine.keys() == theirs.keys() and len(mine) == 1728
    same = [parameters for parameters, different in agreement(ours, gaia).items() if not different]
    assert len(same) >= 1728 - MOST_DIFFERENT
    for parameters in same:
        np.testing.assert_allclose(mine[parameters], theirs[parameters], rtol=0, atol=1e-9, err_msg=str(parameters))


def test_files_named_in_the_report_exist(ours: Path) -> None:
    with (ours / "report.tsv").open(newline="") as file:
        for row in csv.DictReader(file, dialect="excel-tab"):
            assert (ours / row["results_file"]).is_file() and (ours / row["param_file"]).is_file()
            assert not Path(row["results_file"]).is_absolute()


def compare(table: DescriptorTable, chain, expected, name: str) -> None:
    numeric = [(d, column) for d in table.numeric for column in range(*table.columns[d.name].indices(10**9))]
    real = [column for d, column in numeric if d.kind is Kind.REAL]
    names = [table.dimension_names[column] for column in real]
    assert list(table.ids) == expected[f"{name}/ids"].tolist()
    assert names == expected[f"{name}/columns"].tolist()
    assert same_bits(np.ascontiguousarray(table.values[:, real]), expected[f"{name}/values"])
    texts = {f"{d.name}[0]": table.text[:, table.columns[d.name].start].tolist() for d in table.textual}
    for step in () if chain is None else chain.steps:
        for descriptor, known in getattr(step[1], "texts_", {}).items():
            if descriptor in table.columns:
                numbers = table.values[:, table.columns[descriptor].start].astype(int)
                texts[f"{descriptor}[0]"] = [known[number] for number in numbers]
    columns = expected[f"{name}/text_columns"].tolist()
    assert texts == {c: expected[f"{name}/text_values"][:, k].tolist() for k, c in enumerate(columns)}


def test_every_matrix_has_gaias_bits(ours: Path, gaia: Path) -> None:
    project = load_project(ours / "music.project")
    table = read_collection(read_filelist(project.filelist), excluded=project.excluded_descriptors).table
    with np.load(gaia / "matrices.npz") as archive:
        expected = dict(archive)
    compare(table, None, expected, "merged")
    assert set(project.preprocessing) == {"raw", "basic", "lowlevel", "nobands", "normalized", "gaussianized", "mfcc"}
    for name, steps in project.preprocessing.items():
        chain = build_chain([step.entry for step in steps])
        prepared = chain.fit_transform(table)
        compare(prepared, chain, expected, name)
        if name != "raw":  # what the sweep trained on is this very matrix
            kept = np.load(ours / "results" / "datasets" / f"music-{name}.npy", allow_pickle=False)
            assert same_bits(kept, np.ascontiguousarray(prepared.values))
