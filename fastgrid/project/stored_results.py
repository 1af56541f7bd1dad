"""Reading .result files again, ours or Gaia's: the ten best, and the confusion page of one."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from fastgrid.common.errors import UserError
from fastgrid.evaluation import CombinationScore, Scores, arrays_from_result, rank, score
from fastgrid.project.candidates import candidate_of
from fastgrid.project.combinations_spec import CombinationSpec, EvaluationSpec
from fastgrid.project.names import repeat_suffix
from fastgrid.project.param_files import read_param
from fastgrid.project.paths import absolute
from fastgrid.project.result_files import ResultFile, read_result
from fastgrid.project.selection import parameters_of
from fastgrid.report.page import write_confusion_page
from fastgrid.report.rows import ReportRow, report_rows

PathLike = str | os.PathLike[str]

#: A page has a cell for each two of them.
MOST_CLASSES_SHOWN = 1000
#: Folds times classes that are counted; 400 MB.
_MOST_COUNTS = 50_000_000
_FURTHER_REPEAT = re.compile(r"_repeat[1-9][0-9]*$")


def get_classification_results(results_dir: PathLike, type: str | None = None) -> list[ReportRow]:
    """Rank all .result files of a directory that have their .param beside them.

    Parameters
    ----------
    results_dir : path-like
        Files of one training, ours or Gaia's.
    type : str, optional
        Only results of this classifier, SVM type or kernel (``svm``, ``C-SVC``, ``RBF``); case does not matter.

    Returns
    -------
    list of ReportRow
        Best first.

    Raises
    ------
    UserError
        When there is no such directory or result, or a file is damaged.
    """
    directory = absolute(results_dir)
    if not directory.is_dir():
        raise UserError(f"{directory}: is no directory; give the directory of the .result files")
    # OUTPUT_DIR and PROJECT_DIR of a training will do too.
    places = [directory, directory / "results", directory / "results" / "results"]
    directory = next((place for place in places if any(place.glob("*.result"))), directory)
    found = []
    for path in sorted(directory.glob("*.result")):
        if _FURTHER_REPEAT.search(path.stem):
            # Scored with the first one, whose .param it shares.
            continue
        combination, evaluation = read_param(path.with_suffix(".param"))
        if type is None or type.lower() in _kinds(combination):
            found.append((path, combination, evaluation))
    if not found:
        which = "" if type is None else f" of type {type}"
        raise UserError(f"{directory}: holds no .result files{which}; run run_tests first, or give another directory")
    # Ties are broken as in a project of the default template: equal weights before balanced ones.
    found.sort(key=lambda entry: entry[1].balance_classes)
    scores = [_score(_repeats(path, evaluation)) for path, _, evaluation in found]
    accuracy, accuracy_std, normalized, normalized_std = np.array([list(asdict(one).values()) for one in scores]).T
    together = Scores(accuracy, accuracy_std, normalized, normalized_std, np.isfinite(accuracy))
    combinations = [combination for _, combination, _ in found]
    ranking = rank(
        together,
        np.array([combination.c_exponent for combination in combinations]),
        np.array([combination.gamma_exponent for combination in combinations]),
    )
    candidates = [
        candidate_of(asked, how, results_file=path.name, param_file=path.with_suffix(".param").name)
        for path, asked, how in found
    ]
    return report_rows(candidates, together, ranking)


def visualize_confusion_matrix(result_file: PathLike, html_file: PathLike) -> Path:
    """Write the confusion page of a .result file; its .param, if it lies beside it, is shown too.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UserError
        When the file is not a .result file, has too many classes for a page, or the page cannot be written.
    """
    source, page = absolute(result_file), absolute(html_file)
    result = read_result(source)
    n_classes = len(set(result.matrix).union(*result.matrix.values()))
    if n_classes > MOST_CLASSES_SHOWN:
        raise UserError(f"{source}: names {n_classes} classes; a page shows {MOST_CLASSES_SHOWN} at most")
    param = source.with_name(f"{_FURTHER_REPEAT.sub('', source.stem)}.param")
    parameters = parameters_of(*read_param(param)) if param.exists() else None
    write_confusion_page(
        page, source.stem, str(source), result.matrix, scores=_score([(source, result)]), parameters=parameters
    )
    return page


def _kinds(combination: CombinationSpec) -> Sequence[str]:
    return combination.classifier.lower(), combination.type.lower(), combination.kernel.lower()


def _repeats(path: Path, evaluation: EvaluationSpec) -> list[tuple[Path, ResultFile]]:
    # The .result files of all repeats, which must be there.
    names = [f"{path.stem}{repeat_suffix(repeat)}.result" for repeat in range(evaluation.repeats)]
    return [(path.with_name(name), read_result(path.with_name(name))) for name in names]


def _score(results: Sequence[tuple[Path, ResultFile]]) -> CombinationScore:
    parts = [arrays_from_result(result.matrix, result.fold, str(path)) for path, result in results]
    classes = sorted({name for part in parts for name in part.classes})
    code = {name: number for number, name in enumerate(classes)}
    # Each result numbers the classes that occur in it.
    codes = [np.array([code[name] for name in part.classes], dtype=np.int16) for part in parts]
    actual = np.concatenate([of_part[part.actual] for of_part, part in zip(codes, parts, strict=True)])
    predicted = np.concatenate([of_part[part.predicted] for of_part, part in zip(codes, parts, strict=True)])
    n_folds = max(part.n_folds for part in parts)
    if n_folds * len(parts) * len(classes) > _MOST_COUNTS:
        raise UserError(
            f"{results[0][0]}: names {len(classes)} classes and {n_folds} folds, more than can be counted; is it "
            "the right file?"
        )
    fold = np.concatenate([part.fold.astype(np.int32) + n_folds * number for number, part in enumerate(parts)])
    return score(predicted[np.newaxis], actual, fold, n_folds * len(parts), len(classes)).of(0)
