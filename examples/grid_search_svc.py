"""The heat map of C and gamma, and who is taken for whom, from one search.

Run: python examples/grid_search_svc.py [DIRECTORY]; takes the extra ``plot`` (pip install '.[plot]').
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
from sklearn.datasets import load_breast_cancer

from fastgrid import ConfusionDisplay, GridHeatmapDisplay, GridSearchSVC


def main(argv: list[str]) -> None:
    """Search the default grid, 9 values of C by 8 of gamma, with features scaled in each fold; draw what came of it."""
    directory = Path(argv[0] if argv else ".")
    data = load_breast_cancer()
    search = GridSearchSVC(scaling="fold", cv=5).fit(data.data, data.target)
    print(f"best: {search.best_params_}, accuracy {search.best_score_:.4f}")

    mpl.use("Agg")
    from matplotlib import pyplot

    displays = {
        "heat_map.png": GridHeatmapDisplay.from_search(search),
        "confusion.png": ConfusionDisplay.from_cross_validation(
            search, data.target, display_labels=data.target_names.tolist()
        ),
    }
    for name, display in displays.items():
        display.figure_.savefig(directory / name)
        pyplot.close(display.figure_)
        print(f"drawn to {directory / name}")


if __name__ == "__main__":
    main(sys.argv[1:])
