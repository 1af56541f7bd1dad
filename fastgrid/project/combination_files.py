"""The .param and .result files of all combinations: written, and removed when the grid has changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from fastgrid.common.files import make_directory
from fastgrid.project.names import repeat_suffix, result_stems
from fastgrid.project.param_files import write_param
from fastgrid.project.record import SweepRecord
from fastgrid.project.result_files import ResultWriter

#: What follows the class name in the name of a .param or .result file (see `combination_stem`).
_OUR_FILE = re.compile(
    r"_[a-z0-9._-]{0,40}(~[0-9a-f]{10})?_[a-z][a-z0-9]{0,30}_C[+-][0-9.e+-]+_gamma[+-][0-9.e+-]+_(un)?balanced"
    r"(_descriptors~[0-9a-f]{10})?(_[0-9]+fold)?(_repeat[0-9]+)?\.(param|result)"
)


def write_combination_files(record: SweepRecord, labels: Mapping[str, str], only: tuple[int, int] | None) -> None:
    """Write the .param of every combination and its .result; those of an earlier grid are removed.

    The .result of the first repeat of an evaluation has the name of the .param; the others have a suffix more.

    Parameters
    ----------
    record : SweepRecord
    labels : mapping of str to str
        Class of each item, in the order of the ground truth.
    only : (evaluation index, combination index), optional
        Write the .result of this one only.
    """
    project = record.project
    directory = make_directory(project.results_directory)
    stems = result_stems(project.class_name, record.combinations, project.evaluations)
    written = set()
    for index, evaluation in enumerate(project.evaluations):
        for number, stem in enumerate(stems[index]):
            write_param(directory / f"{stem}.param", record.combinations[number], evaluation)
            written.add(f"{stem}.param")
        for repeat, given in enumerate(record.repeats[index]):
            writer = ResultWriter(labels, given.ids, given.fold.tolist(), given.classes)
            for number, stem in enumerate(stems[index]):
                # A combination that failed has no result.
                if only in (None, (index, number)) and (given.predicted[number] >= 0).all():
                    name = f"{stem}{repeat_suffix(repeat)}.result"
                    writer.write(directory / name, given.predicted[number].tolist())
                    written.add(name)
    remove_result_files(directory, project.class_name, keep=written)


def remove_result_files(directory: Path, class_name: str, keep: set[str] | frozenset[str] = frozenset()) -> None:
    """Remove the .param and .result files that fastgrid wrote into `directory` for `class_name`, except `keep`."""
    if not directory.is_dir():
        return
    for path in directory.iterdir():
        ours = path.name.startswith(class_name) and _OUR_FILE.fullmatch(path.name, len(class_name))
        if ours and path.name not in keep:
            path.unlink()
