"""Collecting what the batches bring, and parting the files that fit the shared layout from the others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.batches import BatchReadings
from fastgrid.descriptors.layout import Comparison, compare
from fastgrid.descriptors.leaves import Leaves, Structure
from fastgrid.descriptors.source import Fingerprint


@dataclass(eq=False)
class Gathered:
    """What the batches of files have brought so far.

    Attributes
    ----------
    leaves : dict of str to Leaves
        The readable files, by item id.
    fingerprints : dict of str to Fingerprint or None
        Of all files.
    versions : dict of str to str or None
        Of the readable files.
    left_out : dict of str to str
        Item id -> reason.
    notes : list of str
    excluded_names, matched : set of str
        The descriptors removed, and the patterns that removed something.
    texts : dict of str to tuple of tuple of str
        Of the readable files: the text at each path that was asked for.
    structures : dict of Structure to Structure
        One object for each distinct layout.
    """

    leaves: dict[str, Leaves] = field(default_factory=dict)
    fingerprints: dict[str, Fingerprint | None] = field(default_factory=dict)
    versions: dict[str, str | None] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    excluded_names: set[str] = field(default_factory=set)
    matched: set[str] = field(default_factory=set)
    texts: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    structures: dict[Structure, Structure] = field(default_factory=dict)

    def add(self, batch: BatchReadings) -> None:
        """Take in a batch; equal layouts of different batches become one object."""
        shared: dict[int, Structure] = {}
        for reading in batch.readings:
            self.fingerprints[reading.item_id] = reading.fingerprint
            if reading.leaves is None:
                self.left_out[reading.item_id] = reading.reason
                continue
            structure = reading.leaves.structure
            if id(structure) not in shared:
                shared[id(structure)] = self.structures.setdefault(structure, structure)
            self.leaves[reading.item_id] = replace(reading.leaves, structure=shared[id(structure)])
            self.versions[reading.item_id] = reading.version
            self.texts[reading.item_id] = reading.texts
            self.notes += (f"{reading.item_id}: {note}" for note in reading.leaves.notes)
        self.excluded_names |= batch.excluded_names
        self.matched |= batch.matched_patterns

    def leave_out_strangers(self, reference: Structure) -> None:
        """Move the files that do not fit the reference layout to those left out; note what becomes text.

        Parameters
        ----------
        reference : Structure

        Raises
        ------
        UserError
            When only one of several readable files remains.
        """
        comparisons: dict[int, Comparison] = {}
        converted: dict[str, list[str]] = {}
        n_readable, stranger = len(self.leaves), ""
        for item_id, leaves in list(self.leaves.items()):
            key = id(leaves.structure)
            if key not in comparisons:
                comparisons[key] = compare(leaves.structure, reference)
            if comparisons[key].reason:
                self.left_out[item_id] = comparisons[key].reason
                stranger = item_id
                del self.leaves[item_id]
                continue
            for name in comparisons[key].to_text:
                converted.setdefault(name, []).append(item_id)
        if len(self.leaves) == 1 and n_readable > 1:
            raise UserError(
                f"no two of the {n_readable} readable files have the same descriptors; for instance "
                f"{one_line(stranger, 120)}: {self.left_out[stranger]}; "
                "extract them all with the same version and profile"
            )
        for name in sorted(converted):
            ids = converted[name]
            more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
            self.notes.append(f"descriptor {name} is text in most files; numbers became text in {ids[0]}{more}")
