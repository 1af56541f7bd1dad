"""A feature table as a collection, kept on disk as collections of descriptor files are."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.assemble import Assembled
from fastgrid.descriptors.cache import Cache, Findings, Stored
from fastgrid.descriptors.collection import Collection, LeftOut
from fastgrid.descriptors.source import Fingerprint, fingerprint_of
from fastgrid.descriptors.tables.building import GROUPS, LABELS, build, roles_of, texts_of
from fastgrid.descriptors.tables.formats import TableSource, format_of, open_table
from fastgrid.descriptors.tables.lines import check_file

_FILE = "table"


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """A table that was read.

    Attributes
    ----------
    collection : Collection
        Its descriptors, one for each column, and the columns that were left out.
    labels : dict of str to str
        Class of each item, sorted by id; empty where no column of classes is known.
    """

    collection: Collection
    labels: dict[str, str]


@dataclass(frozen=True)
class TableFacts:
    """What the names of the columns tell.

    Attributes
    ----------
    label : str or None
        The column of the classes, named by the caller or by the format.
    groups : str or None
        The column of the groups where the format says which it is.
    unmatched : tuple of str
        Patterns of excluded descriptors that match no column.
    """

    label: str | None
    groups: str | None
    unmatched: tuple[str, ...]


def check_table(source: TableSource, excluded: Sequence[str] = (), groups: str | None = None) -> TableFacts:
    """Look up the columns of a table without reading its rows.

    Raises
    ------
    UserError
        When the table cannot be opened or a column is not there.
    """
    check_file(source.path)
    reader = open_table(source.path, source.format)
    roles = roles_of(source, reader, tuple(excluded), groups)
    return TableFacts(source.label or reader.label, reader.groups, roles.unmatched)


def read_feature_table(
    source: TableSource,
    *,
    cache: Path | None = None,
    excluded: Sequence[str] = (),
    fail_on_unmatched: bool = False,
    groups: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> FeatureTable:
    """Read a feature table: a row for each item, a descriptor of one dimension for each column.

    Parameters
    ----------
    source : TableSource
    cache : Path, optional
        Keep the table in ``<cache>.npy`` and the files beside it, and read the table no more while it has the content
        that it had.
    excluded : sequence of str, optional
        Patterns of descriptors to leave out; the column ``tempo`` is the descriptor ``.tempo``.
    fail_on_unmatched : bool, default False
        Make an error of a pattern that matches no column.
    groups : str, optional
        The column of the groups; what it holds stands in ``collection.texts["groups"]``.
    progress : callable, optional
        Called with the share of the file that was read.

    Returns
    -------
    FeatureTable

    Raises
    ------
    UserError
        When the table cannot be read, a column is missing, or a cell cannot be used: with the line and the column.
    """
    patterns = tuple(excluded)
    form = format_of(source.path) if source.format is None else source.format
    # What else decides what is read of the same file.
    how = json.dumps([form, source.label, source.id, groups])
    kept = Cache(cache) if cache is not None else None
    files = {_FILE: source.path}
    stored = kept.load(files, patterns, (LABELS, GROUPS), how) if kept is not None else None
    from_cache = stored is not None
    if stored is None:
        stored = _read(source, patterns, groups, progress, digest=kept is not None)
    if fail_on_unmatched and stored.findings.unmatched:
        name = stored.findings.unmatched[0]
        raise UserError(
            f"{source.path}: excludedDescriptors: the pattern '{one_line(name, 80)}' matches no column; correct it, or "
            "set failOnUnmatched to false"
        )
    if kept is not None and not from_cache:
        stored = kept.save(Assembled.of(stored.table), stored.findings, files, how)
    labels = {item: label for item, (label,) in stored.findings.texts[LABELS].items()}
    return FeatureTable(_collection(stored, from_cache), labels)


def _read(
    source: TableSource,
    patterns: tuple[str, ...],
    groups: str | None,
    progress: Callable[[float], None] | None,
    *,
    digest: bool,
) -> Stored:
    check_file(source.path)
    before = _fingerprint(source.path) if digest else None
    reader = open_table(source.path, source.format)
    built = build(source, reader, roles_of(source, reader, patterns, groups), progress)
    if before is not None and before.modified != source.path.stat().st_mtime_ns:
        raise UserError(f"{source.path}: was changed while it was read; try again")
    findings = Findings(
        fingerprints={_FILE: before},
        excluded=patterns,
        unmatched=built.unmatched,
        left_out_files={},
        left_out_descriptors=built.left_out,
        notes=(),
        versions={},
        texts=texts_of(built),
    )
    return Stored(built.table, findings)


def _fingerprint(path: Path) -> Fingerprint | None:
    try:
        return fingerprint_of(path)
    except OSError:
        return None  # the reader says why


def _collection(stored: Stored, from_cache: bool) -> Collection:
    return Collection(
        table=stored.table,
        left_out_files=(),
        left_out_descriptors=tuple(LeftOut(n, None, r) for n, r in stored.findings.left_out_descriptors.items()),
        notes=stored.findings.notes,
        versions={},
        texts=stored.findings.texts,
        from_cache=from_cache,
    )
