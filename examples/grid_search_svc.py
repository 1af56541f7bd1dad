"""The heat map of C and gamma, from one search.

Run: python examples/grid_search_svc.py [heat_map.png]; takes the extra ``plot`` (pip install '.[plot]').
"""

from __future__ import annotations

import sys
from typing import Any

import matplotlib as mpl
import numpy as np
from sklearn.datasets import load_breast_cancer

from fastgrid import GridSearchSVC


def search_all() -> GridSearchSVC:
    """Search the default grid, 9 values of C by 8 of gamma, with features scaled in each fold."""
    X, y = load_breast_cancer(return_X_y=True)
    return GridSearchSVC(scaling="fold", cv=5).fit(X, y)


def accuracies(results: dict[str, Any]) -> tuple[list[float], list[float], np.ndarray]:
    """Return the values of C and of gamma, and the mean accuracy of each C (row) and gamma (column)."""
    costs, gammas = (sorted(set(results[f"param_{name}"].tolist())) for name in ("C", "gamma"))
    table = np.full((len(costs), len(gammas)), np.nan)
    for point, score in zip(results["params"], results["mean_test_score"], strict=True):
        table[costs.index(point["C"]), gammas.index(point["gamma"])] = score
    return costs, gammas, table


def draw(results: dict[str, Any], path: str) -> None:
    """Draw the heat map to a file."""
    mpl.use("Agg")
    from matplotlib import pyplot

    costs, gammas, table = accuracies(results)
    figure, axes = pyplot.subplots(layout="constrained")
    image = axes.imshow(table, origin="lower")
    axes.set_xticks(range(len(gammas)), [f"2^{np.log2(gamma):.0f}" for gamma in gammas])
    axes.set_yticks(range(len(costs)), [f"2^{np.log2(cost):.0f}" for cost in costs])
    axes.set(xlabel="gamma", ylabel="C", title="mean accuracy, 5 folds")
    figure.colorbar(image)
    figure.savefig(path)
    pyplot.close(figure)


def main(argv: list[str]) -> None:
    """Search, say what is best, and draw."""
    path = argv[0] if argv else "heat_map.png"
    search = search_all()
    print(f"best: {search.best_params_}, accuracy {search.best_score_:.4f}")
    draw(search.cv_results_, path)
    print(f"drawn to {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
