"""The benchmark against peers runs and writes what it says; nothing here depends on time."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).resolve().parent.parent.parent / "bench"


@pytest.fixture
def peers(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    output = tmp_path_factory.mktemp("bench") / "peers.json"
    command = [sys.executable, str(BENCH / "bench_peers.py"), "--quick", "--set", "tiny", "--rounds", "2"]
    chosen = ["--peer", "smo", "--peer", "gridsearch", "--output", str(output)]
    done = subprocess.run([*command, *chosen], capture_output=True, text=True, check=True)
    return done.stdout, json.loads(output.read_text())


@pytest.mark.slow
def test_every_round_of_every_peer_is_there(run):
    (tiny,) = run[1]["sets"]
    assert (tiny["name"], tiny["rows"], tiny["dimensions"], tiny["classes"]) == ("tiny", 150, 8, 3)
    assert (tiny["folds"], tiny["cells"], tiny["predictions"]) == (3, 16, 16 * 150)
    assert set(tiny["peers"]) == {"smo", "gridsearch"}
    for figures in tiny["peers"].values():
        assert len(figures["seconds"]) == len(figures["cpu_seconds"]) == 2
        assert min(figures["seconds"]) > 0
        assert "skipped" not in figures


@pytest.mark.slow
def test_fastgrid_predicts_what_grid_search_does(run):
    (tiny,) = run[1]["sets"]
    assert tiny["reference"] == "gridsearch"
    assert [tiny["peers"][peer]["differing"] for peer in ("smo", "gridsearch")] == [0, 0]
    assert tiny["peers"]["smo"]["best_accuracy"] == tiny["peers"]["gridsearch"]["best_accuracy"] > 0.5


@pytest.mark.slow
def test_ratios_machine_and_table(run):
    printed, found = run
    (row,) = found["sets"][0]["ratios"]
    assert (row["solver"], row["over"], row["target"], row["reached"]) == ("smo", "gridsearch", None, None)
    assert found["machine"]["versions"].keys() >= {"numpy", "numba", "scikit-learn"}
    assert (found["rounds"], found["workers"], found["quick"]) == (2, 2, True)
    for word in ("tiny: 150 x 8", "median s", "times gridsearch", "scikit-learn"):
        assert word in printed


def test_ratios_are_medians_over_rounds_against_the_targets(peers):
    report = peers("peers.report")
    times = {"smo": [1.0, 2.0, 1.0], "gridsearch": [30.0, 80.0, 50.0], "precomputed": [9, 9, 9], "opencv": [8, 30, 20]}
    rows = report.ratios(
        report.TARGETS["digits"], {peer: report.Record(seconds=seconds) for peer, seconds in times.items()}
    )
    found = {row["over"]: (row["ratio"], row["target"], row["reached"]) for row in rows}
    assert found == {
        "gridsearch": (40.0, 36.0, True),
        "next": (8.0, 12.0, False),
        "precomputed": (9.0, None, None),
        "opencv": (15.0, None, None),
    }


def test_a_peer_that_fails_is_skipped_with_a_word(peers):
    report = peers("peers.report")
    record = report.Record()
    record.add({"skipped": "not installed"}, None)
    assert record.skipped == "not installed"
    assert record.seconds == []


@pytest.mark.parametrize(("n", "n_folds"), [(30, 3), (152, 5), (1797, 5), (10000, 3), (7, 2)])
def test_rows_in_opencv_order_are_shuffled_into_the_folds(peers, n, n_folds):
    opencv, sets = peers("peers.opencv"), peers("peers.sets")
    folds = sets.stratified_folds(np.arange(n) % 3 if n > 7 else np.zeros(n, dtype=np.intp), n_folds)
    order = opencv.row_order(folds, n_folds)
    assert sorted(order) == list(range(n))
    blocks = np.split(folds[order][opencv.shuffled(n)], np.cumsum(opencv.block_sizes(n, n_folds))[:-1])
    assert sorted(block[0] for block in blocks) == list(range(n_folds))
    assert all((block == block[0]).all() for block in blocks)


def test_opencv_refuses_folds_of_unequal_sizes(peers):
    with pytest.raises(ValueError, match="unequal"):
        peers("peers.opencv").row_order(np.array([0, 0, 0, 1], dtype=np.int16), 2)


def test_opencv_finds_the_best_cell_of_these_folds(peers):
    cv2 = pytest.importorskip("cv2")
    if not hasattr(cv2, "ml"):
        pytest.skip("OpenCV without its ml module")
    opencv, work = peers("peers.opencv"), peers("peers.sets").make_work("tiny", True)
    for best in opencv.OpencvPeer().run(work, 1):
        cells = [cell for cell in work.grid.cells() if (cell.kernel, cell.balanced) == (best.kernel, best.balanced)]
        right = {cell: int((opencv.predict_cell(work, cell) == work.labels).sum()) for cell in cells}
        assert right[best] == max(right.values())
        assert len(set(right.values())) > 1


def test_grid_search_and_the_reused_gram_give_the_same_predictions(peers):
    scikit_learn, work = peers("peers.scikit_learn"), peers("peers.sets").make_work("tiny", True)
    searched = scikit_learn.GridSearchPeer("sklearn.svm").run(work, 1)
    np.testing.assert_array_equal(scikit_learn.PrecomputedPeer().run(work, 1), searched)
    assert searched.min() == 0
