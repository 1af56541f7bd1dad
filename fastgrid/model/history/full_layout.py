"""A history as Gaia itself writes it: all descriptors in its first layout, and every step that chooses among them.

Gaia's own loading of points goes by the first layout; who relies on it gets the one that Gaia would have written, but
for the first step, which removes what the merge of the training files has left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fastgrid.descriptors.table import DescriptorTable
from fastgrid.model.history.file import Transformation, history_bytes
from fastgrid.model.history.variants import Parameters, StringList
from fastgrid.model.history.writing import Points, last_steps
from fastgrid.model.model import Model
from fastgrid.transforms.base import TableStep, as_patterns
from fastgrid.transforms.choosing import Remove, Select
from fastgrid.transforms.features import trainable
from fastgrid.transforms.registry import make_step


def full_history_content(model: Model, table: DescriptorTable, steps: Sequence[Mapping[str, object]]) -> bytes:
    """Return the content of the history file of a model with the whole layout of its training files.

    Parameters
    ----------
    model : Model
    table : DescriptorTable
        The merged descriptors that it was trained on, before any preprocessing.
    steps : sequence of mappings
        Its preprocessing, as in a project.

    Raises
    ------
    UserError
        When a name or a step cannot stand in a history.
    """
    points = Points(table.descriptors)
    found = [points.fixed_lengths()]
    for entry in steps:
        step = make_step(entry).fit(table)
        found += _of_step(points, step, table)
        table = step.transform(table)
        points.keep(table.names)
    record, used = model.record, [descriptor.name for descriptor in model.required_descriptors]
    kept = trainable(table, record.descriptor_names, record.exclude)[0].names
    asked: Parameters = {"descriptorNames": StringList(record.descriptor_names), "except": StringList(record.exclude)}
    found.append(points.step("select", "selectdesc", _names(kept), asked))
    points.keep(kept)
    found.append(points.step("cleaner", "removedesc", _names(name for name in kept if name not in set(used))))
    points.keep(used)
    return history_bytes((*found, *last_steps(points, model, {"independent": 1})))


def _of_step(points: Points, step: TableStep, table: DescriptorTable) -> Iterator[Transformation]:
    before, after = table.names, set(step.transform(table).names)
    removed = [name for name in before if name not in after]
    if isinstance(step, Select):
        yield points.step(
            "select", "selectdesc", _names(n for n in before if n in after), _asked(step.descriptor_names)
        )
    elif isinstance(step, Remove):
        yield points.step("remove", "removedesc", _names(removed), _asked(step.descriptor_names))
    elif removed:
        # What cannot be scaled goes before, where Gaia would give up.
        yield points.step("cleaner", "removedesc", _names(removed))
        points.keep(after)
    if not step.only_chooses:
        yield from points.fitted(step)


def _names(names: Iterable[str]) -> Parameters:
    return {"descriptorNames": StringList(names)}


def _asked(patterns: str | Sequence[str]) -> Parameters:
    return _names(as_patterns(patterns))
