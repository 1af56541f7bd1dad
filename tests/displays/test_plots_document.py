"""The code of docs/plots.md runs as it stands there, and draws what the text says."""

import re
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "plots.md"


def test_the_code_runs_in_its_order(tmp_path, monkeypatch, capsys, pyplot):
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    known: dict = {}
    shown = []
    for block in blocks:
        exec(compile(block, str(DOCUMENT), "exec"), known)
        shown.append(known["display"])
    assert len(blocks) == 5 and len(pyplot.get_fignums()) == 5
    assert [axes.get_title() for axes in shown[0].axes_] == ["kernel = rbf", "kernel = poly"]
    assert len(shown[1].panels) == 1 and shown[1].text_ is not None
    search = known["search"]
    assert float(capsys.readouterr().out.split()[-1]) == max(
        score
        for score, point in zip(search.cv_results_["mean_test_score"], search.cv_results_["params"], strict=True)
        if point["kernel"] == "rbf"
    )
    assert shown[3].confusion_matrix.sum() == 300
    assert sorted(path.name for path in tmp_path.iterdir()) == ["confusion.png", "heat_map.png"]
