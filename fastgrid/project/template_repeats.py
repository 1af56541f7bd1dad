"""Writing a number of repeats into the evaluations of a project's text, whose comments and layout stay as they are."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

_EVALUATION = "\n  nfoldcrossvalidation:\n    - nfold: [{nfold}]\n      repeats: {repeats}"


def with_repeats(text: str, repeats: int, default_folds: int) -> str:
    """Return the text of a project with `repeats` in every evaluation that is written out in it.

    Parameters
    ----------
    text : str
        A project, already found to be one.
    repeats : int
    default_folds : int
        Of the evaluation that is put into a text without any.
    """
    # The parser in Python: its positions count characters.
    evaluations = _value(yaml.compose(text, Loader=yaml.SafeLoader), "evaluations")
    block = _EVALUATION.format(nfold=default_folds, repeats=repeats)
    if evaluations is None:
        return f"{text.rstrip()}\n\nevaluations:{block}\n"
    if isinstance(evaluations, yaml.ScalarNode):
        start, end = _span(evaluations)
        return f"{text[:start].rstrip(' ')}{block}{text[end:]}"
    changes = {_change(entry, repeats) for entry in _entries(_value(evaluations, "nfoldcrossvalidation"))}
    # From the end, so that the places of those before stay.
    for start, end, new in sorted(changes, reverse=True):
        text = f"{text[:start]}{new}{text[end:]}"
    return text


def _change(entry: yaml.MappingNode, repeats: int) -> tuple[int, int, str]:
    # Which part of the text gives way to what.
    written = _value(entry, "repeats")
    if written is not None:
        return *_span(written), str(repeats)
    first = entry.value[0][0]
    place, _ = _span(first)
    separator = ", " if entry.flow_style else f"\n{' ' * first.start_mark.column}"
    return place, place, f"repeats: {repeats}{separator}"


def _value(node: yaml.Node | None, wanted: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == wanted), None)


def _entries(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    # One evaluation may stand for a list of one.
    for entry in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        if isinstance(entry, yaml.MappingNode) and entry.value:
            yield entry


def _span(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.index, node.end_mark.index
