"""Fast, exact model selection for support vector machines.

The commands of the command line are functions here too, with the same names: ``fastgrid.train_model_from_sigs(...)``.
They are imported when first used, so that ``import fastgrid`` is cheap.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "extract": "fastgrid.project.extraction",
    "train_model_from_sigs": "fastgrid.project.training",
    "train_model_from_table": "fastgrid.project.table_training",
    "train_model": "fastgrid.project.training",
    "generate_classification_project": "fastgrid.project.generating",
    "generate_project_from_table": "fastgrid.project.table_projects",
    "run_tests": "fastgrid.project.training",
    "generate_params_report": "fastgrid.project.finished",
    "select_best_model": "fastgrid.project.finished",
    "retrain_model": "fastgrid.project.finished",
    "get_classification_results": "fastgrid.project.stored_results",
    "errors": "fastgrid.project.errors",
    "convert_model": "fastgrid.project.model_conversion",
    "inspect": "fastgrid.project.inspection",
    "visualize_confusion_matrix": "fastgrid.project.stored_results",
    "evaluate_dataset": "fastgrid.project.dataset_evaluation",
    "run_shard": "fastgrid.project.sharding",
    "Shard": "fastgrid.sweep.shares",
    "merge": "fastgrid.project.sharding",
    "status": "fastgrid.project.status",
    "json_to_sig": "fastgrid.project.conversion",
    "predict": "fastgrid.project.prediction",
    "predict_table": "fastgrid.project.prediction",
    "Model": "fastgrid.model.model",
    "describe": "fastgrid.model.summary",
    "to_pipeline": "fastgrid.model.pipeline",
    "from_pipeline": "fastgrid.model.pipeline",
    "GridSearchSVC": "fastgrid.search.estimator",
    "cross_val_predict_grid": "fastgrid.search.grid_predictions",
    "GridHeatmapDisplay": "fastgrid.displays.heatmap",
    "ConfusionDisplay": "fastgrid.displays.confusion",
    "gram": "fastgrid.search.gram",
    "solve_binary": "fastgrid.search.binary",
    "RunSettings": "fastgrid.project.settings",
    "Console": "fastgrid.common.console",
    "UserError": "fastgrid.common.errors",
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'fastgrid' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
