"""YAML text -> nested dicts and lists, built from the parser's events: no tag is ever obeyed."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from fastgrid.common.errors import one_line
from fastgrid.descriptors.unreadable import MAXIMAL_DEPTH, MAXIMAL_VALUES, UnreadableError, too_deep, too_many_values

# libyaml is ten times faster, but not part of every build of PyYAML. Only its parser is used here.
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: What newer libyaml says; it scans ahead of the events in which depth is counted here.
_TOO_DEEP = "exceeded maximum nesting depth"

Tree = dict[str, object]


class PlainText(str):
    """A YAML scalar written without quotes, which may therefore stand for a number."""

    __slots__ = ()


def parse_yaml(text: str) -> object:
    """Return the one document in `text`, its scalars as `PlainText` (unquoted) or `str` (quoted).

    Parameters
    ----------
    text : str

    Returns
    -------
    dict, list or str
        Where a key occurs twice, the last one counts. None for a document without content.

    Raises
    ------
    UnreadableError
        When the text is not YAML or has tags, aliases, a key that is not a scalar, a second document, too
        many levels or too many values.
    """
    builder = _Builder()
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        if error.problem == _TOO_DEEP:
            raise too_deep() from error
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UnreadableError(f"is not valid YAML: {one_line(error.problem, 120)}{where}") from error
    except yaml.YAMLError as error:
        raise UnreadableError(f"is not valid YAML: {one_line(error, 120)}") from error
    return builder.root


def _events(text: str) -> Iterator[yaml.Event]:
    yield from yaml.parse(text, Loader=_PARSER)


class _Builder:
    """Puts the events of one document together; iterative, so that depth costs no Python stack."""

    def __init__(self) -> None:
        self.root: object = None
        self._containers: list[Tree | list[object]] = []
        self._keys: list[str | None] = []
        self._documents = 0
        self._values = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(event)
            self._values += 1
            if self._values > 2 * MAXIMAL_VALUES:
                raise too_many_values()
            self._add(PlainText(event.value) if event.implicit[0] else event.value)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._refuse_tag(event)
            self._open({} if isinstance(event, yaml.MappingStartEvent) else [])
        elif isinstance(event, yaml.CollectionEndEvent):
            self._containers.pop()
            self._keys.pop()
        elif isinstance(event, yaml.AliasEvent):
            raise UnreadableError(f"uses a YAML alias (*{one_line(event.anchor, 40)}), which is not allowed")
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise UnreadableError("holds more than one YAML document")

    @staticmethod
    def _refuse_tag(event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            raise UnreadableError(f"uses a YAML tag ({one_line(event.tag, 60)}), which is not allowed")

    def _open(self, container: Tree | list[object]) -> None:
        self._add(container)
        if len(self._containers) >= MAXIMAL_DEPTH:
            raise too_deep()
        self._containers.append(container)
        self._keys.append(None)

    def _add(self, value: object) -> None:
        if not self._containers:
            self.root = value
            return
        container, key = self._containers[-1], self._keys[-1]
        if isinstance(container, list):
            container.append(value)
        elif key is not None:
            container[key] = value
            self._keys[-1] = None
        elif isinstance(value, str):
            self._keys[-1] = str(value)
        else:
            raise UnreadableError("has a key that is a list or a mapping")
