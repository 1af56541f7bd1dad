"""Which of the arrays given to ``fit`` go where."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from fastgrid.search import compat
from fastgrid.search.scorers import ONLY, Scorer, accepts_weights


def router_of(search: Any, scorers: Mapping[str, Scorer] | Scorer) -> MetadataRouter:
    """Return what `search` does with metadata: weights are its own, splitter and scorers get what they ask for."""
    router = MetadataRouter(owner=search).add_self_request(search)
    mapping = MethodMapping().add(caller="fit", callee="score").add(caller="score", callee="score")
    for name, scorer in named(scorers).items():
        # That of `scoring` None is the estimator's own, and there is none to say what it asks for.
        if search.scoring is not None and hasattr(scorer, "get_metadata_routing"):
            router.add(**{_label(name): scorer}, method_mapping=mapping)
    splitter = check_cv(search.cv, classifier=True)
    if hasattr(splitter, "get_metadata_routing"):
        router.add(splitter=splitter, method_mapping=MethodMapping().add(caller="fit", callee="split"))
    return router


def route(
    search: Any, scorers: Mapping[str, Scorer] | Scorer, method: str, params: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return what the splitter gets and what each scorer gets of the parameters of ``fit`` or ``score``."""
    given = {name: value for name, value in params.items() if value is not None}
    if compat.routing_is_enabled():
        routed = process_routing(search, method, **given)
        by_scorer = {name: dict(routed.get(_label(name), {}).get("score", {})) for name in named(scorers)}
        return dict(routed.get("splitter", {}).get("split", {})), by_scorer
    groups, weights = params.get("groups"), params.get("sample_weight")
    others = sorted(set(given) - {"groups", "sample_weight"})
    if others:
        raise TypeError(
            f"{method} got {', '.join(others)}, which metadata routing only could deliver: "
            "sklearn.set_config(enable_metadata_routing=True)"
        )
    by_scorer = {name: {} for name in named(scorers)}
    if weights is not None and method == "fit" and compat.weights_reach_scorers():
        for name, scorer in named(scorers).items():
            if accepts_weights(scorer):
                by_scorer[name] = {"sample_weight": weights}
            else:
                warnings.warn(
                    f"The scoring {name}={scorer} does not support sample_weight: it counts all samples alike",
                    UserWarning,
                    stacklevel=4,
                )
    return {"groups": groups}, by_scorer


def named(scorers: Mapping[str, Scorer] | Scorer) -> Mapping[str, Scorer]:
    """Return the scorers by name."""
    return scorers if isinstance(scorers, Mapping) else {ONLY: scorers}


def _label(name: str) -> str:
    return f"scorer {name}"
