"""The example draws what the search has found."""

import importlib.util
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "grid_search_svc.py"


@pytest.fixture
def example():
    pytest.importorskip("matplotlib")
    spec = importlib.util.spec_from_file_location("grid_search_svc", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_both_figures_are_drawn_and_closed(example, tmp_path, capsys):
    example.main([str(tmp_path)])
    from matplotlib import pyplot

    assert pyplot.get_fignums() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["confusion.png", "heat_map.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in tmp_path.iterdir())
    assert "accuracy 0.97" in capsys.readouterr().out
