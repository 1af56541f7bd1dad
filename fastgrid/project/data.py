"""The data of a project: ground truth, file list and descriptor files brought together, and what was left out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError, one_line
from fastgrid.common.fanout import Pool
from fastgrid.common.files import make_directory, write_text
from fastgrid.common.stopwatch import phase
from fastgrid.descriptors.collection import EXCLUDED, Collection, LeftOut, read_collection
from fastgrid.descriptors.members import members_of
from fastgrid.descriptors.table import DescriptorTable
from fastgrid.descriptors.validity import CONSTANT
from fastgrid.project.filelist import read_filelist
from fastgrid.project.groundtruth import check_same_ids, read_groundtruth
from fastgrid.project.group_hint import TAGS
from fastgrid.project.group_source import GroupSource
from fastgrid.project.grouping import Grouping, load_grouping
from fastgrid.project.items import table_of
from fastgrid.project.schema import Project

#: Bytes of descriptor files that are parsed here rather than in the pool, whose start takes longer than parsing them.
SMALL_INPUT = 100_000_000
#: YAML takes about so many times longer to parse than JSON.
YAML_FACTOR = 33
#: So many times larger is what a compressed archive holds.
PACKED_FACTOR = 4
#: Descriptors that a line names; dataset.json has all of them.
MOST_NAMED = 40


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Items with their descriptors and classes.

    Attributes
    ----------
    table : DescriptorTable
        The merged descriptors; one row per item.
    labels : dict of str to str
        Class of each item of `table`, in the order of the ground truth (which drives the folds).
    classes : tuple of str
        Sorted.
    codes : ndarray of int16, shape (n_items,)
        Class of each row of `table`, an index into `classes`.
    collection : Collection
        How the files were read.
    grouping : Grouping or None
        Where the groups come from; None without groups, or where they were not asked for.
    groups : dict of str to str, or None
        The group of each item, in the order of `labels`.
    """

    table: DescriptorTable
    labels: dict[str, str]
    classes: tuple[str, ...]
    codes: npt.NDArray[np.int16]
    collection: Collection
    grouping: Grouping | None = None
    groups: dict[str, str] | None = None

    def in_rows(self, by_item: Sequence[int] | npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
        """Bring numbers in the order of `labels` into the row order of `table`."""
        of_item = dict(zip(self.labels, by_item, strict=True))
        return np.array([of_item[item] for item in self.table.ids], dtype=np.int16)


@phase("reading")
def read_files(
    files: Mapping[str, Path],
    cache: Path,
    pool: Pool,
    console: Console,
    *,
    excluded: Sequence[str] = (),
    fail_on_unmatched: bool = False,
    strict: bool = False,
    groups: GroupSource | None = None,
    memory_limit: int | None = None,
) -> Collection:
    """Read descriptor files with progress, in the pool where that pays; see `read_collection`.

    What `groups` needs of them is kept, and the tags by which a repeated artist or piece is noticed.
    """
    make_directory(cache.parent)
    texts = TAGS if groups is None or groups.kind != "descriptor" else tuple(dict.fromkeys((*TAGS, groups.name)))
    console.expect("reading", len(files))
    done = 0

    def progress(more: int) -> None:
        nonlocal done
        done += more
        console.advance("reading", done)

    return read_collection(
        files,
        cache=cache,
        excluded=excluded,
        fail_on_unmatched=fail_on_unmatched,
        strict=strict,
        texts=texts,
        map_batches=pool.map_unordered if _is_large(files) else None,
        jobs=pool.jobs,
        memory_limit=memory_limit,
        progress=progress,
    )


def load_data(
    project: Project,
    pool: Pool,
    console: Console,
    *,
    strict: bool = False,
    with_groups: bool = False,
    memory_limit: int | None = None,
) -> TrainingData:
    """Read everything that a project names and check that it can be trained on.

    Left-out files and descriptors are listed on the console. With a `memory_limit`, descriptor files are read in
    batches that keep to it.

    Raises
    ------
    UserError
        When ground truth and file list disagree, no file can be used, a class has a single item, or (`with_groups`) the
        groups of the items cannot be had or used.
    """
    asked, files, grouping, collection = _read_items(project, pool, console, strict, with_groups, memory_limit)
    _say_what_was_left_out(collection, console, of_table=project.table is not None)
    present = set(collection.table.ids)
    labels = {item: label for item, label in asked.items() if item in present}
    _check_classes(asked, labels, project, console)
    classes = tuple(sorted(set(labels.values())))
    code = {label: index for index, label in enumerate(classes)}
    codes = np.array([code[labels[item]] for item in collection.table.ids], dtype=np.int16)
    groups = None if grouping is None else grouping.of_items(labels, files, collection.texts, console)
    return TrainingData(collection.table, labels, classes, codes, collection, grouping, groups)


def _read_items(
    project: Project, pool: Pool, console: Console, strict: bool, with_groups: bool, memory_limit: int | None
) -> tuple[dict[str, str], Mapping[str, Path], Grouping | None, Collection]:
    # The classes and files of the items, what is known of their groups beforehand, and their descriptors.
    grouping = None
    if project.table is not None:
        read = table_of(project, console)
        if with_groups and project.groups is not None:
            grouping = load_grouping(project.groups, read.labels, f"{project.path}: groups", console)
        return read.labels, {}, grouping, read.collection
    truth = read_groundtruth(project.groundtruth)
    files = read_filelist(project.filelist)
    check_same_ids(truth.labels, files, project.groundtruth, project.filelist)
    if with_groups and project.groups is not None:
        # A mistake in a file of groups is known before anything else is read.
        grouping = load_grouping(project.groups, truth.labels, f"{project.path}: groups", console)
    collection = read_files(
        files,
        project.datasets_directory / project.class_name,
        pool,
        console,
        excluded=project.excluded_descriptors,
        fail_on_unmatched=project.fail_on_unmatched,
        strict=strict,
        groups=project.groups,
        memory_limit=memory_limit,
    )
    return truth.labels, files, grouping, collection


def write_dataset_report(
    path: Path, data: TrainingData, preprocessing: list[dict[str, Any]], notes: Sequence[str] = ()
) -> None:
    """Write dataset.json: what the data are, and everything that was left out with its reason."""
    counts = Counter(data.labels.values())
    document = {
        "items": len(data.labels),
        "classes": {label: counts[label] for label in data.classes},
        "left_out_files": [_as_json(entry) for entry in data.collection.left_out_files],
        "left_out_descriptors": [_as_json(entry) for entry in data.collection.left_out_descriptors],
        "notes": [*notes, *data.collection.notes],
        "descriptors": len(data.table.descriptors),
        "dimensions": data.table.values.shape[1],
        "preprocessing": preprocessing,
    }
    write_text(path, json.dumps(document, indent=1, ensure_ascii=True) + "\n")


def _as_json(entry: LeftOut) -> dict[str, str]:
    named = {"name": entry.name, "reason": entry.reason}
    return named if entry.path is None else {**named, "path": str(entry.path)}


def _is_large(files: Mapping[str, Path]) -> bool:
    effort = 0
    members = members_of(files)
    archives: set[Path] = set()
    for item, path in files.items():
        place = members[item].archive if item in members else path
        # An archive counts once; what it unpacks to is only known when it is read.
        if item in members and place in archives:
            continue
        archives.add(place)
        try:
            size = place.stat().st_size
        except OSError:
            continue
        factor = 1 if ".json" in path.name else YAML_FACTOR
        effort += size * factor * (PACKED_FACTOR if item in members else 1)
        if effort > SMALL_INPUT:
            return True
    return False


def _say_what_was_left_out(collection: Collection, console: Console, *, of_table: bool = False) -> None:
    for entry in collection.left_out_files:
        console.warn(f"left out {entry.path}: {entry.reason}")
    by_reason: dict[str, list[str]] = {}
    for entry in collection.left_out_descriptors:
        by_reason.setdefault(entry.reason, []).append(entry.name)
    for reason, names in by_reason.items():
        what = "1 descriptor" if len(names) == 1 else f"{len(names)} descriptors"
        more = f" and {len(names) - MOST_NAMED} more (dataset.json)" if len(names) > MOST_NAMED else ""
        line = f"left out {what} ({reason}): {', '.join(names[:MOST_NAMED])}{more}"
        # In descriptor files cells that cannot be used are usual; who made a table should know of them.
        (console.warn if of_table and reason not in (CONSTANT, EXCLUDED) else console.note)(line)
    for note in collection.notes:
        console.note(note)


def _check_classes(asked: Mapping[str, str], labels: Mapping[str, str], project: Project, console: Console) -> None:
    counts = Counter(labels.values())
    what = "file" if project.table is None else "row"
    for label in sorted(set(asked.values()) - set(counts)):
        console.warn(f"no file of class {one_line(label, 60)} can be used; the class is left out")
    if not counts:
        raise UserError(
            f"{project.groundtruth}: none of its items has a usable descriptor file; see the warnings above"
        )
    for label, count in sorted(counts.items()):
        if count == 1:
            only = next(item for item in labels if labels[item] == label)
            raise UserError(
                f"class {one_line(label, 60)} has one usable {what} only ({one_line(only, 100)}); "
                f"add {what}s of it or remove the class"
            )
    if len(counts) == 1:
        console.warn("there is one class only: every prediction will be right, and means nothing")
