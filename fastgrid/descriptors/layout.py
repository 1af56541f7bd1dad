"""The layout that the files of a collection share, and how a file differs from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastgrid.common.errors import one_line
from fastgrid.descriptors.leaves import Structure
from fastgrid.descriptors.table import item_order

SHOWN_DIFFERENCES = 3


@dataclass(frozen=True)
class Comparison:
    """How a layout stands to the reference layout.

    Attributes
    ----------
    reason : str
        Why files of this layout are left out; empty when they fit.
    to_text : frozenset of str
        The descriptors whose numbers have to become text.
    """

    reason: str
    to_text: frozenset[str]


def majority_layout(structures: Mapping[str, Structure]) -> Structure:
    """Return the layout that most files have; the order of the descriptors in the file does not matter.

    Gaia takes the layout of the file that is loaded first, which is a race. Here the majority decides, and
    among equals the one that the first id has.

    Parameters
    ----------
    structures : mapping of str to Structure
        By item id; at least one. Equal structures should be the same object.

    Returns
    -------
    Structure
        With its descriptors sorted by name.
    """
    # By identity: to compare or to hash long tuples of names for every file would cost more than all the rest.
    kinds_of: dict[int, frozenset[tuple[str, bool]]] = {}
    counts: dict[frozenset[tuple[str, bool]], int] = {}
    for item_id in sorted(structures, key=item_order):
        structure = structures[item_id]
        if id(structure) not in kinds_of:
            kinds_of[id(structure)] = frozenset(structure.kinds.items())
        kinds = kinds_of[id(structure)]
        counts[kinds] = counts.get(kinds, 0) + 1
    # max() returns the first of equals, and the counts were begun in the order of the ids.
    ordered = sorted(max(counts.items(), key=lambda item: item[1])[0])
    return Structure(tuple(name for name, _ in ordered), tuple(textual for _, textual in ordered))


def compare(structure: Structure, reference: Structure) -> Comparison:
    """Compare a layout with the reference layout.

    Parameters
    ----------
    structure, reference : Structure

    Returns
    -------
    Comparison
        Numbers where the reference has text are turned into text; everything else that differs leaves the
        file out (Gaia 2.4.6 behaviour).
    """
    own, wanted = structure.kinds, reference.kinds
    missing = [f"has no {name}" for name in sorted(wanted.keys() - own.keys())]
    additional = [f"has {name} in addition" for name in sorted(own.keys() - wanted.keys())]
    common = sorted(own.keys() & wanted.keys())
    text = [f"has text, not numbers, in {name}" for name in common if own[name] and not wanted[name]]
    to_text = frozenset(name for name in common if wanted[name] and not own[name])
    return Comparison(_listed([*text, *missing, *additional]), to_text)


def _listed(differences: Iterable[str]) -> str:
    found = [one_line(difference, 120) for difference in differences]
    if not found:
        return ""
    more = len(found) - SHOWN_DIFFERENCES
    rest = f" and {more} more difference{'s' if more > 1 else ''}" if more > 0 else ""
    return f"its layout is not that of the other files: it {', '.join(found[:SHOWN_DIFFERENCES])}{rest}"
