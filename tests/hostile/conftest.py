"""A small training whose files are spoilt."""

from pathlib import Path

import numpy as np
import pytest

from fastgrid.cli import main

TEMPLATE = """\
className:
datasetsDirectory:
resultsDirectory:
table:
seed: 1
preprocessing:
  normalized:
    - transfo: normalize
classifiers:
  svm:
    - type: [C-SVC]
      kernel: [RBF, linear]
      C: [1, 5]
      gamma: [-3]
      balanceClasses: [false]
evaluations:
  nfoldcrossvalidation:
    - nfold: [3]
      repeats: 2
"""


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output directory of a finished small training on a table; not to be written to."""
    directory = tmp_path_factory.mktemp("trained")
    rng = np.random.default_rng(1)
    rows = [
        f"{rng.normal(place % 2):.3f},{rng.normal():.3f},{'ab'[place % 2]},g{place // 2},i{place}"
        for place in range(24)
    ]
    (directory / "t.csv").write_text("\n".join(["x,y,label,group,id", *rows]) + "\n")
    (directory / "template.yaml").write_text(TEMPLATE)
    out = directory / "out"
    files = [out / "game.project", out / "results/datasets", out / "results/results"]
    table = ["--table", directory / "t.csv", "--label", "label", "--id", "id", "--groups", "group"]
    project = ["generate_classification_project", *files, *table, "-t", directory / "template.yaml", "-q"]
    train = ["train_model", "-", "-", files[0], out / "results", out / "game.model", "-q", "-j", "1", "--nested"]
    for command in (project, train):
        assert main([str(argument) for argument in command]) == 0
    return out
