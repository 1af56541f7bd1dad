"""Collecting what the batches bring, and parting the files that fit the shared layout from the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.batches import BatchReadings
from fastgrid.descriptors.layout import Comparison, compare
from fastgrid.descriptors.leaves import Structure
from fastgrid.descriptors.source import Fingerprint
from fastgrid.descriptors.store import LeavesStore


@dataclass(eq=False)
class Gathered:
    """What the batches of files have brought so far, in whatever order they came.

    Attributes
    ----------
    leaves : LeavesStore
        The readable files, by item id.
    fingerprints : dict of str to Fingerprint or None
        Of all files.
    versions : dict of str to str or None
        Of the readable files.
    left_out : dict of str to str
        Item id -> reason.
    notes : list of str
        Once all files are there (`complete`).
    excluded_names, matched : set of str
        The descriptors removed, and the patterns that removed something.
    texts : dict of str to tuple of tuple of str
        Of the readable files: the text at each path that was asked for.
    """

    leaves: LeavesStore
    fingerprints: dict[str, Fingerprint | None] = field(default_factory=dict)
    versions: dict[str, str | None] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    excluded_names: set[str] = field(default_factory=set)
    matched: set[str] = field(default_factory=set)
    texts: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    _notes_of: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, batch: BatchReadings) -> None:
        """Take in a batch; equal layouts of different batches become one object."""
        shared: dict[int, Structure] = {}
        for reading in batch.readings:
            item_id, leaves = reading.item_id, reading.leaves
            self.fingerprints[item_id] = reading.fingerprint
            if leaves is None:
                self.left_out[item_id] = reading.reason
                continue
            key = id(leaves.structure)
            if key not in shared:
                shared[key] = self.leaves.shared(leaves.structure)
            self.leaves.add(item_id, leaves, shared[key])
            self.versions[item_id] = reading.version
            self.texts[item_id] = reading.texts
            if leaves.notes:
                self._notes_of[item_id] = leaves.notes
        self.excluded_names |= batch.excluded_names
        self.matched |= batch.matched_patterns

    def complete(
        self, ids: list[str], left_out: Mapping[str, str], fingerprints: Mapping[str, Fingerprint | None]
    ) -> None:
        """Put everything into the order of `ids`, all files, and take in what is not known of batches.

        Parameters
        ----------
        ids : list of str
        left_out : mapping of str to str
            Files that do not count, whatever was read of them, with the reason.
        fingerprints : mapping of str to Fingerprint or None
        """
        self.left_out |= left_out
        self.fingerprints |= fingerprints
        for item_id in left_out:
            if item_id in self.leaves:
                self.leaves.remove(item_id)
            for known in (self.versions, self.texts, self._notes_of):
                known.pop(item_id, None)
        self.leaves.order(ids)
        self.left_out = {item: self.left_out[item] for item in ids if item in self.left_out}
        self.versions = {item: self.versions[item] for item in ids if item in self.versions}
        self.texts = {item: self.texts[item] for item in ids if item in self.texts}
        self.notes = [f"{item}: {note}" for item in ids for note in self._notes_of.get(item, ())]

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
        for item_id in list(self.leaves):
            structure = self.leaves.structure(item_id)
            key = id(structure)
            if key not in comparisons:
                comparisons[key] = compare(structure, reference)
            if comparisons[key].reason:
                self.left_out[item_id] = comparisons[key].reason
                stranger = item_id
                self.leaves.remove(item_id)
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
