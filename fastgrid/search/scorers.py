"""Which scorers a search has."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from sklearn.metrics import check_scoring
from sklearn.svm import SVC
from sklearn.utils.metadata_routing import get_routing_for_object

Scorer = Callable[..., Any]

#: The name of the only scorer, where there is one; names of columns are made of it.
ONLY = "score"


def scorers_of(scoring: Any) -> Mapping[str, Scorer] | Scorer:
    """Return the only scorer, or the scorers by name.

    Parameters
    ----------
    scoring : None, str, callable, list, tuple or set of str, or dict
        As of ``GridSearchCV``.

    Raises
    ------
    ValueError
        For what is none, and for scorers that need probabilities.
    """
    if scoring is None or isinstance(scoring, str) or callable(scoring):
        scorer: Scorer = check_scoring(SVC(), scoring)
        _refuse_probabilities(scoring if isinstance(scoring, str) else ONLY, scorer)
        return scorer
    named = _named(scoring)
    for name, scorer in named.items():
        _refuse_probabilities(name, scorer)
    return named


def _named(scoring: Any) -> dict[str, Scorer]:
    if isinstance(scoring, list | tuple | set):
        names = list(scoring)
        if not names or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
            raise ValueError(f"scoring {scoring!r} is not a list of one or more different names of scorers")
        return {name: check_scoring(SVC(), name) for name in names}
    if isinstance(scoring, Mapping):
        if not scoring or not all(isinstance(name, str) for name in scoring):
            raise ValueError(f"scoring {scoring!r} is not a dict with one or more names as its keys")
        return {name: check_scoring(SVC(), scorer) for name, scorer in scoring.items()}
    raise ValueError(f"scoring {scoring!r} is not None, a scorer's name, a callable, or a list or dict of these")


def is_accuracy(scoring: Any) -> bool:
    """Return whether `scoring`, one of the user's own values, is plain accuracy."""
    return scoring is None or (isinstance(scoring, str) and scoring == "accuracy")


def needs_only_labels(scorer: Scorer) -> bool:
    """Return whether `scorer` is known to ask for predicted classes only."""
    return _response_method(scorer) == ("predict",)


def _response_method(scorer: Scorer) -> tuple[str, ...]:
    # Scorers of scikit-learn know; nothing but time depends on it: what is asked for is answered in any case.
    known = getattr(scorer, "_response_method", ())
    return (known,) if isinstance(known, str) else tuple(known)


def _refuse_probabilities(name: str, scorer: Scorer) -> None:
    if _response_method(scorer) and set(_response_method(scorer)) <= {"predict_proba", "predict_log_proba"}:
        raise ValueError(no_probabilities(name))


def no_probabilities(name: str) -> str:
    """Return what is said of a scorer that asks for probabilities."""
    return (
        f"scoring {name!r} needs probabilities, which an SVC has only after five more fits for each combination and "
        "fold: score by decision values ('roc_auc', 'average_precision') or classes ('balanced_accuracy', 'f1_macro'), "
        "and calibrate best_estimator_ with CalibratedClassifierCV"
    )


def accepts_weights(scorer: Scorer) -> bool:
    """Return whether `scorer` can be given ``sample_weight``."""
    if hasattr(scorer, "get_metadata_routing"):
        return "sample_weight" in get_routing_for_object(scorer).score.requests
    return "sample_weight" in inspect.signature(scorer).parameters
