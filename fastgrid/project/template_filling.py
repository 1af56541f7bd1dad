"""Filling values into the text of a template.

A template is a project file. Given top-level keys get new values in place, whatever stood there; missing ones are put
at the end. The placeholders of Gaia's templates, ``%(className)s``, are filled in as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.safe_yaml import parse_yaml
from fastgrid.project.schema import PROJECT_LIMITS

_PLACEHOLDER = re.compile(r"%\((\w+)\)[sdr]")


@dataclass(frozen=True)
class _Span:
    """Where the value of a top-level key stands in the text, and what is to stay before and after a new one."""

    start: int
    end: int
    before: str = ""
    after: str = ""


def filled_template(text: str, name: str, values: Mapping[str, str]) -> str:
    """Return the text of a template with new values for some of its top-level keys.

    Parameters
    ----------
    text : str
    name : str
        How messages call the template.
    values : mapping of str to str
        Key -> YAML scalar as text.

    Raises
    ------
    UserError
        When the template is not valid, not in block style, or has an unknown placeholder or a list or mapping as the
        value of one of the keys.
    """
    spans = _top_level_values(text, name, values)
    pieces = []
    position = 0
    for key, span in sorted(spans.items(), key=lambda item: item[1].start):
        pieces.append(_without_placeholders(text[position : span.start], name, values))
        pieces.append(f"{span.before}{values[key]}{span.after}")
        position = span.end
    pieces.append(_without_placeholders(text[position:], name, values))
    filled = "".join(pieces)
    missing = "".join(f"{key}: {value}\n" for key, value in values.items() if key not in spans)
    return f"{filled.rstrip()}\n\n{missing}" if missing else filled


def _top_level_values(text: str, name: str, keys: Mapping[str, str]) -> dict[str, _Span]:
    """Return where the values of `keys` stand in `text`."""
    # A value cannot begin with %: something of the same length takes the place of a placeholder.
    neutral = _PLACEHOLDER.sub(lambda found: "P" * len(found.group()), text)
    # Within bounds, which the parser below has none of: what is nested deeply would take it hours.
    parse_yaml(neutral, name, PROJECT_LIMITS)
    spans: dict[str, _Span] = {}
    depth = 0
    key: str | None = None
    try:
        # The parser in Python: its positions count characters.
        for event in yaml.parse(neutral, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                if depth == 0:
                    _check_root(event, name)
                elif depth == 1 and key in keys:
                    raise UserError(f"{name}: the value of '{key}' must be a single word; leave it empty")
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
                key = None if depth == 1 else key
            elif depth == 1 and isinstance(event, yaml.ScalarEvent) and key is None:
                key = event.value
            elif depth == 1 and isinstance(event, yaml.NodeEvent):
                if key is not None and key in keys:
                    spans[key] = _span(event, text)
                key = None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # What libyaml lets through.
        raise UserError(f"{name}: not valid YAML ({one_line(error)})") from error
    return spans


def _check_root(event: yaml.CollectionStartEvent, name: str) -> None:
    if not isinstance(event, yaml.MappingStartEvent) or event.flow_style:
        raise UserError(f"{name}: is no template; write it as lines of 'key: value'")


def _span(event: yaml.NodeEvent, text: str) -> _Span:
    start, end = _index(event.start_mark), _index(event.end_mark)
    is_named = isinstance(event, yaml.ScalarEvent) and event.anchor
    before = f"&{event.anchor} " if is_named else ""
    is_block = isinstance(event, yaml.ScalarEvent) and event.style in ("|", ">")
    follows_colon = text[start - 1 : start] == ":"
    return _Span(start, end, " " * follows_colon + before, "\n" * is_block)


def _index(mark: yaml.Mark | object) -> int:
    """Return where in the text a mark stands; the parser gives one to every event of a document."""
    assert isinstance(mark, yaml.Mark)
    return mark.index


def _without_placeholders(text: str, name: str, values: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise UserError(f"{name}: unknown placeholder {found[0]}; known are {', '.join(values)}")
        return values[found[1]]

    return _PLACEHOLDER.sub(value, text)
