"""Ground truth and file list as a pair: either they name the same items, or the common ones are kept."""

from __future__ import annotations

from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError, one_line
from fastgrid.common.files import make_directory, write_text
from fastgrid.common.yaml_dump import dump
from fastgrid.project.filelist import read_filelist, write_filelist
from fastgrid.project.groundtruth import GroundTruth, check_same_ids, read_groundtruth


def consistent_inputs(
    groundtruth: Path, filelist: Path, reduce_into: Path | None, console: Console
) -> tuple[GroundTruth, dict[str, Path], Path, Path]:
    """Read ground truth and file list and see that they name the same items.

    Parameters
    ----------
    groundtruth, filelist : Path
    reduce_into : Path, optional
        Where they disagree, write both with the common items into this directory and go on with those.
    console : Console
        Told of every item that is left out.

    Returns
    -------
    GroundTruth, dict of str to Path, Path, Path
        What they hold, and the files that hold just that.

    Raises
    ------
    UserError
        When they disagree and `reduce_into` is not given, or have nothing in common.
    """
    truth, files = read_groundtruth(groundtruth), read_filelist(filelist)
    if reduce_into is None:
        check_same_ids(truth.labels, files, groundtruth, filelist)
    if truth.labels.keys() == files.keys() or reduce_into is None:
        return truth, files, groundtruth, filelist
    common = {item: label for item, label in truth.labels.items() if item in files}
    if not common:
        raise UserError(f"{groundtruth} and {filelist} have no id in common; both must name the same items")
    for item in sorted(truth.labels.keys() ^ files.keys()):
        where = "the ground truth" if item in truth.labels else "the file list"
        console.warn(f"left out {one_line(item, 100)}: it stands in {where} only")
    reduced = GroundTruth(truth.class_name, common)
    make_directory(reduce_into)
    paths = (reduce_into / "consistent_groundtruth.yaml", reduce_into / "consistent_filelist.yaml")
    # The order of the ground truth drives the folds: it is kept.
    write_text(paths[0], dump({"className": truth.class_name, "groundTruth": common, "type": "singleClass"}))
    write_filelist(paths[1], {item: files[item] for item in common})
    return reduced, {item: files[item] for item in common}, *paths
