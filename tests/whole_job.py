"""Small trainings for tests: class folders of real files, a template with a small grid, what a directory holds."""

import re
import shutil
from pathlib import Path

from fastgrid.cli import main
from fastgrid.project.filelist import write_filelist
from fastgrid.project.groundtruth import GroundTruth, write_groundtruth

CLASSES = ("0ad", "hedgewars", "wesnoth")

TEMPLATE = """\
className:
datasetsDirectory:
resultsDirectory:
filelist:
groundtruth:
seed: 1
numberProcesses:
clusterMode: false
excludedDescriptors: metadata.tags*
preprocessing:
  basic:
    - transfo: remove
      params: {descriptorNames: [metadata.*, '*.min', '*.max', '*dmean*', '*dvar*', '*cov', lowlevel.*bands*]}
    - transfo: enumerate
      params: {descriptorNames: [tonal.chords_key, tonal.chords_scale, '*.key', '*.scale']}
  mfcc:
    - transfo: select
      params: {descriptorNames: lowlevel.mfcc.mean}
classifiers:
  svm:
    - preprocessing: [basic, mfcc]
      type: [C-SVC]
      kernel: [poly, RBF]
      C: [1, 5]
      gamma: [-3, -7]
      balanceClasses: [false]
evaluations:
  nfoldcrossvalidation:
    - nfold: [4]
"""
COMBINATIONS = 16


def class_folders(data: Path, directory: Path, count: int = 8) -> Path:
    """Copy `count` files of three classes into class folders below `directory`."""
    for label in CLASSES:
        (directory / label).mkdir(parents=True)
        for number in range(count):
            name = f"{label}_{number:03d}.json"
            shutil.copyfile(data / "game_music" / label / name, directory / label / name)
    return directory


def lists(inputs: Path, directory: Path, class_name: str = "game") -> tuple[Path, Path]:
    """Write ground truth and file list of the class folders `inputs` into `directory`; return their paths."""
    files = {path.stem: path for path in sorted(inputs.glob("*/*.json"))}
    truth, listed = directory / "gt.yaml", directory / "fl.yaml"
    write_groundtruth(truth, GroundTruth(class_name, {item: path.parent.name for item, path in files.items()}))
    write_filelist(listed, files)
    return truth, listed


def small_project(inputs: Path, directory: Path, template: str = TEMPLATE) -> list[str]:
    """Write lists and a project with a small grid into `directory`; return the arguments of train_model."""
    directory.mkdir(exist_ok=True)
    truth, listed = lists(inputs, directory)
    (directory / "template.yaml").write_text(template)
    project, results = directory / "game.project", directory / "results"
    directories = [str(results / "datasets"), str(results / "results")]
    arguments = [str(truth), str(listed), str(project), *directories, "-t", str(directory / "template.yaml"), "-q"]
    assert main(["generate_classification_project", *arguments]) == 0
    return [*map(str, (truth, listed, project, results, directory / "game.history"))]


def contents(directory: Path, *left_out: str) -> dict[str, bytes]:
    """Return the bytes of every file below `directory` but those whose path contains one of `left_out`.

    Of report pages without the time that a training took and the command line, which may differ.
    """
    found = {path.relative_to(directory).as_posix(): path for path in sorted(directory.rglob("*")) if path.is_file()}
    wanted = {name: path.read_bytes() for name, path in found.items() if not any(part in name for part in left_out)}
    return {name: _OF_A_RUN.sub(b"", data) if name.endswith("report.html") else data for name, data in wanted.items()}


_OF_A_RUN = re.compile(rb'<div><dt>Time taken.*?</div>\n|<p class="quiet">This command.*?</pre>\n', re.DOTALL)
