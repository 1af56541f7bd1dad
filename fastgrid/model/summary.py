"""A model in words and numbers, for people."""

from __future__ import annotations

from typing import Any

from fastgrid.kernels import parameters_used
from fastgrid.model.model import OF_HISTORY, Model
from fastgrid.transforms.registry import describe_step

_NOT_IN_HISTORIES = ("n_items", "solver", "tol", "converged", "seed", "fastgrid_version")


def describe(model: Model) -> dict[str, Any]:
    """Return what somebody would like to know of a model.

    Parameters
    ----------
    model : Model

    Returns
    -------
    dict
        JSON-able: classes with their numbers of items, preprocessing, kernel and parameters, sizes, seed, version and
        whatever evaluation was kept. What is not known of a model that came out of a history is None.
    """
    classifier, record = model.classifier, model.record
    kernel: dict[str, Any] = {"name": classifier.kernel.name}
    kernel |= {name: getattr(classifier.kernel, name) for name in parameters_used(classifier.kernel.name)}
    found = {
        "class_name": model.class_name,
        "classes": dict(record.class_counts),
        "n_items": sum(record.class_counts.values()),
        "preprocessing": [describe_step(step) for _, step in model.extraction.chain.steps],
        "descriptor_names": list(record.descriptor_names),
        "exclude": list(record.exclude),
        "required_descriptors": [descriptor.name for descriptor in model.required_descriptors],
        "n_features": classifier.support_vectors.shape[1],
        "kernel": kernel,
        "C": record.C,
        "balance_classes": record.balance_classes,
        "n_support_vectors": len(classifier.support_vectors),
        "solver": record.solver,
        "tol": record.tol,
        "converged": record.converged,
        "seed": record.seed,
        "fastgrid_version": record.fastgrid_version,
        "evaluation": dict(record.evaluation),
    }
    if record.solver == OF_HISTORY:
        found |= dict.fromkeys(_NOT_IN_HISTORIES) | {"classes": dict.fromkeys(record.class_counts)}
    return found
