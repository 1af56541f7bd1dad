"""A collection kept on disk: the matrix as .npy, the text as .text.npy, the layout beside them as JSON.

The layout is written last and holds the digests of the other two and of itself, so that nothing of it is ever believed
which is damaged, or was written by another process in the meantime.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from fastgrid.common.array_errors import ARRAY_ERRORS
from fastgrid.common.errors import UserError
from fastgrid.common.files import make_directory, write_bytes, write_text
from fastgrid.common.sealed_json import sealed, unsealed
from fastgrid.descriptors.archive import unchanged_archive
from fastgrid.descriptors.array_file import digest_of, digest_of_mapped, write_rows
from fastgrid.descriptors.assemble import Assembled
from fastgrid.descriptors.members import members_of
from fastgrid.descriptors.source import Fingerprint, still_same
from fastgrid.descriptors.table import Descriptor, DescriptorTable, Kind, item_order

# To be raised whenever the same files would give another table, or the layout is written otherwise.
SCHEMA = "fastgrid descriptors 4"


@dataclass(frozen=True, eq=False)
class Findings:
    """What is kept of a collection besides its table, apart from where its files are.

    Attributes
    ----------
    fingerprints : mapping of str to Fingerprint or None
        Of every file, those left out too; None for a file whose content could not be had.
    excluded : tuple of str
        The patterns of excluded descriptors.
    unmatched : tuple of str
        Those of them that matched nothing.
    left_out_files, left_out_descriptors : mapping of str to str
        Id or name -> reason.
    notes : tuple of str
    versions : mapping of str to str or None
    texts : mapping of str to mapping of str to tuple of str
        Path -> id -> the text of the file there.
    """

    fingerprints: Mapping[str, Fingerprint | None]
    excluded: tuple[str, ...]
    unmatched: tuple[str, ...]
    left_out_files: Mapping[str, str]
    left_out_descriptors: Mapping[str, str]
    notes: tuple[str, ...]
    versions: Mapping[str, str | None]
    texts: Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, eq=False)
class Stored:
    """What is kept of a collection.

    Attributes
    ----------
    table : DescriptorTable
    findings : Findings
    """

    table: DescriptorTable
    findings: Findings


class Cache:
    """The three files of a kept collection.

    Parameters
    ----------
    stem : Path
        ``<stem>.npy``, ``<stem>.text.npy`` and ``<stem>.layout.json`` are the files.
    """

    def __init__(self, stem: Path) -> None:
        self.values_path = stem.with_name(f"{stem.name}.npy")
        self.text_path = stem.with_name(f"{stem.name}.text.npy")
        self.layout_path = stem.with_name(f"{stem.name}.layout.json")

    def load(
        self, files: Mapping[str, Path], excluded: tuple[str, ...], texts: tuple[str, ...] = (), how: str = ""
    ) -> Stored | None:
        """Return what is kept if it is whole and still what `files` hold, else None.

        Parameters
        ----------
        files : mapping of str to Path
        excluded : tuple of str
        texts : tuple of str
            Paths whose text must be there.
        how : str
            In which way the files are to be read, where there are several.

        Returns
        -------
        Stored or None
            The values of its table are memory-mapped. Where the content of files is the same but not their
            time or place, the layout is brought up to date.

        Raises
        ------
        UserError
            When the layout has to be brought up to date and cannot be written.
        """
        try:
            layout = unsealed(self.layout_path.read_bytes())
            if (layout["schema"], tuple(layout["excluded"]), layout["how"]) != (SCHEMA, excluded, how):
                return None
            recorded = _files_of_json(layout["files"])
            if recorded.keys() != files.keys() or not layout["texts"].keys() >= set(texts):
                return None
            stored = self._stored(layout, {item_id: seen for item_id, (_, seen) in recorded.items()})
        except (*ARRAY_ERRORS, KeyError, AttributeError):
            # Whatever is wrong with it, the remedy is the same: to read the files again.
            return None
        present = _present_fingerprints(files, recorded)
        if present is None:
            return None
        current = _files_as_json(files, present)
        if current != layout.pop("files"):
            del layout["sha256"]
            write_text(self.layout_path, sealed({**layout, "files": current}))
        return stored

    def save(self, assembled: Assembled, findings: Findings, files: Mapping[str, Path], how: str = "") -> Stored:
        """Write a collection and return it with its values memory-mapped from the file.

        Parameters
        ----------
        assembled : Assembled
            Its values go to the file some rows at a time.
        findings : Findings
        files : mapping of str to Path
            The files that were read.
        how : str
            In which way.

        Returns
        -------
        Stored

        Raises
        ------
        UserError
            When the files cannot be written, or another process writes them at the same time.
        """
        make_directory(self.layout_path.parent)
        values_digest = write_rows(self.values_path, assembled.shape, assembled.rows())
        text = io.BytesIO()
        np.save(text, assembled.text, allow_pickle=False)
        write_bytes(self.text_path, text.getvalue())
        layout = {
            "schema": SCHEMA,
            "how": how,
            "values_sha256": values_digest,
            "text_sha256": digest_of(assembled.text),
            "excluded": findings.excluded,
            "unmatched": findings.unmatched,
            "ids": assembled.ids,
            "descriptors": [[d.name, d.kind.value, d.length] for d in assembled.descriptors],
            "left_out_files": findings.left_out_files,
            "left_out_descriptors": findings.left_out_descriptors,
            "notes": findings.notes,
            "versions": findings.versions,
            "texts": findings.texts,
            "files": _files_as_json(files, findings.fingerprints),
        }
        written = sealed(layout)
        write_text(self.layout_path, written)
        try:
            return self._stored(json.loads(written), findings.fingerprints)
        except (OSError, ValueError) as error:
            raise UserError(
                f"{self.values_path}: was changed while it was written; do not let two runs share a directory"
            ) from error

    def _stored(self, layout: dict[str, Any], fingerprints: Mapping[str, Fingerprint | None]) -> Stored:
        descriptors = tuple(Descriptor(name, Kind(kind), length) for name, kind, length in layout["descriptors"])
        # open_memmap reads nothing but .npy, never pickles, and checks the size before memory is taken.
        values = np.lib.format.open_memmap(self.values_path, mode="r")
        text = np.lib.format.open_memmap(self.text_path, mode="r")
        table = DescriptorTable(tuple(layout["ids"]), descriptors, values, np.array(text))
        _check(table, layout)
        findings = Findings(
            fingerprints=fingerprints,
            excluded=tuple(layout["excluded"]),
            unmatched=tuple(layout["unmatched"]),
            left_out_files=dict(layout["left_out_files"]),
            left_out_descriptors=dict(layout["left_out_descriptors"]),
            notes=tuple(layout["notes"]),
            versions=dict(layout["versions"]),
            texts={
                path: {item_id: tuple(found) for item_id, found in by_id.items()}
                for path, by_id in layout["texts"].items()
            },
        )
        return Stored(table, findings)


def _check(table: DescriptorTable, layout: dict[str, Any]) -> None:
    n_items = len(table.ids)
    width = sum(d.length for d in table.numeric)
    n_texts = sum(d.length for d in table.textual)
    if table.values.dtype != np.float32 or table.values.shape != (n_items, width):
        raise ValueError("the matrix is not the one of the layout")
    if table.text.dtype.kind != "U" or table.text.shape != (n_items, n_texts):
        raise ValueError("the text is not the one of the layout")
    assert isinstance(table.values, np.memmap)
    if digest_of_mapped(table.values) != layout["values_sha256"] or digest_of(table.text) != layout["text_sha256"]:
        raise ValueError("the matrix or the text has changed")


def _present_fingerprints(
    files: Mapping[str, Path], recorded: Mapping[str, tuple[str, Fingerprint | None]]
) -> dict[str, Fingerprint | None] | None:
    present: dict[str, Fingerprint | None] = {}
    members = members_of(files)
    # Archives hold many files, and each is looked at once.
    archives: dict[tuple[Path, Fingerprint], Fingerprint | None] = {}
    for item_id, path in files.items():
        old_name, fingerprint = recorded[item_id]
        member = members.get(item_id)
        # The suffix decides how a file is read, so that it is part of the content.
        if PurePath(old_name).suffixes[-2:] != path.suffixes[-2:]:
            return None
        if (fingerprint.member if fingerprint else "") != (member.name if member else ""):
            return None
        if member is None or fingerprint is None:
            same, present[item_id] = still_same(path, fingerprint)
            if not same:
                return None
            continue
        key = (member.archive, replace(fingerprint, member=""))
        if key not in archives:
            archives[key] = unchanged_archive(*key)
        archive = archives[key]
        if archive is None:
            return None
        present[item_id] = replace(archive, member=member.name)
    return present


def _files_as_json(
    files: Mapping[str, Path], fingerprints: Mapping[str, Fingerprint | None]
) -> dict[str, list[str | int | None]]:
    rows: dict[str, list[str | int | None]] = {}
    for item_id in sorted(files, key=item_order):
        path, seen = str(files[item_id]), fingerprints[item_id]
        rows[item_id] = [path, seen.size, seen.modified, seen.sha256] if seen else [path, None, None, None]
        if seen and seen.member:
            rows[item_id].append(seen.member)
    return rows


def _files_of_json(rows: dict[str, Any]) -> dict[str, tuple[str, Fingerprint | None]]:
    return {
        item_id: (path, None if digest is None else Fingerprint(size, modified, digest, *member))
        for item_id, (path, size, modified, digest, *member) in rows.items()
    }
