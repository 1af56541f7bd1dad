"""What stands in the record of a sweep besides its combinations, checked: anybody may have edited the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LARGEST = 2**53
_NESTED = ("accuracy", "accuracy_std", "normalized_accuracy", "normalized_accuracy_std")


def check_facts(facts: Mapping[str, Any], n_evaluations: int) -> None:
    """Raise `ValueError` unless the parts of a record that are read again are what a sweep writes.

    Parameters
    ----------
    facts : mapping
        The record, as JSON gives it; what is missing is not read.
    n_evaluations : int
        Of the project.
    """
    for failure in _mappings(facts, "failures"):
        _need(all(isinstance(failure.get(key), str) for key in ("what", "reason")), "failures")
        numbers = [failure.get("evaluation"), failure.get("fold"), failure.get("repeat", 0)]
        _need(all(map(_is_number, numbers)) and _are_numbers(failure.get("combinations")), "failures")
    evaluations = _mappings(facts, "evaluations")
    _need(len(evaluations) in (0, n_evaluations), "evaluations")
    for evaluation in evaluations:
        counters = evaluation.get("counters", {})
        _need(isinstance(counters, dict) and all(map(_is_number, counters.values())), "evaluations")
        _need(_are_numbers(evaluation.get("same_problem", [])), "evaluations")
    for rules in _mappings(facts, "nested"):
        for found in rules.values():
            _need(isinstance(found, dict) and all(_is_finite(found.get(key)) for key in _NESTED), "nested")
    for key in ("hint", "solver", "select"):
        _need(isinstance(facts.get(key, ""), str), key)


def _mappings(facts: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = facts.get(key, [])
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise ValueError(f"{key} is not a list of mappings")
    return found


def _need(condition: bool, key: str) -> None:
    if not condition:
        raise ValueError(f"{key} does not hold what it should")


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value < _LARGEST


def _are_numbers(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_number, value))


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < _LARGEST
