"""The example draws what the search has found."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "grid_search_svc.py"


@pytest.fixture
def example():
    pytest.importorskip("matplotlib")
    spec = importlib.util.spec_from_file_location("grid_search_svc", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_heat_map_is_drawn(example, tmp_path, capsys):
    path = tmp_path / "map.png"
    example.main([str(path)])
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "accuracy 0.97" in capsys.readouterr().out


def test_a_cell_is_its_point_s_score(example):
    points = [{"C": 2.0, "gamma": 1.0}, {"C": 1.0, "gamma": 0.5}, {"C": 1.0, "gamma": 1.0}]
    results = {
        "param_C": np.array([2.0, 1.0, 1.0]),
        "param_gamma": np.array([1.0, 0.5, 1.0]),
        "params": points,
        "mean_test_score": np.array([0.1, 0.2, 0.3]),
    }
    costs, gammas, table = example.accuracies(results)
    assert (costs, gammas) == ([1.0, 2.0], [0.5, 1.0])
    np.testing.assert_array_equal(table, [[0.2, 0.3], [np.nan, 0.1]])
