"""The confusion page: one self-contained HTML file that shows which classes are taken for which."""

from __future__ import annotations

import os
from collections.abc import Mapping

from fastgrid.common.files import write_text
from fastgrid.evaluation import CombinationScore
from fastgrid.report.confusion_table import BAD_PERCENT, confusion_table
from fastgrid.report.content import Matrix
from fastgrid.report.rendering import render


def confusion_page(
    title: str,
    project: str,
    matrix: Matrix,
    *,
    scores: CombinationScore | None = None,
    parameters: Mapping[str, object] | None = None,
    items_shown: int = 200,
) -> str:
    """Render the confusion matrix of one combination as a page.

    The page needs no network and no script, fits a phone and paper, and follows the reader's light or dark mode.

    Parameters
    ----------
    title : str
        What is classified: the name of the project's class.
    project : str
        Path of the project, shown in brackets after the title.
    matrix : mapping of str to mapping of str to sequence of str
        Actual class -> predicted class -> ids; cells without items may be missing.
    scores : CombinationScore, optional
        Accuracies in percent with their deviations over the folds.
    parameters : mapping of str to object, optional
        What the combination is, name -> value, shown in this order.
    items_shown : int
        How many items of a cell are listed at most; the rest is counted.

    Returns
    -------
    str
        A complete HTML document. Characters that HTML cannot carry are shown as U+FFFD.

    Notes
    -----
    Class and item names come from files and are escaped by the template engine, everywhere.
    """
    return render(
        "confusion.html",
        {
            "title": title,
            "project": project,
            "scores": scores,
            "parameters": {name: str(value) for name, value in (parameters or {}).items()},
            "table": confusion_table(matrix),
            "bad_percent": BAD_PERCENT,
            "items_shown": items_shown,
            "paths": {},
        },
    )


def write_confusion_page(
    path: str | os.PathLike[str],
    title: str,
    project: str,
    matrix: Matrix,
    *,
    scores: CombinationScore | None = None,
    parameters: Mapping[str, object] | None = None,
) -> None:
    """Write the page of `confusion_page` as UTF-8 in one step.

    Parameters
    ----------
    path : path-like
        The file to create or replace.
    title, project, matrix, scores, parameters
        As for `confusion_page`.

    Raises
    ------
    UserError
        When the file cannot be written.
    """
    write_text(path, confusion_page(title, project, matrix, scores=scores, parameters=parameters))
