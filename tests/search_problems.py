"""Random problems and searches, each a function of a seed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler

from fastgrid import GridSearchSVC


class WeightedPipeline(Pipeline):
    """Weights under the name that `SVC.fit` has for them, so that newer versions hand them to scorers too."""

    def fit(self, X, y=None, sample_weight=None):
        return super().fit(X, y, **({} if sample_weight is None else {"svc__sample_weight": sample_weight}))


@dataclass
class Problem:
    X: Any
    y: Any
    groups: Any = None
    weights: Any = None


def two_scores(estimator, X, y):
    """A callable that gives several scores, from both kinds of answers."""
    decisions = estimator.decision_function(X)
    return {"right": float(np.mean(estimator.predict(X) == y)), "margin": round(float(np.abs(decisions).mean()), 6)}


def best_of_first(results):
    return int(results[next(key for key in results if key.startswith("rank_test_"))].argmin())


def draw_problem(rng):
    n, d, k = int(rng.integers(24, 70)), int(rng.integers(1, 7)), int(rng.choice([2, 2, 3, 4]))
    shares = rng.dirichlet(np.full(k, rng.choice([1.5, 20.0])))
    codes = np.concatenate([np.repeat(np.arange(k), 3), rng.choice(k, n - 3 * k, p=shares)])
    rng.shuffle(codes)
    X = rng.normal(size=(n, d)) + rng.choice([0.0, 0.5, 1.5]) * codes[:, np.newaxis] * rng.normal(size=d)
    if rng.random() < 0.2:
        X = np.round(X, 1)
    if rng.random() < 0.2:
        X = X.astype(np.float32)
    if rng.random() < 0.2:
        X = np.asfortranarray(X)
    labels = rng.permutation(np.array([["b", "a", "d", "c"], ["x2", "x1", "x4", "x3"]][rng.integers(2)][:k]))
    y = labels[codes] if rng.random() < 0.5 else rng.permutation(np.array([3, -1, 10, 7][:k]))[codes]
    return Problem(X, y)


def draw_grid(rng, y, precomputed):
    costs = (2.0 ** rng.choice(np.arange(-6, 8), 3, replace=False)).tolist()
    weights = [None, "balanced", {label: float(rng.choice([0.5, 1.0, 3.0])) for label in np.unique(y).tolist()}]
    chosen = [weights[index] for index in rng.choice(3, rng.integers(1, 4), replace=False)]
    if precomputed:
        return {"kernel": ["precomputed"], "C": costs, "class_weight": chosen}
    gammas = ["scale", "auto", 0.25, 0.03][: rng.integers(1, 5)]
    parts = [
        {"C": costs, "gamma": gammas},
        {"kernel": ["rbf"], "C": costs[:2], "gamma": gammas, "class_weight": chosen},
        {"kernel": ["linear"], "C": [0.03, 0.5], "class_weight": chosen},
        # Larger costs may take LIBSVM for ever on kernels without a bound.
        {"kernel": ["poly"], "C": [0.03, 0.25], "degree": [2, 3], "coef0": [0.0, 0.5], "gamma": gammas[:2]},
    ]
    picked = [parts[index] for index in rng.choice(4, rng.integers(1, 4), replace=False)]
    if rng.random() < 0.3:
        picked = [{f"svc__{key}": values for key, values in part.items()} for part in picked]
    return picked[0] if len(picked) == 1 else picked


def draw_splitter(rng, problem):
    n, seed = len(problem.y), int(rng.integers(1000))
    kind = rng.integers(8)
    if kind == 0:
        problem.groups = rng.integers(0, 8, n)
        return GroupKFold(3)
    if kind == 1:
        return PredefinedSplit(rng.integers(-1, 3, n))
    if kind == 2:
        orders = [rng.permutation(n) for _ in range(3)]
        return [(order[: n // 2], order[n // 2 - 3 :]) for order in orders]
    return [
        None,
        3,
        KFold(3, shuffle=True, random_state=seed),
        StratifiedKFold(4, shuffle=True, random_state=seed),
        ShuffleSplit(3, test_size=0.3, random_state=seed),
        RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=seed),
    ][rng.integers(6)]


def draw_scoring(rng, k):
    options = [
        (None, True),
        ("accuracy", True),
        ("balanced_accuracy", True),
        ("f1_macro", True),
        (make_scorer(f1_score, average="micro"), True),
        (["accuracy", "f1_weighted"], "f1_weighted"),
        ({"a": "accuracy", "b": "balanced_accuracy"}, best_of_first),
        (two_scores, "margin"),
        (two_scores, False),
        ("accuracy", best_of_first),
    ]
    if k == 2:
        options += [("roc_auc", True), ("average_precision", True), (["roc_auc", "accuracy"], "roc_auc")] * 2
    return options[rng.integers(len(options))]


def draw_search(rng):
    """A problem and the search to be fitted to it."""
    problem = draw_problem(rng)
    scaling = [None, None, "fold", StandardScaler(), RobustScaler()][rng.integers(5)]
    precomputed = scaling is None and rng.random() < 0.15
    if precomputed:
        values = problem.X.astype(np.float64)
        problem.X = np.exp(-0.2 * ((values[:, np.newaxis] - values) ** 2).sum(axis=2))
    if rng.random() < 0.3:
        problem.weights = rng.choice([0.5, 1.0, 2.0], len(problem.y))
        if not precomputed and rng.random() < 0.4:
            # In a large class only: an SVC that loses all rows of a class mixes up the others.
            labels, counts = np.unique(problem.y, return_counts=True)
            problem.weights[np.flatnonzero(problem.y == labels[counts.argmax()])[:3]] = 0.0
    scoring, refit = draw_scoring(rng, len(np.unique(problem.y)))
    search = GridSearchSVC(
        draw_grid(rng, problem.y, precomputed),
        cv=draw_splitter(rng, problem),
        scoring=scoring,
        refit=False if rng.random() < 0.1 and not isinstance(refit, str) else refit,
        scaling=scaling,
        return_train_score=bool(rng.random() < 0.3),
        tol=float(rng.choice([1e-3, 1e-4])),
    )
    return problem, search
