"""Training of the final model on all items."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid import __version__
from fastgrid.descriptors.table import DescriptorTable
from fastgrid.kernels import known_kernels
from fastgrid.model.classifier import HIGHEST_DEGREE, Kernel, PairwiseClassifier
from fastgrid.model.features import fit_features
from fastgrid.model.machines import fit_machines
from fastgrid.model.model import LARGEST_SEED, Model, TrainingRecord
from fastgrid.solvers import Stopping


def train(
    table: DescriptorTable,
    labels: Sequence[str],
    *,
    class_name: str,
    steps: Sequence[Mapping[str, object]],
    kernel: str,
    C: float,
    gamma: float,
    balance_classes: bool,
    seed: int,
    descriptor_names: Sequence[str] = ("*",),
    exclude: Sequence[str] = (),
    degree: int = 3,
    coef0: float = 0.0,
    tol: float = 1e-3,
    solver: str = "smo",
    relaxations: int = 0,
    evaluation: Mapping[str, Any] | None = None,
) -> Model:
    """Train on all items: preprocessing, scaling, one-vs-one C-SVC, probabilities (Gaia 2.4.6 behaviour).

    Parameters
    ----------
    table : DescriptorTable
        The merged descriptors of all items, before any preprocessing.
    labels : sequence of str
        The class of each row; `class_name` is what they are classes of.
    steps : sequence of mappings
        Preprocessing as in a project: ``{"transfo": "remove", "params": {...}}``.
    kernel, C, gamma, degree, coef0
        As in ``SVC``; "rbf", "poly" or "linear", values rather than exponents.
    balance_classes : bool
        Give class c the cost C n / (n_c k), with n_c of the n items and k classes.
    seed : int
        Of the calibration's folds. With seed 1 they are those of LIBSVM, and so of Gaia, on Linux.
    descriptor_names, exclude : sequence of str, optional
        Patterns of the preprocessed descriptors to use and to leave out.
    tol, solver : float, str, optional
        The stopping tolerance, less than 1, and one of `fastgrid.solvers.SOLVERS`.
    relaxations : int, optional
        How often the tolerance is relaxed at the cap of iterations; see `fastgrid.solvers.Stopping`.
    evaluation : mapping, optional
        JSON-able information to keep in the model, for instance how accurate the combination was.

    Raises
    ------
    UserError
        When the preprocessing cannot be fitted, leaves nothing, or the parameters overflow.
    ValueError
        When the arguments do not fit together.
    """
    parameters = Kernel(kernel, float(gamma), degree, float(coef0))
    _check_arguments(table, labels, parameters, C, tol, seed)
    extraction, features = fit_features(table, steps, descriptor_names, exclude)
    class_order, codes = _in_order_of_appearance(labels)
    costs = _class_costs(C, balance_classes, np.bincount(codes))
    stopping = Stopping(tol, relaxations=relaxations)
    classifier, converged = _fit_classifier(
        parameters, features, codes, costs, solver_name=solver, stopping=stopping, seed=seed
    )
    record = TrainingRecord(
        class_counts=dict(sorted(Counter(map(str, labels)).items())),
        C=float(C),
        balance_classes=bool(balance_classes),
        solver=solver,
        tol=float(tol),
        converged=converged,
        seed=int(seed),
        descriptor_names=tuple(dict.fromkeys(descriptor_names)),
        exclude=tuple(dict.fromkeys(exclude)),
        fastgrid_version=__version__,
        evaluation=json.loads(json.dumps(dict(evaluation or {}), allow_nan=False)),
    )
    return Model(class_name, class_order, extraction, classifier, record)


def _in_order_of_appearance(labels: Sequence[str]) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    # LIBSVM's order of the classes, and the code of each row.
    names = [str(label) for label in labels]
    class_order = tuple(dict.fromkeys(names))
    code = {label: index for index, label in enumerate(class_order)}
    return class_order, np.array([code[name] for name in names], dtype=np.int64)


def _check_arguments(
    table: DescriptorTable, labels: Sequence[str], kernel: Kernel, C: float, tol: float, seed: int
) -> None:
    if not labels or len(labels) != len(table.ids):
        raise ValueError(f"{len(labels)} labels for {len(table.ids)} items")
    if kernel.name not in known_kernels():
        raise ValueError(f"kernel {kernel.name!r} is not one of {', '.join(known_kernels())}")
    if not all(np.isfinite(value) and value > 0.0 for value in (C, kernel.gamma)) or not 0.0 < tol < 1.0:
        raise ValueError(f"C = {C}, gamma = {kernel.gamma} and tol = {tol} must be positive, tol less than 1")
    if not 1 <= kernel.degree <= HIGHEST_DEGREE or not np.isfinite(kernel.coef0) or abs(seed) > LARGEST_SEED:
        raise ValueError(f"degree {kernel.degree}, coef0 {kernel.coef0} or seed {seed} is out of range")


def _class_costs(C: float, balance_classes: bool, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    if not balance_classes:
        return np.full(len(counts), float(C))
    return np.array([float(C) * int(counts.sum()) / (int(count) * len(counts)) for count in counts])


def _fit_classifier(
    kernel: Kernel,
    features: npt.NDArray[np.float32],
    codes: npt.NDArray[np.int64],
    costs: npt.NDArray[np.float64],
    *,
    solver_name: str,
    stopping: Stopping,
    seed: int,
) -> tuple[PairwiseClassifier, bool]:
    by_class = np.argsort(codes, kind="stable")
    features = features[by_class]
    machines = fit_machines(
        kernel, features, codes[by_class], costs, solver_name=solver_name, stopping=stopping, seed=seed
    )
    support = np.flatnonzero((machines.coefficients != 0.0).any(axis=0))
    classifier = PairwiseClassifier(
        n_classes=len(costs),
        kernel=kernel,
        support_vectors=np.ascontiguousarray(features[support]),
        coefficients=np.ascontiguousarray(machines.coefficients[:, support]),
        bias=machines.bias,
        slopes=np.array([sigmoid.slope for sigmoid in machines.sigmoids], dtype=np.float64),
        offsets=np.array([sigmoid.offset for sigmoid in machines.sigmoids], dtype=np.float64),
    )
    return classifier, machines.converged
