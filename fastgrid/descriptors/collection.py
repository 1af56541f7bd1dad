"""Many descriptor files -> one collection: the table they share, and all that was left out of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.assemble import assemble
from fastgrid.descriptors.batches import Batch, MapBatches, read_batches
from fastgrid.descriptors.cache import Cache, Findings, Stored
from fastgrid.descriptors.gather import Gathered
from fastgrid.descriptors.layout import majority_layout
from fastgrid.descriptors.limits import ReadingLimits
from fastgrid.descriptors.sources import SourceBatches
from fastgrid.descriptors.store import LeavesStore
from fastgrid.descriptors.table import DescriptorTable, item_order

PathLike = str | os.PathLike[str]

EXCLUDED = "is among the excluded descriptors"


@dataclass(frozen=True)
class LeftOut:
    """A file or a descriptor that did not come into the table.

    Attributes
    ----------
    name : str
        Item id, or name of the descriptor.
    path : Path or None
        The file; None for descriptors.
    reason : str
        On one line, a clause to follow the name.
    """

    name: str
    path: Path | None
    reason: str


@dataclass(frozen=True, eq=False)
class Collection:
    """Descriptor files, read and merged.

    Attributes
    ----------
    table : DescriptorTable
        Real and text descriptors, ids sorted by `item_order`. Its values are memory-mapped and read-only
        where a cache was asked for.
    left_out_files : tuple of LeftOut
        Sorted by id.
    left_out_descriptors : tuple of LeftOut
        Sorted by name.
    notes : tuple of str
        What was read otherwise than it is written.
    versions : mapping of str to str or None
        For every readable file the text of ``metadata.version.essentia``.
    texts : mapping of str to mapping of str to tuple of str
        For every path that was asked for, the text that readable files have there, by id (`texts_at`); files without
        any are missing.
    from_cache : bool
        Whether no file had to be read again.
    """

    table: DescriptorTable
    left_out_files: tuple[LeftOut, ...]
    left_out_descriptors: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    versions: Mapping[str, str | None]
    texts: Mapping[str, Mapping[str, tuple[str, ...]]]
    from_cache: bool


def read_collection(
    files: Mapping[str, PathLike],
    *,
    cache: PathLike | None = None,
    excluded: Sequence[str] = (),
    fail_on_unmatched: bool = False,
    strict: bool = False,
    texts: Sequence[str] = (),
    map_batches: MapBatches | None = None,
    jobs: int = 1,
    memory_limit: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Collection:
    """Read descriptor files and merge them into one table, as Gaia 2.4.6 merges one chunk.

    The layout of most files is the reference. A file that differs from it or cannot be read is left out and
    listed with the reason; so is every descriptor that cannot be used.

    The text of a file is in memory for as long as it is parsed. Numbers go to a temporary file where they are many and,
    with a cache, from there into its matrix: memory grows with neither of them.

    Parameters
    ----------
    files : mapping of str to path-like
        Item id -> file. A path may lead through a tar archive, compressed or not, to one of its members:
        ``dump.tar.zst/mood/x.json``. An archive is read in one go, several side by side.
    cache : path-like, optional
        Keep the table in ``<cache>.npy``, ``<cache>.text.npy`` and ``<cache>.layout.json``, and read no file
        again while all of them have the content that they had.
    excluded : sequence of str, optional
        Patterns of descriptors to remove from each file before files are compared.
    fail_on_unmatched, strict : bool, default False
        Make an error of a pattern that matches nothing in any file, of a file that is left out.
    texts : sequence of str, optional
        Paths whose text is wanted besides, tags and excluded descriptors included: ``metadata.tags.artist``. It does
        not come into the table.
    map_batches : callable, optional
        Like the built-in `map`, the default: applies a picklable function to each element of an iterable and
        yields the results, in any order, for instance in a process pool.
    jobs : int, default 1
        How many workers it has; so many archives are read side by side.
    memory_limit : int, optional
        Bytes that reading may take, by which the content of files that is on its way to workers is bounded; a usual
        amount by default.
    progress : callable, optional
        Called with the number of files that were finished since the last call.

    Returns
    -------
    Collection

    Raises
    ------
    UserError
        When no file is readable, no two files have the same layout, `strict` or `fail_on_unmatched` is
        violated, a pattern is ambiguous, an archive is damaged or the cache cannot be written.
    """
    if not isinstance(files, Mapping):
        raise TypeError(f"files is a {type(files).__name__}; give a mapping of item ids to paths")
    paths = {str(item_id): Path(path) for item_id, path in files.items()}
    kept = Cache(Path(cache)) if cache is not None else None
    stored = kept.load(paths, tuple(excluded), tuple(texts)) if kept is not None else None
    if stored is not None:
        if progress is not None:
            progress(len(paths))
        left_out = _checked(stored.findings, paths, fail_on_unmatched, strict)
        return _collection(stored, left_out, from_cache=True)
    like = Batch((), tuple(excluded), digests=kept is not None, texts=tuple(texts))
    ordered = {item_id: paths[item_id] for item_id in sorted(paths, key=item_order)}
    with LeavesStore(Path(cache).parent if cache is not None else None) as store:
        gathered = Gathered(store)
        with SourceBatches(ordered, like, ReadingLimits(jobs, memory_limit)) as batches:
            for batch in read_batches(batches, map_batches):
                gathered.add(batch)
                if progress is not None:
                    progress(len(batch.readings))
        if progress is not None and len(gathered.fingerprints) < len(ordered):
            # Those that are in no batch.
            progress(len(ordered) - len(gathered.fingerprints))
        gathered.complete(list(ordered), batches.left_out, batches.fingerprints)
        if not store:
            raise _nothing_readable(ordered, gathered.left_out)
        reference = majority_layout({item_id: store.structure(item_id) for item_id in store})
        gathered.leave_out_strangers(reference)
        assembled = assemble(store, reference)
        findings = _findings(gathered, assembled.left_out, like)
        left_out = _checked(findings, paths, fail_on_unmatched, strict)
        if kept is not None:
            stored = kept.save(assembled, findings, paths)
        else:
            stored = Stored(assembled.table(assembled.values()), findings)
    return _collection(stored, left_out, from_cache=False)


def _collection(stored: Stored, left_out: tuple[LeftOut, ...], *, from_cache: bool) -> Collection:
    findings = stored.findings
    return Collection(
        table=stored.table,
        left_out_files=left_out,
        left_out_descriptors=tuple(LeftOut(n, None, r) for n, r in findings.left_out_descriptors.items()),
        notes=findings.notes,
        versions=findings.versions,
        texts=findings.texts,
        from_cache=from_cache,
    )


def _findings(gathered: Gathered, left_out_descriptors: Mapping[str, str], like: Batch) -> Findings:
    left_out = dict.fromkeys(gathered.excluded_names, EXCLUDED) | dict(left_out_descriptors)
    return Findings(
        fingerprints=gathered.fingerprints,
        excluded=like.excluded,
        unmatched=tuple(pattern for pattern in like.excluded if pattern not in gathered.matched),
        left_out_files={name: gathered.left_out[name] for name in sorted(gathered.left_out, key=item_order)},
        left_out_descriptors=dict(sorted(left_out.items())),
        notes=tuple(gathered.notes),
        versions=gathered.versions,
        texts={
            path: {item_id: texts[place] for item_id, texts in gathered.texts.items() if texts[place]}
            for place, path in enumerate(like.texts)
        },
    )


def _checked(
    findings: Findings, files: Mapping[str, Path], fail_on_unmatched: bool, strict: bool
) -> tuple[LeftOut, ...]:
    # Returns what was left out, where that is allowed.
    if fail_on_unmatched:
        _refuse_unmatched(findings.unmatched)
    left_out = tuple(LeftOut(name, files[name], reason) for name, reason in findings.left_out_files.items())
    if strict:
        _refuse_left_out(left_out)
    return left_out


def _nothing_readable(files: Mapping[str, Path], left_out: Mapping[str, str]) -> UserError:
    if not files:
        return UserError("there is no descriptor file to read; give at least one")
    first = next(iter(left_out))
    return UserError(f"no descriptor file is readable; the first one, {one_line(files[first])}: {left_out[first]}")


def _refuse_unmatched(patterns: Sequence[str]) -> None:
    if patterns:
        raise UserError(
            f"excludedDescriptors: the pattern {one_line(repr(patterns[0]), 80)} matches nothing in the files; "
            "correct it, or set failOnUnmatched to False"
        )


def _refuse_left_out(left_out: Sequence[LeftOut]) -> None:
    if left_out:
        first, more = left_out[0], len(left_out) - 1
        others = f" (and {more} more file{'s are' if more > 1 else ' is'} left out)" if more else ""
        reason = f"{one_line(first.path)}: {first.reason}{others}"
        raise UserError(f"{reason}; correct or remove it, or do without --strict")
